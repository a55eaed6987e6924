"""Coordination among the processes of several hosts."""

from __future__ import annotations

from contextlib import AbstractContextManager, closing

from typing_extensions import Self

from connector_kit.coordination import postgres_lock, postgres_status
from connector_kit.coordination.base import Lease, check_rate
from connector_kit.coordination.pacing import SharedLimiter
from connector_kit.coordination.postgres_rate import PostgresBook
from connector_kit.coordination.postgres_session import (
    SharedSession,
    driver,
    explained,
    make_tables,
    open_session,
)
from connector_kit.coordination.status import Status


class PostgresCoordinator:
    """Rates as rows, locks as advisory locks, on one PostgreSQL. See `Coordinator`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = SharedSession(url)

    def limiter(self, name: str, *, per_minute: int, burst: int | None = None) -> SharedLimiter:
        """See `Coordinator.limiter`."""
        turns, window = check_rate(name, per_minute, burst)
        return SharedLimiter(name, PostgresBook(self._session, name, turns, window), turns, window)

    def lock(self, name: str, *, purpose: str, wait_seconds: float) -> AbstractContextManager[Lease]:
        """See `Coordinator.lock`."""
        return postgres_lock.hold(self._url, name, purpose, wait_seconds)

    def status(self) -> Status:
        """See `Coordinator.status`."""
        psycopg = driver()
        with closing(open_session(self._url)) as session:
            try:
                make_tables(session)
                return postgres_status.read(session)
            except psycopg.Error as error:
                raise explained(self._url, error, "Check that it is up.") from error

    def close(self) -> None:
        """Close the connection for rates. A lock closes its own."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
