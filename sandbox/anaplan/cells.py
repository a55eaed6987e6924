"""Writing single cells, by the API and by the planner that the control API plays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sandbox.anaplan.calendar import TIME
from sandbox.anaplan.data import Item
from sandbox.anaplan.grid import dimension_id
from sandbox.anaplan.values import BadValueError, reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.anaplan.data import Member, ModuleData
    from sandbox.anaplan.model import Model
    from sandbox.anaplan.schema import LineItem

Scalar = str | int | float | bool | None


class Coordinate(msgspec.Struct, rename="camel"):
    """One dimension of a cell, each side by id or by name or code."""

    dimension_id: str | int | None = None
    dimension_name: str | None = None
    item_id: str | int | None = None
    item_code: str | None = None
    item_name: str | None = None


class CellWrite(msgspec.Struct, rename="camel"):
    """One cell and its new value."""

    dimensions: list[Coordinate]
    value: msgspec.Raw
    line_item_id: str | int | None = None
    line_item_name: str | None = None


class CellError(Exception):
    """The cell is not written: the API's failure type and its words."""

    def __init__(self, type_: str, text: str) -> None:
        super().__init__(text)
        self.type = type_
        self.text = text


def write_cells(
    model: Model, module: ModuleData, wanted: Sequence[CellWrite]
) -> tuple[int, list[dict[str, str | int]]]:
    """Write what can be written; the number of changed cells and the failures."""
    changed = 0
    failures: list[dict[str, str | int]] = []
    for index, cell in enumerate(wanted):
        error = _write(model, module, cell)
        if error is None:
            changed += 1
        else:
            failures.append({"requestIndex": index, "failureType": error.type, "failureMessageDetails": error.text})
    return changed, failures


def _write(model: Model, module: ModuleData, cell: CellWrite) -> CellError | None:
    if model.switches.flag("cells_locked"):
        return CellError("cellIsNotWriteable", "the user has no write access to the cell")
    try:
        item = _line_item(module, str(cell.line_item_id or ""), cell.line_item_name)
        put(model, module, item, _members(model, module, cell.dimensions), text_of(bytes(cell.value)))
    except CellError as error:
        return error
    return None


def text_of(raw: bytes) -> str:
    """A JSON scalar as the text that a source file would have; numbers keep their digits."""
    value = msgspec.json.decode(raw)
    if isinstance(value, str):
        return value
    return "" if value is None else raw.decode().strip()


def _line_item(module: ModuleData, identifier: str, name: str | None) -> LineItem:
    for item in module.definition.line_items:
        if (identifier and str(item.id) == identifier) or (not identifier and item.name == name):
            return item
    raise CellError("invalidLineItem", f"no such line item: {identifier or name}")


def _members(model: Model, module: ModuleData, given: Sequence[Coordinate]) -> tuple[Member, ...]:
    members = []
    for name in module.definition.dimensions:
        wanted = str(dimension_id(model, name))
        match = [each for each in given if str(each.dimension_id or "") == wanted or each.dimension_name == name]
        if not match:
            raise CellError("missingDimension", f"no item given for dimension {name}")
        members.append(_member(model, name, match[0]))
    return tuple(members)


def _member(model: Model, dimension: str, given: Coordinate) -> Member:
    identifier = str(given.item_id or "")
    text = given.item_code or given.item_name or ""
    found: Member | None
    if dimension == TIME:
        by_id = model.calendar.by_id.get(int(identifier)) if identifier.isdigit() else None
        found = by_id or model.calendar.by_name.get(text)
        if found is not None and found.is_aggregate:
            raise CellError("cellIsCalculated", "the cell is a calculated/aggregate cell and is not writeable")
    else:
        data = model.lists[dimension]
        found = data.by_id(int(identifier)) if identifier.isdigit() else data.find(text)
    if found is None:
        raise CellError("invalidItem", f"no such item in {dimension}: {identifier or text}")
    return found


def put(model: Model, module: ModuleData, item: LineItem, members: tuple[Member, ...], text: str) -> None:
    """Write one cell; CellError when it is calculated or the text does not suit its format."""
    if item.formula is not None:
        raise CellError("cellIsCalculated", "the cell is a calculated/aggregate cell and is not writeable")
    read = reader(item.format, model.lists, model.calendar, ".", "yyyy-MM-dd")
    try:
        value = read(text)
    except BadValueError as error:
        raise CellError("invalidValue", str(error)) from None
    key = module.key(members)
    row = list(module.rows.get(key, module.blank))
    row[module.position[item.name]] = value
    module.rows[key] = tuple(row)


def members_by_code(model: Model, module: ModuleData, given: dict[str, str]) -> tuple[Member, ...]:
    """Dimension items by dimension name and item code (period name for Time); CellError when one is missing."""
    return _members(model, module, [Coordinate(dimension_name=name, item_code=code) for name, code in given.items()])


def code_of(member: Member) -> str:
    """How the control API names an item: by code, periods by name."""
    return member.code or member.name if isinstance(member, Item) else member.name
