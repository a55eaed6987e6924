"""The SQLite file: opened when first used, by each process for itself, closed at the end."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from connector_kit.coordination.base import SYSTEM
from connector_kit.errors import BusyError, ConfigurationError
from connector_kit.sqlite import make_file

_PATIENCE = 60.0  # seconds that SQLite waits for other writers; a transaction here takes well under a millisecond
_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE rate (
  name TEXT PRIMARY KEY, turns INTEGER NOT NULL, span REAL NOT NULL, seq INTEGER NOT NULL DEFAULT 0,
  asked_at REAL NOT NULL DEFAULT 0, held_until REAL NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE slot (
  name TEXT NOT NULL, slot INTEGER NOT NULL, used_at REAL NOT NULL, PRIMARY KEY (name, slot)
) WITHOUT ROWID;
CREATE TABLE holder (
  name TEXT PRIMARY KEY, token INTEGER NOT NULL, purpose TEXT, host TEXT, pid INTEGER, since REAL
) WITHOUT ROWID;
CREATE TABLE waiter (
  ticket INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, purpose TEXT, host TEXT, pid INTEGER, since REAL,
  seen_at REAL NOT NULL
);
CREATE INDEX waiter_by_name ON waiter (name, ticket);
"""


# SQLite: a connection must not be carried over a fork, not even to be closed. The child keeps it and leaves it alone.
_FROM_BEFORE_FORK: list[sqlite3.Connection] = []


_FAILURES = (sqlite3.Error, UnicodeDecodeError)
"""The second where a damaged file brings bytes into SQLite's own words."""


class SqliteFile:
    """One connection per process, one transaction at a time.

    Write-ahead log without a sync per commit: what is here matters only while the processes that share it live.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._guard = threading.RLock()
        self._pid = 0
        self._connection: sqlite3.Connection | None = None
        self._finalizer: weakref.finalize[..., SqliteFile] | None = None
        with self.transaction():
            pass

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection inside a write transaction: nobody else, thread or process, is between its statements.

        Raises:
            BusyError: other writers kept the file for a minute.
            ConfigurationError: the file can't be opened or is not a database.
        """
        with self._guard:
            connection = self._begun()
            try:
                yield connection
            except BaseException as error:
                with suppress(sqlite3.Error):  # a damaged file may refuse that, too
                    connection.execute("ROLLBACK")
                if isinstance(error, _FAILURES):
                    raise self._explained(error) from error
                raise
            try:
                connection.execute("COMMIT")
            except _FAILURES as error:
                raise self._explained(error) from error

    def close(self) -> None:
        """Close the connection; the next transaction opens it again."""
        with self._guard:
            if self._finalizer is not None and self._pid == os.getpid():
                self._finalizer()
            self._connection = self._finalizer = None

    def _begun(self) -> sqlite3.Connection:
        """The connection, in a transaction. While the file is made, SQLite refuses others at once, without patience."""
        give_up = time.monotonic() + _PATIENCE
        while True:
            try:
                connection = self._connection if self._pid == os.getpid() else None
                connection = connection or self._open()
                connection.execute("BEGIN IMMEDIATE")
            except _FAILURES as error:  # noqa: PERF203 - one turn is the rule
                told = self._explained(error)
                if not isinstance(told, BusyError) or time.monotonic() > give_up:
                    raise told from error
                time.sleep(0.02)
            else:
                return connection

    def _open(self) -> sqlite3.Connection:
        if self._finalizer is not None and self._connection is not None:
            self._finalizer.detach()
            _FROM_BEFORE_FORK.append(self._connection)
        try:
            make_file(self.path)
        except OSError as error:
            raise self._unusable(f"{type(error).__name__}: {error.strerror}") from error
        connection = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection)
        except BaseException:
            connection.close()
            raise
        self._connection, self._pid = connection, os.getpid()
        self._finalizer = weakref.finalize(self, connection.close)
        return connection

    def _explained(self, error: Exception) -> Exception:
        if "locked" in str(error) or "busy" in str(error):
            return BusyError(
                system=SYSTEM,
                subject=f"database {self.path}",
                got=f"other writers for {_PATIENCE:.0f} s",
                hint="Put the file on a local disk.",
            )
        return self._unusable(str(error))

    def _unusable(self, got: str) -> ConfigurationError:
        return ConfigurationError(
            system=SYSTEM,
            subject=f"database {self.path}",
            expected="an SQLite file that this user may write",
            got=got,
            hint="Check coordination_url.",
        )


def _prepare(connection: sqlite3.Connection) -> None:
    """Set the connection up; make the tables if this is the first one ever."""
    connection.execute("PRAGMA synchronous = NORMAL")
    if connection.execute("PRAGMA user_version").fetchone()[0] >= _SCHEMA_VERSION:
        return
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("PRAGMA user_version").fetchone()[0] < _SCHEMA_VERSION:
        for statement in _SCHEMA.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
    connection.execute("COMMIT")
