"""Upload files on disk: lines compressed into gzip chunks by a thread while the next records are mapped."""

from __future__ import annotations

import csv
import gzip
import io
import queue
import shutil
import sys
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, TextIO, cast

import msgspec

from connector_kit.anaplan.delimited import csv_rows
from connector_kit.anaplan.files import ChunkFile
from connector_kit.errors import UnavailableError
from connector_kit.private_files import private_folder
from connector_kit.threads import thread
from target_anaplan.rows import FileFormat

_LEVEL = 1  # the network is quicker than a higher level
_NO_NUL = sys.version_info < (3, 11)  # until then the csv module reads no line with a NUL
_NUL = "\U0010fffe"  # stands for one meanwhile: a code point that is no character and will never be
_WAITING = 3  # blocks between the mapping and the compressing thread: memory stays flat


class Worker:
    """One thread that does jobs in their order; what goes wrong in it is raised at the next call.

    `place`: the folder that it writes to, for messages.
    """

    def __init__(self, place: Path | None = None) -> None:
        self._place = place
        self._jobs: queue.Queue[Callable[[], None] | None] = queue.Queue(_WAITING)
        self._error: Exception | None = None
        self._thread = thread(self._work, name="spool")
        self._thread.start()

    def do(self, job: Callable[[], None]) -> None:
        """Queue a job; waits while the queue is full."""
        self._check()
        self._jobs.put(job)

    def wait(self) -> None:
        """Return when everything that was queued is done."""
        self._jobs.join()
        self._check()

    def stop(self) -> None:
        """End the thread after what is queued."""
        self._jobs.put(None)
        self._thread.join()

    def _check(self) -> None:
        if self._error is not None:
            error, self._error = self._error, None
            if not isinstance(error, OSError):
                raise error
            raise UnavailableError(
                system="target-anaplan",
                subject="spool on disk",
                got=error.strerror or str(error),
                hint=f"Check the free space of spool_dir{f' ({self._place})' if self._place else ''}.",
            ) from error

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                if job is None:
                    return
                if self._error is None:
                    job()
            except Exception as error:  # whatever it is goes to the caller, who would wait for this thread for ever
                self._error = error
            finally:
                self._jobs.task_done()


class SpoolDir:
    """The folders of a run's files, below `path`, which is this run's alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._files = 0

    def next_folder(self) -> Path:
        """A new folder for one file's chunks."""
        self._files += 1
        return self.path / f"{self._files:05d}"


class KeyFile:
    """The key texts of a file's rows beside it on disk: of the few rows that are refused, the key is wanted."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._starts: list[int] = []
        self._places: list[tuple[int, int]] = []
        self._size = 0
        self._at = -1
        self._keys: list[str] = []

    def append(self, first: int, keys: Sequence[str]) -> None:
        """The keys of the rows from number `first`."""
        data = zlib.compress(msgspec.json.encode(keys), _LEVEL)
        with self._path.open("ab") as file:
            file.write(data)
        self._starts.append(first)
        self._places.append((self._size, len(data)))
        self._size += len(data)

    def __getitem__(self, row: int) -> str:
        at = bisect_right(self._starts, row) - 1
        if at != self._at:
            offset, size = self._places[at]
            with self._path.open("rb") as file:
                file.seek(offset)
                self._keys = msgspec.json.decode(zlib.decompress(file.read(size)), type=list[str])
            self._at = at
        return self._keys[row - self._starts[at]]


class Spool:
    """One upload file. `write` blocks of lines, `seal` it, hand out `chunks`, `remove` it."""

    def __init__(self, folder: Path, form: FileFormat, worker: Worker, chunk_bytes: int) -> None:
        self.form = form
        self.rows = 0
        self.worker = worker
        self._folder = folder
        self._chunk_bytes = chunk_bytes
        self._chunks: list[ChunkFile] = []
        self._file: BinaryIO | None = None
        self._gzip: zlib._Compress | None = None
        self._size = 0
        self._keys = KeyFile(folder / "keys")
        private_folder(folder)
        preamble = form.mark + form.preamble()
        worker.do(lambda: self._append(preamble))

    def write(self, lines: Sequence[str], keys: Sequence[str]) -> None:
        """Append rows, each a line without its end, with their key texts."""
        if not lines:
            return
        first = self.rows
        self.rows += len(lines)
        self.worker.do(lambda: self._append("\n".join(lines) + "\n"))
        self.worker.do(lambda: self._keys.append(first, keys))

    def key(self, row: int) -> str:
        """The key text of a row, by its number from 0, of a sealed file."""
        self.worker.wait()
        return self._keys[row]

    def seal(self) -> None:
        """No more rows."""
        self.worker.do(self._cut)

    @property
    def chunks(self) -> list[ChunkFile]:
        """The chunks of a sealed file, in order."""
        self.worker.wait()
        return self._chunks

    def read_rows(self) -> Iterator[list[str]]:
        """The rows of a sealed file as they were written, without the preamble."""
        text = cast("TextIO", io.TextIOWrapper(_Joined(self.chunks), encoding=self.form.codec, newline=""))
        with text:
            text.read(len(self.form.mark))
            for _ in range(max(self.form.first_data_row - 1, 0)):
                text.readline()
            lines = _without_nul(text) if _NO_NUL else text
            if self.form.delimiter:
                rows = csv_rows(lines, delimiter=self.form.separator, quotechar=self.form.delimiter)
            else:
                rows = csv_rows(lines, delimiter=self.form.separator, quoting=csv.QUOTE_NONE)
            yield from map(_with_nul, rows) if _NO_NUL else rows

    def remove(self) -> None:
        """The file's folder, when nobody needs it any more."""
        self.worker.do(lambda: shutil.rmtree(self._folder, ignore_errors=True))

    def _append(self, text: str) -> None:
        data = text.encode(self.form.codec)
        if self._file is None or self._gzip is None:
            path = self._folder / f"{len(self._chunks):05d}.gz"
            self._file, self._gzip = path.open("wb"), zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
            self._chunks.append(ChunkFile(path))
        self._file.write(self._gzip.compress(data))
        self._size += len(data)
        if self._size >= self._chunk_bytes:
            self._cut()

    def _cut(self) -> None:
        if self._file is not None and self._gzip is not None:
            with self._file as file:
                file.write(self._gzip.flush())
        self._file, self._gzip, self._size = None, None, 0


def _without_nul(lines: Iterable[str]) -> Iterator[str]:
    return (line.replace("\0", _NUL) if "\0" in line else line for line in lines)


def _with_nul(cells: list[str]) -> list[str]:
    return [cell.replace(_NUL, "\0") for cell in cells]


class _Joined(io.RawIOBase):
    """The uncompressed bytes of several gzip files, one after the other."""

    def __init__(self, chunks: list[ChunkFile]) -> None:
        self._parts = iter(chunks)
        self._current: gzip.GzipFile | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any writable buffer, as the io module passes it
        while True:
            if self._current is None:
                part = next(self._parts, None)
                if part is None:
                    return 0
                self._current = gzip.open(part.path, "rb")  # noqa: SIM115 - closed at its end below
            if count := self._current.readinto(buffer):
                return int(count)
            self._current.close()
            self._current = None
