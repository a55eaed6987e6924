"""From blocks of texts to records: the columns that are needed converted, the rows that are not wanted left out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from itertools import compress
from typing import Any

import msgspec

from connector_kit.anaplan.cells import Notation, Values, converter
from connector_kit.anaplan.tables import Block
from connector_kit.errors import RefusedError
from tap_anaplan.columns import Column

Rows = list[msgspec.Struct]


def row_type(names: Sequence[str]) -> type[msgspec.Struct]:
    """A struct that is encoded with these names and takes its values in their order."""
    attributes = {f"column_{at}": name for at, name in enumerate(names)}
    members: list[Any] = [(attribute, Any, None) for attribute in attributes]
    return msgspec.defstruct("Row", members, rename=attributes, gc=False)


class RowMaker:
    """Makes records of one read.

    Args:
        columns: those of the file.
        selected: names of those that records have.
        key: names of those that may not be empty.
        codes: by column the codes of the list's items by their names, to be written instead.
        approved: a boolean column; only rows in which it is true are kept.
        only: a column and the texts that are wanted in it.
        followed: the column of the bookmark.
        since: its last value, as the state has it: rows with a lower one are left out.

    Attributes:
        seen: rows that came.
        unapproved: rows that were left out because they, or their item in the column of `only`, are not approved.
        bookmark: the highest value of the followed column in the rows that were kept, as the state keeps it; not above
            `waiting`.
        waiting: the lowest value of the followed column in the rows that are themselves not approved.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        selected: Collection[str],
        key: Sequence[str],
        notation: Notation,
        what: str,
        codes: Mapping[str, Mapping[str, str]] | None = None,
        approved: Column | None = None,
        only: tuple[Column, Collection[str]] | None = None,
        followed: Column | None = None,
        since: object = None,
    ) -> None:
        self.seen = 0
        self.unapproved = 0
        self._what = what
        self._key = tuple(key)
        self._approved = approved
        self._only = only
        self._followed = followed
        self._since = None if followed is None or since is None else _comparable(since, followed)
        self._highest: Any = self._since
        self.waiting: Any = None
        self._written = [column for column in columns if column.name in selected or column.name in self._key]
        helpers = {column.name for column in (approved, followed) if column is not None}
        needed = [column for column in columns if column in self._written or column.name in helpers]
        self._converters: dict[str, tuple[int | None, Callable[[Sequence[str], int], Values]]] = {
            column.name: (
                column.at,
                _coder(codes[column.name], f"{what}, column {column.header!r}")
                if codes and column.name in codes
                else converter(column.kind, notation, f"{what}, column {column.header!r}"),
            )
            for column in needed
        }
        self._row = row_type([column.name for column in self._written])

    @property
    def bookmark(self) -> str | None:
        """See the class."""
        known = [value for value in (self._highest, self.waiting) if value is not None]
        return None if self._highest is None else str(min(known))

    def rows(self, block: Block) -> Rows:
        """The records of a block.

        Raises:
            RefusedError: a value that is not of its column's kind, or a key without a value; names the row.
        """
        before, count = self.seen, len(block[0])
        self.seen += count
        values = {
            name: [None] * count if at is None else convert(block[at], before)
            for name, (at, convert) in self._converters.items()
        }
        kept = self._kept(block, values, count)
        self._check_key(values, before)
        if self._followed is not None:
            present = [value for value in _kept(values[self._followed.name], kept) if value is not None]
            self._highest = max(present if self._highest is None else [self._highest, *present], default=None)
        if not self._written:
            return [self._row()] * (count if kept is None else sum(kept))
        return list(map(self._row, *(_kept(values[column.name], kept) for column in self._written)))

    def _kept(self, block: Block, values: dict[str, Values], count: int) -> list[bool] | None:
        """Which rows are wanted; None for all."""
        kept: list[bool] | None = None
        if self._only is not None and self._only[0].at is not None:
            wanted = self._only[1]
            kept = [cell in wanted for cell in block[self._only[0].at]]
        if self._approved is not None:
            own = [value is True for value in values[self._approved.name]]
            self._see_waiting(values, kept, own)
            kept = own if kept is None else [a and b for a, b in zip(kept, own, strict=True)]
        if kept is not None:
            self.unapproved += count - sum(kept)
        if self._followed is not None and self._since is not None:
            # Rows without a value can't be told old from new: they come each time.
            recent = [value is None or value >= self._since for value in values[self._followed.name]]
            kept = recent if kept is None else [a and b for a, b in zip(kept, recent, strict=True)]
        return kept

    def _see_waiting(self, values: dict[str, Values], wanted: list[bool] | None, own: list[bool]) -> None:
        """A bookmark above a row that is approved later would leave it out for ever."""
        if self._followed is None:
            return
        followed = _kept(values[self._followed.name], wanted)
        waiting = [
            value for value, good in zip(followed, _kept(own, wanted), strict=True) if not good and value is not None
        ]
        self.waiting = min(waiting if self.waiting is None else [self.waiting, *waiting], default=None)

    def _check_key(self, values: dict[str, Values], before: int) -> None:
        for name in self._key:
            if None in values[name]:
                raise RefusedError(
                    system="Anaplan",
                    subject=f"{self._what}, row {before + values[name].index(None) + 1}",
                    expected=f"a value of the key column {name!r}",
                    got="none",
                    hint="Choose columns that identify each row with `key`.",
                )


def _coder(codes: Mapping[str, str], subject: str) -> Callable[[Sequence[str], int], Values]:
    def coded(cells: Sequence[str], before: int) -> Values:
        found = [codes.get(cell) if cell else None for cell in cells]
        if None in found:
            for at, (cell, code) in enumerate(zip(cells, found, strict=True)):
                if cell and code is None:
                    raise RefusedError(
                        system="Anaplan",
                        subject=f"{subject}, row {before + at + 1}",
                        expected="an item that has a code, and a name that no other has",
                        got=repr(cell),
                        hint="Give the item a code of its own in Anaplan, or take the column out of `codes`.",
                    )
        return found

    return coded


def _kept(values: Values, kept: list[bool] | None) -> Values:
    return values if kept is None else list(compress(values, kept))


def _comparable(value: object, column: Column) -> Decimal | str:
    return Decimal(str(value)) if column.kind == "number" else str(value)
