"""Deliberate bugs, planted one by one: whether the weather finds them. A driver that finds nothing proves nothing."""
