"""Mappings: from a stream's records to the rows of an Anaplan import, as pure functions made once per stream."""
