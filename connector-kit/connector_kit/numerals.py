"""Whole numbers in texts of others."""

from __future__ import annotations

_MOST_DIGITS = 40
"""No count, year or number of a document has more, and Python refuses to read some thousands."""


def whole(text: str) -> int | None:
    """The number that a text of nothing but digits is; None for any other text.

    `str.isdigit` also takes what `int` refuses (²) and `int` what no system writes into a number (٣).
    """
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else None
