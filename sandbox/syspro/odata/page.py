"""A page of rows. SQLite writes the JSON of each row itself: Python never touches a field."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sandbox.core.odata.errors import bad_request
from sandbox.core.odata.seek import Sql, Term, after, ordered_by
from sandbox.core.odata.syntax import Comparison, Condition, Field, Junction, Value
from sandbox.syspro.odata.options import Continuation, Query
from sandbox.syspro.odata.translate import Dialect, translate

if TYPE_CHECKING:
    from sandbox.syspro.odata.site import Site
    from sandbox.syspro.store import CompanyStore
    from sandbox.syspro.tables import Column, Table

_PRINTF_ARGUMENTS = 100  # SQLite's limit is 127
_NARROW = 20_000
_DATE_TAILS = {"utc": "|| 'Z\"'", "naive": "|| '\"'", "offset": "|| '+02:00\"'"}
_NULL_DATES = {
    "utc": '"1900-01-01T00:00:00Z"',
    "naive": '"1900-01-01T00:00:00"',
    "offset": '"1900-01-01T00:00:00+02:00"',
    "date": '"1900-01-01"',
}


@dataclass(frozen=True, slots=True)
class Page:
    """JSON objects of the rows, the count of all matches when asked, the token of the next page when there is one."""

    rows: list[str]
    count: int | None
    next_token: str | None


def _piece(column: Column, site: Site) -> str:
    """The SQL that writes one column's JSON."""
    name = f'"{column.name}"'
    if column.kind == "varchar":
        padded = f"{name} || '  '" if site.trailing_blanks else name
        return f"ifnull(json_quote({padded}), 'null')" if column.nullable else f"json_quote({padded})"
    if column.kind == "decimal":
        written = f"'\"' || {name} || '\"'" if site.decimals_as_text else name
        return f"ifnull({written}, 'null')" if column.nullable else written
    if column.kind == "datetime":
        form = site.datetime_format
        written = f"'\"' || substr({name}, 1, 10) || '\"'" if form == "date" else f"'\"' || {name} {_DATE_TAILS[form]}"
        missing = "null" if site.null_dates == "null" else _NULL_DATES[form]
        return f"ifnull({written}, '{missing}')"
    if column.kind == "rowversion":
        return f"ifnull('\"' || version_text({name}) || '\"', 'null')"
    return f"CASE {name} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END"


def _row_sql(columns: tuple[Column, ...], site: Site) -> str:
    """The SQL expression that writes a row."""
    groups = [columns[start : start + _PRINTF_ARGUMENTS] for start in range(0, len(columns), _PRINTF_ARGUMENTS)]
    parts = []
    for group in groups:
        form = ",".join(f'"{column.name}":%s' for column in group)
        pieces = ", ".join(_piece(column, site) for column in group)
        parts.append(f"printf('{form}', {pieces})")
    return "'{' || " + " || ',' || ".join(parts) + " || '}'"


def count_rows(store: CompanyStore, table: Table, condition: Condition | None, site: Site) -> int:
    """How many rows match."""
    where = translate(condition, table, site.dialect) if condition is not None else Sql("1")
    sql = f'SELECT count(*) FROM "{table.name}" WHERE {where.text}'
    return int(store.connection.execute(sql, where.parameters).fetchone()[0])


def read_page(store: CompanyStore, table: Table, query: Query, site: Site, page_size: int | None = None) -> Page:
    """The rows of one request. ``page_size`` = the client's odata.maxpagesize, when the service honours it.

    ODataError 400 when more than the cap is asked for and the site answers that with an error.
    """
    wanted = query.continuation.left if query.continuation is not None else query.top
    linked = site.beyond_cap == "nextlink" or page_size is not None or site.endless
    limit = min(site.cap, page_size) if page_size else site.cap
    if site.beyond_cap == "error" and wanted is not None and wanted > site.cap:
        raise bad_request(f"The limit of '{site.cap}' for Top query has been exceeded. The value is '{wanted}'.")
    size = limit if wanted is None else min(limit, wanted)
    shuffle = query.continuation.shuffle if query.continuation is not None else random.randrange(1, 2**31)
    terms = _order_terms(table, query, site, shuffle if site.shuffle else 0)
    found = _select(store, table, query, site, terms, size, linked=linked)
    more = len(found) > size
    del found[size:]
    if more and site.beyond_cap == "error" and wanted is None:
        raise bad_request(f"The result has more than {site.cap} rows; restrict it with $top.")
    token = None
    if more and linked and (wanted is None or wanted > size):
        token = Continuation(found[-1][1:], None if wanted is None else wanted - size, shuffle).token
    if token is None and site.endless and (found or query.continuation is not None):
        reached = found[-1][1:] if found else query.continuation.after if query.continuation is not None else ()
        token = Continuation(reached, wanted, shuffle).token
    count = count_rows(store, table, query.filter, site) if query.count else None
    return Page([row[0] for row in found], count, token)


def _order_terms(table: Table, query: Query, site: Site, shuffle: int) -> list[Term]:
    terms = []
    for column, descending in query.order:
        collation = " COLLATE DECIMAL" if column.kind == "decimal" and column.scale else ""
        collation = site.collation if column.kind == "varchar" else collation
        terms.append(Term(f'"{column.name}"{collation}', descending))
    if shuffle and not query.order:
        terms.append(Term(f'((("TimeStamp" * 1103515245 + {shuffle}) * 69069) & 2147483647)', False))
    ordered = {column.name for column, _ in query.order}
    terms += [Term(f'"{name}"', False) for name in table.key if name not in ordered]
    return terms


def _select(
    store: CompanyStore, table: Table, query: Query, site: Site, terms: list[Term], size: int, *, linked: bool
) -> list[tuple[str, ...]]:
    """Up to ``size`` + 1 rows: the JSON, then, for a next link, the order values."""
    source, dialect = _plan(store, table, query.filter, site)
    where = translate(query.filter, table, dialect) if query.filter is not None else Sql("1")
    skip = query.skip
    if query.continuation is not None:
        behind = after(terms, query.continuation.after)
        where = Sql(f"({where.text}) AND ({behind.text})", (*where.parameters, *behind.parameters))
        skip = 0
    values = "".join(f", {term.sql}" for term in terms) if linked else ""
    rows = f"SELECT {_row_sql(query.columns, site)}{values} FROM {source} WHERE {where.text}"
    parameters = (*where.parameters, size + 1, skip)
    return store.connection.execute(f"{rows} ORDER BY {ordered_by(terms)} LIMIT ? OFFSET ?", parameters).fetchall()


def _plan(store: CompanyStore, table: Table, condition: Condition | None, site: Site) -> tuple[str, Dialect]:
    """How to find the rows: by a date's index when few rows are that young, else in the order of the key.

    SQLite, without statistics, would sort a million rows for every page of a first load.
    """
    parts = condition.parts if isinstance(condition, Junction) and condition.operator == "and" else (condition,)
    for part in parts:
        if not isinstance(part, Comparison) or not isinstance(part.left, Field) or not isinstance(part.right, Value):
            continue
        name = part.left.name
        if name in table.bookmarks and part.operator in {"ge", "gt", "eq"} and part.right.kind != "null":
            source = f'"{table.name}" INDEXED BY "{table.name}.{name}"'
            young = translate(part, table, site.dialect)
            sql = f"SELECT count(*) FROM (SELECT 1 FROM {source} WHERE {young.text} LIMIT {_NARROW + 1})"
            if store.connection.execute(sql, young.parameters).fetchone()[0] <= _NARROW:
                return source, replace(site.dialect, avoid_index=frozenset(table.bookmarks) - {name})
    return f'"{table.name}"', replace(site.dialect, avoid_index=frozenset(table.bookmarks))
