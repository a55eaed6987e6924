"""The tables below the services: their columns, initial values and DDL."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.sap.schema import Property, Stored

_EMPTY_GUID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Table:
    """One table; ``columns`` by name, each described by a property whose name is the column's."""

    name: str
    key: tuple[str, ...]
    columns: dict[str, Property]

    @property
    def ddl(self) -> str:
        """CREATE TABLE, clustered by the key, with SAP's initial values as defaults."""
        columns = ", ".join(f'"{name}" {_sql_type(each)}' for name, each in self.columns.items())
        key = ", ".join(f'"{name}"' for name in self.key)
        return f'CREATE TABLE "{self.name}" ({columns}, PRIMARY KEY ({key})) WITHOUT ROWID'


def initial(column: Property) -> Stored:
    """What SAP holds where nothing was entered."""
    if column.kind == "string":
        return "0" * column.length if column.numc else ""
    if column.kind in {"date", "datetimeoffset"}:
        return None
    if column.kind == "time":
        return None if column.nullable else "00:00:00"
    return _EMPTY_GUID if column.kind == "guid" else 0


def literal(value: Stored) -> str:
    """A stored value in SQL."""
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _sql_type(column: Property) -> str:
    numbers = {"decimal", "boolean", "int16", "int32", "int64"}
    kind = "INTEGER" if column.kind in numbers else "TEXT"
    value = initial(column)
    return f"{kind} DEFAULT NULL" if value is None else f"{kind} NOT NULL DEFAULT {literal(value)}"


def merged(name: str, key: tuple[str, ...], readers: Iterable[Iterable[Property]]) -> Table:
    """The table that serves several sets: flags and numbers win over their text, of two scales the finer one."""
    columns: dict[str, Property] = {}
    for properties in readers:
        for each in properties:
            column = replace(each, name=each.stored_as, column="")
            columns[column.name] = _wider(columns.get(column.name, column), column)
    return Table(name, key, columns)


def _wider(one: Property, other: Property) -> Property:
    nullable = one.nullable and other.nullable
    if one.kind == other.kind == "decimal":
        return replace(one, scale=max(one.scale, other.scale), precision=max(one.precision, other.precision))
    if one.kind == other.kind:
        chosen = one if one.numc >= other.numc else other
        return replace(chosen, length=max(one.length, other.length), nullable=nullable)
    if {one.kind, other.kind} in ({"string", "boolean"}, {"string", "decimal"}):
        return one if other.kind == "string" else other
    raise ValueError(f"{one.name}: one set has {one.kind}, another {other.kind}")
