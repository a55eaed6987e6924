"""A ``$filter`` tree to SQL with bound parameters, by the properties of the set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from typing_extensions import override

from sandbox.core.odata.conditions import SQL, Conditions
from sandbox.core.odata.errors import ODataError, bad_request
from sandbox.core.odata.keyset import Bound
from sandbox.core.odata.seek import Sql
from sandbox.core.odata.syntax import Call, Comparison, Condition, Field, Operand, Value
from sandbox.sap.odata import literals
from sandbox.sap.schema import EntitySet, Property, Stored

if TYPE_CHECKING:
    from decimal import Decimal

_TEXT, _NUMBER = Property("text"), Property("number", "int32")
_DATES, _STRINGS = {"date", "datetimeoffset"}, {"string"}
_FUNCTIONS: dict[str, tuple[set[str], Property, str]] = {
    "tolower": (_STRINGS, _TEXT, "lower({})"),
    "toupper": (_STRINGS, _TEXT, "upper({})"),
    "trim": (_STRINGS, _TEXT, "trim({})"),
    "length": (_STRINGS, _NUMBER, "length({})"),
    "year": (_DATES, _NUMBER, "CAST(substr({}, 1, 4) AS INTEGER)"),
    "month": (_DATES, _NUMBER, "CAST(substr({}, 6, 2) AS INTEGER)"),
    "day": (_DATES, _NUMBER, "CAST(substr({}, 9, 2) AS INTEGER)"),
}
_ALPHA_LENGTH = 10  # of account, cost center, business partner and document numbers


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the tenant does with filters.

    ``alpha``: digits find keys with leading zeros. ``upper``: literals for upper-case properties are converted.
    ``scanned``: columns whose index is not worth its detour here.
    """

    alpha: bool = False
    upper: bool = False
    scanned: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Term:
    """An operand in SQL with what it holds; a literal has no property of its own."""

    sql: str
    property: Property | None
    parameters: tuple[Stored, ...] = ()
    literal: Value | None = None
    plain: bool = False


def property_of(entity_set: EntitySet, name: str) -> Property:
    """The property called ``name``; ODataError 400 when the entity has none."""
    found = entity_set.property_called(name)
    if found is None:
        raise bad_request(f"Property {name} not found in type {entity_set.type_name}")
    return found


def translate(condition: Condition, entity_set: EntitySet, dialect: Dialect) -> Sql:
    """The condition in SQL; ODataError 400 for unknown or unfilterable properties and types that do not compare."""
    return _Translator(entity_set, dialect).condition(condition)


class _Translator(Conditions):
    def __init__(self, entity_set: EntitySet, dialect: Dialect) -> None:
        self._set = entity_set
        self._dialect = dialect

    @override
    def _seekable(self, bound: Bound) -> tuple[Sequence[str], Sequence[Stored]] | None:
        properties = [self._filterable(name) for name in bound.names]
        if any(each.kind in {"decimal", "boolean", "guid"} for each in properties):
            return None
        values = [literals.stored(value, each) for value, each in zip(bound.values, properties, strict=True)]
        return [f'"{each.stored_as}"' for each in properties], values

    @override
    def _compared(self, comparison: Comparison) -> Sql:
        left, right = self._term(comparison.left), self._term(comparison.right)
        if left.property is None:
            raise bad_request("A comparison needs a property.")
        if right.literal is not None:
            return self._with_literal(comparison.operator, left, left.property, right.literal)
        if right.property is None or self._unlike(left.property, right.property):
            raise self._incompatible(comparison.operator)
        text = f"{left.sql} {SQL[comparison.operator]} {right.sql}"
        return Sql(text, (*left.parameters, *right.parameters))

    @staticmethod
    def _unlike(one: Property, other: Property) -> bool:
        return one.kind != other.kind or one.scale != other.scale

    def _with_literal(self, operator: str, left: _Term, each: Property, literal: Value) -> Sql:
        if literal.kind == "null":
            if operator not in {"eq", "ne"}:
                return Sql("0")
            return Sql(f"{left.sql} IS {'NOT ' if operator == 'ne' else ''}NULL", left.parameters)
        if each.kind in {"boolean", "guid"} and operator not in {"eq", "ne"}:
            raise self._incompatible(operator)
        number = literals.number_of(literal, each)
        if number is not None and number != number.to_integral_value():
            return self._between(operator, left, number)
        value = literals.stored(literal, each)
        if self._dialect.upper and each.upper and isinstance(value, str):
            value = value.upper()
        if left.plain and operator in {"eq", "ne"} and self._padded(each, value):
            within = "IN" if operator == "eq" else "NOT IN"
            return Sql(f"{left.sql} {within} (?, ?)", (value, str(value).zfill(each.length)))
        text = f"{left.sql} {SQL[operator]} ?"
        if operator == "ne" and each.nullable:
            text = f"({text} OR {left.sql} IS NULL)"
        return Sql(text, (*left.parameters, value))

    def _padded(self, each: Property, value: Stored) -> bool:
        wanted = self._dialect.alpha and each.kind == "string" and each.length == _ALPHA_LENGTH
        return wanted and isinstance(value, str) and value.isdigit() and len(value) < each.length

    @staticmethod
    def _between(operator: str, left: _Term, number: Decimal) -> Sql:
        """Compared with a number that has more digits than the property can hold."""
        if operator in {"eq", "ne"}:
            return Sql("0" if operator == "eq" else "1")
        below = operator in {"gt", "le"}
        bound = math.floor(number) if below else math.ceil(number)
        return Sql(f"{left.sql} {SQL[operator]} ?", (*left.parameters, bound))

    @override
    def _searched(self, call: Call) -> Sequence[_Term]:
        return [self._text(argument) for argument in call.arguments]

    def _text(self, operand: Operand) -> _Term:
        term = self._term(operand)
        if term.literal is not None and term.literal.kind == "string":
            return replace(term, parameters=(term.literal.text,))
        if term.property is None or term.property.kind != "string":
            raise bad_request("Functions that search need strings.")
        return term

    def _term(self, operand: Operand) -> _Term:
        if isinstance(operand, Field):
            each = self._filterable(operand.name)
            plus = "+" if each.stored_as in self._dialect.scanned else ""
            return _Term(f'{plus}"{each.stored_as}"', each, plain=True)
        if isinstance(operand, Value):
            return _Term("?", None, literal=operand)
        if operand.function not in _FUNCTIONS:
            raise bad_request(f"The function '{operand.function}' cannot be compared.")
        accepted, returned, sql = _FUNCTIONS[operand.function]
        argument = self._term(operand.arguments[0])
        if argument.property is None or argument.property.kind not in accepted:
            raise bad_request(f"The function '{operand.function}' does not take this argument.")
        return _Term(sql.format(argument.sql), returned, argument.parameters)

    def _filterable(self, name: str) -> Property:
        each = property_of(self._set, name)
        if not each.filterable:
            raise bad_request(f"Property {name} of type {self._set.type_name} is not filterable")
        return each

    @override
    def _incompatible(self, operator: str) -> ODataError:
        return bad_request(f"Operator '{operator}' is not possible with these operands.")
