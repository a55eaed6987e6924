"""Rows of a table by what stands in some of its columns, many at once, through COMFND."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from connector_kit.syspro.comfnd import Condition, Conditions, Row, build, rows_of
from connector_kit.syspro.session import EnetSession

_MOST = 25  # things looked for in one query
_SPARE_ROWS = 200

Wanted = Mapping[str, str]
"""Texts by column."""


def find(
    session: EnetSession,
    table: str,
    columns: Sequence[str],
    wanted: Sequence[Sequence[Wanted]],
    names: Conditions | None = None,
) -> list[Row]:
    """Rows as they are wanted; texts of columns without the blanks around them.

    wanted: for each thing that is looked for the forms in which it may stand. Of each at least one row comes, if there
    is one; of those with several rows not necessarily all.

    Raises:
        ConnectorError: SYSPRO can't be asked, or refuses the question.
    """
    names = names or Conditions()
    columns = list(dict.fromkeys([*columns, *(name for forms_ in wanted for one in forms_ for name in one)]))
    asked = list(wanted)
    found: list[Row] = []
    while asked:
        some = asked[:_MOST]
        while len(some) > 1 and not session.fits("COMFND", _query(table, columns, some, names)):
            some = some[: len(some) // 2]
        asked = asked[len(some) :]
        found += _all(session, table, columns, some, names)
    return found


def _all(
    session: EnetSession, table: str, columns: Sequence[str], some: Sequence[Sequence[Wanted]], names: Conditions
) -> list[Row]:
    """A site may cap the rows of an answer: what is missing is asked for again, until nothing more comes."""
    found: list[Row] = []
    missing = list(some)
    while missing:
        root = session.query("COMFND", _query(table, columns, missing, names))
        rows = [{name: text.strip() for name, text in row.items()} for row in rows_of(root, columns)]
        found += rows
        left = [one for one in missing if not any(_is(row, form) for row in rows for form in one)]
        if len(left) == len(missing):
            break
        missing = left
    return found


def _query(table: str, columns: Sequence[str], some: Sequence[Sequence[Wanted]], names: Conditions) -> str:
    where = [
        [Condition(column, names.equal, value) for column, value in form.items()] for forms_ in some for form in forms_
    ]
    return build(table, columns, where, (), len(where) + _SPARE_ROWS)


def _is(row: Row, wanted: Wanted) -> bool:
    return all(row[column] == value.strip() for column, value in wanted.items())


def forms(key: str, width: int = 15) -> tuple[str, ...]:
    """How a code may be stored: as it is, and, where it is a number, filled with zeros.

    Fact: WarehouseManagement and the e.net MCP server: numeric suppliers, customers and invoices are stored with
    15 digits, and e.net takes either form.
    """
    bare = key.strip()
    if not bare.isdecimal():
        return (bare,)
    return tuple(dict.fromkeys((bare, bare.zfill(width), bare.lstrip("0").zfill(width))))


def variants(wanted: Wanted) -> list[Wanted]:
    """The ways in which a key of several columns may be stored."""
    columns = [[(column, form) for form in forms(text)] for column, text in wanted.items()]
    return [dict(some) for some in product(*columns)]


def same(one: str, other: str) -> bool:
    """Whether two codes are the same but for zeros in front of numbers, and for letter case."""
    left, right = one.strip(), other.strip()
    if left.isdecimal() and right.isdecimal():
        return left.lstrip("0") == right.lstrip("0")
    return left.upper() == right.upper()
