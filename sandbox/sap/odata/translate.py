"""A ``$filter`` tree to SQL with bound parameters, by the properties of the set."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sandbox.core.odata.errors import ODataError, bad_request
from sandbox.core.odata.keyset import Bound, keyset_bound
from sandbox.core.odata.seek import Sql
from sandbox.core.odata.syntax import Call, Comparison, Condition, Field, Junction, Negation, Operand, Value
from sandbox.sap.odata import literals
from sandbox.sap.schema import EntitySet, Property, Stored

if TYPE_CHECKING:
    from decimal import Decimal

_SQL = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_MIRRORED = {"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
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
_SEARCHES = {
    "contains": "instr({0}, {1}) > 0",
    "substringof": "instr({1}, {0}) > 0",
    "startswith": "substr({0}, 1, length({1})) = {1}",
    "endswith": "(length({1}) = 0 OR substr({0}, -length({1})) = {1})",
}
_ALPHA_LENGTH = 10  # of account, cost center, business partner and document numbers


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the tenant does with filters.

    ``alpha``: digits find keys with leading zeros. ``scanned``: columns whose index is not worth its detour here.
    """

    alpha: bool = False
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


class _Translator:
    def __init__(self, entity_set: EntitySet, dialect: Dialect) -> None:
        self._set = entity_set
        self._dialect = dialect

    def condition(self, condition: Condition) -> Sql:
        if isinstance(condition, Negation):
            inner = self.condition(condition.part)
            return Sql(f"NOT coalesce({inner.text}, 0)", inner.parameters)  # a comparison with null is false in OData
        if isinstance(condition, Junction):
            bound = keyset_bound(condition) if condition.operator == "or" else None
            if bound is not None and (row_value := self._row_value(bound)) is not None:
                return row_value
            parts = [self.condition(part) for part in condition.parts]
            joined = f" {condition.operator.upper()} ".join(f"({part.text})" for part in parts)
            return Sql(joined, tuple(value for part in parts for value in part.parameters))
        if isinstance(condition, Comparison):
            return self._comparison(condition)
        return self._search(condition)

    def _row_value(self, bound: Bound) -> Sql | None:
        """``(K1, K2) > (a, b)``: SQLite seeks it in the key, where it would scan for the equivalent chain of ORs."""
        properties = [self._filterable(name) for name in bound.names]
        if any(each.kind in {"decimal", "boolean", "guid"} for each in properties):
            return None
        values = tuple(literals.stored(value, each) for value, each in zip(bound.values, properties, strict=True))
        names = ", ".join(f'"{each.stored_as}"' for each in properties)
        return Sql(f"({names}) {_SQL[bound.operator]} ({', '.join('?' * len(values))})", values)

    def _comparison(self, comparison: Comparison) -> Sql:
        if isinstance(comparison.left, Value) and not isinstance(comparison.right, Value):
            return self._comparison(Comparison(_MIRRORED[comparison.operator], comparison.right, comparison.left))
        if isinstance(comparison.left, Call) and comparison.left.function in _SEARCHES:
            return self._truth(comparison)
        left, right = self._term(comparison.left), self._term(comparison.right)
        if left.property is None:
            raise bad_request("A comparison needs a property.")
        if right.literal is not None:
            return self._with_literal(comparison.operator, left, left.property, right.literal)
        if right.property is None or self._unlike(left.property, right.property):
            raise self._mismatch(comparison.operator)
        text = f"{left.sql} {_SQL[comparison.operator]} {right.sql}"
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
            raise self._mismatch(operator)
        number = literals.number_of(literal, each)
        if number is not None and number != number.to_integral_value():
            return self._between(operator, left, number)
        value = literals.stored(literal, each)
        if left.plain and operator in {"eq", "ne"} and self._padded(each, value):
            within = "IN" if operator == "eq" else "NOT IN"
            return Sql(f"{left.sql} {within} (?, ?)", (value, str(value).zfill(each.length)))
        text = f"{left.sql} {_SQL[operator]} ?"
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
        return Sql(f"{left.sql} {_SQL[operator]} ?", (*left.parameters, bound))

    def _truth(self, comparison: Comparison) -> Sql:
        if not isinstance(comparison.left, Call) or comparison.operator not in {"eq", "ne"}:
            raise self._mismatch(comparison.operator)
        if not isinstance(comparison.right, Value) or comparison.right.kind != "boolean":
            raise bad_request("A boolean was expected.")
        search = self._search(comparison.left)
        wanted = (comparison.right.text == "true") == (comparison.operator == "eq")
        return search if wanted else Sql(f"NOT coalesce({search.text}, 0)", search.parameters)

    def _search(self, call: Call) -> Sql:
        if call.function not in _SEARCHES:
            raise bad_request(f"The function '{call.function}' is not a condition.")
        terms = [self._searched(argument) for argument in call.arguments]
        sql = _SEARCHES[call.function]
        ordered = [terms[int(place)] for place in re.findall(r"\{(\d)\}", sql)]
        parameters = tuple(value for term in ordered for value in term.parameters)
        return Sql(sql.format(*(term.sql for term in terms)), parameters)

    def _searched(self, operand: Operand) -> _Term:
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

    @staticmethod
    def _mismatch(operator: str) -> ODataError:
        return bad_request(f"Operator '{operator}' is not possible with these operands.")
