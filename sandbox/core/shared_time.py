"""Time that several processes share: a file in memory says how far it was moved, and who waits for which moment.

Time is the machine's, moved. Wall time and monotonic time move together; in each there are whole microseconds, so that
nothing is lost by adding. The file is an array of 64-bit integers:

- how far time was moved since the file was made, and what wall time was set ahead or back when it was made;
- how far the wall clock of each host is off, for processes that play several hosts;
- one record per process that takes part: its id, whether the processes that it starts count as well, and the moments
  (monotonic time) for which its threads wait.

Whoever moves time (the driver of a test) stops at the earliest of these moments, so that what is to happen then happens
then. This part only knows the file; when to move is decided elsewhere.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTS = "abcdefgh"
"""The names that a host can have."""

_MOVED, _BASE, _SKEWS, _RECORDS = 0, 1, 2, 16
_PROCESSES, _SIZE = 64, 64
_PID, _FAMILY, _WAITS = 0, 1, 2
_BYTES = 8 * (_RECORDS + _PROCESSES * _SIZE)
_MICROSECONDS = 1_000_000


def create(path: Path, start: float | None = None) -> None:
    """Make the file. ``start``: what the wall clock shows now, in seconds since 1970; the machine's time when None."""
    path.write_bytes(bytes(_BYTES))
    if start is not None:
        shared = SharedTime(path)
        shared.base = round((start - time.time()) * _MICROSECONDS)
        shared.close()


class SharedTime:
    """The file of `create`, opened by one process. A forked process opens it anew."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._map = mmap.mmap(self._file, _BYTES)
        self._view = memoryview(self._map)
        self._cells = self._view.cast("q")
        self._own = 0
        self._free: list[int] = []
        self._guard = threading.Lock()

    def close(self) -> None:
        """Give up this process's record."""
        if self._own:
            self._cells[self._own + _PID] = 0
        self._cells.release()
        self._view.release()
        self._map.close()
        os.close(self._file)

    @property
    def moved(self) -> int:
        """Microseconds by which time was moved."""
        return self._cells[_MOVED]

    @property
    def base(self) -> int:
        """Microseconds by which wall time was ahead when the file was made."""
        return self._cells[_BASE]

    @base.setter
    def base(self, microseconds: int) -> None:
        self._cells[_BASE] = microseconds

    def skew(self, host: str) -> int:
        """Microseconds by which a host's wall clock is ahead."""
        return self._cells[_SKEWS + HOSTS.index(host)]

    def set_skew(self, host: str, microseconds: int) -> None:
        """Set a host's wall clock ahead of all others, or back."""
        self._cells[_SKEWS + HOSTS.index(host)] = microseconds

    def ahead(self, host: str | None = None) -> int:
        """Microseconds by which wall time is ahead of the machine's, on a host whose clock is right or on ``host``."""
        return self._cells[_MOVED] + self._cells[_BASE] + (self.skew(host) if host else 0)

    def monotonic(self) -> int:
        """Microseconds on the clock that nobody sets; the same in all processes of this machine."""
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000 + self._cells[_MOVED]

    def now(self) -> float:
        """Seconds since 1970 on a host whose clock is right. Not for a process that reads a moved clock already."""
        return time.time() + self.ahead() / _MICROSECONDS

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Alone among all processes and threads."""
        with self._guard:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def move(self, microseconds: int) -> None:
        """Move time forward; ValueError when negative. Not within `locked`."""
        if microseconds < 0:
            raise ValueError(f"time only moves forward, got {microseconds} µs")
        with self.locked():
            self._cells[_MOVED] += microseconds

    def move_within(self, microseconds: int) -> None:
        """As `move`, within `locked`."""
        self._cells[_MOVED] += microseconds

    def enroll(self) -> None:
        """Take part: its waits are to be seen, and time does not move while it works."""
        self._own = self._record(os.getpid(), family=False)
        self._free = list(range(self._own + _WAITS, self._own + _SIZE))

    def watch(self, pid: int) -> None:
        """Time does not move while that process, or one that it started, works; it knows nothing of it."""
        self._record(pid, family=True)

    def _record(self, pid: int, *, family: bool) -> int:
        with self.locked():
            for at in range(_RECORDS, _RECORDS + _PROCESSES * _SIZE, _SIZE):
                known = self._cells[at + _PID]
                if known in (0, pid) or not Path(f"/proc/{known}").exists():
                    for place in range(at, at + _SIZE):
                        self._cells[place] = 0
                    self._cells[at + _FAMILY] = int(family)
                    self._cells[at + _PID] = pid
                    return at
        raise RuntimeError(f"{self.path}: more than {_PROCESSES} processes share this time")

    def forget(self, pid: int) -> None:
        """A process that is gone takes part no longer. Not within `locked`."""
        with self.locked():
            for at in range(_RECORDS, _RECORDS + _PROCESSES * _SIZE, _SIZE):
                if self._cells[at + _PID] == pid:
                    self._cells[at + _PID] = 0

    def processes(self) -> list[tuple[int, bool, list[int]]]:
        """Who takes part: process id, whether those it started count, the moments for which its threads wait."""
        found = []
        for at in range(_RECORDS, _RECORDS + _PROCESSES * _SIZE, _SIZE):
            if pid := self._cells[at + _PID]:
                waits = [moment for moment in self._cells[at + _WAITS : at + _SIZE].tolist() if moment]
                found.append((pid, bool(self._cells[at + _FAMILY]), waits))
        return found

    @contextlib.contextmanager
    def awaiting(self, moment: int) -> Iterator[None]:
        """A wait of this thread for a moment of `monotonic`; time stops there until the wait is over."""
        with self._guard:
            place = self._free.pop() if self._free else 0
        if not place:  # more threads wait than a record has room for: this one may see its moment late
            yield
            return
        self._cells[place] = moment
        try:
            yield
        finally:
            self._cells[place] = 0
            with self._guard:
                self._free.append(place)
