"""Coordination among the processes of one host."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from typing_extensions import Self

from connector_kit.coordination import sqlite_lock, sqlite_status
from connector_kit.coordination.base import Lease, check_rate
from connector_kit.coordination.pacing import SharedLimiter
from connector_kit.coordination.sqlite_file import SqliteFile
from connector_kit.coordination.sqlite_rate import SqliteBook
from connector_kit.coordination.status import Status


class SqliteCoordinator:
    """Rates in an SQLite file, locks in files beside it. See `Coordinator`."""

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path)

    def limiter(self, name: str, *, per_minute: int, burst: int | None = None) -> SharedLimiter:
        """See `Coordinator.limiter`."""
        turns, window = check_rate(name, per_minute, burst)
        return SharedLimiter(name, SqliteBook(self._file, name, turns, window), turns, window)

    def lock(self, name: str, *, purpose: str, wait_seconds: float) -> AbstractContextManager[Lease]:
        """See `Coordinator.lock`."""
        return sqlite_lock.hold(self._file, name, purpose, wait_seconds)

    def status(self) -> Status:
        """See `Coordinator.status`."""
        return sqlite_status.read(self._file)

    def close(self) -> None:
        """Close the connection."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
