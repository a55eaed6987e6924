"""Hostile weather: what tries to break the flows, and what must hold whatever happens. A development tool."""
