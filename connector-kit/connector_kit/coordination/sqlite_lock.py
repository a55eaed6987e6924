"""A lock among the processes of one host: the operating system's file lock, with a queue and a name in the database."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from connector_kit.coordination.base import Holder, Lease, still_busy, waiting_for
from connector_kit.coordination.sqlite_file import SqliteFile
from connector_kit.errors import ConnectorError

if TYPE_CHECKING:
    from filelock import BaseFileLock

log = logging.getLogger(__name__)

_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.25
GONE_AFTER = 5.0
"""Seconds without a sign of life, after which a waiter no longer stands before the others."""


@contextmanager
def hold(file: SqliteFile, name: str, purpose: str, wait_seconds: float) -> Iterator[Lease]:
    """See `Coordinator.lock`. The file lock is what excludes; the rows tell who, and who is next."""
    lock = _file_lock(file, name)
    me = Holder.here(purpose)
    _wait(file, lock, name, me, wait_seconds)
    try:
        orphaned = _holder(file, name)
        token = _sign(file, name, me)
        yield Lease(name, token, lambda: lock.is_locked and _token(file, name) == token, orphaned)
    finally:
        with suppress(ConnectorError), file.transaction() as db:
            db.execute("UPDATE holder SET purpose = NULL WHERE name = ? AND pid = ?", (name, me.pid))
        lock.release()


def _file_lock(file: SqliteFile, name: str) -> BaseFileLock:
    import filelock  # noqa: PLC0415 - a tap that only reads never locks

    # Any text may be a name; a file name may not.
    digest = hashlib.sha256(name.encode()).hexdigest()[:24]
    return filelock.FileLock(f"{file.path}.{digest}.lock", thread_local=False, mode=0o600)


def _wait(file: SqliteFile, lock: BaseFileLock, name: str, me: Holder, wait_seconds: float) -> None:
    """Return when the lock is held. Waiters are served in the order of their tickets."""
    if not _queue(file, name) and _try(lock):
        return
    deadline = time.monotonic() + wait_seconds
    ticket = _take_ticket(file, name, me)
    pause = _FIRST_PAUSE
    told = False
    try:
        while True:
            if _is_next(file, name, ticket) and _try(lock):
                return
            left = deadline - time.monotonic()
            if left <= 0:
                raise still_busy(name, _holder(file, name), wait_seconds)
            if not told:
                log.info("%s", waiting_for(name, _holder(file, name), wait_seconds))
                told = True
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_PAUSE)
    finally:
        with file.transaction() as db:
            db.execute("DELETE FROM waiter WHERE ticket = ?", (ticket,))


def _try(lock: BaseFileLock) -> bool:
    import filelock  # noqa: PLC0415

    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        return False
    return True


def _queue(file: SqliteFile, name: str) -> bool:
    with file.transaction() as db:
        return _first(db, name) is not None


def _take_ticket(file: SqliteFile, name: str, me: Holder) -> int:
    with file.transaction() as db:
        cursor = db.execute(
            "INSERT INTO waiter (name, purpose, host, pid, since, seen_at) VALUES (?, ?, ?, ?, ?, ?)",
            (name, me.purpose, me.host, me.pid, me.since, time.time()),
        )
        return cursor.lastrowid or 0


def _is_next(file: SqliteFile, name: str, ticket: int) -> bool:
    """Whether nobody who came before still waits; says that this one does."""
    with file.transaction() as db:
        db.execute("UPDATE waiter SET seen_at = ? WHERE ticket = ?", (time.time(), ticket))
        return _first(db, name) == ticket


def _first(db: sqlite3.Connection, name: str) -> int | None:
    now = time.time()
    # A time in the future comes from a clock that was set back since: that waiter is as good as gone, too.
    row = db.execute(
        "SELECT min(ticket) FROM waiter WHERE name = ? AND seen_at BETWEEN ? AND ?", (name, now - GONE_AFTER, now + 1)
    ).fetchone()
    return None if row[0] is None else int(row[0])


def _sign(file: SqliteFile, name: str, me: Holder) -> int:
    with file.transaction() as db:
        # Rows of waiters that were killed; nobody else would remove them.
        db.execute("DELETE FROM waiter WHERE name = ? AND seen_at < ?", (name, time.time() - 100 * GONE_AFTER))
        db.execute(
            "INSERT INTO holder (name, token, purpose, host, pid, since) VALUES (?, 1, ?, ?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET token = token + 1, purpose = excluded.purpose, host = excluded.host, "
            "pid = excluded.pid, since = excluded.since",
            (name, me.purpose, me.host, me.pid, me.since),
        )
    return _token(file, name)


def _token(file: SqliteFile, name: str) -> int:
    with file.transaction() as db:
        row = db.execute("SELECT token FROM holder WHERE name = ?", (name,)).fetchone()
    return int(row[0]) if row else 0


def _holder(file: SqliteFile, name: str) -> Holder | None:
    with file.transaction() as db:
        row = db.execute(
            "SELECT purpose, host, pid, since FROM holder WHERE name = ? AND purpose IS NOT NULL", (name,)
        ).fetchone()
    return Holder(*row) if row else None
