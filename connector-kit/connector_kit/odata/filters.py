"""Conditions on rows as small values, and the pure functions that make them for pages and for changes.

They know nothing of OData's text: `odata_filter` writes them for an OData server, another reader (SYSPRO's COMFND)
writes them its own way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from connector_kit.odata.literals import Value

Operator = Literal["eq", "ne", "gt", "ge", "lt", "le"]


@dataclass(frozen=True, slots=True)
class Compare:
    """A column against a value; `eq None` is "is null"."""

    column: str
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A condition in the server's own language, as an administrator wrote it in a setting."""

    text: str


Condition = Compare | AllOf | AnyOf | Written


def all_of(*parts: Condition | None) -> Condition | None:
    """The parts that are there, joined by "and"."""
    present = tuple(part for part in parts if part is not None)
    return AllOf(present) if len(present) > 1 else next(iter(present), None)


def any_of(*parts: Condition | None) -> Condition | None:
    """The parts that are there, joined by "or"."""
    present = tuple(part for part in parts if part is not None)
    return AnyOf(present) if len(present) > 1 else next(iter(present), None)


def after(key: Sequence[str], values: Sequence[Value], *, back: bool = False) -> Condition:
    """Rows that come after the one with these key values, in the order of the key, or before it.

    For (A, B, C): `A ge a and (A gt a or B ge b and (B gt b or C gt c))`. The `ge` adds nothing to the meaning: it lets
    a database seek in its index where it would scan for an "or".
    """
    column, value = key[0], values[0]
    beyond = Compare(column, "lt" if back else "gt", value)
    if len(key) == 1:
        return beyond
    further = AnyOf((beyond, after(key[1:], values[1:], back=back)))
    return AllOf((Compare(column, "le" if back else "ge", value), further))


def since(column: str, value: Value) -> Condition:
    """Rows of `value` and later, and those without a value: a filter `ge` alone never returns nulls."""
    return AnyOf((Compare(column, "ge", value), Compare(column, "eq", None)))


def since_period(year_column: str, period_column: str, year: int, period: int) -> Condition:
    """Rows of a fiscal period and later."""
    return AnyOf(
        (
            Compare(year_column, "gt", year),
            AllOf((Compare(year_column, "eq", year), Compare(period_column, "ge", period))),
        )
    )


def with_keys(key: Sequence[str], rows: Iterable[Sequence[Value]]) -> Condition | None:
    """Rows that have one of these keys."""
    return any_of(*(all_of(*(Compare(c, "eq", v) for c, v in zip(key, row, strict=True))) for row in rows))


def odata_filter(condition: Condition, write: Callable[[str, Value], str]) -> str:
    """The text of `$filter`; `write(column, value)` makes the literals."""
    if isinstance(condition, Compare):
        return f"{condition.column} {condition.operator} {write(condition.column, condition.value)}"
    if isinstance(condition, Written):
        return f"({condition.text})"
    joint = " and " if isinstance(condition, AllOf) else " or "
    return joint.join(_enclosed(part, write) for part in condition.parts)


def _enclosed(part: Condition, write: Callable[[str, Value], str]) -> str:
    text = odata_filter(part, write)
    return f"({text})" if isinstance(part, (AllOf, AnyOf)) else text
