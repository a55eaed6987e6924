"""A lock among the processes of several hosts: a session's advisory lock, with a name in a table.

PostgreSQL serves those who wait in the order in which they came, and frees the lock when the session ends (manual,
"Explicit Locking", advisory locks). Each lock has a connection of its own, so that the lock lives exactly as long.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeAlias

from connector_kit.coordination.base import Holder, Lease, still_busy, waiting_for
from connector_kit.coordination.postgres_session import driver, explained, make_tables, open_session

if TYPE_CHECKING:
    import psycopg

Session: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"

log = logging.getLogger(__name__)

_SIGN = """
INSERT INTO coordination_lock (name, token, purpose, host, pid, since) VALUES (%s, 1, %s, %s, %s, %s)
ON CONFLICT (name) DO UPDATE SET token = coordination_lock.token + 1, purpose = excluded.purpose,
  host = excluded.host, pid = excluded.pid, since = excluded.since
RETURNING token
"""
# Rows of waiters that died stay behind; the number of a server process comes again, and its row with it.
_QUEUE = """
INSERT INTO coordination_waiter (backend, name, purpose, host, pid, since)
VALUES (pg_backend_pid(), %s, %s, %s, %s, %s)
ON CONFLICT (backend) DO UPDATE SET name = excluded.name, purpose = excluded.purpose, host = excluded.host,
  pid = excluded.pid, since = excluded.since
"""
_LEAVE = "DELETE FROM coordination_waiter WHERE backend = pg_backend_pid()"
_GIVE_BACK = "UPDATE coordination_lock SET purpose = NULL WHERE name = %s AND token = %s"
_BROKE = "The connection to PostgreSQL broke while this job waited for the lock: run it again."
_HOLDER = "SELECT purpose, host, pid, since FROM coordination_lock WHERE name = %s AND purpose IS NOT NULL"


@contextmanager
def hold(url: str, name: str, purpose: str, wait_seconds: float) -> Iterator[Lease]:
    """See `Coordinator.lock`."""
    psycopg = driver()
    session = open_session(url)
    try:
        try:
            make_tables(session)
            _wait(session, name, Holder.here(purpose), wait_seconds)
            orphaned = _holder(session, name)
            token = _sign(session, name, Holder.here(purpose))
        except psycopg.Error as error:
            raise explained(url, error, _BROKE, f"lock {name}") from error
        try:
            yield Lease(name, token, lambda: _token(session, name) == token, orphaned)
        finally:
            # A session that is gone has nothing to give back.
            with suppress(psycopg.Error):
                session.execute(_GIVE_BACK, (name, token))
    finally:
        session.close()


def key_of(name: str) -> int:
    """The advisory lock's number."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def _wait(session: Session, name: str, me: Holder, wait_seconds: float) -> None:
    psycopg = driver()
    free = session.execute("SELECT pg_try_advisory_lock(%s)", (key_of(name),)).fetchone()
    if free == (True,):
        return
    if wait_seconds <= 0:
        raise still_busy(name, _holder(session, name), wait_seconds)
    log.info("%s", waiting_for(name, _holder(session, name), wait_seconds))
    session.execute(_QUEUE, (name, me.purpose, me.host, me.pid, me.since))
    # lock_timeout 0 would mean for ever.
    session.execute("SELECT set_config('lock_timeout', %s, false)", (str(max(1, round(wait_seconds * 1000))),))
    try:
        session.execute("SELECT pg_advisory_lock(%s)", (key_of(name),))
    except psycopg.errors.LockNotAvailable as error:
        session.execute(_LEAVE)
        raise still_busy(name, _holder(session, name), wait_seconds) from error
    session.execute("SET lock_timeout = 0")
    session.execute(_LEAVE)


def _sign(session: Session, name: str, me: Holder) -> int:
    row = session.execute(_SIGN, (name, me.purpose, me.host, me.pid, me.since)).fetchone()
    return int(row[0]) if row else 0


def _holder(session: Session, name: str) -> Holder | None:
    row = session.execute(_HOLDER, (name,)).fetchone()
    return Holder(*row) if row else None


def _token(session: Session, name: str) -> int | None:
    """The token on the lock's own session: an answer at all means that the session, and so the lock, is alive."""
    psycopg = driver()
    try:
        row = session.execute("SELECT token FROM coordination_lock WHERE name = %s", (name,)).fetchone()
    except psycopg.Error:
        return None
    return int(row[0]) if row else None
