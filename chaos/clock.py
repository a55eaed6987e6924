"""Virtual time: shared by all processes of a world, moved when all of them wait.

Time is real as long as any thread of the world works. When every thread of every process is blocked, and one of them
pauses (``time.sleep``, ``Event.wait`` with a timeout, a socket with a timeout), time moves to the earliest moment for
which anybody waits, and whoever waits for it goes on. So a pause costs about two milliseconds, nobody's time races away
while another works, and a world that only looks idle loses time, never correctness: real time goes on as ever.

`Clock` is the driver's end. `chaos.patching` is what makes a process live in this time; the sandbox does by its option
``--clock``; a server that knows nothing of it can be watched, so that time stands while it works.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

from sandbox.core import shared_time
from sandbox.core.shared_time import SharedTime

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from typing_extensions import Self

_MICROSECONDS = 1_000_000
_SECOND_LOOK = 0.0005  # real seconds between the two looks that must find everybody blocked
_real_sleep = time.sleep


class Clock:
    """The time of a world, seen and moved by who drives it; a context manager.

    Hosts have the names "a" to "h". The clock of each can be set apart; monotonic time is the same everywhere.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._shared = SharedTime(path)

    @classmethod
    def create(cls, path: Path, start: datetime | None = None) -> Self:
        """A new time in the file ``path``; ``start`` (with a time zone) is what the wall clocks show at first."""
        shared_time.create(path, None if start is None else start.timestamp())
        return cls(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._shared.close()

    def now(self, host: str | None = None) -> float:
        """Seconds since 1970 on a host whose clock is right, or on ``host``."""
        return time.time() + self._shared.ahead(host) / _MICROSECONDS

    def elapsed(self) -> float:
        """Seconds on the clock that nobody sets, from no particular moment."""
        return self._shared.monotonic() / _MICROSECONDS

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass at once; ValueError when negative."""
        self._shared.move(round(seconds * _MICROSECONDS))

    def advance_to(self, moment: datetime) -> None:
        """Let time pass until ``moment``; ValueError when it is in the past."""
        self.advance(moment.timestamp() - self.now())

    def set_host(self, host: str, seconds: float) -> None:
        """Set the wall clock of a host so many seconds ahead of all others, or back; 0 sets it right."""
        self._shared.set_skew(host, round(seconds * _MICROSECONDS))

    def watch(self, pid: int) -> None:
        """Time stands while this process or one of its children works, though it knows nothing of virtual time."""
        self._shared.watch(pid)


def all_wait(shared: SharedTime) -> bool:
    """Whether every thread of the world but this one is blocked, and nobody's moment has come."""
    if _anybody_works(shared):
        return False
    _real_sleep(_SECOND_LOOK)
    return not _anybody_works(shared)


def move_to_next(shared: SharedTime, moved: int) -> bool:
    """Move time to the earliest moment for which anybody waits, unless another moved it since it was ``moved``.

    Between `all_wait` and this the caller has to look once more for what it waits for itself: it may have come before
    everybody fell idle.
    """
    with shared.locked():
        moments = [moment for pid, _, waits in shared.processes() if not _stopped(pid) for moment in waits]
        left = min(moments) - shared.monotonic() if moments else 0
        if left <= 0 or shared.moved != moved:
            return False
        shared.move_within(left)
    return True


def _anybody_works(shared: SharedTime) -> bool:
    """Whether a thread of the world, but for this one, runs or is about to run: somebody whose moment has come is."""
    now = shared.monotonic()
    own = threading.get_native_id()
    for pid, family, waits in shared.processes():
        states = _states(pid, own)
        if states is None:
            shared.forget(pid)
            continue
        if "T" not in states and any(moment <= now for moment in waits):
            return True
        if not states.isdisjoint("RD"):
            return True
        if family and any(not (_states(child, own) or set()).isdisjoint("RD") for child in _children(pid)):
            return True
    return False


def _states(pid: int, but: int) -> set[str] | None:
    """The kernel's letters for the states of a process's threads, one thread left out; None when there is none."""
    states = set()
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208  hot path
    except OSError:
        return None
    for thread in threads:
        if int(thread) != but:
            states.add(_state(f"/proc/{pid}/task/{thread}/stat"))
    return None if states in ({"Z"}, {""}) else states


def _state(path: str) -> str:
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return ""
    try:
        # "pid (name) S ...", and a name may hold brackets
        return os.read(file, 256).rpartition(b")")[2][1:2].decode()
    except OSError:
        return ""
    finally:
        os.close(file)


def _stopped(pid: int) -> bool:
    return _state(f"/proc/{pid}/stat") in {"T", "t"}


def _children(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:  # noqa: PTH123  hot path
            return [int(child) for child in file.read().split()]
    except OSError:
        return []
