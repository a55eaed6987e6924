"""Pieces of SQL for pages that follow an order: a condition, a term of the order, and what lies behind a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Stored = str | int | None


@dataclass(frozen=True, slots=True)
class Sql:
    """A condition with its parameters."""

    text: str
    parameters: tuple[Stored, ...] = ()


@dataclass(frozen=True, slots=True)
class Term:
    """One part of the order."""

    sql: str
    descending: bool


def ordered_by(terms: Sequence[Term]) -> str:
    """The terms for ORDER BY."""
    return ", ".join(f"{term.sql} DESC" if term.descending else term.sql for term in terms)


def after(terms: Sequence[Term], values: tuple[Stored, ...]) -> Sql:
    """Behind these order values. A null sorts before everything."""
    if not any(term.descending for term in terms) and None not in values:
        names, marks = ", ".join(term.sql for term in terms), ", ".join("?" * len(terms))
        return Sql(f"({names}) > ({marks})", values)
    alternatives: list[str] = []
    parameters: list[Stored] = []
    for place, term in enumerate(terms):
        equal = [f"{before.sql} IS ?" for before in terms[:place]]
        if term.descending:
            beyond = "0" if values[place] is None else f"({term.sql} < ? OR {term.sql} IS NULL)"
        else:
            beyond = f"{term.sql} IS NOT NULL" if values[place] is None else f"{term.sql} > ?"
        alternatives.append("(" + " AND ".join([*equal, beyond]) + ")")
        parameters += [*values[:place], *([] if values[place] is None else [values[place]])]
    return Sql(" OR ".join(alternatives), tuple(parameters))
