"""What a coordinator offers, whichever database is behind it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Protocol

from typing_extensions import Self, override

from connector_kit.errors import BusyError, ConfigurationError, ConnectorError
from connector_kit.http import Limiter

if TYPE_CHECKING:
    from connector_kit.coordination.status import Status

SYSTEM = "coordination"


class LockLostError(ConnectorError):
    """A lock that this process held is gone. Nothing may be done any more that others must not overlap with."""


class CoordinationGoneError(ConnectorError):
    """The database does not answer, and was asked often enough. Who wanted a turn did not get it, and sent nothing.

    Not one of the transient errors: they mean that the system that was to be asked may answer the next time, and a
    request, or a task that is followed, would be tried again for long.
    """


class Coordinator(Protocol):
    """Shared by all processes that connect to the same URL. Use it as a context manager, or `close` it."""

    def limiter(self, name: str, *, per_minute: int, burst: int | None = None) -> Limiter:
        """The rate of that name: at most `per_minute` turns in any minute, over all processes.

        `burst` turns may be taken at once (default: the whole minute's), and then no more than `burst` in any
        `60 * burst / per_minute` seconds. The last process to name figures decides for all.
        """

    def lock(self, name: str, *, purpose: str, wait_seconds: float) -> AbstractContextManager[Lease]:
        """Hold the lock of that name alone, over all processes, while the `with` block runs.

        `purpose` is what others are told that they wait for. Not reentrant. Freed when the process dies.

        Raises:
            BusyError: somebody else still holds it after `wait_seconds`; names who, and what for.
        """

    def status(self) -> Status:
        """Who holds and waits for what, and how much of each rate is used."""

    def close(self) -> None:
        """Close the connections, after the last `with lock` block."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock or waits for it. `since` in seconds since 1970."""

    purpose: str
    host: str
    pid: int
    since: float

    @classmethod
    def here(cls, purpose: str) -> Holder:
        """The present process, from now."""
        return cls(purpose, socket.gethostname(), os.getpid(), time.time())

    @override
    def __str__(self) -> str:
        try:
            since = f"{datetime.fromtimestamp(self.since, timezone.utc):%Y-%m-%d %H:%M:%S} UTC"
        except (ValueError, OverflowError, OSError):  # no moment of the calendar: something else wrote it
            since = str(self.since)
        return f"{self.purpose} (process {self.pid} on {self.host}, since {since})"


class Lease:
    """A lock that is held.

    `token` grows with every holder of that lock, so that whatever the lock protects can refuse a former holder.
    `orphaned`: who held it before, if that one died with it: what it had started may still be going on.
    """

    def __init__(self, name: str, token: int, still_held: Callable[[], bool], orphaned: Holder | None = None) -> None:
        self.name = name
        self.token = token
        self.orphaned = orphaned
        self._still_held = still_held

    def assert_held(self) -> None:
        """Ask before each step that must not overlap with another holder's.

        Raises:
            LockLostError: its database connection broke, or somebody else got it.
        """
        if not self._still_held():
            raise LockLostError(
                system=SYSTEM,
                subject=f"lock {self.name}",
                expected="to hold it still",
                got="that it was lost, and that another job may hold it now",
                hint="Run the job again; it takes up where this one stopped.",
            )


def waiting_for(name: str, holder: Holder | None, wait_seconds: float) -> str:
    """The line that is logged, once, when a lock is not free."""
    who = str(holder) if holder else "somebody who has not said who"
    return f"Waiting up to {wait_seconds:.0f} s for the lock {name}, held by {who}"


def still_busy(name: str, holder: Holder | None, wait_seconds: float) -> BusyError:
    """The error when waiting was in vain."""
    return BusyError(
        system=SYSTEM,
        subject=f"lock {name}",
        expected=f"it to be free within {wait_seconds:.0f} s",
        got=f"it held by {holder or 'somebody who has not said who'}",
        hint="Let that job finish, or raise the time to wait.",
    )


def check_rate(name: str, per_minute: int, burst: int | None) -> tuple[int, float]:
    """How many turns in how many seconds. Raises ConfigurationError for figures that allow nothing."""
    turns = per_minute if burst is None else min(burst, per_minute)
    if turns < 1:
        raise ConfigurationError(
            system=SYSTEM,
            subject=f"rate {name}",
            expected="at least one request a minute, and at least one at once",
            got=f"{per_minute} a minute, {burst} at once",
        )
    return turns, 60.0 * turns / per_minute
