"""What the OData services of the systems share: filters from text to a tree, keyset conditions, the error."""
