"""Files: upload in chunks or whole, completion, download."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response, StreamingResponse

from sandbox.anaplan.call import ModelCall, Spec
from sandbox.anaplan.envelope import ApiError, collection, loosely_sorted, success
from sandbox.anaplan.files import MAX_CHUNK_BYTES, MAX_CHUNKS, UNKNOWN_COUNT, FileUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sandbox.anaplan.files import Content
    from sandbox.anaplan.schema import FileDefinition

_PIECE = 1 << 20
_SETTINGS = {
    "separator": "separator",
    "delimiter": "delimiter",
    "encoding": "encoding",
    "headerRow": "header_row",
    "firstDataRow": "first_data_row",
}


def _row(call: ModelCall, file: FileDefinition) -> dict[str, object]:
    count = call.model.files.chunk_count(call.user.id, file.id, admin=call.user.admin)
    row: dict[str, object] = {"id": str(file.id), "name": file.name, "chunkCount": count}
    row |= {"firstDataRow": file.first_data_row, "headerRow": file.header_row}
    if file.id not in call.model.actions["exports"]:
        row |= {
            "delimiter": file.delimiter,
            "encoding": file.encoding,
            "format": "txt",
            "separator": file.separator,
        }
    return row


def _file(call: ModelCall) -> FileDefinition:
    file = call.model.files.definitions.get(call.number("file_id"))
    if file is None:
        raise ApiError(404)
    return file


def _readable(call: ModelCall, file: FileDefinition) -> Content:
    return call.model.files.readable(call.user.id, file.id, admin=call.user.admin)


def _content(call: ModelCall, file: FileDefinition) -> Content:
    try:
        return _readable(call, file)
    except FileUnavailableError:
        raise ApiError(404) from None


async def files(call: ModelCall) -> Response:
    """All files, export outputs included."""
    rows = [_row(call, file) for file in call.model.files.definitions.values()]
    return collection(call.request, call.schema("file"), "files", loosely_sorted(call.request, rows), call.cap)


async def begin(call: ModelCall) -> Response:
    """Set the number of chunks, and parsing settings when given; an unknown id or name makes a new file."""
    body = await call.json(dict[str, str | int | None])
    store = call.model.files
    name = str(call.request.path_params["file_id"])
    file = store.definitions.get(int(name)) if name.isascii() and name.isdigit() else None
    if file is None:
        file = store.create(name)
    settings = {_SETTINGS[key]: value for key, value in body.items() if key in _SETTINGS and value is not None}
    for setting, value in settings.items():
        if isinstance(value, int) != (setting in {"header_row", "first_data_row"}):
            raise ApiError(400, f"Invalid value for '{setting}'")
    store.configure(file.id, settings)
    count = body.get("chunkCount")
    if isinstance(count, int):
        if not UNKNOWN_COUNT <= count <= MAX_CHUNKS:
            raise ApiError(int(call.switches.text("limit_status")), f"chunkCount must be -1 to {MAX_CHUNKS}")
        if count or call.switches.text("zero_chunks") == "empties":
            store.begin(call.user.id, file.id, count)
    row = _row(call, store.definitions[file.id])
    if isinstance(count, int):
        row["chunkCount"] = count
    return success(call.schema("file"), file=row)


async def _received(call: ModelCall) -> Path:
    """The request body on disk, streamed."""
    path = call.model.files.new_path()
    with path.open("wb") as target:
        async for piece in call.request.stream():
            target.write(piece)
    return path


def _inflate(source: Path, target: Path) -> bool:
    """Unpack a gzip file; False when it is none or incomplete."""
    inflater = zlib.decompressobj(wbits=31)
    try:
        with source.open("rb") as packed, target.open("wb") as plain:
            while piece := packed.read(_PIECE):
                plain.write(inflater.decompress(piece))
                while inflater.eof and inflater.unused_data:
                    rest, inflater = inflater.unused_data, zlib.decompressobj(wbits=31)
                    plain.write(inflater.decompress(rest))
    except zlib.error:
        return False
    return inflater.eof


async def put_chunk(call: ModelCall) -> Response:
    """One chunk, raw or gzipped; chunks may come in any order and at the same time."""
    file, number = _file(call), call.number("chunk_id")
    content = call.model.files.private(call.user.id, file.id)
    path = await _received(call)
    if content is None:
        path.unlink()
        raise ApiError(400, "Set the chunk count before uploading chunks")
    if number >= (MAX_CHUNKS if content.declared == UNKNOWN_COUNT else content.declared):
        path.unlink()
        raise ApiError(400, f"Chunk {number} is beyond the chunk count")
    if call.request.headers.get("content-type", "").startswith("application/x-gzip"):
        path = await _unpacked(call, path)
    if path.stat().st_size > MAX_CHUNK_BYTES:
        path.unlink()
        raise ApiError(int(call.switches.text("limit_status")), "A chunk may have 50 MB at most")
    call.model.files.put_chunk(content, number, path)
    return Response(status_code=204)


async def _unpacked(call: ModelCall, packed: Path) -> Path:
    plain = call.model.files.new_path()
    good = await run_in_threadpool(_inflate, packed, plain)
    packed.unlink()
    if not good:
        plain.unlink()
        raise ApiError(400, "The chunk is not valid gzip")
    return plain


async def put_whole(call: ModelCall) -> Response:
    """A small file in one call, not compressed."""
    file = _file(call)
    if call.request.headers.get("content-type", "").startswith("application/x-gzip"):
        raise ApiError(415)
    call.model.files.publish(call.user.id, file.id, [await _received(call)])
    return Response(status_code=204)


async def complete(call: ModelCall) -> Response:
    """End an upload of unknown length."""
    file = _file(call)
    await call.json(dict[str, object])
    content = call.model.files.private(call.user.id, file.id)
    if content is None:
        raise ApiError(404)
    await call.tenant.clock.sleep(call.switches.seconds("complete_seconds"))
    content.completed = True
    return success(call.schema("file"), file={**_row(call, file), "chunkCount": len(content.chunks)})


async def discard(call: ModelCall) -> Response:
    """Remove the caller's own content."""
    call.model.files.discard(call.user.id, _file(call).id)
    return Response(status_code=204)


async def get_whole(call: ModelCall) -> Response:
    """The whole content."""
    paths = _content(call, _file(call)).present()
    if not paths:
        raise ApiError(404)
    return StreamingResponse(_pieces(paths), media_type="application/octet-stream")


def _pieces(paths: Sequence[Path]) -> Iterator[bytes]:
    for path in paths:
        with path.open("rb") as source:
            while piece := source.read(_PIECE):
                yield piece


async def chunks(call: ModelCall) -> Response:
    """The chunks that are there; a file without content has none (200, probed live)."""
    file = _file(call)
    try:
        numbers = sorted(_readable(call, file).chunks)
    except FileUnavailableError:
        numbers = []
    rows = [{"id": str(number), "name": f"Chunk {number}"} for number in numbers]
    return collection(call.request, call.schema("chunk"), "chunks", rows, call.cap)


async def get_chunk(call: ModelCall) -> Response:
    """One chunk."""
    path = _content(call, _file(call)).chunks.get(call.number("chunk_id"))
    if path is None:
        raise ApiError(404)
    return FileResponse(path, media_type="application/octet-stream")


ROUTES = (
    Spec("GET", "/files", files),
    Spec("POST", "/files/{file_id}", begin, writes=True, upload=True),
    Spec("PUT", "/files/{file_id}", put_whole, writes=True, upload=True),
    Spec("GET", "/files/{file_id}", get_whole),
    Spec("DELETE", "/files/{file_id}", discard, writes=True),
    Spec("POST", "/files/{file_id}/complete", complete, writes=True, upload=True),
    Spec("GET", "/files/{file_id}/chunks", chunks),
    Spec("PUT", "/files/{file_id}/chunks/{chunk_id}", put_chunk, writes=True, upload=True),
    Spec("GET", "/files/{file_id}/chunks/{chunk_id}", get_chunk),
)
