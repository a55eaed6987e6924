"""Files of a model: upload in chunks, download in chunks.

Sources: Anaplan help, "Upload files" (chunks of 1 to 50 MB before compression, at most 1,000 per file, chunk count
first); behaviour of the integration API as the community OpenAPI specification and Anaplan Connect show it: 204 for
a chunk, gzip per chunk, any order when the count was told, `complete` when it was not.
"""

from __future__ import annotations

import gzip
import logging
from collections import deque
from collections.abc import Iterable, Iterator, Sequence, Sized
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import requests

from connector_kit.anaplan.errors import SYSTEM
from connector_kit.anaplan.reading import mapping, text
from connector_kit.anaplan.transport import Transport, WholeLines, read_bytes, read_json_or_nothing
from connector_kit.errors import NotFoundError, RefusedError, UnavailableError
from connector_kit.http import Unreadable
from connector_kit.numerals import whole
from connector_kit.threads import ThreadPool

log = logging.getLogger(__name__)

MAX_CHUNKS = 1000
_COMPLETE_TIMEOUT = (15.0, 3600.0)
"""Seconds: `complete` on files of several gigabytes is known to take 15 to 40 minutes."""


class Chunk(Protocol):
    """A part of a file, gzipped, that can be read again when it has to be sent again."""

    def open(self) -> BinaryIO:
        """Its bytes from the first one."""


@dataclass(frozen=True, slots=True)
class ChunkFile:
    """A chunk on disk."""

    path: Path

    def open(self) -> BinaryIO:
        """Its bytes from the first one."""
        return self.path.open("rb")


@dataclass(frozen=True, slots=True)
class Upload:
    """What was confirmed: chunks and their compressed bytes."""

    file_id: str
    chunks: int
    bytes_sent: int


@dataclass(frozen=True, slots=True)
class _File:
    transport: Transport
    path: str
    id: str
    what: str


def upload(
    transport: Transport, path: str, file_id: str, what: str, chunks: Iterable[Chunk], *, parallel: int = 4
) -> Upload:
    """Replace the content of a file; returns when the server has confirmed every chunk.

    The number of chunks is told first when `chunks` has a length; otherwise (a generator that still writes them)
    the server is told that it is unknown and, at the end, that the file is complete.

    Args:
        transport: to the API.
        path: of the model's files, e.g. "/workspaces/…/models/…/files".
        file_id: an existing file.
        what: the file in messages.
        chunks: gzipped, in the file's order; cut anywhere.
        parallel: how many are on their way at once; each is in memory while it is.

    Raises:
        RefusedError: nothing to upload, or more than 1,000 chunks.
        NotFoundError: Anaplan does not know the file.
        ConnectorError: a chunk that failed for good, named; the rest is not sent, and the file is left incomplete,
            which no import accepts.
    """
    file = _File(transport, f"{path}/{file_id}", file_id, what)
    count = len(chunks) if isinstance(chunks, Sized) else None
    if count is not None:
        _check_count(count, what)
    _announce(file, count)
    sent = _send(file, chunks, count, parallel)
    if count is None:
        _check_count(len(sent), what)
        _complete(file)
    if count is not None and len(sent) != count:
        raise UnavailableError(
            system=SYSTEM,
            subject=what,
            expected=f"{count} confirmed chunks",
            got=str(len(sent)),
            hint="The spooled chunks changed while they were sent: run again.",
        )
    log.debug("%s: %d chunks confirmed, %d bytes", what, len(sent), sum(sent.values()))
    return Upload(file_id, len(sent), sum(sent.values()))


def still_holds(transport: Transport, path: str, file_id: str, what: str, chunks: Sequence[Chunk]) -> bool | None:
    """Whether a file still ends as what was uploaded into it does; None when it can't be read back.

    Any other client of the same user may upload into the file, and an import reads what was uploaded last. Its last
    chunk is compared, where shorter or longer rows before it show too. That a file is given back byte for byte is known
    from the live tests of the public client anaplan-sdk; at most 10 MB are read.
    """
    try:
        listed = transport.all(f"{path}/{file_id}/chunks", "chunks", what=f"{what}, chunks")
        ids = sorted((text(chunk.get("id")) for chunk in listed), key=lambda one: (len(one), one))[-1:]
        body = b"".join(chunk_bodies(transport, f"{path}/{file_id}/chunks", ids, what))
    except (NotFoundError, RefusedError, UnavailableError) as error:
        log.warning("%s. What was uploaded can't be read back and compared.", error)
        return None
    if not body:
        return None
    return _end(chunks, len(body)) == body


def _end(chunks: Sequence[Chunk], size: int) -> bytes:
    """The last bytes of a file before compression."""
    parts: list[bytes] = []
    for chunk in reversed(chunks):
        with chunk.open() as stream:
            parts.append(gzip.decompress(stream.read()))
        if sum(map(len, parts)) >= size:
            break
    return b"".join(reversed(parts))[-size:]


def download(transport: Transport, path: str, file_id: str, what: str) -> Iterator[bytes]:
    """The content of a text file, chunk by chunk as the server cuts it.

    Raises:
        NotFoundError: no such file, or it has no content for this user.
    """
    listed = transport.all(f"{path}/{file_id}/chunks", "chunks", what=f"{what}, chunks")
    if not listed:
        raise NotFoundError(
            system=SYSTEM,
            subject=what,
            got="a file without content",
            hint="Run the export first, as the same user: what it writes is private and kept for 48 hours.",
        )
    ids = [text(chunk.get("id")) for chunk in listed]
    return _to_its_end(transport, f"{path}/{file_id}/chunks", ids, what)


def _to_its_end(transport: Transport, path: str, ids: list[str], what: str) -> Iterator[bytes]:
    """The chunks, and a look behind the last one: a list may say less than there is."""
    yield from chunk_bodies(transport, path, ids, what)
    last = whole(ids[-1])
    if last is not None:
        transport.check_end(f"{path}/{last + 1}", what=f"{what}, behind chunk {len(ids)}")


def chunk_bodies(transport: Transport, path: str, ids: list[str], what: str) -> Iterator[bytes]:
    """The bodies of listed chunks of a text, one at a time."""
    for number, chunk_id in enumerate(ids, start=1):
        yield transport.request(
            "GET",
            f"{path}/{chunk_id}",
            what=f"{what}, chunk {number} of {len(ids)}",
            read=WholeLines() if number == len(ids) else read_bytes,
            headers={"Accept": "application/octet-stream"},
        )


def _check_count(count: int, what: str) -> None:
    if count == 0:
        raise RefusedError(
            system=SYSTEM,
            subject=what,
            expected="at least one chunk",
            got="none",
            hint="Without an upload the import would read what was uploaded before.",
        )
    if count > MAX_CHUNKS:
        raise RefusedError(
            system=SYSTEM,
            subject=what,
            expected=f"at most {MAX_CHUNKS} chunks",
            got=str(count),
            hint="Raise chunk_size_mb (up to 50), or lower batch_rows.",
        )


def _announce(file: _File, count: int | None) -> None:
    answer = file.transport.request(
        "POST",
        file.path,
        what=f"{file.what}, chunk count",
        read=read_json_or_nothing,
        json={"chunkCount": -1 if count is None else count},
        repeatable=True,
    )
    known = text(mapping(answer.get("file")).get("id"))
    if known and known != file.id:
        raise NotFoundError(
            system=SYSTEM,
            subject=file.what,
            expected=f"file {file.id}",
            got=f"a new file {known}",
            hint="Anaplan makes a new file when it does not know the id: choose an import whose file exists.",
        )


def _send(file: _File, chunks: Iterable[Chunk], count: int | None, parallel: int) -> dict[int, int]:
    """Bytes sent by chunk number, of every chunk; the first failure ends it."""
    sent: dict[int, int] = {}
    under_way: deque[tuple[int, Future[int]]] = deque()
    executor = ThreadPool(max_workers=max(1, parallel), thread_name_prefix="anaplan-upload")
    try:
        for index, chunk in enumerate(chunks):
            if index >= MAX_CHUNKS:
                _check_count(index + 1, file.what)
            if len(under_way) >= parallel:
                done, future = under_way.popleft()
                sent[done] = future.result()
            under_way.append((index, executor.submit(_put, file, index, count, chunk)))
        while under_way:
            done, future = under_way.popleft()
            sent[done] = future.result()
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
    return sent


def _put(file: _File, index: int, count: int | None, chunk: Chunk) -> int:
    with chunk.open() as stream:
        body = stream.read()
    of = f" of {count}" if count is not None else ""
    return file.transport.request(
        "PUT",
        f"{file.path}/chunks/{index}",
        what=f"{file.what}, chunk {index + 1}{of}",
        read=lambda response: _confirmed(response, len(body)),
        data=body,
        headers={"Content-Type": "application/x-gzip"},
    )


def _confirmed(response: requests.Response, size: int) -> int:
    if response.status_code != 204:
        raise Unreadable("expected 204 for a chunk")
    return size


def _complete(file: _File) -> None:
    file.transport.request(
        "POST",
        f"{file.path}/complete",
        what=f"{file.what}, complete",
        read=read_json_or_nothing,
        json={"id": file.id},
        repeatable=True,
        timeout=_COMPLETE_TIMEOUT,
    )
