"""Seeded histories of hostile weather over the four flows: what happens, what must hold, the shortest that fails."""
