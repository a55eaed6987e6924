"""What a process does, counted step by step: calls, requests, SQL statements, files.

The steps of a kind are numbered from 1, all threads together, so that a run of one thread comes to the same step at the
same place each time. There are two to each thing that is done: one before it, one after it. Threads that begin before
the counting are not seen.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from types import CodeType, FrameType
from typing import Any, Literal

Kind = Literal["call", "request", "statement", "file"]
CALL: Kind = "call"
"""A function of the packages that are watched is called, or returns."""
REQUEST: Kind = "request"
"""Bytes are sent into a socket, or the first of an answer are received."""
STATEMENT: Kind = "statement"
"""A SQLite statement, BEGIN and COMMIT included."""
FILE: Kind = "file"
"""A file is written, flushed, renamed, locked, removed; standard output included."""
KINDS: tuple[Kind, ...] = (CALL, REQUEST, STATEMENT, FILE)

_C_FUNCTIONS: dict[str, Kind] = {
    **dict.fromkeys(("socket.connect", "socket.send", "socket.sendall", "socket.recv", "socket.recv_into"), REQUEST),
    **dict.fromkeys((f"{at}.{do}" for at in ("Connection", "Cursor") for do in ("execute", "executemany")), STATEMENT),
    **dict.fromkeys(("Connection.commit", "Connection.close"), STATEMENT),
    **dict.fromkeys((f"{of}.write" for of in ("BufferedWriter", "BufferedRandom", "FileIO", "TextIOWrapper")), FILE),
    **dict.fromkeys(("BufferedWriter.flush", "TextIOWrapper.flush", "flock", "lockf", "open"), FILE),
    **dict.fromkeys(("fsync", "rename", "replace", "unlink", "remove", "mkdir", "rmdir", "write", "truncate"), FILE),
}


class Counting:
    """Counts the steps of this process in all threads that begin later, from `begin` to `end`.

    Args:
        packages: whose functions are counted.
        met: called at each step, with its kind and number.
    """

    def __init__(self, packages: Collection[str], met: Callable[[Kind, int], None]) -> None:
        self._packages = packages
        self._met = met
        self._counters: dict[Kind, Iterator[int]] = {kind: itertools.count(1) for kind in KINDS}
        self._watched: dict[CodeType, bool] = {}
        self._sent = False

    def begin(self) -> None:
        """From here on."""
        threading.setprofile(self._saw)
        sys.setprofile(self._saw)

    def end(self) -> dict[Kind, int]:
        """No longer; how many there were."""
        sys.setprofile(None)
        threading.setprofile(None)
        return {kind: next(counter) - 1 for kind, counter in self._counters.items()}

    def _saw(self, frame: FrameType, event: str, argument: Any) -> None:  # noqa: ANN401 - what sys.setprofile hands over
        if event in {"call", "return"}:
            code = frame.f_code
            watched = self._watched.get(code)
            if watched is None:
                name = frame.f_globals.get("__name__", "")
                watched = self._watched[code] = name.partition(".")[0] in self._packages
            if watched:
                self._met(CALL, next(self._counters[CALL]))
        elif event != "c_exception":
            kind = _C_FUNCTIONS.get(argument.__qualname__)
            if kind is not None and (kind != REQUEST or self._counts(argument.__name__, event)):
                self._met(kind, next(self._counters[kind]))

    def _counts(self, name: str, event: str) -> bool:
        """An answer comes in one piece or in several: the first counts."""
        if not name.startswith("recv"):
            self._sent = True
            return True
        first = self._sent
        self._sent = first and event == "c_call"
        return first
