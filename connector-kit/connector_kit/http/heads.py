"""The head of an answer, in time: status line and headers may not drip for ever.

A timeout of sockets is about each piece alone, and http.client waits for lines.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import Any

from typing_extensions import Buffer, override

WHOLE_ANSWER = 4
"""How many times the longest pause between bytes an answer may take: its head, and its body."""


class TimedResponse(http.client.HTTPResponse):
    """As http.client's; `begin` raises TimeoutError when the head takes longer than `seconds`."""

    def __init__(self, sock: socket.socket, *arguments: Any, seconds: float, **options: Any) -> None:  # noqa: ANN401
        super().__init__(sock, *arguments, **options)
        self._timed = _Timed(self.fp.detach(), time.monotonic() + seconds)
        self.fp = io.BufferedReader(self._timed)

    @override
    def begin(self) -> None:
        super().begin()
        self._timed.until = None


class _Timed(io.RawIOBase):
    """Reads from `raw`, until the moment `until` (monotonic)."""

    def __init__(self, raw: io.RawIOBase, until: float | None) -> None:
        super().__init__()
        self._raw = raw
        self.until = until

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Buffer, /) -> int | None:
        if self.until is not None and time.monotonic() > self.until:
            raise TimeoutError("its headers were not whole in time")
        return self._raw.readinto(buffer)

    @override
    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()
