"""A batch's rows on their way from where they were appended to where they are found by key.

One pass in the order of the hashes visits each page of the big trees once, however many rows there are.
"""

# ruff: noqa: S608 - only constants of the trail's modules are put together

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from connector_kit.audit import payloads
from connector_kit.audit.keys import HASH_SIZE
from connector_kit.audit.statements import digest_at, hash_at, numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_kit.audit.database import Connection, Database

# Tables of the connection's own: the batch's rows as they came; and in the order of the hashes, of equal ones the last
# first. SQLite counts along a table of numbers in half the time that a recursive query needs.
_ROWS, _SORTED, _NUMBERS = "audit_sorting", "audit_sorted", "audit_numbers"
_LAST_FIRST = "ORDER BY key_hash, seq DESC"

_STAGED = "SELECT first_seq, hashes, digests FROM audit_staged WHERE batch_no = :batch_no AND first_seq = :first_seq"

# Values of all that follow: scope_id, batch_no.
_PLACES = (
    "INSERT INTO audit_records (scope_id, key_hash, batch_no, seq) "
    f"SELECT :scope_id, key_hash, :batch_no, seq FROM {_ROWS} ORDER BY key_hash, seq"
)
# Whether some of the keys were there before: a sample tells which way is the shorter one.
_SAMPLE = (
    f"SELECT 1 FROM {_ROWS} AS s CROSS JOIN audit_delivered AS d "
    "WHERE s.seq % 61 = 0 AND d.scope_id = :scope_id AND d.key_hash = s.key_hash LIMIT 1"
)
_SORT = f"INSERT INTO {_SORTED} (seq, key_hash, digest) SELECT seq, key_hash, digest FROM {_ROWS} {_LAST_FIRST}"
# CROSS JOIN: SQLite goes through the rows as they are sorted.
_KEEP_EARLIER_PLACES = (
    "INSERT INTO audit_records (scope_id, key_hash, batch_no, seq) "
    f"SELECT d.scope_id, d.key_hash, d.batch_no, d.seq FROM {_SORTED} AS s CROSS JOIN audit_delivered AS d "
    "WHERE d.scope_id = :scope_id AND d.key_hash = s.key_hash AND d.batch_no <> :batch_no AND d.seq IS NOT NULL "
    "ON CONFLICT DO NOTHING"
)
_KEEP_REPEATED_PLACES = (
    "INSERT INTO audit_records (scope_id, key_hash, batch_no, seq) "
    f"SELECT :scope_id, s.key_hash, :batch_no, s.seq FROM {_ROWS} AS s CROSS JOIN audit_delivered AS d "
    "WHERE d.scope_id = :scope_id AND d.key_hash = s.key_hash AND d.seq <> s.seq"
)
_ONLY_NEW = "ON CONFLICT DO NOTHING"
_ALL = (
    "ON CONFLICT (scope_id, key_hash) DO UPDATE SET digest = excluded.digest, batch_no = excluded.batch_no, "
    "seq = excluded.seq, before = 1 WHERE audit_delivered.batch_no <> excluded.batch_no"
)


def index(database: Database, batch_no: int) -> None:
    """Make a batch's rows findable; once."""
    with database.writing() as connection:
        # Several processes may find the same dead one's batches: the first moves the rows, the others find it done.
        alone = " FOR UPDATE" if connection.postgres else ""
        found = connection.rows(
            f"SELECT scope_id, sent, deletes, whole FROM audit_batches WHERE no = :batch_no AND indexed = 0{alone}",
            {"batch_no": batch_no},
        )
        if not found:
            return
        batch = found[0]
        values = {"batch_no": batch_no, "scope_id": batch["scope_id"]}
        rows = _gather(connection, batch_no)
        # What rows came to that mean something together only is not known by their keys.
        if batch["sent"] is not None and not batch["whole"]:
            # Of deletions, the digest says nothing about what the system holds.
            _deliver(connection, {**values, "keep": 0 if batch["deletes"] else 1}, rows)
        else:
            connection.execute(_PLACES, values)
        for table in (_ROWS, _SORTED):
            # Nobody vacuums temporary tables: what is deleted there, PostgreSQL would read past at every batch.
            connection.execute(f"TRUNCATE {table}" if connection.postgres else f"DELETE FROM {table}")
        connection.execute("DELETE FROM audit_staged WHERE batch_no = :batch_no", {"batch_no": batch_no})
        connection.execute("UPDATE audit_batches SET indexed = 1 WHERE no = :batch_no", {"batch_no": batch_no})


def _gather(connection: Connection, batch_no: int) -> int:
    """The batch's rows, each with its number; how many."""
    _make_tables(connection)
    rows = 0
    counted = inf if connection.postgres else connection.value(f"SELECT COUNT(*) FROM {_NUMBERS}")
    for first in payloads.starts(connection, batch_no):
        for staged in connection.rows(_STAGED, {"batch_no": batch_no, "first_seq": first}):
            count = len(staged["hashes"]) // HASH_SIZE
            if count > counted:
                more = f"INSERT INTO {_NUMBERS} (i) {numbers(postgres=False)} SELECT i FROM n WHERE i >= :counted"
                connection.execute(more, {"counted": counted, "last": count - 1})
                counted = count
            connection.execute(_take_apart(postgres=connection.postgres), {**staged, "last": count - 1})
            rows += count
    return rows


def _make_tables(connection: Connection) -> None:
    binary = "BYTEA" if connection.postgres else "BLOB"
    for table in (_ROWS, _SORTED):
        columns = f"(seq BIGINT, key_hash {binary}, digest {binary})"
        connection.execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS {table} {columns}")
    if not connection.postgres:
        connection.execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS {_NUMBERS} (i INTEGER PRIMARY KEY)")


def _take_apart(*, postgres: bool) -> str:
    """A block's rows. Values: first_seq, last, hashes, digests."""
    counting = numbers(postgres=True) if postgres else ""
    source = "n" if postgres else f"{_NUMBERS} AS n WHERE n.i <= :last"
    return (
        f"INSERT INTO {_ROWS} (seq, key_hash, digest) {counting}"
        f"SELECT :first_seq + n.i, {hash_at('n.i')}, {digest_at('n.i')} FROM {source}"
    )


def _deliver(connection: Connection, values: Mapping[str, object], rows: int) -> None:
    """The last place of each key stands in `delivered`, what it takes the place of in `records`."""
    keys = 0
    if not connection.value(_SAMPLE, values):
        keys = connection.execute(_insert(_ROWS, _ONLY_NEW, postgres=connection.postgres), values)
        if keys == rows:
            return
    connection.execute(_SORT)
    connection.execute(_KEEP_EARLIER_PLACES, values)
    keys += connection.execute(_insert(_SORTED, _ALL, postgres=connection.postgres), values)
    if keys < rows:
        connection.execute(_KEEP_REPEATED_PLACES, values)


def _insert(table: str, known: str, *, postgres: bool) -> str:
    """Rows into `delivered`; of those with the same key the last. known: what becomes of keys that are there."""
    # PostgreSQL refuses to touch a row twice; SQLite comes by again, and finds that this batch was there.
    distinct = "DISTINCT ON (key_hash)" if postgres else ""
    order = _LAST_FIRST if postgres or table == _ROWS else ""
    return (
        "INSERT INTO audit_delivered (scope_id, key_hash, digest, batch_no, before, key_text, seq) "
        f"SELECT {distinct} :scope_id, key_hash, CASE WHEN :keep = 1 THEN digest END, :batch_no, 0, '', seq "
        f"FROM {table} WHERE true {order} {known}"
    )
