"""Decoded values of a request as rows of a table."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.sap.store import Store, table_called

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.sap.schema import Property, Stored
    from sandbox.sap.store import Row


def row_of(table: str, values: Mapping[str, object]) -> Row:
    """The values that are columns of the table, as they are stored; nulls and navigations are left out."""
    columns = table_called(table).columns
    present = {name: value for name, value in values.items() if value is not None and name in columns}
    return Store.as_stored(table, {name: _plain(columns[name], value) for name, value in present.items()})


def _plain(column: Property, value: object) -> Stored:
    if column.kind == "boolean":
        return int(value in {True, "X"})
    if column.numc:
        return str(value).zfill(column.length)
    if isinstance(value, (date, datetime)):
        return day(value).isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value).upper() if column.upper else str(value)


def decoded(table: str, row: Row) -> dict[str, object]:
    """A stored row as a request's values would have been decoded."""
    columns = table_called(table).columns
    return {name: _decoded(columns[name], value) for name, value in row.items()}


def _decoded(column: Property, value: Stored) -> object:
    if value is None:
        return None
    if column.kind == "decimal":
        return Decimal(int(value)).scaleb(-column.scale)
    if column.kind == "date":
        return date.fromisoformat(str(value))
    return bool(value) if column.kind == "boolean" else value


def day(value: object) -> date:
    """A date that came as such, or as a point in time; ValueError for anything else."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    raise ValueError(f"expected a date, got {value!r}")
