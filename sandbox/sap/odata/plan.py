"""How SQLite is led to the rows of a page: by which index, and from where on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.core.odata.keyset import keyset_bound
from sandbox.core.odata.seek import Sql, Term, after
from sandbox.core.odata.syntax import Comparison, Condition, Field, Junction, Value
from sandbox.sap.odata.translate import translate

if TYPE_CHECKING:
    from sandbox.sap.odata.options import Node
    from sandbox.sap.odata.reading import Reader
    from sandbox.sap.schema import EntitySet, Property, Stored

_NARROW = 20_000


def behind(reader: Reader, node: Node, terms: tuple[Term, ...], values: tuple[Stored, ...]) -> Sql:
    """What lies behind the last row. Columns that the filter holds fast are left out, or SQLite would seek by them
    alone and count off all earlier pages again.
    """
    fast = set()
    for part in _conjuncts(node.filter):
        if not isinstance(part, Comparison) or part.operator != "eq" or reader.dialect.alpha or reader.dialect.upper:
            continue
        if isinstance(part.left, Field) and isinstance(part.right, Value) and part.right.kind != "null":
            each = node.entity_set.property_called(part.left.name)
            fast.add(each.stored_as if each is not None else "")
    kept = [pair for pair in zip(terms, values, strict=True) if pair[0].sql.strip('+"') not in fast]
    return after([term for term, _ in kept], tuple(value for _, value in kept)) if kept else Sql("0")


def planned(reader: Reader, node: Node, *, continued: bool) -> tuple[Sql, str]:
    """The filter, written so that SQLite reads by a date's index when few rows are that young or when the date is the
    order, else along the key.

    Without statistics it would sort a million rows for every page of a first load. The prefix keeps the index of the
    key out of the way.
    """
    for part in _conjuncts(node.filter):
        each = _dated(part, node.entity_set)
        if each is None:
            continue
        young = translate(part, node.entity_set, reader.dialect)
        limited = f'SELECT 1 FROM "{node.entity_set.table}" WHERE {young.text} LIMIT {_NARROW + 1}'
        plan = reader.connection.execute(f"EXPLAIN QUERY PLAN {limited}", young.parameters).fetchall()
        if not any(" USING " in str(step[-1]) and each.stored_as in str(step[-1]) for step in plan):
            continue
        others = frozenset(one.stored_as for one in node.entity_set.properties) - {each.stored_as}
        if node.order[:1] == ((each, False),):
            # what lies behind the last row is the narrower bound: the date alone would start each page at the first
            behind = continued or _seeks(node.filter, each)
            return reader.condition(node, others | {each.stored_as} if behind else others), ""
        found = reader.connection.execute(f"SELECT count(*) FROM ({limited})", young.parameters).fetchone()[0]
        if found <= _NARROW:
            return reader.condition(node, others), "+"
        return reader.condition(node, frozenset({each.stored_as})), ""
    return reader.condition(node), ""


def _dated(part: Condition, entity_set: EntitySet) -> Property | None:
    """The date that a condition has a lower bound for."""
    if not isinstance(part, Comparison) or not isinstance(part.left, Field) or not isinstance(part.right, Value):
        return None
    each = entity_set.property_called(part.left.name)
    if each is None or each.kind not in {"date", "datetimeoffset"} or part.operator not in {"ge", "gt", "eq"}:
        return None
    return each


def _seeks(condition: Condition | None, each: Property) -> bool:
    """Whether the client itself continues behind a row of this order."""
    bounds = (keyset_bound(part) for part in _conjuncts(condition) if isinstance(part, Junction))
    return any(bound is not None and bound.names[0] == each.name for bound in bounds)


def _conjuncts(condition: Condition | None) -> tuple[Condition, ...]:
    if condition is None:
        return ()
    return condition.parts if isinstance(condition, Junction) and condition.operator == "and" else (condition,)
