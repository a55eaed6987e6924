"""`$expand`: rows of other sets inside the rows that they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from connector_kit.odata.literals import Version
from connector_kit.odata.rows import RowReader


def select_options(select: Sequence[str], expand: Mapping[str, RowReader], version: Version) -> dict[str, str]:
    """`$select` and `$expand` for rows with these columns and these rows inside.

    V2 names inner columns by their path in one `$select` (OData 2.0, "URI Conventions" 4.8); V4 selects inside the
    parentheses of `$expand` (OData 4.0 part 2, 5.1.2).
    """
    if version == "4.0":
        return {"$select": ",".join(select), "$expand": ",".join(_v4(expand))}
    return {
        "$select": ",".join((*select, *_v2_columns(expand))) if select else "",
        "$expand": ",".join(_v2_paths(expand)),
    }


def inner_rows(rows: Sequence[Any], reader: RowReader, path: Sequence[str]) -> list[Any]:
    """The rows at the end of a path of navigation properties, out of those of a page."""
    for nav in path:
        attribute = reader.attributes[nav]
        rows = [inner for row in rows for inner in getattr(row, attribute)]
        reader = reader.expand[nav]
    return list(rows)


def take_out(row: Any, reader: RowReader, nav: str) -> list[Any]:  # noqa: ANN401 - a struct made at run time
    """The rows inside a row, which loses them: what is left is a record."""
    attribute = reader.attributes[nav]
    found: list[Any] = getattr(row, attribute)
    setattr(row, attribute, msgspec.UNSET)
    return found


def _v2_paths(expand: Mapping[str, RowReader]) -> Iterator[str]:
    for nav, child in expand.items():
        deeper = [f"{nav}/{path}" for path in _v2_paths(child.expand)]
        yield from deeper or [nav]


def _v2_columns(expand: Mapping[str, RowReader]) -> Iterator[str]:
    for nav, child in expand.items():
        for field in child.fields:
            yield f"{nav}/{field.name}"
        for column in _v2_columns(child.expand):
            yield f"{nav}/{column}"


def _v4(expand: Mapping[str, RowReader]) -> Iterator[str]:
    for nav, child in expand.items():
        inner = ["$select=" + ",".join(field.name for field in child.fields)] if child.fields else []
        inner += ["$expand=" + ",".join(_v4(child.expand))] if child.expand else []
        yield f"{nav}({';'.join(inner)})" if inner else nav
