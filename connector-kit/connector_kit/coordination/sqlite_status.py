"""What is in the SQLite file, as far as it is still true: a process that was killed leaves its rows behind."""

from __future__ import annotations

import os
import socket
import sqlite3
import time
from contextlib import suppress

from connector_kit.coordination.base import Holder
from connector_kit.coordination.sqlite_file import SqliteFile
from connector_kit.coordination.sqlite_lock import GONE_AFTER
from connector_kit.coordination.status import LockStatus, RateStatus, Status, rate_status


def read(file: SqliteFile) -> Status:
    """The status now."""
    with file.transaction() as db:
        now = time.time()
        return Status(tuple(_locks(db, now)), tuple(_rates(db, now)))


def _locks(db: sqlite3.Connection, now: float) -> list[LockStatus]:
    holders = {
        name: holder
        for name, *who in db.execute("SELECT name, purpose, host, pid, since FROM holder WHERE purpose IS NOT NULL")
        if _lives(holder := Holder(*who))
    }
    waiting: dict[str, list[Holder]] = {}
    for name, *who in db.execute(
        "SELECT name, purpose, host, pid, since FROM waiter WHERE seen_at > ? ORDER BY ticket", (now - GONE_AFTER,)
    ):
        waiting.setdefault(name, []).append(Holder(*who))
    return [LockStatus(name, holders.get(name), tuple(waiting.get(name, ()))) for name in sorted({*holders, *waiting})]


def _lives(holder: Holder) -> bool:
    """Whether the process is there. The lock file itself would tell, but only to one who tries to take it."""
    if holder.host != socket.gethostname():  # a container beside ours, whose processes we don't see
        return True
    if os.name != "posix":  # asking there means ending the process
        return True
    with suppress(PermissionError):  # somebody else's process, but there
        try:
            os.kill(holder.pid, 0)
        except ProcessLookupError:
            return False
    return True


def _rates(db: sqlite3.Connection, now: float) -> list[RateStatus]:
    rates = db.execute("SELECT name, turns, span, held_until FROM rate ORDER BY name").fetchall()
    return [
        rate_status(
            name,
            turns,
            span,
            held_until,
            [at for (at,) in db.execute("SELECT used_at FROM slot WHERE name = ?", (name,))],
            now,
        )
        for name, turns, span, held_until in rates
    ]
