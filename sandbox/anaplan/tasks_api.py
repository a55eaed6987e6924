"""Tasks: start, list, watch and cancel them; their failure dumps."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response

from sandbox.anaplan.call import ModelCall, Spec, check_state
from sandbox.anaplan.envelope import ApiError, collection, loosely_sorted, success
from sandbox.anaplan.runner import Actor, Runner
from sandbox.anaplan.tasks import Task, milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sandbox.anaplan.call import Handler
    from sandbox.anaplan.results import Result
    from sandbox.anaplan.schema import ActionDefinition
    from sandbox.anaplan.tasks import Run

KINDS = ("imports", "exports", "actions", "processes")
DUMP_CHUNK_BYTES = 10_000_000
_FIELDS = {"localeName", "mappingParameters", "connectorParameters"}
_TIMINGS = ("startTime", "duration")


def _action(call: ModelCall, kind: str) -> ActionDefinition:
    action = call.model.actions[kind].get(call.number("action_id"))
    if action is None:
        raise ApiError(404)
    return action


def new_task(call: ModelCall, kind: str, action: ActionDefinition) -> Task:
    """A task that the caller starts now."""
    created = milliseconds(call.tenant.clock.now())
    return Task(secrets.token_hex(16).upper(), kind, action.id, action.name, call.user.id, created)


def _start(kind: str) -> Handler:
    async def start(call: ModelCall) -> Response:
        action = _action(call, kind)
        await _check_parameters(call)
        structural = call.model.changes_structure(action)
        check_state(call.model, call.switches, writes=kind != "exports", structural=structural)
        runner = Runner(call.model, call.tenant.models_by_name(), Actor(call.user.id, call.user.admin), call.switches)
        task = new_task(call, kind, action)

        def work(run: Run) -> Result:
            return runner(action, run)

        call.model.queue.submit(task, work)
        return success(call.schema("task"), task={"taskId": task.id})

    return start


async def _check_parameters(call: ModelCall) -> None:
    body = await call.json(dict[str, msgspec.Raw])
    for name in body:
        if name not in _FIELDS:
            message = f"Identified an unrecognized '{name}'. Amend the content so it only contains applicable fields."
            raise ApiError(400, message)
    try:
        locale = msgspec.json.decode(body.get("localeName", b'""'), type=str)
    except msgspec.DecodeError:
        locale = ""
    if not locale:
        raise ApiError(400, "Expected mandatory field 'localeName' to be present and not empty.")


def _listed(kind: str) -> Handler:
    async def listed(call: ModelCall) -> Response:
        # An action that does not exist has had no tasks: 200 and empty (probed live).
        tasks = call.model.queue.history.get((kind, call.number("action_id")), ())
        rows: list[dict[str, object]] = [
            {"taskId": task.id, "taskState": task.state, "creationTime": task.created} for task in tasks
        ]
        return collection(call.request, call.schema("task"), "tasks", loosely_sorted(call.request, rows), call.cap)

    return listed


def _task(call: ModelCall, kind: str) -> Task:
    for task in call.model.queue.history.get((kind, _action(call, kind).id), ()):
        if task.id == call.request.path_params["task_id"]:
            return task
    raise ApiError(404)


def _described(call: ModelCall, task: Task) -> Response:
    body: dict[str, object] = {
        "type": "taskInformation",
        "taskId": task.id,
        "taskState": task.state,
        "currentStep": task.step,
        "progress": task.progress,
        "creationTime": task.created,
    }
    if task.cancelled_by:
        body["cancelledBy"] = task.cancelled_by
    if not task.pending and task.result is not None:
        body["result"] = task.result if call.flag("includeProcessDetails") else _without_timings(task.result)
    return success(call.schema("task"), task=body)


def _without_timings(result: Result) -> Result:
    nested = result.get("nestedResults")
    if not isinstance(nested, list):
        return result
    return {**result, "nestedResults": [{k: v for k, v in each.items() if k not in _TIMINGS} for each in nested]}


def _watched(kind: str) -> Handler:
    async def watched(call: ModelCall) -> Response:
        task = _task(call, kind)
        task.looks += 1
        if task.looks <= call.switches.number("task_hidden_looks"):
            raise ApiError(404)
        return _described(call, task)

    return watched


def _cancelled(kind: str) -> Handler:
    async def cancelled(call: ModelCall) -> Response:
        task = _task(call, kind)
        call.model.queue.cancel(task, call.user.email)
        return _described(call, task)

    return cancelled


# Failure dumps


def _dump(call: ModelCall, kind: str) -> Path:
    task = _task(call, kind)
    import_id = call.number("object_id") if kind == "processes" else task.object_id
    path = call.model.dumps.find(call.user.id, import_id, task.id)
    if path is None:
        raise ApiError(404)
    return path


def _whole_dump(kind: str) -> Handler:
    async def whole(call: ModelCall) -> Response:
        return FileResponse(_dump(call, kind), media_type="text/plain")

    return whole


def _dump_chunks(kind: str) -> Handler:
    async def chunks(call: ModelCall) -> Response:
        size = _dump(call, kind).stat().st_size
        count = -(-size // DUMP_CHUNK_BYTES)
        rows = [{"id": str(number), "name": f"Chunk {number}"} for number in range(count)]
        return collection(call.request, call.schema("chunk"), "chunks", rows, call.cap)

    return chunks


def _dump_chunk(kind: str) -> Handler:
    async def chunk(call: ModelCall) -> Response:
        piece = await run_in_threadpool(_slice, _dump(call, kind), call.number("chunk_id"))
        if not piece:
            raise ApiError(404)
        return Response(piece, media_type="application/octet-stream")

    return chunk


def _slice(path: Path, number: int) -> bytes:
    with path.open("rb") as dump:
        dump.seek(number * DUMP_CHUNK_BYTES)
        return dump.read(DUMP_CHUNK_BYTES)


def _dump_routes(kind: str, place: str) -> tuple[Spec, ...]:
    root = f"/{kind}/{{action_id}}/tasks/{{task_id}}/{place}"
    parts: tuple[tuple[str, Callable[[str], Handler]], ...] = (
        ("", _whole_dump),
        ("/chunks", _dump_chunks),
        ("/chunks/{chunk_id}", _dump_chunk),
    )
    return tuple(Spec("GET", root + path, handler(kind), while_busy=True) for path, handler in parts)


def _task_routes(kind: str) -> tuple[Spec, ...]:
    tasks = f"/{kind}/{{action_id}}/tasks"
    one = f"{tasks}/{{task_id}}"
    return (
        Spec("POST", tasks, _start(kind), while_busy=True, writes=kind != "exports"),
        Spec("GET", tasks, _listed(kind), while_busy=True, masked=True),
        Spec("GET", one, _watched(kind), while_busy=True),
        Spec("DELETE", one, _cancelled(kind), while_busy=True),
    )


ROUTES = (
    *[spec for kind in KINDS for spec in _task_routes(kind)],
    *_dump_routes("imports", "dump"),
    *_dump_routes("processes", "dumps/{object_id}"),
)
