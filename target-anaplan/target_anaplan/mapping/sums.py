"""`sum` of a mapping: columns that are added up over all records of the same cell, instead of the last one winning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import msgspec

from connector_kit.mapping.columns import Column, parse_column

_OPTIONS = {"field", "constant", "decimals", "negate", "blank_if"}


@dataclass(frozen=True, slots=True)
class SumColumn:
    """A column that is added up. exact: the column without rounding; decimals: the total's, None: as many as it has."""

    exact: Column
    decimals: int | None


@dataclass(frozen=True, slots=True)
class Sums:
    """What a mapping adds up. cell: the columns that say which cell; mark: changes when the mapping means others."""

    columns: tuple[SumColumn, ...]
    cell: tuple[str, ...]
    mark: str

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are added up."""
        return tuple(column.exact.name for column in self.columns)


def parse_sums(entry: Mapping[str, Any], faults: list[str]) -> Sums | None:
    """The `sum` of a mapping, None without one; what is wrong with it is added to `faults`."""
    names: Sequence[str] = entry.get("sum") or ()
    if not names:
        return None
    columns: Mapping[str, Any] = entry.get("columns") or {}
    key: Sequence[str] = entry.get("key") or [name for name in columns if name not in names]
    own = [f"names column {name}, which is not mapped" for name in names if name not in columns]
    own += [f"column {name} is in key too" for name in names if name in key]
    own += [] if key else ["needs columns beside it, which say what cell an amount is for"]
    own += ["is for imports and processes, not for a list"] if entry.get("list") else []
    own += ["and delete exclude each other: a cell without records is sent as 0"] if entry.get("delete") else []
    found = []
    for name in names:
        options = columns.get(name, name)
        options = {"field": options} if isinstance(options, str) else dict(options)
        if set(options) - _OPTIONS:
            own.append(f"column {name} takes {', '.join(sorted(_OPTIONS))} alone")
            continue
        decimals = options.pop("decimals", None)
        try:
            found.append(SumColumn(parse_column(name, options), decimals))
        except ValueError:
            continue  # told with the columns
    faults += [f"sum: {fault}" for fault in own]
    # Another cell, amount or choice of records: what was counted before says nothing.
    meaning = msgspec.json.encode([list(names), list(key), columns, entry.get("where") or {}], enc_hook=str)
    return Sums(tuple(found), tuple(key), blake2b(meaning, digest_size=4).hexdigest())
