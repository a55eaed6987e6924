"""What a condition's fields held while it let no record pass: a misspelt value shows beside the right ones."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from connector_kit.mapping.block import texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector_kit.mapping.block import Block

_MOST_KEPT = 10_000
_SHOWN = 5
_LONGEST = 40


class MissedValues:
    """The values of some fields, with how often each came. fields: those that a condition looks at."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._counts = {field: Counter[str]() for field in fields}

    def note(self, block: Block) -> None:
        """Records that did not pass. Of fields with very many values, the first ones are counted."""
        for field, counts in self._counts.items():
            if len(counts) < _MOST_KEPT:
                counts.update(texts(block, field))

    def clear(self) -> None:
        """A record has passed: nobody asks any more."""
        self._counts.clear()

    def __str__(self) -> str:
        return "; ".join(f"{field} held {_shown(counts)}" for field, counts in self._counts.items())


def _shown(counts: Counter[str]) -> str:
    parts = [f"{value[:_LONGEST]!r} ({count})" for value, count in counts.most_common(_SHOWN)]
    return ", ".join(parts) + (" and others" if len(counts) > _SHOWN else "")
