"""What a ``$filter`` tree means in SQL whatever the types of a service are: junctions, keyset pages, searches."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from sandbox.core.odata.errors import ODataError, bad_request
from sandbox.core.odata.keyset import Bound, keyset_bound
from sandbox.core.odata.seek import Sql, Stored
from sandbox.core.odata.syntax import Call, Comparison, Condition, Junction, Negation, Value

SQL = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_MIRRORED = {"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
_SEARCHES = {
    "contains": "instr({0}, {1}) > 0",
    "substringof": "instr({1}, {0}) > 0",
    "startswith": "substr({0}, 1, length({1})) = {1}",
    "endswith": "(length({1}) = 0 OR substr({0}, -length({1})) = {1})",
}


class Term(Protocol):
    """An operand in SQL with its parameters."""

    @property
    def sql(self) -> str:
        """The operand."""

    @property
    def parameters(self) -> tuple[Stored, ...]:
        """In the order of its question marks."""


class Conditions(ABC):
    """Translates conditions; a service says how its properties compare and what it calls what does not."""

    def condition(self, condition: Condition) -> Sql:
        """In SQL; ODataError 400 for what the service does not take."""
        if isinstance(condition, Negation):
            return _negated(self.condition(condition.part))
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
        found = self._seekable(bound)
        if found is None:
            return None
        names, values = found
        return Sql(f"({', '.join(names)}) {SQL[bound.operator]} ({', '.join('?' * len(values))})", tuple(values))

    def _comparison(self, comparison: Comparison) -> Sql:
        left, right = comparison.left, comparison.right
        if isinstance(left, Value) and not isinstance(right, Value):
            return self._comparison(Comparison(_MIRRORED[comparison.operator], right, left))
        if not isinstance(left, Call) or left.function not in _SEARCHES:
            return self._compared(comparison)
        if comparison.operator not in {"eq", "ne"}:
            raise self._incompatible(comparison.operator)
        if not isinstance(right, Value) or right.kind != "boolean":
            raise bad_request("A boolean was expected.")
        search = self._search(left)
        return search if (right.text == "true") == (comparison.operator == "eq") else _negated(search)

    def _search(self, call: Call) -> Sql:
        if call.function not in _SEARCHES:
            raise bad_request(f"The function '{call.function}' is not a condition.")
        terms = self._searched(call)
        sql = _SEARCHES[call.function]
        ordered = [terms[int(place)] for place in re.findall(r"\{(\d)\}", sql)]
        return Sql(
            sql.format(*(term.sql for term in terms)), tuple(value for term in ordered for value in term.parameters)
        )

    @abstractmethod
    def _seekable(self, bound: Bound) -> tuple[Sequence[str], Sequence[Stored]] | None:
        """The columns in SQL and the values of a bound; None when SQLite would order them otherwise."""

    @abstractmethod
    def _compared(self, comparison: Comparison) -> Sql:
        """Properties, functions and literals; a literal stands on the left only when both sides are literals."""

    @abstractmethod
    def _searched(self, call: Call) -> Sequence[Term]:
        """The two operands of a function that searches."""

    @abstractmethod
    def _incompatible(self, operator: str) -> ODataError:
        """What the service says of an operator between operands that it does not take."""


def _negated(inner: Sql) -> Sql:
    return Sql(f"NOT coalesce({inner.text}, 0)", inner.parameters)  # a comparison with null is false in OData
