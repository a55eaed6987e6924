"""The pipe between a tap and a target, with somebody who sees what goes through: as Meltano does it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

_CHUNK = 1 << 16
_RECORD = b'"type":"RECORD"'


class Pump:
    """Carries messages on, and keeps a copy of them.

    Args:
        source: descriptor of what the tap writes.
        sink: descriptor of what the target reads.
        copy: file for all that came.
        met: by number of records, what happens when so many have gone through; True ends the reading.
    """

    def __init__(self, source: int, sink: int, copy: Path, met: Mapping[int, Callable[[], bool]]) -> None:
        self._source = source
        self._sink = sink
        self._copy = copy
        self._met = met
        self._thread = threading.Thread(target=self._carry, name="pump", daemon=True)
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait until everything has gone through."""
        self._thread.join(seconds)

    def _carry(self) -> None:
        try:
            with self._copy.open("wb") as copy:
                for piece in self._pieces():
                    copy.write(piece)
                    copy.flush()
                    if not self._write(piece):
                        break
        finally:
            # The source first: a tap that is asked for more than anybody reads hears of it.
            os.close(self._source)
            os.close(self._sink)

    def _write(self, piece: bytes) -> bool:
        """Whether the target reads on."""
        try:
            while piece:
                piece = piece[os.write(self._sink, piece) :]
        except BrokenPipeError:
            return False
        return True

    def _pieces(self) -> Iterator[bytes]:
        """What came, cut where something happens."""
        if not self._met:
            while chunk := os.read(self._source, _CHUNK):
                yield chunk
            return
        records, rest = 0, b""
        while chunk := os.read(self._source, _CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield line + b"\n"
                if _RECORD in line[:100].replace(b" ", b""):
                    records += 1
                    if records in self._met and self._met[records]():
                        return
        yield rest
