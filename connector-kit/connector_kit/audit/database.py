"""Connections to the trail's database: SQLite by default, PostgreSQL by URL.

A run talks to the driver (sqlite3, psycopg) and writes its SQL itself; SQLAlchemy and Alembic are only loaded when the
tables have to be made or changed, because loading them takes longer than a poll that finds nothing.
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from connector_kit.audit.codec import CLEAR, Codec
from connector_kit.errors import BusyError, ConfigurationError, ConnectorError, UnavailableError
from connector_kit.postgres import connect
from connector_kit.redaction import redact, register_url
from connector_kit.sqlite import changed, check_file, make_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Row = dict[str, Any]

_BUSY_TIMEOUT_SECONDS = 30
_PATIENCE_SECONDS = 600.0

_SERVERS_CLOCK = "SELECT CAST(extract(epoch FROM clock_timestamp()) AS DOUBLE PRECISION)"
# 8 MB of page cache per connection hold the upper levels of the trees; the rest is the operating system's cache, and
# the process's memory stays flat. A checkpoint every 16 MB writes a tree's pages once where every 4 MB would repeat it.
_PRAGMAS = (
    "PRAGMA synchronous=NORMAL",
    "PRAGMA cache_size=-8192",
    "PRAGMA wal_autocheckpoint=4000",
    "PRAGMA journal_size_limit=67108864",
)


def default_url() -> str:
    """The trail of this user: a SQLite file in the folder where the platform keeps an application's state."""
    base = os.environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_STATE_HOME")
    folder = (Path(base) if base else Path.home() / ".local" / "state") / "connector-kit"
    return f"sqlite:///{quote(str(folder / 'audit.db'))}"


class Connection:
    """One transaction's view of the trail. Statements name their values `:name`, in both dialects."""

    def __init__(self, driver: Any, *, postgres: bool, codec: Codec = CLEAR) -> None:  # noqa: ANN401 - sqlite3 or psycopg connection
        self.driver = driver
        self.postgres = postgres
        self.codec = codec

    def execute(self, statement: str, values: Mapping[str, object] | None = None) -> int:
        """Run a statement; the number of rows it changed."""
        if self.postgres:
            return int(self._cursor(statement, values).rowcount)
        return changed(self.driver, statement, values or {})

    def rows(self, statement: str, values: Mapping[str, object] | None = None) -> list[Row]:
        """All rows of a query, as dictionaries; a column `message` opened, or `ENCRYPTED`."""
        cursor = self._cursor(statement, values)
        names = [column[0] for column in cursor.description]
        found = [dict(zip(names, row)) for row in cursor.fetchall()]  # noqa: B905 - strict costs, lengths are the driver's
        if "message" in names:
            for row in found:
                if isinstance(row["message"], str):
                    row["message"] = self.codec.open_text(row["message"])
        return found

    def value(self, statement: str, values: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 - a column's type
        """First column of the first row, or None."""
        row = self._cursor(statement, values).fetchone()
        return row[0] if row else None

    def now(self) -> float:
        """Seconds since 1970 on the one clock of all who share the trail: the server's, or of a file its host's."""
        return float(self.value(_SERVERS_CLOCK)) if self.postgres else time.time()

    def _cursor(self, statement: str, values: Mapping[str, object] | None) -> Any:  # noqa: ANN401 - the driver's cursor
        if self.postgres:
            statement = _for_psycopg(statement)
        return self.driver.execute(statement, values or {})


@lru_cache(maxsize=256)
def _for_psycopg(statement: str) -> str:
    return re.sub(r"(?<!:):([a-z_]+)", r"%(\1)s", statement.replace("%", "%%"))


@dataclass(slots=True)
class Database:
    """Where the trail is. Connections are kept and used again; each is used by one thread at a time.

    Args:
        url: `sqlite:///file` or `postgresql://user@host/database`.
        create: whether a SQLite file may be made.
        codec: how records are stored.

    Raises:
        ConfigurationError: the URL is none of the two kinds, or there is no such file.
    """

    url: str = field(repr=False)
    create: bool = True
    codec: Codec = CLEAR
    postgres: bool = field(init=False)
    name: str = field(init=False)
    _path: Path = field(init=False, default=Path())
    _idle: list[Any] = field(init=False, default_factory=list)
    _guard: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        register_url(self.url)
        kind, separator, rest = self.url.partition("://")
        kind = kind.partition("+")[0]
        self.postgres = kind in {"postgresql", "postgres"}
        path = unquote(rest.removeprefix("/").partition("?")[0])
        in_file = kind == "sqlite" and path and path != ":memory:" and "\0" not in path
        if not separator or not (self.postgres or in_file):
            raise ConfigurationError(
                system="audit trail",
                subject="audit_url",
                expected='"sqlite:///path/to/audit.db" or "postgresql://user@host/database"',
                got=redact(self.url),
            )
        if self.postgres:
            self.url = f"postgresql://{rest}"
            self.name = redact(self.url)
        else:
            self._path = Path(path).expanduser()
            self.name = str(self._path)
            self._find_file()

    def connect(self) -> Any:  # noqa: ANN401 - sqlite3 or psycopg connection
        """A new connection of the driver, in autocommit mode."""
        if self.postgres:
            return _connect_postgres(self.url)
        driver = sqlite3.connect(
            self._path, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
        )
        for pragma in _PRAGMAS:
            driver.execute(pragma)
        _patiently(lambda: _use_wal(driver))
        return driver

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the trail."""
        with self._borrowed() as driver, _transaction(driver, self._begin_reading):
            yield Connection(driver, postgres=self.postgres, codec=self.codec)

    @contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[Connection]:
        """A transaction that may write, begun as soon as no other process writes.

        Args:
            durable: whether the commit must survive a loss of power (a killed process never loses one).

        Raises:
            BusyError: others kept the database locked for ten minutes.
            UnavailableError: the database can't be reached, or is full.
        """
        with self._borrowed() as driver:
            flush = durable and not self.postgres
            if flush:
                driver.execute("PRAGMA synchronous=FULL")
            try:
                # A SQLite transaction that begins as a reader and turns into a writer may find the database locked
                # at a point where no waiting helps; so a writer says what it is at once.
                with _transaction(driver, self._begin_writing):
                    yield Connection(driver, postgres=self.postgres, codec=self.codec)
            finally:
                if flush:
                    driver.execute("PRAGMA synchronous=NORMAL")

    def now(self) -> float:
        """See `Connection.now`."""
        if not self.postgres:
            return time.time()
        with self._borrowed() as driver:
            return Connection(driver, postgres=True).now()

    def begin_writing(self, driver: Any) -> None:  # noqa: ANN401 - the driver's connection
        """Begin, on a connection of `connect`, a transaction that may write; others' writing is waited for."""
        _patiently(lambda: driver.execute(self._begin_writing))

    def close(self) -> None:
        """Close the idle connections."""
        with self._guard:
            while self._idle:
                self._idle.pop().close()

    def vacuum(self) -> None:
        """Give a SQLite file's free space back to the file system."""
        with self._borrowed() as driver:
            _patiently(lambda: driver.execute("VACUUM"))

    @property
    def _begin_writing(self) -> str:
        return "BEGIN" if self.postgres else "BEGIN IMMEDIATE"

    @property
    def _begin_reading(self) -> str:
        return "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if self.postgres else "BEGIN"

    @contextmanager
    def _borrowed(self) -> Iterator[Any]:
        driver = None
        try:
            with self._guard:
                driver = self._idle.pop() if self._idle else None
            driver = driver or self.connect()
            yield driver
        except ConnectorError:
            raise
        except Exception as error:
            if not _is_database_error(error):
                raise
            # A connection that met an error may be broken: the next transaction gets a fresh one.
            with suppress(Exception):
                if driver is not None:
                    driver.close()
            driver = None
            raise self._unavailable(error) from error
        finally:
            if driver is not None:
                with self._guard:
                    self._idle.append(driver)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Errors of the database on a connection of `connect`, and SQLAlchemy's about them, become the family's.

        Raises:
            BusyError, UnavailableError: see `writing`.
        """
        try:
            yield
        except ConnectorError:
            raise
        except Exception as error:
            cause = getattr(error, "orig", None) or error
            if not isinstance(cause, Exception) or not _is_database_error(cause):
                raise
            raise self._unavailable(cause) from error

    def _unavailable(self, error: Exception) -> ConnectorError:
        reason = " ".join(str(error).split())
        kind = BusyError if "locked" in reason else UnavailableError
        return kind(
            system="audit trail",
            subject=self.name,
            got=reason,
            hint="Nothing counts as delivered before the trail has it: run again when its database works.",
        )

    def _find_file(self) -> None:
        try:
            there = self._path.exists()
        except OSError:  # a path that no file can have; making it says why
            there = False
        if not there and not self.create:
            raise ConfigurationError(
                system="audit trail",
                subject=self.name,
                expected="a trail",
                got="no such file",
                hint="Give --url or AUDIT_URL; a target writes a trail when it runs.",
            )
        try:
            (check_file if there else make_file)(self._path)
        except OSError as error:
            raise ConfigurationError(
                system="audit trail",
                subject=self.name,
                expected="a file that can be written",
                got=error.strerror or str(error),
                hint="Set audit_url to a place where this user may write.",
            ) from error


def _connect_postgres(url: str) -> Any:  # noqa: ANN401 - psycopg's connection
    try:
        import psycopg  # noqa: PLC0415 - only for those who use it
    except ImportError as error:
        raise ConfigurationError(
            system="audit trail",
            subject="audit_url",
            expected="the PostgreSQL driver",
            got=str(error),
            hint='Install "connector-kit[postgres]".',
        ) from error
    return connect(psycopg, url, "connector-kit audit")


def _use_wal(driver: sqlite3.Connection) -> None:
    if driver.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        driver.execute("PRAGMA journal_mode=WAL")


@contextmanager
def _transaction(driver: Any, begin: str) -> Iterator[None]:  # noqa: ANN401 - the driver's connection
    _patiently(lambda: driver.execute(begin))
    try:
        yield
    except BaseException:
        with suppress(Exception):
            driver.execute("ROLLBACK")
        raise
    driver.execute("COMMIT")


def _patiently(step: Callable[[], object]) -> None:
    """Repeat a step that SQLite refuses because another process holds the lock."""
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            step()
        except sqlite3.OperationalError as error:  # noqa: PERF203 - one turn is the rule
            if "locked" not in str(error) or time.monotonic() > give_up:
                raise
            time.sleep(0.02)
        else:
            return


def _is_database_error(error: Exception) -> bool:
    # SQLite's words about a damaged file may hold bytes that are no text.
    return isinstance(error, (sqlite3.Error, UnicodeDecodeError)) or type(error).__module__.startswith("psycopg")
