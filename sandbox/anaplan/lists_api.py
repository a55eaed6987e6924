"""Lists: metadata, items, and adding, updating and deleting items one request at a time."""

from __future__ import annotations

import csv
import io
from itertools import islice
from typing import TYPE_CHECKING

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from sandbox.anaplan.call import ModelCall, Spec
from sandbox.anaplan.envelope import ApiError, collection, encoded, loosely_sorted, success
from sandbox.anaplan.grid import list_table, parent_name, value_text
from sandbox.anaplan.list_writes import ListWrites, WriteItem

if TYPE_CHECKING:
    from sandbox.anaplan.data import Item, ListData
    from sandbox.anaplan.list_writes import Outcome
    from sandbox.anaplan.values import Writing

MAX_ITEMS = 100_000
MAX_READ = 1_000_000
_PREVIEW = 1000


async def lists(call: ModelCall) -> Response:
    """All lists."""
    rows: list[dict[str, object]] = [{"id": str(each.id), "name": each.name} for each in call.model.definition.lists]
    return collection(call.request, "objects/list", "lists", loosely_sorted(call.request, rows), call.cap)


def _list(call: ModelCall) -> ListData:
    data = call.model.lists_by_id.get(call.number("list_id"))
    if data is None:
        raise ApiError(404)
    return data


async def metadata(call: ModelCall) -> Response:
    """A list's properties, parent and size."""
    data = _list(call)
    definition = data.definition
    blank = {"formula": "", "notes": "", "referencedBy": "", "dataTags": []}
    body: dict[str, object] = {
        "id": str(definition.id),
        "name": definition.name,
        "hasSelectiveAccess": False,
        "properties": [
            {"name": field.name, "format": field.format.list_name or field.format.kind, **blank}
            for field in definition.properties
        ],
        "subsets": [],
        "productionData": False,
        "managedBy": "",
        "numberedList": definition.numbered,
        "useTopLevelAsPageDefault": False,
        "itemCount": len(data),
        "nextItemIndex": data.next_index,
        "workflowEnabled": False,
        "permittedItems": len(data),
        "usedInAppliesTo": ", ".join(
            module.name for module in call.model.definition.modules if definition.name in module.dimensions
        ),
    }
    if definition.parent:
        parent = call.model.lists[definition.parent].definition
        body["parent"] = {"id": str(parent.id), "name": parent.name}
    return success("objects/list", metadata=body)


def _item(data: ListData, item: Item, writing: Writing, *, everything: bool) -> dict[str, object]:
    row: dict[str, object] = {"id": str(item.id), "name": item.name}
    if item.code:
        row["code"] = item.code
    if everything:
        fields = data.definition.properties
        alive = item.parent is not None and item.parent.alive
        row |= {
            "code": item.code,
            "parent": parent_name(item),
            "parentId": str(item.parent.id) if item.parent is not None and alive else "",
            "listId": str(data.definition.id),
            "listName": data.definition.name,
            "subsets": {},
            "properties": {
                field.name: value_text(value, field.format.kind, writing)
                for field, value in zip(fields, item.values, strict=True)
            },
        }
    return row


async def items(call: ModelCall) -> Response:
    """The items as JSON or, by the Accept header, CSV."""
    data = _list(call)
    if len(data) > MAX_READ:
        raise ApiError(400, "The list has more than 1,000,000 items, use a read request")
    if call.request.headers.get("accept", "").startswith("text/csv"):
        return Response(await run_in_threadpool(_csv, data, call.model.writing, None), media_type="text/csv")
    everything = call.flag("includeAll")

    def build() -> Response:
        writing = call.model.writing
        rows = [_item(data, item, writing, everything=everything) for item in data]
        return success("objects/listItem", **({"listItems": rows} if rows else {}))

    return await run_in_threadpool(build)


async def preview(call: ModelCall) -> Response:
    """The first thousand items as CSV."""
    return Response(_csv(_list(call), call.model.writing, _PREVIEW), media_type="text/csv")


def _csv(data: ListData, writing: Writing, limit: int | None) -> str:
    buffer = io.StringIO()
    stop = None if limit is None else limit + 1
    csv.writer(buffer, lineterminator="\r\n").writerows(islice(list_table(data, writing), stop))
    return buffer.getvalue()


class _Items(msgspec.Struct):
    items: list[WriteItem]


async def write_items(call: ModelCall) -> Response:
    """Add or delete items, as ?action says."""
    action = call.request.query_params.get("action", "")
    if action not in {"add", "delete"}:
        raise ApiError(400, "The action must be add or delete")
    return await _write(call, action)


async def update_items(call: ModelCall) -> Response:
    """Update items found by id, code or name."""
    return await _write(call, "update")


async def _write(call: ModelCall, action: str) -> Response:
    data = _list(call)
    wanted = (await call.json(_Items)).items
    if len(wanted) > MAX_ITEMS:
        raise ApiError(400, "A request may have 100,000 items at most")
    writes = ListWrites(call.model, data)
    kept = len(wanted) - min(call.switches.number("list_items_lost"), len(wanted))
    outcome = await run_in_threadpool(getattr(writes, action), wanted[:kept])
    call.model.touch(call.tenant.clock.now(), call.user.id)
    return _written(call, action, outcome, len(wanted))


def _written(call: ModelCall, action: str, outcome: Outcome, total: int) -> Response:
    verb = {"add": "added", "update": "updated", "delete": "deleted"}[action]
    body: dict[str, object] = {verb: outcome.done, "ignored": total - outcome.done, "total": total}
    if outcome.failures or call.switches.flag("empty_failures"):
        body["failures"] = [
            {"requestIndex": index, "failureType": type_, "failureMessageDetails": text}
            for index, type_, text in outcome.failures
        ]
    if action == "delete" and call.switches.text("list_delete_answer") == "result":
        failures = {"failures": body["failures"]} if "failures" in body else {}
        body = {"result": {"numberOfItemsDeleted": outcome.done, **failures}}
    return success("objects/listItem", **body)


async def reset_index(call: ModelCall) -> Response:
    """Number new items from 1 again; only for an empty list."""
    data = _list(call)
    if len(data):
        raise ApiError(400, "The list is not empty")
    data.reset_index()
    return encoded({})


ROUTES = (
    Spec("GET", "/lists", lists),
    Spec("GET", "/lists/{list_id}", metadata),
    Spec("GET", "/lists/{list_id}/items", items, transactional=True),
    Spec("GET", "/lists/{list_id}/preview", preview),
    Spec("POST", "/lists/{list_id}/items", write_items, writes=True, structural=True, transactional=True),
    Spec("PUT", "/lists/{list_id}/items", update_items, writes=True, transactional=True),
    Spec("POST", "/lists/{list_id}/resetIndex", reset_index, writes=True, structural=True),
)
