"""From a mapping, a stream's schema and a file's columns to one function that turns records into rows."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from target_anaplan.mapping.block import Block, Cells
from target_anaplan.mapping.spec import Column, Dialect
from target_anaplan.mapping.values import Unmappable


@dataclass(frozen=True, slots=True)
class RowMaker:
    """Makes the file's columns, in the file's order, out of a block."""

    names: tuple[str, ...]
    makers: tuple[Cells, ...]

    def columns(self, block: Block) -> list[list[str]]:
        """All columns of a block. Unmappable when some row can't be made: `blame` says where in a block of one."""
        return [make(block) for make in self.makers]

    def blame(self, block: Block) -> Unmappable:
        """The first column that can't be made from a block of one record, and why."""
        for name, make in zip(self.names, self.makers, strict=True):
            try:
                make(block)
            except Unmappable as exc:  # noqa: PERF203 - a rejected row only
                exc.column = name
                return exc
        raise LookupError("every column can be made")


def compile_rows(columns: Sequence[Column], headers: Sequence[str], dialect: Dialect) -> RowMaker:
    """What makes rows for the file's `headers`; a header without a column is written blank."""
    cells = {column.name: column.build(dialect) for column in columns}
    return RowMaker(tuple(headers), tuple(cells.get(name, _blank) for name in headers))


def _blank(block: Block) -> list[str]:
    return [""] * len(block)


def column_faults(columns: Sequence[Column], headers: Sequence[str], *, blank_missing: bool) -> list[str]:
    """What doesn't fit between mapped columns and the import's source columns, with close matches."""
    mapped = [column.name for column in columns]
    extra = [name for name in mapped if name not in headers]
    missing = [] if blank_missing else [name for name in headers if name not in mapped]
    faults = [f"column {name} is not among the source columns{_close(name, missing or headers)}" for name in extra]
    if missing:
        faults.append(
            f"source column{'s' * (len(missing) > 1)} {', '.join(missing)} not mapped"
            " (map it, or set missing_columns: blank)"
        )
    return faults


def field_faults(columns: Sequence[Column], more: Collection[str], schema: dict[str, Any]) -> list[str]:
    """Fields that the stream's schema doesn't have, or that hold lists or objects only."""
    properties = schema.get("properties") or {}
    faults = []
    for owner, field in [(f"column {c.name}", f) for c in columns for f in c.fields] + [("where", f) for f in more]:
        if field not in properties:
            if not schema.get("additionalProperties", False) or properties:
                faults.append(f"{owner} needs field {field}, which the stream doesn't have{_close(field, properties)}")
        elif _nested(properties[field]):
            faults.append(f"{owner} needs field {field}, which holds a list or an object")
    return list(dict.fromkeys(faults))


def key_faults(columns: Sequence[Column], key: Collection[str]) -> list[str]:
    """Columns of a deletion that need more than the key, which is all that is known of a row that vanished."""
    return [
        f"delete: column {column.name} needs field {field}, but of a deleted record only the key is known"
        f" ({', '.join(key) or 'none'})"
        for column in columns
        for field in column.fields
        if field not in key
    ]


def _nested(schema: Any) -> bool:  # noqa: ANN401 - a JSON schema
    kinds = schema.get("type") if isinstance(schema, dict) else None
    kinds = {kinds} if isinstance(kinds, str) else set(kinds or ())
    return bool(kinds) and not kinds - {"array", "object", "null"} and kinds != {"null"}


def _close(name: str, among: Collection[str]) -> str:
    close = difflib.get_close_matches(name, list(among), 3, 0.6)
    return f" (close: {', '.join(close)})" if close else ""
