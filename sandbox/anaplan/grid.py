"""Cells as rows of text: tabular and grid layouts of modules, and the grid of a list."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal
from math import prod
from typing import TYPE_CHECKING

from sandbox.anaplan.calendar import TIME, TIME_ID
from sandbox.anaplan.data import Item
from sandbox.anaplan.schema import LINE_ITEMS, LINE_ITEMS_ID, LineItem
from sandbox.anaplan.values import EXACT, Writing, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sandbox.anaplan.data import ListData, Member, ModuleData, Value
    from sandbox.anaplan.model import Model
    from sandbox.anaplan.schema import ViewDefinition


def cell_text(module: ModuleData, row: tuple[Value, ...], item: LineItem, writing: Writing = EXACT) -> str:
    """A cell as the API writes it; blank numbers are 0 and blank booleans false."""
    formula = item.formula
    if formula is not None:
        left = Decimal(str(row[module.position[formula.left]] or 0))
        right = Decimal(str(row[module.position[formula.right]] or 0))
        return value_text(str(left - right if formula.operator == "-" else left * right), "NUMBER", writing)
    return value_text(row[module.position[item.name]], item.format.kind, writing)


def value_text(value: Value, kind: str, writing: Writing = EXACT) -> str:
    """A value of a format as the API writes it."""
    if value is None:
        return {"NUMBER": "0", "BOOLEAN": "false"}.get(kind, "")
    if writing is EXACT:
        return written(value)
    if kind == "NUMBER":
        return writing.number(written(value))
    return writing.date(value) if isinstance(value, date) else written(value)


def dimension_id(model: Model, name: str) -> int:
    """The id of a dimension by name."""
    if name == TIME:
        return TIME_ID
    if name == LINE_ITEMS:
        return LINE_ITEMS_ID
    return model.lists[name].definition.id


def dimension_members(model: Model, module: ModuleData, name: str) -> list[Member | LineItem]:
    """The leaf members of a dimension (totals of parents are left out)."""
    if name == TIME:
        return list(model.calendar.months)
    if name == LINE_ITEMS:
        return list(module.definition.line_items)
    return list(model.lists[name])


def cell_count(model: Model, module: ModuleData) -> int:
    """All cells of a module, filled or not."""
    sizes = [
        len(model.calendar.months) if name == TIME else len(model.lists[name]) for name in module.definition.dimensions
    ]
    return prod(sizes) * len(module.definition.line_items)


class Selection:
    """Cells of a view with some dimensions pinned to one member."""

    def __init__(self, model: Model, view: ViewDefinition, pinned: Mapping[str, Member | LineItem]) -> None:
        self._model = model
        self.view = view
        self.module = model.modules[view.module]
        self.pinned = pinned
        self._order = self.module.definition.dimensions
        self._writing = model.writing

    def members(self, name: str) -> list[Member | LineItem]:
        """The members of a dimension in this selection."""
        return [self.pinned[name]] if name in self.pinned else dimension_members(self._model, self.module, name)

    def axis(self, names: Sequence[str]) -> list[tuple[Member | LineItem, ...]]:
        """All combinations of members along an axis."""
        return list(itertools.product(*(self.members(name) for name in names)))

    def value(self, at: Mapping[str, Member | LineItem]) -> str:
        """One cell."""
        item = at[LINE_ITEMS]
        members = tuple(member for name in self._order if not isinstance(member := at[name], LineItem))
        row = self.module.rows.get(self.module.key(members), self.module.blank)
        if not isinstance(item, LineItem):
            raise TypeError(f"{item.name} is no line item")
        return cell_text(self.module, row, item, self._writing)

    def line_items(self) -> list[LineItem]:
        """The selected line items."""
        return [item for item in self.members(LINE_ITEMS) if isinstance(item, LineItem)]

    def tabular(self, *, single_column: bool = False) -> Iterator[list[str]]:
        """Header and rows: the dimensions, then each line item in a column of its own or all in one."""
        items = self.line_items()
        value_names = [LINE_ITEMS, "Value"] if single_column else [item.name for item in items]
        yield [*self._order, *value_names]
        blank = self.module.blank
        for combination in itertools.product(*(self.members(name) for name in self._order)):
            members = tuple(member for member in combination if not isinstance(member, LineItem))
            names = [member.name for member in members]
            row = self.module.rows.get(self.module.key(members), blank)
            if single_column:
                for item in items:
                    yield [*names, item.name, cell_text(self.module, row, item, self._writing)]
            else:
                yield [*names, *[cell_text(self.module, row, item, self._writing) for item in items]]


def list_header(data: ListData) -> list[str]:
    """Column names of a list's grid."""
    return [data.definition.name, "Parent", "Code", *[field.name for field in data.definition.properties]]


def list_table(data: ListData, writing: Writing) -> Iterator[list[str]]:
    """A list's grid below its header: name, parent, code, properties."""
    yield list_header(data)
    kinds = [field.format.kind for field in data.definition.properties]
    for item in data:
        values = [value_text(value, kind, writing) for value, kind in zip(item.values, kinds, strict=True)]
        yield [item.name, parent_name(item), item.code, *values]


def parent_name(item: Item) -> str:
    """The name of an item's parent, blank when it has none any more."""
    return item.parent.name if item.parent is not None and item.parent.alive else ""
