"""Mutated inputs for every parser and every plugin, as long as asked; what is tried lives in `tests/fuzz`."""
