"""Views: their axes and their cells as CSV, tabular CSV or JSON."""

from __future__ import annotations

import csv
import io
from itertools import islice
from math import prod
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from sandbox.anaplan.call import ModelCall, Spec
from sandbox.anaplan.envelope import ApiError, collection, encoded, loosely_sorted, success
from sandbox.anaplan.grid import Selection, dimension_id, dimension_members

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sandbox.anaplan.data import Member
    from sandbox.anaplan.schema import LineItem, ViewDefinition

MAX_CELLS = 1_000_000
LAYOUTS = ("GRID_CURRENT_PAGE", "GRID_ALL_PAGES", "TABULAR_SINGLE_COLUMN", "TABULAR_MULTI_COLUMN")


def _row(call: ModelCall, view: ViewDefinition) -> dict[str, object]:
    module = call.model.modules[view.module].definition
    return {"code": view.name, "id": str(view.id), "name": view.name, "moduleId": str(module.id)}


async def views(call: ModelCall) -> Response:
    """All views."""
    rows = [_row(call, view) for view in call.model.views.values()]
    return collection(call.request, "objects/view", "views", loosely_sorted(call.request, rows), call.cap)


async def module_views(call: ModelCall) -> Response:
    """The views of one module."""
    data = call.model.modules_by_id.get(call.number("module_id"))
    if data is None:
        raise ApiError(404)
    rows = [_row(call, view) for view in call.model.views.values() if view.module == data.definition.name]
    return collection(call.request, "objects/view", "views", loosely_sorted(call.request, rows), call.cap)


def found_view(call: ModelCall) -> ViewDefinition:
    """The view of the path; 404 when there is none."""
    view = call.model.view(call.number("view_id"))
    if view is None:
        raise ApiError(404)
    return view


async def info(call: ModelCall) -> Response:
    """The axes of a view; empty ones are left out."""
    view = found_view(call)
    axes = {
        axis: [{"id": str(dimension_id(call.model, name)), "name": name} for name in names]
        for axis, names in (("rows", view.rows), ("columns", view.columns), ("pages", view.pages))
        if names
    }
    return success("objects/view", viewName=view.name, viewId=str(view.id), **axes)


async def view_dimension_items(call: ModelCall) -> Response:
    """The members of a dimension that a view shows."""
    view, wanted = found_view(call), call.number("dimension_id")
    for name in (*view.rows, *view.columns, *view.pages):
        if dimension_id(call.model, name) == wanted:
            members = dimension_members(call.model, call.model.modules[view.module], name)
            rows = [{"id": str(member.id), "name": member.name} for member in members]
            return success("objects/view", **({"items": rows} if rows else {}))
    raise ApiError(404)


def _pinned(call: ModelCall, view: ViewDefinition) -> dict[str, Member | LineItem]:
    """The page selection: ?pages=dimension:item,..., each dimension one of the view."""
    module = call.model.modules[view.module]
    by_id = {str(dimension_id(call.model, name)): name for name in (*view.rows, *view.columns, *view.pages)}
    pinned: dict[str, Member | LineItem] = {}
    selectors = [part for value in call.request.query_params.getlist("pages") for part in value.split(",") if part]
    for selector in selectors:
        dimension, _, item = selector.partition(":")
        name = by_id.get(dimension, "")
        chosen = [m for m in dimension_members(call.model, module, name) if str(m.id) == item] if name else []
        if not chosen:
            raise ApiError(400, f"Invalid page selector [{selector}]")
        pinned[name] = chosen[0]
    return pinned


def selection(call: ModelCall, view: ViewDefinition, *, pages: bool) -> Selection:
    """The cells asked for; with ``pages`` each page dimension shows its first member unless another is chosen."""
    pinned = _pinned(call, view)
    if pages:
        module = call.model.modules[view.module]
        for name in view.pages:
            members = dimension_members(call.model, module, name)
            if name not in pinned and members:
                pinned[name] = members[0]
    return Selection(call.model, view, pinned)


async def data(call: ModelCall) -> Response:
    """The cells of a view."""
    view = found_view(call)
    layout = call.request.query_params.get("exportType") or "GRID_CURRENT_PAGE"
    if layout not in LAYOUTS:
        raise ApiError(400, f"Invalid exportType: {layout}")
    limit = call.request.query_params.get("maxRows", "")
    if limit and not limit.isdigit():
        raise ApiError(400, f"Invalid maxRows: {limit}")
    tabular = layout.startswith("TABULAR")
    if tabular and not call.request.query_params.get("moduleId"):
        raise ApiError(400, "Expected mandatory field 'moduleId' to be present and not empty.")
    chosen = selection(call, view, pages=layout == "GRID_CURRENT_PAGE")
    cells = prod(len(chosen.members(name)) for name in (*view.rows, *view.columns, *view.pages))
    if cells > MAX_CELLS:
        raise ApiError(400, "The view has more than 1,000,000 cells, use a read request")
    accept = call.request.headers.get("accept", "")
    rows_wanted = int(limit) if limit else None
    if accept.startswith("application/json") and call.request.query_params.get("format") == "v1":
        return encoded(await run_in_threadpool(_json, chosen, rows_wanted))
    if tabular:
        rows: Iterable[list[str]] = chosen.tabular(single_column=layout == "TABULAR_SINGLE_COLUMN")
    else:
        rows = _grid(chosen)
    stop = None if rows_wanted is None else rows_wanted + (1 if tabular else 2)
    text = await run_in_threadpool(_csv, islice(rows, stop), quoted="escaped=true" in accept)
    return Response(text, media_type="text/csv")


def _json(chosen: Selection, limit: int | None) -> dict[str, object]:
    view = chosen.view
    columns, base = chosen.axis(view.columns), dict(chosen.pinned)
    rows = []
    for row in islice(chosen.axis(view.rows), limit):
        at = base | dict(zip(view.rows, row, strict=True))
        cells = [chosen.value(at | dict(zip(view.columns, column, strict=True))) for column in columns]
        rows.append({"rowCoordinates": [member.name for member in row], "cells": cells})
    return {
        "pages": [chosen.pinned[name].name for name in view.pages if name in chosen.pinned],
        "columnCoordinates": [[member.name for member in column] for column in columns],
        "rows": rows,
    }


def _grid(chosen: Selection) -> Iterator[list[str]]:
    """Page by page: the page's values, the column labels, then a line per row."""
    view = chosen.view
    columns = chosen.axis(view.columns)
    for page in chosen.axis(view.pages):
        base = dict(chosen.pinned) | dict(zip(view.pages, page, strict=True))
        if view.pages:
            yield [member.name for member in page]
        depth = max((len(column) for column in columns), default=0)
        for level in range(depth):
            yield [*[""] * len(view.rows), *[column[level].name for column in columns]]
        for row in chosen.axis(view.rows):
            at = base | dict(zip(view.rows, row, strict=True))
            cells = [chosen.value(at | dict(zip(view.columns, column, strict=True))) for column in columns]
            yield [*[member.name for member in row], *cells]


def _csv(rows: Iterable[list[str]], *, quoted: bool) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue()


ROUTES = (
    Spec("GET", "/views", views),
    Spec("GET", "/modules/{module_id}/views", module_views),
    Spec("GET", "/views/{view_id}", info),
    Spec("GET", "/views/{view_id}/data", data, transactional=True),
    Spec("GET", "/views/{view_id}/dimensions/{dimension_id}/items", view_dimension_items),
)
