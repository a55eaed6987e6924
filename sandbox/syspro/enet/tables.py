"""The generic readers: COMFND finds rows, COMFCH fetches one by its key, COMBRW browses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sandbox.core.odata.errors import ODataError
from sandbox.core.odata.seek import Sql
from sandbox.syspro.enet.calls import Call, Registry
from sandbox.syspro.enet.errors import EnetError
from sandbox.syspro.enet.where import where_condition
from sandbox.syspro.enet.xml import column_sql, document, element, parse, text_of
from sandbox.syspro.odata.translate import Dialect, translate
from sandbox.syspro.store import StoreError, table_called

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml import etree

    from sandbox.syspro.tables import Column, Stored, Table

_BROWSED_COLUMNS = 3
_TITLES = {"InvMaster": "Stock Codes"}
"""Titles of browses as recorded; those of others are not known and follow from the table's name."""
_LABELS = {"LongDesc": "Long description"}
_WORDS = re.compile(r"[A-Z]+[a-z]*")


def register(registry: Registry) -> None:
    """Add the three objects."""
    registry.add("COMFND", "query")(find)
    registry.add("COMFCH", "query", "fetch")(fetch)
    registry.add("COMBRW", "query", "browse")(browse)


def _table(name: str) -> Table:
    try:
        return table_called(name)
    except StoreError:
        raise EnetError(f"Table '{name}' not found") from None


def _null_date(call: Call) -> str:
    return "" if call.switches.text("null_date_text") == "empty" else "0000-00-00"


def _columns(table: Table, names: Sequence[str]) -> list[Column]:
    """The named columns, or all but the row version; EnetError for one that is not there."""
    for name in names:
        if name not in table.columns:
            raise EnetError(f"Column '{name}' not found in table '{table.name}'")
    return [table.columns[name] for name in names or table.columns if names or name != "TimeStamp"]


def _row_sql(columns: Sequence[Column], null_date: str) -> str:
    return " || char(10) || ".join(column_sql(column, null_date) for column in columns)


def _listed(parent: etree._Element, name: str) -> list[str]:
    block = parent.find(name)
    return [] if block is None else [(column.text or "").strip() for column in block.findall("Column")]


def find(call: Call) -> str:
    """COMFND: rows of a table by condition, order and number."""
    query = parse(call.document, "XmlIn")
    table = _table(text_of(query, "TableName"))
    names, order = _listed(query, "Columns"), _listed(query, "OrderBy")
    columns = _columns(table, names)
    _columns(table, order)
    condition = where_condition(query.find("Where"), table)
    try:
        dialect = Dialect(avoid_index=frozenset(table.bookmarks))
        where = translate(condition, table, dialect) if condition is not None else Sql("1")
    except ODataError as error:
        raise EnetError(error.message) from None
    number = text_of(query, "ReturnRows", "0")
    if not number.isdigit():
        raise EnetError(f"ReturnRows '{number}' is not numeric")
    cap = call.switches.number("find_cap")
    limits = [limit for limit in (int(number), cap) if limit] or [-1]
    ordered = ", ".join(f'"{name}"' for name in (*order, *(key for key in table.key if key not in order)))
    sql = f'SELECT {_row_sql(columns, _null_date(call))} FROM "{table.name}" WHERE {where.text}'
    parameters = (*where.parameters, min(limits))
    rows = call.store.connection.execute(f"{sql} ORDER BY {ordered} LIMIT ?", parameters).fetchall()
    header = (
        "<HeaderDetails>\n"
        + element("TableName", table.name)
        + "\n<Columns>\n" + "\n".join(element("Column", column.name) for column in columns) + "\n</Columns>"
        + "\n<OrderBy>\n" + "\n".join(element("Column", name) for name in order) + "\n</OrderBy>\n</HeaderDetails>"
    )  # fmt: skip
    body = [header, *(f"<Row>\n{row}\n</Row>" for (row,) in rows), f"<RowsReturned>{len(rows):8d}</RowsReturned>"]
    call.served(call.store.company, table.name)
    return document(table.name, "\n".join(body))


def fetch(call: Call) -> str:
    """COMFCH: one row by its key (Key, then OptionalKey1 and so on), or the first from there on."""
    query = parse(call.document, "XmlIn")
    table = _table(text_of(query, "TableName"))
    given = [text_of(query, name) for name in ("Key", *(f"OptionalKey{n}" for n in range(1, 7)))]
    key = _key(table, given[: len(table.key)])
    operator = "=" if text_of(query, "FullKeyProvided", "Y") == "Y" else ">="
    names = ", ".join(f'"{name}"' for name in table.key)
    marks = ", ".join("?" * len(key))
    row = call.store.connection.execute(
        f'SELECT {_row_sql(_columns(table, ()), _null_date(call))} FROM "{table.name}" '
        f"WHERE ({names}) {operator} ({marks}) ORDER BY {names} LIMIT 1",
        key,
    ).fetchone()
    if row is None:
        raise EnetError(f"Key '{' '.join(given).strip()}' not found in table '{table.name}'")
    return document(table.name, row[0])


def _key(table: Table, given: Sequence[str]) -> list[Stored]:
    key: list[Stored] = []
    for name, text in zip(table.key, given, strict=True):
        column = table.columns[name]
        try:
            key.append(column.stored(text or "0" if column.kind == "decimal" else text))
        except ValueError as error:
            raise EnetError(f"Invalid key: {error}") from None
    return key


def browse(call: Call) -> str:
    """COMBRW: the first columns of a table, from a key on, filtered by a column."""
    query = parse(call.document, "XmlIn")
    table = _table(text_of(query, "BrowseName"))
    columns = list(table.columns.values())[:_BROWSED_COLUMNS]
    start = _key(table, [text_of(query, "StartAtKey"), *[""] * (len(table.key) - 1)])[0]
    where, parameters = f'"{table.key[0]}" >= ?', [start]
    name = text_of(query, "Filter/ColumnFilterName")
    if name:
        (column,) = _columns(table, [name])
        where += f' AND "{column.name}" = ?'
        parameters.append(text_of(query, "Filter/ColumnFilterValue"))
    names = ", ".join(f'"{column.name}"' for column in columns)
    limit = int(text_of(query, "ReturnRows", "30"))
    rows = call.store.connection.execute(
        f'SELECT {names} FROM "{table.name}" WHERE {where} ORDER BY "{table.key[0]}" LIMIT ?', (*parameters, limit + 1)
    ).fetchall()
    more, rows = len(rows) > limit, rows[:limit]
    written = []
    for row in rows:
        cells = [
            f"<{column.name}>\n{element('Value', str(value or ''))}\n"
            f"<DataType>{'Numeric' if column.kind == 'decimal' else 'AlphaNumeric'}</DataType>\n</{column.name}>"
            for column, value in zip(columns, row, strict=True)
        ]
        written.append("<Row>\n" + "\n".join(cells) + "\n</Row>")
    title = element("Title", _TITLES.get(table.name, f"{_label(table.name)} browse"))
    ends = [str(rows[place][0]) if rows else "" for place in (0, -1)]
    keys = [element("PrevKey", ends[0]), element("NextKey", ends[1]), element("Fwd", str(more))]
    keys.append(element("Back", str(bool(text_of(query, "StartAtKey")))))
    headers = [element("Header", _label(column.name)) for column in columns]
    key = [element("Key", table.key[0]), element("KeyDescription", _label(table.key[0])), element("Table", table.name)]
    closing = [*_wrapped("NextPrevKey", keys), *_wrapped("HeaderDetails", [*headers, *key])]
    return document(table.name, "\n".join([title, *written, *closing]))


def _wrapped(name: str, content: Sequence[str]) -> list[str]:
    return [f"<{name}>", *content, f"</{name}>"]


def _label(name: str) -> str:
    """A column's words: ``StockCode`` is "Stock code"."""
    return _LABELS.get(name) or " ".join(_WORDS.findall(name)).capitalize()
