"""The route of a record from a Singer stream into a system: intake, what a full read proves, outcomes."""
