"""Recognizes keyset pages: ``K1 gt a or (K1 eq a and K2 gt b)`` in any of its spellings."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.core.odata.syntax import Comparison, Condition, Field, Junction, Value, junction

_STRICT = {"gt": "gt", "ge": "gt", "lt": "lt", "le": "lt"}


@dataclass(frozen=True, slots=True)
class Bound:
    """(names) operator (values), compared one after the other."""

    names: tuple[str, ...]
    values: tuple[Value, ...]
    operator: str


def _simple(condition: Condition) -> tuple[str, str, Value] | None:
    if isinstance(condition, Comparison) and isinstance(condition.left, Field) and isinstance(condition.right, Value):
        return condition.left.name, condition.operator, condition.right
    return None


def keyset_bound(condition: Condition) -> Bound | None:
    """The bound that the condition amounts to, or None when it is something else."""
    simple = _simple(condition)
    if simple is not None:
        name, operator, value = simple
        return Bound((name,), (value,), operator) if operator in _STRICT else None
    if not isinstance(condition, Junction) or condition.operator != "or":
        return None
    for head in condition.parts:
        simple = _simple(head)
        if simple is not None and simple[1] in {"gt", "lt"}:
            return _after(simple, [part for part in condition.parts if part is not head])
    return None


def _after(head: tuple[str, str, Value], others: list[Condition]) -> Bound | None:
    """The bound when every other part is ``head's column eq head's value`` and something about the next columns."""
    name, operator, value = head
    rests: list[Condition] = []
    for part in others:
        if not isinstance(part, Junction) or part.operator != "and":
            return None
        equal = [each for each in part.parts if _simple(each) == (name, "eq", value)]
        rest = [each for each in part.parts if _simple(each) != (name, "eq", value)]
        if not equal or not rest:
            return None
        rests.append(junction("and", rest))
    tail = keyset_bound(junction("or", rests)) if rests else None
    if tail is None or _STRICT[tail.operator] != operator or name in tail.names:
        return None
    return Bound((name, *tail.names), (value, *tail.values), tail.operator)
