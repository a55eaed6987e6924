"""What was downloaded, on disk and compressed until all of it is there.

No record leaves before the last byte has come, so a broken download leaves none behind, and a model's lock isn't held
while a slow target takes the records.
"""

from __future__ import annotations

import gzip
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import BinaryIO, cast

from typing_extensions import Self

from connector_kit.anaplan.delimited import csv_rows

_HEAD = 1 << 20
"""Bytes of the first page among which its header is looked for."""


class Spool:
    """A file without a name, gone with the process. A context manager.

    Args:
        folder: where it lies; the temporary files by default.
    """

    def __init__(self, folder: str | None = None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `close`
        self._writer: gzip.GzipFile | None = None
        self._header: bytes | None = None
        self.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the disk space back."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._file.close()

    def clear(self) -> None:
        """Forget what it has."""
        if self._writer is not None:
            self._writer.close()
        self._file.seek(0)
        self._file.truncate()
        self._writer = gzip.GzipFile(fileobj=self._file, mode="wb", compresslevel=1, mtime=0)
        self._header = None

    def add_chunk(self, body: bytes) -> None:
        """A piece of a file, cut anywhere."""
        self._out().write(body)

    def add_page(self, body: bytes) -> None:
        """A page of whole rows; a header that a later page repeats is left out."""
        if self._header is None:
            self._header = _first_record(body)
        elif self._header.strip() and body.startswith(self._header):
            body = body[len(self._header) :]
        out = self._out()
        out.write(body)
        if body and not body.endswith(b"\n"):
            out.write(b"\n")

    @contextmanager
    def reading(self) -> Iterator[BinaryIO]:
        """The bytes from the first one; nothing can be added any more."""
        self._out().close()
        self._writer = None
        self._file.seek(0)
        with gzip.GzipFile(fileobj=self._file, mode="rb") as stream:
            yield cast("BinaryIO", stream)

    def _out(self) -> gzip.GzipFile:
        if self._writer is None:
            raise ValueError("a spool that is read takes nothing more")
        return self._writer


def _first_record(page: bytes) -> bytes:
    """The bytes of the first record of a page in UTF-8: several lines where a quoted name has line breaks."""
    lines = page[:_HEAD].splitlines(keepends=True)
    reader = csv_rows(io.StringIO(page[:_HEAD].decode("utf-8", "replace"), newline=""))
    next(reader, None)
    return b"".join(lines[: reader.line_num])
