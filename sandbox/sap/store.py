"""The database of the local S/4HANA: one SQLite file with the tables and views that the services read."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import defaultdict
from typing import TYPE_CHECKING

from sandbox.sap.catalogue import TABLES, VIEWS
from sandbox.sap.catalogue.values import stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sandbox.sap.catalogue.tables import Table
    from sandbox.sap.schema import Stored

Row = dict[str, "Stored"]
_PRAGMAS = ("page_size=16384", "journal_mode=MEMORY", "synchronous=OFF", "cache_size=-65536", "temp_store=2")
_INDEXES = {
    "journal_changed": '"JournalLine" ("LastChangeDateTime")',
    "journal_open": '"JournalLine" ("Supplier", "ClearingDate") WHERE "Supplier" <> \'\'',
    "header_reference": '"JournalHeader" ("DocumentReferenceID")',
    "header_original": '"JournalHeader" ("OriginalReferenceDocument")',
    "header_posted": '"JournalHeader" ("PostingDate")',
}


class StoreError(ValueError):
    """A change that the database refuses; the message names table, key and reason."""


def table_called(name: str) -> Table:
    """The table, or StoreError."""
    try:
        return TABLES[name]
    except KeyError:
        raise StoreError(f"no table {name!r}; there are: {', '.join(sorted(TABLES))}") from None


class Store:
    """Rows in and out as stored values (see ``schema``). An existing file is opened as it is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
        for pragma in _PRAGMAS:
            self.connection.execute(f"PRAGMA {pragma}")
        self._depth = 0
        self._untouched = self.connection.total_changes

    def create(self) -> None:
        """Empty tables and the views over them; whatever was there is dropped."""
        found = self.connection.execute("SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view')")
        for kind, name in found.fetchall():
            self.connection.execute(f'DROP {kind} "{name}"')
        for table in TABLES.values():
            self.connection.execute(table.ddl)
        for name, select in VIEWS.items():
            self.connection.execute(f'CREATE VIEW "{name}" AS {select}')
        self.connection.execute("CREATE TABLE _notes (name TEXT PRIMARY KEY, value TEXT)")

    def index(self) -> None:
        """What makes reading by change and by reference fast; built once, after the rows are in."""
        for name, columns in _INDEXES.items():
            self.connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {columns}")

    def note(self, name: str) -> str | None:
        """What was noted about this database under ``name``."""
        if not self.connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_notes'").fetchone():
            return None
        row = self.connection.execute("SELECT value FROM _notes WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else None

    def write_note(self, name: str, value: str) -> None:
        """Note something about this database."""
        self.connection.execute("INSERT OR REPLACE INTO _notes VALUES (?, ?)", (name, value))

    def seeded(self, seed: str) -> None:
        """Note that the rows are those of this seed, and nothing else."""
        self.write_note("seed", seed)
        self.write_note("changed", "")
        self._untouched = self.connection.total_changes

    @property
    def changed(self) -> bool:
        """Whether anything was written since the rows were seeded."""
        return self.connection.total_changes != self._untouched or bool(self.note("changed"))

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block or, after an exception, nothing. Blocks may be nested."""
        name = f"level{self._depth}"
        self.connection.execute("BEGIN IMMEDIATE" if self._depth == 0 else f"SAVEPOINT {name}")
        self._depth += 1
        try:
            yield
        except BaseException:
            self._depth -= 1
            self.connection.execute("ROLLBACK" if self._depth == 0 else f"ROLLBACK TO {name}")
            raise
        self._depth -= 1
        if self._depth == 0:
            self.write_note("changed", "1")
        self.connection.execute("COMMIT" if self._depth == 0 else f"RELEASE {name}")

    def save(self, path: Path) -> None:
        """A copy of the whole database in another file."""
        with contextlib.closing(sqlite3.connect(path)) as copy:
            self.connection.backup(copy)

    def restore(self, path: Path) -> None:
        """The whole database from such a copy."""
        with contextlib.closing(sqlite3.connect(path)) as copy:
            copy.backup(self.connection)
        self._untouched = self.connection.total_changes

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def insert(self, table: str, rows: Iterable[Mapping[str, Stored]]) -> int:
        """New rows, completed with SAP's initial values; how many. StoreError when a key exists already."""
        columns = table_called(table).columns
        by_names: dict[tuple[str, ...], list[tuple[Stored, ...]]] = defaultdict(list)
        for row in rows:
            by_names[tuple(row)].append(tuple(row.values()))
        for names, values in by_names.items():
            unknown = [name for name in names if name not in columns]
            if unknown:
                raise StoreError(f"{table}: no column called {', '.join(unknown)}")
            self.insert_many(table, names, values)
        return sum(len(values) for values in by_names.values())

    def insert_many(self, table: str, names: Sequence[str], values: Iterable[Sequence[Stored]]) -> None:
        """The same for rows as sequences in the order of ``names``."""
        shown = ", ".join(f'"{name}"' for name in names)
        statement = f'INSERT INTO "{table}" ({shown}) VALUES ({", ".join("?" * len(names))})'
        try:
            self.connection.executemany(statement, values)
        except sqlite3.IntegrityError as error:
            raise StoreError(f"{table}: {error}") from None

    def get(self, table: str, key: Mapping[str, Stored]) -> Row | None:
        """The row with this key."""
        where = " AND ".join(f'"{name}" = ?' for name in table_called(table).key)
        return next(self.select(table, where, self._key(table, key)), None)

    def select(self, table: str, where: str = "1", parameters: Sequence[Stored] = ()) -> Iterator[Row]:
        """Rows of a table in key order."""
        order = ", ".join(f'"{name}"' for name in table_called(table).key)
        cursor = self.connection.execute(f'SELECT * FROM "{table}" WHERE {where} ORDER BY {order}', tuple(parameters))
        names = [description[0] for description in cursor.description]
        return (dict(zip(names, row, strict=True)) for row in cursor)

    def update(self, table: str, key: Mapping[str, Stored], values: Mapping[str, Stored]) -> None:
        """Change columns of one row; StoreError when there is no such row."""
        description = table_called(table)
        unknown = [name for name in values if name not in description.columns]
        if unknown:
            raise StoreError(f"{table}: no column called {', '.join(unknown)}")
        assignments = ", ".join(f'"{name}" = ?' for name in values)
        where = " AND ".join(f'"{name}" = ?' for name in description.key)
        statement = f'UPDATE "{table}" SET {assignments} WHERE {where}'
        changed = self.connection.execute(statement, (*values.values(), *self._key(table, key)))
        if changed.rowcount != 1:
            raise StoreError(f"{table}: no row with key {dict(key)}")

    def delete(self, table: str, key: Mapping[str, Stored]) -> None:
        """Remove one row; StoreError when there is no such row."""
        where = " AND ".join(f'"{name}" = ?' for name in table_called(table).key)
        statement = f'DELETE FROM "{table}" WHERE {where}'
        if self.connection.execute(statement, self._key(table, key)).rowcount != 1:
            raise StoreError(f"{table}: no row with key {dict(key)}")

    def next_number(self, company_code: str, year: str, name: str, first: int) -> int:
        """The next number of a range; ``first`` when none was drawn. Inside the caller's transaction."""
        row = self.connection.execute(
            'INSERT INTO "NumberRange" VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "LastNumber" = "LastNumber" + 1'
            ' RETURNING "LastNumber"',
            (company_code, year, name, first),
        ).fetchone()
        return int(row[0])

    @staticmethod
    def as_stored(table: str, values: Mapping[str, object]) -> Row:
        """Values from JSON as they are stored; StoreError for an unknown column or a value that does not fit."""
        description = table_called(table)
        unknown = [name for name in values if name not in description.columns]
        if unknown:
            raise StoreError(f"{table}: no column called {', '.join(unknown)}")
        try:
            return {name: stored(description.columns[name], value) for name, value in values.items()}
        except ValueError as error:
            raise StoreError(f"{table}.{error}") from None

    @staticmethod
    def _key(table: str, key: Mapping[str, Stored]) -> tuple[Stored, ...]:
        expected = table_called(table).key
        if set(key) != set(expected):
            raise StoreError(f"{table}: expected the key {', '.join(expected)}, got {', '.join(key)}")
        return tuple(key[name] for name in expected)
