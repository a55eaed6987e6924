"""What a misspelt name may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Collection


def close_names(name: str, among: Collection[str]) -> str:
    """What a misspelled name may have meant, in parentheses; blank when nothing is near."""
    close = difflib.get_close_matches(name, list(among), 3, 0.6)
    return f" (close: {', '.join(close)})" if close else ""


def unknown_names(given: Collection[str], known: Collection[str]) -> str:
    """Names that mean nothing, for people, each with what it may have meant: "decimal (close: decimals)"."""
    return ", ".join(f"{name}{close_names(name, known)}" for name in sorted(set(given) - set(known)))
