"""Data put into a model without an import: what planners and earlier loads left behind before a test begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sandbox.anaplan.calendar import TIME
from sandbox.anaplan.cells import CellError, members_by_code, put, text_of
from sandbox.anaplan.data import Item
from sandbox.anaplan.values import BadValueError, reader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.anaplan.data import ListData, ModuleData
    from sandbox.anaplan.model import Model


class ListRow(msgspec.Struct, forbid_unknown_fields=True):
    """A list item by its code; what is left out stays as it is, and the name of a new item is its code."""

    code: str
    name: str = ""
    parent: str | None = None
    properties: dict[str, msgspec.Raw] = {}


class ModuleRow(msgspec.Struct, forbid_unknown_fields=True):
    """Cells of one combination of dimension items (by code, periods by name), line items by name."""

    dimensions: dict[str, str]
    values: dict[str, msgspec.Raw]


class FillError(ValueError):
    """A row that the model does not take."""


def fill_list(model: Model, data: ListData, rows: Sequence[ListRow]) -> None:
    """Create or change items. FillError names the first that does not fit; those before it are in."""
    for row in rows:
        item = data.by_code.get(row.code)
        values = list(item.values if item is not None else data.blank)
        for name, raw in row.properties.items():
            place = data.position.get(name)
            if place is None:
                raise FillError(f"list {data.definition.name} has no property {name!r}")
            form = data.definition.properties[place].format
            try:
                values[place] = reader(form, model.lists, model.calendar, ".", "yyyy-MM-dd")(text_of(bytes(raw)))
            except BadValueError as error:
                raise FillError(f"{data.definition.name} {row.code}, {name}: {error}") from None
        parent = item.parent if item is not None else None
        if row.parent is not None:
            parent = _parent(model, data, row.parent)
        if item is None:
            data.add(Item(row.code, row.name or row.code, parent, tuple(values)))
        else:
            data.change(item, row.code, row.name or item.name, parent, tuple(values))


def _parent(model: Model, data: ListData, text: str) -> Item | None:
    above = data.definition.parent
    found = model.lists[above].find(text) if above else None
    if text and found is None:
        raise FillError(f"list {data.definition.name}: no parent {text!r}")
    return found


def fill_module(model: Model, module: ModuleData, rows: Sequence[ModuleRow]) -> None:
    """Write cells; missing items of transaction lists come into being. FillError as for lists."""
    items = {item.name: item for item in module.definition.line_items}
    for row in rows:
        _create_missing(model, module, row.dimensions)
        try:
            members = members_by_code(model, module, row.dimensions)
            for name, raw in row.values.items():
                if name not in items:
                    raise FillError(f"module {module.definition.name} has no line item {name!r}")
                put(model, module, items[name], members, text_of(bytes(raw)))
        except CellError as error:
            raise FillError(f"{module.definition.name} {row.dimensions}: {error.text}") from None


def _create_missing(model: Model, module: ModuleData, dimensions: Mapping[str, str]) -> None:
    for name, code in dimensions.items():
        if name == TIME or name not in module.definition.dimensions:
            continue
        data = model.lists[name]
        if data.definition.transactions and data.find(code) is None:
            data.add(Item(code, code, None, data.blank))
