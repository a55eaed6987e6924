"""From columns and a stream's schema to functions that turn records into rows of texts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from connector_kit.mapping.block import Block, Cells
from connector_kit.mapping.columns import Column, Dialect
from connector_kit.mapping.names import close_names
from connector_kit.mapping.values import Unmappable


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


def field_faults(columns: Sequence[Column], more: Collection[str], schema: dict[str, Any]) -> list[str]:
    """Fields that the stream's schema doesn't have, or that hold lists or objects only."""
    properties = schema.get("properties") or {}
    faults = []
    for owner, field in [(f"column {c.name}", f) for c in columns for f in c.fields] + [("where", f) for f in more]:
        if field not in properties:
            if not schema.get("additionalProperties", False) or properties:
                faults.append(
                    f"{owner} needs field {field}, which the stream doesn't have{close_names(field, properties)}"
                )
        elif _nested(properties[field]):
            faults.append(f"{owner} needs field {field}, which holds a list or an object")
    return list(dict.fromkeys(faults))


def _nested(schema: Any) -> bool:  # noqa: ANN401 - a JSON schema
    kinds = schema.get("type") if isinstance(schema, dict) else None
    kinds = {kinds} if isinstance(kinds, str) else set(kinds or ())
    return bool(kinds) and not kinds - {"array", "object", "null"} and kinds != {"null"}
