"""One company's database in SQLite: rows in and out, each change with a new row version."""

from __future__ import annotations

import base64
import contextlib
import sqlite3
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.syspro.tables import TABLES, Stored, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

Row = dict[str, Stored]
_FIRST_VERSION = 2000  # SQL Server databases start their row versions here
_BATCH = 2000
_PRAGMAS = ("page_size=16384", "journal_mode=MEMORY", "synchronous=OFF", "cache_size=-65536", "temp_store=2")


class StoreError(ValueError):
    """A change that the database refuses; the message names table, key and reason."""


def columns(names: str) -> tuple[str, ...]:
    """Column names from one string, for ``Loader.add``."""
    return tuple(names.split())


def table_called(name: str) -> Table:
    """The table, or StoreError."""
    try:
        return TABLES[name]
    except KeyError:
        raise StoreError(f"no table {name!r}") from None


def version_text(version: int | None) -> str | None:
    """A row version as OData shows it: eight bytes, big-endian, base64."""
    return None if version is None else base64.b64encode(version.to_bytes(8, "big")).decode()


def _compare(left: str, right: str) -> int:
    one, other = Decimal(left), Decimal(right)
    return (one > other) - (one < other)


class CompanyStore:
    """The tables of one company. ``path`` is the SQLite file; an existing one is opened as it is."""

    def __init__(self, company: str, path: Path) -> None:
        self.company = company
        self.path = path
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
        for pragma in (
            "page_size=16384",
            "journal_mode=MEMORY",
            "synchronous=OFF",
            "cache_size=-65536",
            "temp_store=2",
        ):
            self.connection.execute(f"PRAGMA {pragma}")
        self.connection.create_collation("DECIMAL", _compare)
        self.connection.create_function("version_text", 1, version_text, deterministic=True)
        self._version = _FIRST_VERSION
        self._load_version()

    def _load_version(self) -> None:
        if self.note("version") is not None:
            self._version = int(self.note("version") or 0)

    def note(self, name: str) -> str | None:
        """What was noted about this database under ``name``."""
        if not self.connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_notes'").fetchone():
            return None
        row = self.connection.execute("SELECT value FROM _notes WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else None

    def write_note(self, name: str, value: str) -> None:
        """Note something about this database."""
        self.connection.execute("INSERT OR REPLACE INTO _notes VALUES (?, ?)", (name, value))

    def create(self) -> None:
        """Empty tables; whatever was there is dropped."""
        existing = self.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in existing:
            self.connection.execute(f'DROP TABLE "{name}"')
        for table in TABLES.values():
            self.connection.execute(table.ddl)
        self.connection.execute("CREATE TABLE _notes (name TEXT PRIMARY KEY, value TEXT)")
        self._version = _FIRST_VERSION

    def save(self, path: Path) -> None:
        """A copy of the whole database in another file."""
        with contextlib.closing(sqlite3.connect(path)) as copy:
            self.connection.backup(copy)

    def restore(self, path: Path) -> None:
        """The whole database from such a copy."""
        with contextlib.closing(sqlite3.connect(path)) as copy:
            copy.backup(self.connection)
        self._load_version()

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def next_version(self) -> int:
        """The next row version of this database."""
        self._version += 1
        return self._version

    def get(self, table: str, key: Sequence[Stored]) -> Row | None:
        """The row with this key (in key order)."""
        found = self.select(table, " AND ".join(f'"{name}" = ?' for name in TABLES[table].key), tuple(key))
        return next(found, None)

    def select(self, table: str, where: str = "1", parameters: Sequence[Stored] = ()) -> Iterator[Row]:
        """Rows in key order as stored values."""
        description = TABLES[table]
        order = ", ".join(f'"{name}"' for name in description.key)
        cursor = self.connection.execute(f'SELECT * FROM "{table}" WHERE {where} ORDER BY {order}', tuple(parameters))
        names = list(description.columns)
        return (dict(zip(names, row, strict=True)) for row in cursor)

    def insert(self, table: str, values: Mapping[str, object]) -> Row:
        """A new row, completed with blanks, zeros and nulls; StoreError when the key exists or a value does not fit."""
        description = table_called(table)
        given = self._stored(description, values)
        missing = [name for name in description.key if name not in given]
        if missing:
            raise StoreError(f"{table}: insert without {', '.join(missing)}")
        row = {name: given.get(name, column.default) for name, column in description.columns.items()}
        row["TimeStamp"] = self.next_version()
        marks = ", ".join("?" * len(row))
        try:
            self.connection.execute(f'INSERT INTO "{table}" VALUES ({marks})', tuple(row.values()))
        except sqlite3.IntegrityError:
            raise StoreError(f"{table}: a row with key {[row[name] for name in description.key]} exists") from None
        return row

    def update(self, table: str, key: Mapping[str, object], values: Mapping[str, object]) -> Row:
        """Change columns of one row; StoreError when there is no such row."""
        description = table_called(table)
        stored_key = self._key(description, key)
        given = self._stored(description, values)
        given["TimeStamp"] = self.next_version()
        assignments = ", ".join(f'"{name}" = ?' for name in given)
        where = " AND ".join(f'"{name}" = ?' for name in description.key)
        changed = self.connection.execute(
            f'UPDATE "{table}" SET {assignments} WHERE {where}', (*given.values(), *stored_key)
        )
        if changed.rowcount != 1:
            raise StoreError(f"{table}: no row with key {stored_key}")
        new_key = [given.get(name, old) for name, old in zip(description.key, stored_key, strict=True)]
        row = self.get(table, new_key)
        if row is None:
            raise StoreError(f"{table}: no row with key {new_key} after its update")
        return row

    def delete(self, table: str, key: Mapping[str, object]) -> None:
        """Remove one row; StoreError when there is no such row."""
        description = table_called(table)
        stored_key = self._key(description, key)
        where = " AND ".join(f'"{name}" = ?' for name in description.key)
        if self.connection.execute(f'DELETE FROM "{table}" WHERE {where}', tuple(stored_key)).rowcount != 1:
            raise StoreError(f"{table}: no row with key {stored_key}")

    def changed(self) -> None:
        """Note that the data is no longer what was seeded, and the last row version."""
        self.write_note("version", str(self._version))
        self.write_note("changed", "1")

    @staticmethod
    def _stored(table: Table, values: Mapping[str, object]) -> Row:
        unknown = [name for name in values if name not in table.columns or name == "TimeStamp"]
        if unknown:
            raise StoreError(f"{table.name}: no column to write called {', '.join(unknown)}")
        try:
            return {name: table.columns[name].stored(value) for name, value in values.items()}
        except ValueError as error:
            raise StoreError(f"{table.name}.{error}") from None

    def _key(self, table: Table, key: Mapping[str, object]) -> list[Stored]:
        if set(key) != set(table.key):
            raise StoreError(f"{table.name}: expected the key {', '.join(table.key)}, got {', '.join(key)}")
        stored = self._stored(table, key)
        return [stored[name] for name in table.key]


class Loader:
    """Rows in bulk, for seeding: buffered per table and set of columns, each row with its version."""

    def __init__(self, store: CompanyStore) -> None:
        self._store = store
        self._buffers: dict[tuple[str, tuple[str, ...]], list[tuple[Stored, ...]]] = defaultdict(list)
        self._statements: dict[tuple[str, tuple[str, ...]], str] = {}

    def add(self, table: str, columns: tuple[str, ...], values: tuple[Stored, ...]) -> None:
        """One row as stored values, in the order of ``columns``; the other columns get their defaults."""
        target = (table, columns)
        buffer = self._buffers[target]
        buffer.append((*values, self._store.next_version()))
        if len(buffer) >= _BATCH:
            self._flush(target)

    def put(self, table: str, values: Row) -> None:
        """One row from a dictionary of stored values."""
        self.add(table, tuple(values), tuple(values.values()))

    def _flush(self, target: tuple[str, tuple[str, ...]]) -> None:
        statement = self._statements.get(target)
        if statement is None:
            table, columns = target
            unknown = [name for name in columns if name not in TABLES[table].columns]
            if unknown:
                raise StoreError(f"{table}: no column {', '.join(unknown)}")
            names = ", ".join(f'"{name}"' for name in (*columns, "TimeStamp"))
            marks = ", ".join("?" * (len(columns) + 1))
            statement = self._statements[target] = f'INSERT INTO "{table}" ({names}) VALUES ({marks})'
        buffer = self._buffers[target]
        self._store.connection.executemany(statement, buffer)
        buffer.clear()

    def finish(self) -> None:
        """Write what is buffered, then the indexes."""
        for target in list(self._buffers):
            self._flush(target)
        for table in TABLES.values():
            for statement in table.index_ddl:
                self._store.connection.execute(statement)
        self._store.write_note("version", str(self._store.next_version()))
