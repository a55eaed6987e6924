"""Singer target for Anaplan (imports, processes and lists of the Integration API v2)."""
