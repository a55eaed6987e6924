"""Modules: line items, dimensions and their items, and writing cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from sandbox.anaplan.calendar import TIME, TIME_ID
from sandbox.anaplan.call import ModelCall, Spec
from sandbox.anaplan.cells import CellWrite, write_cells
from sandbox.anaplan.envelope import ApiError, collection, encoded, loosely_sorted, success
from sandbox.anaplan.grid import dimension_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.responses import Response

    from sandbox.anaplan.model import Model
    from sandbox.anaplan.schema import LineItem, ModuleDefinition

MAX_CELLS = 100_000
USERS_ID = 101999999999
VERSIONS_ID = 20000000020
_NUMBER = {
    "dataType": "NUMBER",
    "minimumSignificantDigits": 1,
    "decimalPlaces": 2,
    "decimalSeparator": "FULL_STOP",
    "groupingSeparator": "COMMA",
    "negativeNumberNotation": "MINUS_SIGN",
    "unitsType": "NONE",
    "unitsDisplayType": "NONE",
    "zeroFormat": "ZERO",
    "comparisonIncrease": "GOOD",
}


async def modules(call: ModelCall) -> Response:
    """All modules."""
    rows: list[dict[str, object]] = [{"id": str(each.id), "name": each.name} for each in call.model.definition.modules]
    return collection(call.request, call.schema("module"), "modules", loosely_sorted(call.request, rows), call.cap)


def _format(model: Model, item: LineItem) -> dict[str, object]:
    kind = item.format.kind
    if kind == "NUMBER":
        return dict(_NUMBER)
    if kind == "TEXT":
        return {"dataType": "TEXT", "textType": "GENERAL"}
    if kind == "LIST":
        list_id = model.lists[item.format.list_name].definition.id
        return {
            "dataType": "ENTITY",
            "hierarchyEntityLongId": str(list_id),
            "selectiveAccessApplied": False,
            "showAll": False,
        }
    if kind == "TIME PERIOD":
        period_type = {"entityId": "MONTH", "entityLabel": "Month", "entityIndex": 2}
        return {"dataType": "TIME_ENTITY", "periodType": period_type}
    return {"dataType": kind}


def _references(model: Model, names: Iterable[str]) -> list[dict[str, str]]:
    return [{"id": str(dimension_id(model, name)), "name": name} for name in names]


def _line_item(call: ModelCall, module: ModuleDefinition, item: LineItem) -> dict[str, object]:
    row: dict[str, object] = {"id": str(item.id), "name": item.name}
    row |= {"moduleId": str(module.id), "moduleName": module.name}
    if not call.flag("includeAll"):
        return row
    timed = TIME in module.dimensions
    return row | {
        "format": item.format.kind,
        "formatMetadata": _format(call.model, item),
        "summary": "Sum" if item.format.kind == "NUMBER" else "None",
        "appliesTo": _references(call.model, (name for name in module.dimensions if name != TIME)),
        "dataTags": [],
        "referencedBy": [],
        "timeScale": "Month" if timed else "Not Applicable",
        "timeRange": "Model Calendar" if timed else "Not Applicable",
        "version": {"id": str(VERSIONS_ID), "name": "Not Applicable"},
        "style": "Normal",
        "cellCount": len(call.model.modules[module.name].rows),
        "notes": "",
        "code": "",
        "isSummary": False,
        "formula": str(item.formula) if item.formula else "",
        "formulaScope": "All Versions",
        "useSwitchover": False,
        "breakback": False,
        "broughtForward": False,
        "startOfSection": False,
    }


async def line_items(call: ModelCall) -> Response:
    """The line items of the model."""
    return _line_items(call, call.model.definition.modules)


def _line_items(call: ModelCall, wanted: Iterable[ModuleDefinition]) -> Response:
    rows = [_line_item(call, module, item) for module in wanted for item in module.line_items]
    return success(call.schema("lineItem"), items=rows)


def _module(call: ModelCall) -> ModuleDefinition:
    data = call.model.modules_by_id.get(call.number("module_id"))
    if data is None:
        raise ApiError(404)
    return data.definition


async def module_line_items(call: ModelCall) -> Response:
    """The line items of one module."""
    return _line_items(call, (_module(call),))


def _module_of_line_item(call: ModelCall) -> ModuleDefinition:
    wanted = call.number("line_item_id")
    for module in call.model.definition.modules:
        if any(item.id == wanted for item in module.line_items):
            return module
    raise ApiError(404)


async def line_item_dimensions(call: ModelCall) -> Response:
    """What a line item is dimensioned by."""
    rows = _references(call.model, _module_of_line_item(call).dimensions)
    return success(call.schema("dimension"), dimensions=rows)


async def line_item_dimension_items(call: ModelCall) -> Response:
    """The items of one of a line item's dimensions."""
    wanted = call.number("dimension_id")
    if wanted not in {dimension_id(call.model, name) for name in _module_of_line_item(call).dimensions}:
        raise ApiError(404)
    return _items_of(call, wanted)


# Items of dimensions


def dimension_rows(call: ModelCall, wanted: int) -> list[dict[str, object]]:
    """All items of a dimension by its id; 404 when there is none."""
    if wanted == TIME_ID:
        periods = call.model.calendar.by_name.values()
        return [{"id": str(period.id), "name": period.name, "code": period.name} for period in periods]
    if wanted == VERSIONS_ID:
        return [{"id": "107000000001", "name": "Actual", "code": "Actual"}]
    if wanted == USERS_ID:
        return [{"id": user.id, "name": user.email, "code": user.email} for user in call.tenant.users]
    data = call.model.lists_by_id.get(wanted)
    if data is None:
        raise ApiError(404)
    return [{"id": str(item.id), "name": item.name, "code": item.code} for item in data]


async def dimension_items(call: ModelCall) -> Response:
    """All items of a dimension."""
    return _items_of(call, call.number("dimension_id"))


def _items_of(call: ModelCall, wanted: int) -> Response:
    rows = dimension_rows(call, wanted)
    return success(call.schema("dimension"), **({"items": rows} if rows else {}))


async def lookup(call: ModelCall) -> Response:
    """Those items of a dimension whose names or codes are asked for."""
    body = await call.json(dict[str, list[str] | None])
    names, codes = set(body.get("names") or ()), set(body.get("codes") or ())
    if not names and not codes:
        raise ApiError(400, "Provide names or codes")
    rows = dimension_rows(call, call.number("dimension_id"))
    found = [row for row in rows if row["name"] in names or (row["code"] and row["code"] in codes)]
    return success(call.schema("dimension"), **({"items": found} if found else {}))


# Cells


async def write(call: ModelCall) -> Response:
    """Write single cells; what cannot be written is listed as failures."""
    module = call.model.modules[_module(call).name]
    wanted = await call.json(list[CellWrite])
    if len(wanted) > MAX_CELLS:
        raise ApiError(400, "A request may have 100,000 cells at most")
    changed, failures = await run_in_threadpool(write_cells, call.model, module, wanted)
    call.model.touch(call.tenant.clock.now(), call.user.id)
    body: dict[str, object] = {"numberOfCellsChanged": changed}
    if failures or call.switches.flag("empty_failures"):
        body["failures"] = failures
    return encoded(body)


ROUTES = (
    Spec("GET", "/modules", modules),
    Spec("GET", "/modules/{module_id}/lineItems", module_line_items),
    Spec("POST", "/modules/{module_id}/data", write, writes=True, transactional=True),
    Spec("GET", "/lineItems", line_items),
    Spec("GET", "/lineItems/{line_item_id}/dimensions", line_item_dimensions),
    Spec("GET", "/lineItems/{line_item_id}/dimensions/{dimension_id}/items", line_item_dimension_items),
    Spec("GET", "/dimensions/{dimension_id}/items", dimension_items),
    Spec("POST", "/dimensions/{dimension_id}/items", lookup),
)
