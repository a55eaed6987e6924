"""A whole trail into another database: from SQLite to PostgreSQL or back, or to a file of its own.

All or nothing: the copy is one transaction, and before it is committed every table is read back and held against what
was read. Records stay sealed as they are, so no key is needed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Any

from connector_kit.audit.migrations import prepare
from connector_kit.errors import RefusedError

if TYPE_CHECKING:
    from connector_kit.audit.database import Connection, Database

_BLOCK = 1_000
_ALIVE = 120.0  # seconds since the last sign of life of a run: it may write still
_WIDTH = 1 << 128


def copy(source: Database, target: Database) -> dict[str, int]:
    """Copy a trail; how many rows each table has.

    Raises:
        RefusedError: the target holds something, a run writes to the source, or the copy is not the same.
        ConnectorError: a database can't be reached, or is full.
    """
    from connector_kit.audit.schema import metadata  # noqa: PLC0415 - loads SQLAlchemy

    prepare(source)
    prepare(target)
    tables = [(table.name, [column.name for column in table.columns]) for table in metadata.sorted_tables]
    counted = [table.name for table in metadata.sorted_tables if table.dialect_options["sqlite"]["autoincrement"]]
    with source.reading() as old, target.writing(durable=True) as new:
        _must_be_fit(old, new, source.name, target.name)
        copied = {name: _table(old, new, name, columns) for name, columns in tables}
        for name, columns in tables:
            found = _sum(_rows(new, name, columns))
            if found != copied[name]:
                raise RefusedError(
                    system="audit trail",
                    subject=f"copy of {name}",
                    expected=f"{copied[name][0]} rows as they were read",
                    got=f"{found[0]} rows" if found[0] != copied[name][0] else "others",
                    hint="Nothing was copied.",
                )
        for name in counted:
            _go_on_counting(old, new, name)
        if new.postgres:
            for table in metadata.sorted_tables:
                if table.name not in counted and table.primary_key.columns.keys() == ["id"]:
                    _go_on_counting(old, new, table.name)
    return {name: count for name, (count, _) in copied.items()}


def _must_be_fit(old: Connection, new: Connection, source: str, target: str) -> None:
    running = old.value(
        "SELECT id FROM audit_runs WHERE outcome = 'running' AND heartbeat > :since", {"since": time.time() - _ALIVE}
    )
    if running:
        raise RefusedError(
            system="audit trail",
            subject=source,
            expected="that no run writes to it",
            got=f"run {running}, which does",
            hint="Let it end first: what it writes later would not be copied.",
        )
    if new.value("SELECT COUNT(*) FROM audit_runs") or new.value("SELECT COUNT(*) FROM audit_scopes"):
        raise RefusedError(
            system="audit trail",
            subject=target,
            expected="an empty database, or none",
            got="a trail",
            hint="Two trails can't be made one. Nothing was copied.",
        )


def _table(old: Connection, new: Connection, name: str, columns: Sequence[str]) -> tuple[int, int]:
    rows, count, total = _rows(old, name, columns), 0, 0
    while block := list(islice(rows, _BLOCK)):
        more, digest = _sum(iter(block))
        count, total = count + more, (total + digest) % _WIDTH
        _put(new, name, columns, block)
    return count, total


def _put(new: Connection, name: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    marks = ", ".join(["%s" if new.postgres else "?"] * len(columns))
    statement = f"INSERT INTO {name} ({', '.join(map(_quoted, columns))}) VALUES ({marks})"  # noqa: S608 - names of the schema
    cursor = new.driver.cursor()
    cursor.executemany(statement, rows)
    cursor.close()


def _rows(connection: Connection, name: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    statement = f"SELECT {', '.join(map(_quoted, columns))} FROM {name}"  # noqa: S608 - names of the schema
    # A cursor with a name stays on the server: its rows come block by block.
    cursor = connection.driver.cursor(name="trail_copy") if connection.postgres else connection.driver.cursor()
    try:
        cursor.execute(statement)
        while block := cursor.fetchmany(_BLOCK):
            yield from block
    finally:
        cursor.close()


def _quoted(name: str) -> str:
    return f'"{name}"'


def _sum(rows: Iterator[tuple[Any, ...]]) -> tuple[int, int]:
    """How many rows, and the sum of their digests: the same in any order."""
    count = total = 0
    for row in rows:
        plain = [bytes(value) if isinstance(value, memoryview) else value for value in row]
        total += int.from_bytes(blake2b(repr(plain).encode("utf-8", "surrogatepass"), digest_size=16).digest(), "big")
        count += 1
    return count, total % _WIDTH


def _go_on_counting(old: Connection, new: Connection, table: str) -> None:
    """Numbers that were given and pruned are never given again."""
    column = "no" if table in {"audit_runs", "audit_batches"} else "id"
    if old.postgres:
        sequence = f"pg_get_serial_sequence('{table}', '{column}')"
        last = old.value(f"SELECT pg_sequence_last_value({sequence}::regclass)")
    else:
        last = old.value("SELECT seq FROM sqlite_sequence WHERE name = :name", {"name": table})
    last = max(int(last or 0), int(new.value(f"SELECT COALESCE(MAX({column}), 0) FROM {table}")))  # noqa: S608 - likewise
    if not last:
        return
    if new.postgres:
        new.value(f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), :last)", {"last": last})
    elif not new.execute("UPDATE sqlite_sequence SET seq = :last WHERE name = :name", {"last": last, "name": table}):
        new.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)", {"last": last, "name": table})
