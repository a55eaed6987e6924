"""A ``$filter`` tree to SQL with bound parameters, by the types of the table's columns."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from decimal import Decimal, InvalidOperation
from typing import Literal

from typing_extensions import override

from sandbox.core.odata.conditions import SQL, Conditions
from sandbox.core.odata.errors import ODataError, bad_request
from sandbox.core.odata.keyset import Bound
from sandbox.core.odata.seek import Sql
from sandbox.core.odata.syntax import Call, Comparison, Condition, Field, Operand, Value
from sandbox.syspro.tables import Column, Stored, Table

Type = Literal["string", "number", "date", "binary", "boolean", "null"]
DateLiteral = Literal["offset", "date", "quoted", "any"]

_TYPES: dict[str, Type] = {
    "varchar": "string", "decimal": "number", "datetime": "date", "bit": "boolean", "rowversion": "binary"
}  # fmt: skip
_FUNCTIONS: dict[str, tuple[Type, Type, str]] = {
    "tolower": ("string", "string", "lower({})"),
    "toupper": ("string", "string", "upper({})"),
    "trim": ("string", "string", "trim({})"),
    "length": ("string", "number", "length(rtrim({}))"),
    "year": ("date", "number", "CAST(substr({}, 1, 4) AS INTEGER)"),
    "month": ("date", "number", "CAST(substr({}, 6, 2) AS INTEGER)"),
    "day": ("date", "number", "CAST(substr({}, 9, 2) AS INTEGER)"),
}
_OFFSET_REQUIRED = re.compile(r"(?:Z|z|[+-]\d\d:\d\d)$")


@dataclass(frozen=True, slots=True)
class _Term:
    """An operand in SQL. ``column`` when it is a plain column."""

    sql: str
    type: Type
    parameters: tuple[Stored, ...] = ()
    column: Column | None = None
    literal: Value | None = None


@dataclass(frozen=True, slots=True)
class Dialect:
    """What this site's service accepts. ``avoid_index`` keeps SQLite from using the indexes on these columns."""

    date_literal: DateLiteral = "any"
    functions: bool = True
    hidden: frozenset[str] = frozenset()
    avoid_index: frozenset[str] = field(default=frozenset())


def column_of(table: Table, name: str, hidden: frozenset[str]) -> Column:
    """The property called ``name``; ODataError 400 when the entity has none."""
    column = table.columns.get(name)
    if column is None or name in hidden:
        raise bad_request(f"Could not find a property named '{name}' on type 'Syspro.{table.name}'.")
    return column


def translate(condition: Condition, table: Table, dialect: Dialect) -> Sql:
    """The condition in SQL; ODataError 400 for unknown properties and types that do not compare."""
    return _Translator(table, dialect).condition(condition)


class _Translator(Conditions):
    def __init__(self, table: Table, dialect: Dialect) -> None:
        self._table = table
        self._dialect = dialect

    @override
    def _seekable(self, bound: Bound) -> tuple[Sequence[str], Sequence[Stored]] | None:
        columns = [column_of(self._table, name, self._dialect.hidden) for name in bound.names]
        if any(column.kind == "rowversion" or not (column.whole or column.scale == 0) for column in columns):
            return None
        values = [self._value(value, column) for value, column in zip(bound.values, columns, strict=True)]
        if any(column.nullable for column in columns):
            return None
        return [f'"{name}"' for name in bound.names], values

    @override
    def _compared(self, comparison: Comparison) -> Sql:
        left, right = self._term(comparison.left), self._term(comparison.right)
        if right.type == "null" or left.type == "null":
            return self._with_null(comparison.operator, left if right.type == "null" else right)
        if left.column is not None and right.literal is not None:
            right = self._bound(right.literal, left.column)
        if left.type != right.type:
            raise self._mismatch(comparison.operator, left, right)
        ordered = comparison.operator not in {"eq", "ne"}
        if ordered and left.type in {"binary", "boolean"}:
            raise self._mismatch(comparison.operator, left, right)
        exact = left.column is not None and left.column.kind == "decimal" and left.column.scale > 0
        collation = " COLLATE DECIMAL" if exact and ordered else ""
        text = f"{left.sql}{collation} {SQL[comparison.operator]} {right.sql}"
        if left.type == "number" and right.column is not None:
            text = f"CAST({left.sql} AS REAL) {SQL[comparison.operator]} CAST({right.sql} AS REAL)"
        if comparison.operator == "ne" and left.column is not None and left.column.nullable:
            text = f"({text} OR {left.sql} IS NULL)"
        return Sql(text, (*left.parameters, *right.parameters))

    def _with_null(self, operator: str, other: _Term) -> Sql:
        if operator in {"eq", "ne"}:
            return Sql(f"{other.sql} IS {'NOT ' if operator == 'ne' else ''}NULL", other.parameters)
        return Sql("0")

    @override
    def _searched(self, call: Call) -> Sequence[_Term]:
        self._check_functions(call.function)
        text, part = (self._term(argument) for argument in call.arguments)
        if text.type != "string" or part.type != "string":
            raise bad_request(
                f"No function signature for '{call.function}' with these types: {text.type}, {part.type}."
            )
        return text, part

    def _check_functions(self, name: str) -> None:
        if not self._dialect.functions:
            raise bad_request(f"The function '{name}' is not supported.")

    def _term(self, operand: Operand) -> _Term:
        if isinstance(operand, Field):
            column = column_of(self._table, operand.name, self._dialect.hidden)
            plus = "+" if operand.name in self._dialect.avoid_index else ""
            return _Term(f'{plus}"{column.name}"', _TYPES[column.kind], column=column)
        if isinstance(operand, Value):
            return self._literal(operand)
        if operand.function not in _FUNCTIONS:
            raise bad_request(f"The function '{operand.function}' cannot be compared.")
        self._check_functions(operand.function)
        accepted, returned, sql = _FUNCTIONS[operand.function]
        argument = self._term(operand.arguments[0])
        if argument.type != accepted:
            raise bad_request(f"No function signature for '{operand.function}' with type {argument.type}.")
        return _Term(sql.format(argument.sql), returned, argument.parameters)

    def _literal(self, value: Value) -> _Term:
        if value.kind == "number":
            return _Term("?", "number", (_number(value.number),), literal=value)
        if value.kind in {"offset", "date"}:
            return _Term("?", "date", (value.text,), literal=value)
        if value.kind == "boolean":
            return _Term("?", "boolean", (int(value.text == "true"),), literal=value)
        types: dict[str, Type] = {"string": "string", "binary": "binary", "null": "null"}
        if value.kind not in types:
            raise bad_request(f"No property compares with the literal '{value.text}'.")
        return _Term("?", types[value.kind], (value.text,), literal=value)

    def _bound(self, value: Value, column: Column) -> _Term:
        """A literal in the storage form of the column that it is compared with."""
        term = self._literal(value)
        stored = self._value(value, column)
        return replace(term, type=_TYPES[column.kind], parameters=(stored,))

    def _value(self, value: Value, column: Column) -> Stored:
        kind = column.kind
        if kind == "datetime":
            return self._date(value, column)
        if kind == "rowversion" and value.kind == "binary":
            return _version(value.text)
        if kind == "varchar" and value.kind == "string":
            return value.text.rstrip(" ")  # SQL Server ignores trailing blanks when it compares
        if kind == "bit" and value.kind == "boolean":
            return int(value.text == "true")
        if kind == "decimal" and value.kind == "number":
            return _number(value.number) if column.scale == 0 else _decimal(value.number, column)
        raise bad_request(
            f"A binary operator with incompatible types was detected: '{column.name}' is {column.kind}, "
            f"the literal is {value.kind}."
        )

    def _date(self, value: Value, column: Column) -> str:
        style = self._dialect.date_literal
        fits = {
            "offset": value.kind == "offset" and _OFFSET_REQUIRED.search(value.text) is not None,
            "date": value.kind == "date",
            "quoted": value.kind == "string",
            "any": value.kind in {"offset", "date", "string"},
        }
        if not fits[style]:
            raise bad_request(
                f"A binary operator with incompatible types was detected: '{column.name}' does not compare with a "
                f"literal of kind {value.kind}."
            )
        try:
            when = datetime.fromisoformat(value.text.upper().replace("Z", "+00:00"))
        except ValueError:
            raise bad_request(f"Unrecognized date literal '{value.text}'.") from None
        if when.tzinfo is not None:
            when = when.astimezone(timezone.utc).replace(tzinfo=None)
        return when.isoformat(timespec="seconds")

    @override
    def _incompatible(self, operator: str) -> ODataError:
        return bad_request(f"A binary operator with incompatible types was detected: '{operator}'.")

    @staticmethod
    def _mismatch(operator: str, left: _Term, right: _Term) -> ODataError:
        return bad_request(
            "A binary operator with incompatible types was detected. "
            f"Found operand types '{left.type}' and '{right.type}' for operator kind '{operator}'."
        )


def _number(number: Decimal) -> Stored:
    """As text when it is no integer: SQLite's column affinity compares it as a number."""
    if number == number.to_integral_value() and abs(number) < Decimal(2**63):
        return int(number)
    return format(number, "f")


def _decimal(number: Decimal, column: Column) -> str:
    try:
        exact = number.quantize(Decimal(1).scaleb(-column.scale))
    except InvalidOperation:
        exact = Decimal("NaN")
    return format(exact if exact == number else number, "f")


def _version(text: str) -> int:
    try:
        raw = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise bad_request(f"Invalid binary literal '{text}'.") from None
    return int.from_bytes(raw, "big") if len(raw) <= 7 or raw[0] < 0x80 else -1
