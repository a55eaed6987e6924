"""A year and more of scheduled polls in virtual time, with all that expires, closes, turns and grows meanwhile."""
