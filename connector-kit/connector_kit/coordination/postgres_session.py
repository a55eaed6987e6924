"""Connections to the PostgreSQL that several hosts share."""

from __future__ import annotations

import importlib
import logging
import os
import threading
import time
from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from connector_kit.coordination.base import SYSTEM, CoordinationGoneError
from connector_kit.errors import ConfigurationError, ConnectorError, UnavailableError
from connector_kit.postgres import connect

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger(__name__)

LONGEST_BLOCKED = 30.0
"""Seconds for which a holder's host that vanished (power, network) blocks others at most.

The server notices it after about 10 + 3 * 5 = 25 seconds without an answer, also when an answer of its own was under
way (tcp_user_timeout). A process that dies is noticed at once, because its host closes the connection.
"""
_SETTINGS = (
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
    "SET tcp_user_timeout = 25000",
    "SET idle_in_transaction_session_timeout = 60000",
)
# A session that waits for a lock hears nothing from its own process: without this, one that died would stay in the
# queue, and show there, until the lock comes to it.
_SINCE_14 = "SET client_connection_check_interval = 2000"
_TABLES = """
CREATE TABLE IF NOT EXISTS coordination_rate (
  name text PRIMARY KEY, turns integer NOT NULL, span double precision NOT NULL, seq bigint NOT NULL DEFAULT 0,
  held_until double precision NOT NULL DEFAULT 0,
  used_at double precision[] NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS coordination_lock (
  name text PRIMARY KEY, token bigint NOT NULL, purpose text, host text, pid integer, since double precision
);
CREATE TABLE IF NOT EXISTS coordination_waiter (
  backend integer PRIMARY KEY, name text NOT NULL, purpose text, host text, pid integer, since double precision
);
"""
_FOUND = "SELECT to_regclass('coordination_rate'), to_regclass('coordination_lock'), to_regclass('coordination_waiter')"
_TABLES_KEY = 0x636F6F72  # "coor": two first runs must not make the tables at the same time
_FIRST_TRIES = 5
_TRIES = 10  # about 50 seconds: a restart of the server, or its stand-in's start, ends no run that only reads
_LONGEST_PAUSE = 8.0
_GUESS = "Is the server running on that host and accepting TCP/IP connections?"
_CHECK = "Check that it is up, and run the job again: it takes up where this one stopped."


def driver() -> ModuleType:
    """The module psycopg, which is optional and slow to import. Raises ConfigurationError when it is missing."""
    try:
        return importlib.import_module("psycopg")
    except ImportError as error:
        raise ConfigurationError(
            system=SYSTEM,
            subject="setting coordination_url",
            expected="the driver of PostgreSQL",
            got="the package psycopg not installed",
            hint="Install connector-kit[postgres].",
        ) from error


def open_session(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A new connection that commits each statement.

    Raises:
        ConfigurationError: the driver is missing, or the URL can't be read.
        UnavailableError: no answer, or a wrong password (PostgreSQL's driver does not tell them apart).
    """
    library = driver()
    connection: psycopg.Connection[tuple[Any, ...]] | None = None
    try:
        connection = connect(library, url, "connector-kit")
        for setting in _SETTINGS:
            connection.execute(setting.encode())
        if connection.info.server_version >= 140000:
            connection.execute(_SINCE_14)
    except BaseException as error:
        if connection is not None:
            connection.close()
        if isinstance(error, library.Error):
            raise explained(url, error, "Check that it is up, and user and password in coordination_url.") from error
        raise
    return connection


def explained(url: str, error: psycopg.Error, hint: str, subject: str = "") -> ConnectorError:
    """An error of the driver in the family's terms: with the server's address, which a broken connection leaves out.

    `subject`: what it was about, when it was more than the server.
    """
    library = driver()
    try:
        parts = library.conninfo.conninfo_to_dict(url)
    except library.Error:  # an address that can't be read is not said in pieces
        return ConfigurationError(system=SYSTEM, subject="setting coordination_url", got=str(error))
    server = ":".join(str(parts[name]) for name in ("host", "port") if parts.get(name))
    at = f"PostgreSQL at {server}" if server else "PostgreSQL"
    if isinstance(error, library.errors.InsufficientPrivilege):
        return ConfigurationError(
            system=SYSTEM,
            subject=at,
            expected="the right to make and to use the tables coordination_…",
            got=str(error),
            hint="Grant CREATE on the schema to this user for the first run.",
        )
    return UnavailableError(system=SYSTEM, subject=f"{subject}, {at}" if subject else at, got=_reason(error), hint=hint)


def _reason(error: psycopg.Error) -> str:
    """What the driver says, without its question whether the server is up."""
    return str(error).replace(_GUESS, "").strip() or type(error).__name__


def make_tables(session: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Make the tables if this is the first time. Raises the driver's error."""
    found = session.execute(_FOUND).fetchone()
    if found is not None and None not in found:
        return
    with session.transaction():
        session.execute("SELECT pg_advisory_xact_lock(%s)", (_TABLES_KEY,))
        session.execute(_TABLES.encode())


def _gone(told: ConnectorError) -> CoordinationGoneError:
    return CoordinationGoneError(system=told.system, subject=told.subject, got=told.got, hint=told.hint)


class SharedSession:
    """One connection per process for short statements, made again when it breaks or after a fork."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._guard = threading.Lock()
        self._pid = 0
        self._answered = False
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def row(self, statement: str, values: Mapping[str, object]) -> tuple[Any, ...] | None:
        """The first row of one statement, which commits by itself; None when it returns none.

        Raises:
            CoordinationGoneError: the server did not answer after some tries.
            ConfigurationError: this user has not the right.
        """
        psycopg = driver()
        with self._guard:
            tries = _TRIES if self._answered else _FIRST_TRIES
            for failures in range(1, tries + 1):
                try:
                    cursor = self._connected().execute(statement.encode(), values)
                    self._answered = True
                    return cursor.fetchone() if cursor.description else None
                except (psycopg.Error, ConnectorError) as error:  # noqa: PERF203 - a retry is a loop
                    self._drop()
                    told = error if isinstance(error, ConnectorError) else explained(self._url, error, _CHECK)
                    if not told.retriable:
                        raise told from error
                    if failures == tries:
                        raise _gone(told) from error
                    log.warning("The coordination database does not answer (try %d of %d)", failures, tries)
                    time.sleep(min(_LONGEST_PAUSE, 2.0 ** (failures - 2)))
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Close the connection."""
        with self._guard:
            self._drop()

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection is None or self._pid != os.getpid():
            self._connection, self._pid = open_session(self._url), os.getpid()
            make_tables(self._connection)
            # A turn lost in a crash of the server is no harm; a write to disk per request would be.
            self._connection.execute("SET synchronous_commit = off")
        return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and self._pid == os.getpid():
            connection.close()
