"""Imports, exports, processes and other actions: lists of them and their metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.anaplan.call import ModelCall, Spec
from sandbox.anaplan.envelope import ApiError, collection, loosely_sorted, success
from sandbox.anaplan.grid import cell_count, list_header
from sandbox.anaplan.schema import (
    LINE_ITEMS,
    DeleteDefinition,
    ExportDefinition,
    ImportDefinition,
    ProcessDefinition,
)

if TYPE_CHECKING:
    from starlette.responses import Response

    from sandbox.anaplan.model import Model
    from sandbox.anaplan.schema import ActionDefinition

_TYPES = {"LIST": "ENTITY", "TIME PERIOD": "TIME_ENTITY"}


def _format(action: ExportDefinition) -> str:
    return "text/csv" if action.separator == "," else "text/plain"


def _row(call: ModelCall, action: ActionDefinition) -> dict[str, object]:
    row: dict[str, object] = {"id": str(action.id), "name": action.name}
    if isinstance(action, ImportDefinition):
        row["importDataSourceId"] = str(action.file_id) if action.file_id else ""
        row["importType"] = action.type
        if not action.file_id:
            source = call.tenant.models_by_name()[action.source_model]
            row["importDataSource"] = {"type": "MODEL", "sourceModelId": source.id}
    elif isinstance(action, ExportDefinition):
        row |= {
            "exportType": action.layout,
            "exportFormat": _format(action),
            "encoding": "UTF-8",
            "layout": action.layout,
        }
    elif isinstance(action, DeleteDefinition):
        row["actionType"] = "DELETE_BY_SELECTION"
    return row


def _listing(call: ModelCall, kind: str, schema: str) -> Response:
    rows = [_row(call, action) for action in call.model.actions[kind].values()]
    return collection(call.request, call.schema(schema), kind, loosely_sorted(call.request, rows), call.cap)


async def imports(call: ModelCall) -> Response:
    """All imports."""
    return _listing(call, "imports", "import")


async def exports(call: ModelCall) -> Response:
    """All exports."""
    return _listing(call, "exports", "export")


async def actions(call: ModelCall) -> Response:
    """All other actions."""
    return _listing(call, "actions", "action")


async def processes(call: ModelCall) -> Response:
    """All processes."""
    return _listing(call, "processes", "process")


async def import_metadata(call: ModelCall) -> Response:
    """How an import reads its source; an unknown id is a server error in the real service."""
    action = call.model.actions["imports"].get(call.number("action_id"))
    if not isinstance(action, ImportDefinition):
        raise ApiError(500)
    if not action.file_id:
        return success(call.schema("import"), importMetadata={"name": action.name, "type": "MODEL"})
    file = call.model.files.definitions[action.file_id]
    source = {
        "textEncoding": file.encoding,
        "columnSeparator": file.separator,
        "textDelimiter": file.delimiter,
        "headerRow": file.header_row,
        "firstDataRow": file.first_data_row,
        "decimalSeparator": file.decimal,
        "headerNames": list(file.headers),
        "columnCount": len(file.headers),
    }
    metadata = {"name": action.name, "type": "FILE", "source": source}
    return success(call.schema("import"), importMetadata=metadata)


def _columns(model: Model, action: ExportDefinition) -> tuple[list[str], list[str], int]:
    """Names and types of an export's columns, and its rows."""
    if action.source == "list":
        data = model.lists[action.target]
        types = [_TYPES.get(field.format.kind, field.format.kind) for field in data.definition.properties]
        return list_header(data), ["ENTITY", "ENTITY", "TEXT", *types], len(data)
    module = model.modules[action.target]
    dimensions, items = module.definition.dimensions, module.definition.line_items
    rows = cell_count(model, module) // len(items)
    if action.layout == "TABULAR_SINGLE_COLUMN":
        names = [*dimensions, LINE_ITEMS, "Value"]
        return names, ["ENTITY"] * (len(dimensions) + 1) + ["MIXED"], cell_count(model, module)
    names = [*dimensions, *[item.name for item in items]]
    kinds = [_TYPES.get(item.format.kind, item.format.kind) for item in items]
    return names, ["ENTITY"] * len(dimensions) + kinds, rows


async def export_metadata(call: ModelCall) -> Response:
    """What an export writes."""
    action = call.model.actions["exports"].get(call.number("action_id"))
    if not isinstance(action, ExportDefinition):
        raise ApiError(404)
    names, types, rows = _columns(call.model, action)
    metadata = {
        "columnCount": len(names),
        "dataTypes": types,
        "delimiter": '"',
        "encoding": "UTF-8",
        "exportFormat": _format(action),
        "headerNames": names,
        "listNames": [action.target] if action.source == "list" else [],
        "rowCount": rows,
        "separator": action.separator,
        "layout": action.layout,
    }
    return success(call.schema("export"), exportMetadata=metadata)


async def process_metadata(call: ModelCall) -> Response:
    """The actions of a process in run order."""
    process = call.model.actions["processes"].get(call.number("action_id"))
    if not isinstance(process, ProcessDefinition):
        raise ApiError(404)
    nested = []
    for action in map(call.model.action, process.actions):
        if action is None:
            continue
        row = _row(call, action)
        row["actionType"] = "IMPORT" if isinstance(action, ImportDefinition) else row.get("actionType", "EXPORT")
        if isinstance(action, ImportDefinition) and action.file_id and call.flag("showImportDataSource"):
            row["importDataSource"] = {"type": "FILE", "importDataSourceId": str(action.file_id)}
        nested.append(row)
    return success(call.schema("process"), processMetadata={"name": process.name, "actions": nested})


ROUTES = (
    Spec("GET", "/imports", imports, while_busy=True),
    Spec("GET", "/exports", exports, while_busy=True),
    Spec("GET", "/actions", actions, while_busy=True),
    Spec("GET", "/processes", processes, while_busy=True),
    Spec("GET", "/imports/{action_id}", import_metadata, while_busy=True),
    Spec("GET", "/exports/{action_id}", export_metadata, while_busy=True),
    Spec("GET", "/processes/{action_id}", process_metadata, while_busy=True),
)
