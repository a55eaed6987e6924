"""What is in PostgreSQL's tables, as far as the server's own list of advisory locks confirms it."""

from __future__ import annotations

from connector_kit.coordination.base import Holder
from connector_kit.coordination.postgres_lock import Session, key_of
from connector_kit.coordination.status import LockStatus, RateStatus, Status, rate_status

# A lock whose key is one bigint shows as two halves (manual, "pg_locks").
_LOCKS = """
SELECT (classid::bigint << 32) | objid::bigint, granted, pid FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 1
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_HOLDERS = "SELECT name, purpose, host, pid, since FROM coordination_lock WHERE purpose IS NOT NULL"
_WAITERS = "SELECT name, backend, purpose, host, pid, since FROM coordination_waiter ORDER BY since"
_RATES = """
SELECT name, turns, span, held_until, used_at, extract(epoch FROM clock_timestamp())::float8
FROM coordination_rate ORDER BY name
"""


def read(session: Session) -> Status:
    """The status now."""
    return Status(tuple(_locks(session)), tuple(_rates(session)))


def _locks(session: Session) -> list[LockStatus]:
    found = session.execute(_LOCKS).fetchall()
    held = {key for key, granted, _ in found if granted}
    queued = {(key, backend) for key, granted, backend in found if not granted}
    holders = {name: Holder(*who) for name, *who in session.execute(_HOLDERS) if key_of(name) in held}
    waiting: dict[str, list[Holder]] = {}
    for name, backend, *who in session.execute(_WAITERS):
        if (key_of(name), backend) in queued:
            waiting.setdefault(name, []).append(Holder(*who))
    return [LockStatus(name, holders.get(name), tuple(waiting.get(name, ()))) for name in sorted({*holders, *waiting})]


def _rates(session: Session) -> list[RateStatus]:
    return [
        rate_status(name, turns, span, held_until, used_at, now)
        for name, turns, span, held_until, used_at, now in session.execute(_RATES)
    ]
