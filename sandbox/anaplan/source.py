"""Rows of an uploaded file, streamed from its chunks on disk."""

from __future__ import annotations

import csv
import io
import sys
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sandbox.anaplan.schema import FileDefinition

csv.field_size_limit(sys.maxsize)
_NO_NUL = sys.version_info < (3, 11)  # until then the csv module reads no line with a NUL
_NUL, _NEVER = "\U0010fffe", "\U0010ffff"  # no characters, so in no text: one stands for a NUL, one for no separator
_CODECS = {"UTF-8": "utf-8", "UTF-16LE": "utf-16-le", "UTF-16BE": "utf-16-be", "ISO-8859-1": "iso-8859-1"}


class Malformed(list[str]):
    """A row that cannot be split into fields: what there is of it, and the row-level message type and words."""

    def __init__(self, fields: Sequence[str], type_: str, text: str) -> None:
        super().__init__(fields)
        self.type = type_
        self.text = text


class _Chunks(io.RawIOBase):
    """Several files read one after the other."""

    def __init__(self, paths: Sequence[Path]) -> None:
        super().__init__()
        self._rest = iter(paths)
        self._open: io.BufferedReader | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # io hands over a writable buffer
        while True:
            if self._open is None:
                path = next(self._rest, None)
                if path is None:
                    return 0
                self._open = path.open("rb")
            count = self._open.readinto(view)
            if count:
                return count
            self._open.close()
            self._open = None

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None
        super().close()


class Source:
    """A delimited file. ``header`` are the header row's cells; iterate for (physical line, fields).

    Lines count from 1 and include the header; a record that spans several lines has the number of its first.
    Undecodable bytes become replacement characters.
    """

    def __init__(self, paths: Sequence[Path], settings: FileDefinition, *, strip_bom: bool) -> None:
        codec = _CODECS.get(settings.encoding.upper(), settings.encoding)
        raw = io.BufferedReader(_Chunks(paths), 1 << 20)
        self._text = io.TextIOWrapper(raw, codec, errors="replace", newline="")
        lines: Iterator[str] = iter(self._text)
        if strip_bom and codec.startswith("utf"):
            lines = chain((next(lines, "").removeprefix("\ufeff"),), lines)
        if _NO_NUL:
            lines = (line.replace("\0", _NUL) for line in lines)
        self._settings = settings
        self._rows = csv.reader(
            lines,
            delimiter=settings.separator or _NEVER,
            quotechar=settings.delimiter or None,
            quoting=csv.QUOTE_MINIMAL if settings.delimiter else csv.QUOTE_NONE,
            strict=True,
        )
        self.header: list[str] = []
        self._read_header()

    def _read_header(self) -> None:
        first = max(self._settings.first_data_row, 1)
        while self._rows.line_num < first - 1:
            line = self._rows.line_num + 1
            row = self._next()
            if row is None:
                break
            if line == self._settings.header_row:
                self.header = row

    def _next(self) -> list[str] | None:
        try:
            return next(self._rows)
        except StopIteration:
            return None
        except csv.Error as error:
            return _malformed(error)

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        rows = self._rows
        while True:
            line = rows.line_num + 1
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield line, _malformed(error)
                continue
            if row:
                yield line, [field.replace(_NUL, "\0") for field in row] if _NO_NUL else row

    def close(self) -> None:
        """Close the chunk files."""
        self._text.close()


def _malformed(error: csv.Error) -> Malformed:
    if "end of data" in str(error):
        return Malformed([], "unmatchedTextDelimiter", "Unmatched text delimiter")
    return Malformed([], "columnSeparatorExpected", "Column separator expected")
