"""What a mapping reads: a block of records by column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from connector_kit.mapping.values import as_texts


class Block(Protocol):
    """Records by column, e.g. `connector_kit.singer.records.Records`."""

    def __len__(self) -> int: ...

    def values(self, field: str) -> list[Any]:
        """A field of all records; None where it is missing."""

    def cached(self, name: object, make: Callable[[], list[Any]]) -> list[Any]:
        """A derived column, made once per block."""

    def pick(self, positions: Sequence[int]) -> Block:
        """Some of the records."""


Cells = Callable[[Block], list[str]]
"""Makes one column of cells."""


class RowsBlock:
    """A block of plain dictionaries."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._rows = rows
        self._columns: dict[object, list[Any]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def values(self, field: str) -> list[Any]:
        """A field of all rows; None where it is missing."""
        return [row.get(field) for row in self._rows]

    def cached(self, name: object, make: Callable[[], list[Any]]) -> list[Any]:
        """A derived column, made once."""
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = make()
        return column

    def pick(self, positions: Sequence[int]) -> RowsBlock:
        """Some of the rows."""
        return RowsBlock([self._rows[at] for at in positions])


def texts(block: Block, field: str) -> list[str]:
    """A field of all records as text, made once per block."""
    return block.cached(("text", field), lambda: as_texts(block.values(field)))
