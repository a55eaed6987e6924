"""The steps of a process, counted within it: its requests, its calls; and the signal that it gets at one of them.

Nothing here knows the plugins: requests are seen in `http.client`, calls by the interpreter. In a process with several
threads the order in which they come to a step is the machine's; all else follows from the input.
"""

from __future__ import annotations

import http.client
import mmap
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from chaos.world.acts import Act, Call, Request

_CALLS, _ACTS = 0, 1
_OURS = ("connector_kit", "tap_", "target_")


class Steps:
    """A file that says how far a process came, also when it was killed: its calls, and the acts that it met."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(16))
        with path.open("r+b") as file:
            self._cells = memoryview(mmap.mmap(file.fileno(), 16)).cast("q")

    @property
    def calls(self) -> int:
        """Calls of the plugins' functions, where they are counted."""
        return self._cells[_CALLS]

    @calls.setter
    def calls(self, number: int) -> None:
        self._cells[_CALLS] = number

    @property
    def acts(self) -> int:
        """Acts that the process has met."""
        return self._cells[_ACTS]

    def meet(self, act: Act) -> None:
        """The signal of an act, from the process to itself."""
        self._cells[_ACTS] += 1
        os.kill(os.getpid(), signal.Signals[act.does])


def arm(acts: Sequence[Act], steps: Steps, *, counted: bool) -> None:
    """Count the steps of this process, and signal it at those that the acts name."""
    requests = [(act, act.at) for act in acts if isinstance(act.at, Request)]
    calls = {act.at.nth: act for act in acts if isinstance(act.at, Call)}
    if requests:
        _watch_requests(requests, steps)
    if calls or counted:
        _count_calls(calls, steps)


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


def _count_calls(acts: dict[int, Act], steps: Steps) -> None:
    numbers = count(1)

    def called() -> None:
        number = next(numbers)
        steps.calls = number
        if number in acts:
            steps.meet(acts[number])

    _on_calls(called)


if sys.version_info >= (3, 12):

    def _on_calls(called: Callable[[], None]) -> None:
        monitoring = sys.monitoring
        roots = tuple(f"{os.sep}{name}" for name in _OURS)

        def started(code: CodeType, _: int) -> object:
            if "<" in code.co_name or not any(root in code.co_filename for root in roots):
                return monitoring.DISABLE
            called()
            return None

        monitoring.use_tool_id(monitoring.PROFILER_ID, "chaos")
        monitoring.register_callback(monitoring.PROFILER_ID, monitoring.events.PY_START, started)
        monitoring.set_events(monitoring.PROFILER_ID, monitoring.events.PY_START)

else:

    def _on_calls(called: Callable[[], None]) -> None:
        known: dict[CodeType, bool] = {}

        def profile(frame: FrameType, event: str, _: object) -> None:
            if event == "call":
                code = frame.f_code
                ours = known.get(code)
                if ours is None:
                    module = frame.f_globals.get("__name__", "")
                    ours = known[code] = module.startswith(_OURS) and "<" not in code.co_name
                if ours:
                    called()

        threading.setprofile(profile)
        sys.setprofile(profile)
