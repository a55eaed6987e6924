"""The approval gate: whether the cells that approve are true at this moment."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector_kit.anaplan.cells import Notation, converter
from connector_kit.anaplan.ids import find
from connector_kit.anaplan.tables import Table, TextForm
from connector_kit.errors import ConfigurationError, NotFoundError

if TYPE_CHECKING:
    from connector_kit.anaplan.line_items import LineItem
    from connector_kit.anaplan.objects import Module
    from tap_anaplan.site import Site
    from tap_anaplan.specs import Approval


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is `approved` and what is `missing`, by the items' names, and a sentence that says so and who can change it.

    Where the approval is no matter of single items, the name is that of the whole.
    """

    approved: frozenset[str]
    missing: frozenset[str]
    sentence: str


def verdict(site: Site, approval: Approval) -> Verdict:
    """Ask the model, now.

    An item is approved when every cell of the line item that belongs to it is true; an empty cell is not true.

    Raises:
        NotFoundError: the module, the line item or the item is not there: a gate that can't be asked stays closed,
            and is not passed over in silence.
        ConfigurationError: the line item is not a boolean, or several dimensions are left where one decides.
    """
    model = site.model
    module = model.find_module(approval.module)
    where = f"{model.label}, module {module.name}"
    line_item = find(model.reads.line_items(module.id), approval.line_item, kind="line item", where=where)
    if line_item.kind != "boolean":
        raise ConfigurationError(
            system="Anaplan",
            subject=f"{where}, line item {line_item.name}",
            expected="a boolean, to approve with",
            got=f"format {line_item.format}",
        )
    cells = _cells(site, module, line_item, where)
    found: dict[str, bool] = {}
    for members, cell in cells:
        name = _subject(members, approval, where)
        if name is not None:
            found[name] = found.get(name, True) and cell
    if not found:
        raise NotFoundError(
            system="Anaplan",
            subject=f"{where}, line item {line_item.name}",
            expected=f"cells of {_whole(approval)}",
            got="none that this user sees",
            hint="Check `item` of the approval, and the user's access to that item.",
        )
    approved = frozenset(name for name, cell in found.items() if cell)
    missing = frozenset(found) - approved
    return Verdict(approved, missing, _sentence(approved, missing, f"{line_item.name} in {where}", approval.by))


def _cells(site: Site, module: Module, line_item: LineItem, where: str) -> list[tuple[Mapping[str, str], bool]]:
    """Each cell of the line item with the items that it belongs to, by dimension."""
    reads = site.model.reads
    table = Table(io.BytesIO(reads.view_text(module.id, module.id, where)), TextForm(), where)
    # Dimensions stand first: of two columns of one name the last is the line item.
    dimensions = table.header[: len(reads.axes(module.id).dimensions)]
    places = [at for at, name in enumerate(table.header) if name == line_item.name]
    if not places:
        raise NotFoundError(
            system="Anaplan", subject=where, expected=f"line item {line_item.name}", got="a view without it"
        )
    truth = converter("boolean", Notation(), f"{where}, line item {line_item.name}")
    found: list[tuple[Mapping[str, str], bool]] = []
    for block in table.blocks():
        members = [dict(zip(dimensions, row, strict=False)) for row in zip(*block[: len(dimensions)], strict=True)]
        values = [value is True for value in truth(block[places[-1]], 0)]
        found += zip(members or [{}] * len(values), values, strict=True)
    return found


def _subject(members: Mapping[str, str], approval: Approval, where: str) -> str | None:
    """Under which name a cell counts; None when it is none of those that decide."""
    if approval.item:
        return approval.item if approval.item in members.values() else None
    if any(members.get(name) != value for name, value in approval.items):
        return None
    if not approval.column:
        return _whole(approval)
    free = [value for name, value in members.items() if name not in dict(approval.items)]
    if len(free) != 1:
        raise ConfigurationError(
            system="Anaplan",
            subject=f"{where}, approval by {approval.column}",
            expected="one dimension whose items are approved",
            got=f"{len(free)}: {', '.join(members)}",
            hint="Name the item of each other dimension with `item: {dimension: item}`.",
        )
    return free[0]


def _whole(approval: Approval) -> str:
    return approval.item or ", ".join(f"{name} {value}" for name, value in approval.items) or f"all {approval.module}"


def _sentence(approved: frozenset[str], missing: frozenset[str], cells: str, by: str) -> str:
    parts = []
    if approved:
        parts.append(f"approved: {', '.join(sorted(approved))}")
    if missing:
        who = by or "somebody who may write to it"
        parts.append(f"not approved: {', '.join(sorted(missing))} ({who} has to set {cells})")
    return "; ".join(parts)
