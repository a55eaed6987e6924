"""The steps of a process, seen from within, and the signal that it gives itself at one of them.

Nothing here knows the plugins: requests are seen in `http.client`, all else by the interpreter. In a process with
several threads the order in which they come to a step is the machine's; all else follows from the input.
"""

from __future__ import annotations

import http.client
import mmap
import os
import re
import signal
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from chaos.world.acts import Act, Request, Step
from chaos.world.counting import KINDS, Counting, Kind
from testkit.forked import PRODUCT

_ACTS = len(KINDS)


class Steps:
    """A file that says how far a process came, also when it was killed: its steps by kind, and the acts that it met."""

    def __init__(self, path: Path) -> None:
        size = 8 * (len(KINDS) + 1)
        if not path.exists():
            path.write_bytes(bytes(size))
        with path.open("r+b") as file:
            self._cells = memoryview(mmap.mmap(file.fileno(), size)).cast("q")

    @property
    def counts(self) -> Mapping[Kind, int]:
        """Steps by kind, where they were counted."""
        return {kind: self._cells[place] for place, kind in enumerate(KINDS)}

    @property
    def acts(self) -> int:
        """Acts that the process has met."""
        return self._cells[_ACTS]

    def came(self, kind: Kind, number: int) -> None:
        """The process is at this step."""
        self._cells[KINDS.index(kind)] = number

    def meet(self, act: Act) -> None:
        """The signal of an act, from the process to itself."""
        self._cells[_ACTS] += 1
        os.kill(os.getpid(), signal.Signals[act.does])


def arm(acts: Sequence[Act], steps: Steps, *, counted: bool) -> None:
    """See the steps of this process, and signal it at those that the acts name."""
    requests = [(act, act.at) for act in acts if isinstance(act.at, Request)]
    named = {(act.at.kind, act.at.nth): act for act in acts if isinstance(act.at, Step)}
    if requests:
        _watch_requests(requests, steps)
    if named or counted:
        _count(named, steps)


def _count(acts: Mapping[tuple[Kind, int], Act], steps: Steps) -> None:
    def met(kind: Kind, number: int) -> None:
        steps.came(kind, number)
        if act := acts.get((kind, number)):
            steps.meet(act)

    Counting(PRODUCT, met).begin()


def _watch_requests(wanted: Sequence[tuple[Act, Request]], steps: Steps) -> None:
    connection = http.client.HTTPConnection
    put, receive = connection.putrequest, connection.getresponse
    waiting = [(act, at, re.compile(at.path), count(1)) for act, at in wanted]

    def putrequest(self: http.client.HTTPConnection, method: str, url: str, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as http.client's
        met = [
            (act, at)
            for act, at, path, counter in waiting
            if (not at.method or at.method == method) and path.search(url) and next(counter) == at.nth
        ]
        self._met = met  # type: ignore[attr-defined] # ours, on their object: a connection has one request at a time
        _meet(met, "before")
        put(self, method, url, *args, **options)

    def getresponse(self: http.client.HTTPConnection) -> http.client.HTTPResponse:
        met = getattr(self, "_met", [])
        _meet(met, "sent")
        response = receive(self)
        _meet(met, "answered")
        return response

    def _meet(met: Sequence[tuple[Act, Request]], when: str) -> None:
        for act, at in met:
            if at.when == when:
                steps.meet(act)

    connection.putrequest = putrequest  # type: ignore[method-assign]
    connection.getresponse = getresponse  # type: ignore[method-assign]
