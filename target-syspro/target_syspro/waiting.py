"""Rows that wait on disk until the input has ended."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec

_IN_MEMORY = 4 * 1024 * 1024


class Row(NamedTuple):
    """A record. key: its key text in the trail. place: the texts of the object's key. values: texts by column, in the
    order of the columns; None: the record is to be deleted. raw: as it came.
    """

    key: str
    place: tuple[str, ...]
    values: tuple[str, ...] | None
    raw: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Row).decode


class Waiting:
    """A queue of rows, in the order in which they came."""

    def __init__(self, folder: Path) -> None:
        self.rows = 0
        # Closed by `close`, not by a block: it lives as long as the run.
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(folder))  # noqa: SIM115

    def add(self, row: Row) -> None:
        """One more."""
        self._file.write(_encode(row) + b"\n")
        self.rows += 1

    def blocks(self, size: int) -> Iterator[list[Row]]:
        """All rows, `size` at once."""
        self._file.seek(0)
        lines = iter(self._file)
        while some := list(islice(lines, size)):
            yield list(map(_decode, some))

    def close(self) -> None:
        """Let go of them."""
        self._file.close()
