"""What a process does, counted step by step, and its death by SIGKILL at the step that was named.

The steps of a kind are numbered from 1, all threads together, so that a run of one thread dies at the same place each
time. There are two to each thing that is done: one before it, one after it.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import msgspec

CALL = "call"
"""A function of the packages that are watched is called, or returns."""
REQUEST = "request"
"""Bytes are sent into a socket, or the first of an answer are received."""
STATEMENT = "statement"
"""A SQLite statement, BEGIN and COMMIT included."""
FILE = "file"
"""A file is written, flushed, renamed, locked, removed; standard output included."""
KINDS = (CALL, REQUEST, STATEMENT, FILE)

_C_FUNCTIONS = {
    **dict.fromkeys(("socket.connect", "socket.send", "socket.sendall", "socket.recv", "socket.recv_into"), REQUEST),
    **dict.fromkeys((f"{at}.{do}" for at in ("Connection", "Cursor") for do in ("execute", "executemany")), STATEMENT),
    **dict.fromkeys(("Connection.commit", "Connection.close"), STATEMENT),
    **dict.fromkeys((f"{of}.write" for of in ("BufferedWriter", "BufferedRandom", "FileIO", "TextIOWrapper")), FILE),
    **dict.fromkeys(("BufferedWriter.flush", "TextIOWrapper.flush", "flock", "lockf", "open"), FILE),
    **dict.fromkeys(("fsync", "rename", "replace", "unlink", "remove", "mkdir", "rmdir", "write", "truncate"), FILE),
}


class Death(msgspec.Struct, frozen=True, omit_defaults=True):
    """Before the process goes on behind the ``at``-th step of a ``kind``, or, when ``then`` is given, the ``then``-th
    call after that.
    """

    kind: str
    at: int
    then: int = 0


class Steps(msgspec.Struct, frozen=True):
    """Counts the steps of the process in which it is called, from then on, in all threads that begin later. What it
    gives, ends that, and writes the numbers by kind into ``file``, as JSON.

    packages: whose functions are counted.
    """

    file: Path
    packages: tuple[str, ...]
    death: Death | None = None

    def __call__(self) -> Callable[[], None]:
        """Begin."""
        counting = _Counting(self)
        threading.setprofile(counting.saw)
        sys.setprofile(counting.saw)
        return counting.end


class _Counting:
    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._death = steps.death
        self._counters: dict[str, Iterator[int]] = {kind: itertools.count(1) for kind in KINDS}
        self._watched: dict[CodeType, bool] = {}
        self._sent = False

    def end(self) -> None:
        sys.setprofile(None)
        threading.setprofile(None)
        counts = {kind: next(counter) - 1 for kind, counter in self._counters.items()}
        self._steps.file.write_bytes(msgspec.json.encode(counts))

    def saw(self, frame: FrameType, event: str, argument: Any) -> None:  # noqa: ANN401 - what sys.setprofile hands over
        if event in {"call", "return"}:
            code = frame.f_code
            watched = self._watched.get(code)
            if watched is None:
                name = frame.f_globals.get("__name__", "")
                watched = self._watched[code] = name.partition(".")[0] in self._steps.packages
            if watched:
                self._step(CALL)
        elif event != "c_exception":
            kind = _C_FUNCTIONS.get(argument.__qualname__)
            if kind is not None and (kind != REQUEST or self._counts(argument.__name__, event)):
                self._step(kind)

    def _counts(self, name: str, event: str) -> bool:
        """An answer comes in one piece or in several: the first counts."""
        if not name.startswith("recv"):
            self._sent = True
            return True
        first = self._sent
        self._sent = first and event == "c_call"
        return first

    def _step(self, kind: str) -> None:
        number = next(self._counters[kind])
        death = self._death
        if death is not None and kind == death.kind and number == death.at:
            if not death.then:
                os.kill(os.getpid(), signal.SIGKILL)
            self._death = Death(CALL, next(self._counters[CALL]) + death.then)
