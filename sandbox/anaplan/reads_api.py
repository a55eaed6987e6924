"""Large reads of views and lists: a request that fills pages in the background, to be fetched and deleted."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import FileResponse

from sandbox.anaplan.call import ModelCall, Spec
from sandbox.anaplan.envelope import ApiError, success
from sandbox.anaplan.grid import Selection, list_table
from sandbox.anaplan.pieces import Cut, pieces
from sandbox.anaplan.tasks import CancelledError
from sandbox.anaplan.views_api import LAYOUTS, found_view

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from starlette.responses import Response

    from sandbox.anaplan.call import Handler

IDLE_SECONDS = 1800.0
_STEP = 0.005


@dataclass(slots=True)
class ReadRequest:
    """One large read. ``kind`` is view or list."""

    id: str
    kind: str
    object_id: int
    touched: float
    state: str = "NOT_STARTED"
    pages: list[Path] = field(default_factory=list)
    stop: bool = False
    work: asyncio.Task[None] | None = None


class _Body(msgspec.Struct, rename="camel"):
    export_type: str = "GRID_ALL_PAGES"


def _found(call: ModelCall, kind: str) -> ReadRequest:
    request = call.model.reads.get(str(call.request.path_params["request_id"]))
    now = call.tenant.clock.now()
    if request is None or request.kind != kind or request.object_id != call.number(f"{kind}_id"):
        raise ApiError(404)
    if now - request.touched > IDLE_SECONDS:
        _drop(call, request)
        raise ApiError(404)
    return request


def _drop(call: ModelCall, request: ReadRequest) -> None:
    request.stop = True
    for page in request.pages:
        page.unlink(missing_ok=True)
    call.model.reads.pop(request.id, None)


def _described(call: ModelCall, request: ReadRequest) -> Response:
    root = f"{call.request.base_url}2/0/models/{call.model.id}/{request.kind}s/{request.object_id}"
    body: dict[str, object] = {
        "requestId": request.id,
        "requestState": request.state,
        "url": f"{root}/readRequests/{request.id}",
        f"{request.kind}Id": request.object_id,
    }
    if request.state == "COMPLETE":
        body |= {"availablePages": len(request.pages), "successful": True}
    elif call.switches.text("read_progress_pages") == "counted":
        body["availablePages"] = len(request.pages)
    return success(call.schema(f"{request.kind}ReadRequest"), **{f"{request.kind}ReadRequest": body})


def _rows_of_list(call: ModelCall) -> tuple[int, Iterable[list[str]]]:
    data = call.model.lists_by_id.get(call.number("list_id"))
    if data is None:
        raise ApiError(404)
    return data.definition.id, list_table(data, call.model.writing)


async def _rows_of_view(call: ModelCall) -> tuple[int, Iterable[list[str]]]:
    view = found_view(call)
    layout = (await call.json(_Body)).export_type
    if layout not in LAYOUTS:
        raise ApiError(400, f"Invalid exportType: {layout}")
    rows = Selection(call.model, view, {}).tabular(single_column=layout != "TABULAR_MULTI_COLUMN")
    return call.number("view_id"), rows


async def _start(call: ModelCall, kind: str, object_id: int, rows: Iterable[list[str]]) -> Response:
    request = ReadRequest(secrets.token_hex(16).upper(), kind, object_id, call.tenant.clock.now())
    call.model.reads[request.id] = request
    request.work = asyncio.create_task(asyncio.to_thread(_fill, call, request, rows))
    return _described(call, request)


def _fill(call: ModelCall, request: ReadRequest, rows: Iterable[list[str]]) -> None:
    def check(_: int) -> None:
        if request.stop:
            raise CancelledError

    def wait(until: float) -> None:
        with call.tenant.clock.awaiting(until):
            while call.tenant.clock.now() < until:
                check(0)
                time.sleep(_STEP)

    seconds, started = call.switches.seconds("read_request_seconds"), call.tenant.clock.now()
    try:
        wait(started + seconds / 2)
        request.state = "IN_PROGRESS"
        for page in pieces(rows, Cut.of_read(call.switches), call.model.files.new_path, check):
            request.pages.append(page)
            check(0)
        wait(started + seconds)
        request.state = "COMPLETE"
    except CancelledError:
        for page in request.pages:
            page.unlink(missing_ok=True)


async def start_view_read(call: ModelCall) -> Response:
    """Ask for a view's cells."""
    object_id, rows = await _rows_of_view(call)
    return await _start(call, "view", object_id, rows)


async def start_list_read(call: ModelCall) -> Response:
    """Ask for a list's items."""
    object_id, rows = _rows_of_list(call)
    return await _start(call, "list", object_id, rows)


def _status(kind: str) -> Handler:
    async def status(call: ModelCall) -> Response:
        request = _found(call, kind)
        request.touched = call.tenant.clock.now()
        return _described(call, request)

    return status


def _page(kind: str) -> Handler:
    async def page(call: ModelCall) -> Response:
        request, number = _found(call, kind), call.number("page")
        if number >= len(request.pages):
            raise ApiError(404)
        if number % 100 == 0:
            request.touched = call.tenant.clock.now()
        return FileResponse(request.pages[number], media_type="text/csv")

    return page


def _delete(kind: str) -> Handler:
    async def delete(call: ModelCall) -> Response:
        request = _found(call, kind)
        if request.state != "COMPLETE":
            request.state = "CANCELLED"
        response = _described(call, request)
        _drop(call, request)
        return response

    return delete


def _routes(kind: str, start: Handler) -> tuple[Spec, ...]:
    requests = f"/{kind}s/{{{kind}_id}}/readRequests"
    one = f"{requests}/{{request_id}}"
    return (
        Spec("POST", requests, start, transactional=True),
        Spec("GET", one, _status(kind), transactional=True),
        Spec("GET", f"{one}/pages/{{page}}", _page(kind), transactional=True),
        Spec("DELETE", one, _delete(kind), transactional=True),
    )


ROUTES = (*_routes("view", start_view_read), *_routes("list", start_list_read))
