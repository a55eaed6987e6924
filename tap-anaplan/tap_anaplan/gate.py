"""The approval gate: whether the cells that approve are true at this moment."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector_kit.anaplan.cells import Notation, converter
from connector_kit.anaplan.ids import find
from connector_kit.anaplan.tables import Table, TextForm
from connector_kit.errors import ConfigurationError, NotFoundError

if TYPE_CHECKING:
    from tap_anaplan.site import Site
    from tap_anaplan.specs import Approval


@dataclass(frozen=True, slots=True)
class Verdict:
    """`approved`, or the sentence that says what is still to be done, and by whom."""

    approved: bool
    sentence: str


def verdict(site: Site, approval: Approval) -> Verdict:
    """Ask the model, now.

    Approved is what is true in every cell of the line item that belongs to the item; an empty cell is not true.

    Raises:
        NotFoundError: the module, the line item or the item is not there: a gate that can't be asked stays closed,
            and is not passed over in silence.
        ConfigurationError: the line item is not a boolean.
    """
    model = site.model
    module = model.find_module(approval.module)
    where = f"{model.label}, module {module.name}"
    item = find(model.reads.line_items(module.id), approval.line_item, kind="line item", where=where)
    if item.kind != "boolean":
        raise ConfigurationError(
            system="Anaplan",
            subject=f"{where}, line item {item.name}",
            expected="a boolean, to approve with",
            got=f"format {item.format}",
        )
    table = Table(io.BytesIO(model.reads.view_text(module.id, module.id, where)), TextForm(), where)
    dimensions = [each.name for each in model.reads.axes(module.id).dimensions]
    places = [table.header.index(name) for name in dimensions if name in table.header]
    # A dimension of the line item's name would stand before it.
    cells_at = len(table.header) - 1 - table.header[::-1].index(item.name) if item.name in table.header else -1
    if cells_at < 0:
        raise NotFoundError(system="Anaplan", subject=where, expected=f"line item {item.name}", got="a view without it")
    truth = converter("boolean", Notation(), f"{where}, line item {item.name}")
    cells: list[str] = []
    for block in table.blocks():
        members = list(zip(*(block[at] for at in places), strict=True)) if places else [()] * len(block[0])
        cells += [
            cell
            for cell, own in zip(block[cells_at], members, strict=True)
            if _belongs(own, [table.header[at] for at in places], approval)
        ]
    shown = approval.item or ", ".join(f"{name} {value}" for name, value in approval.items) or "the module"
    if not cells:
        raise NotFoundError(
            system="Anaplan",
            subject=f"{where}, line item {item.name}",
            expected=f"cells of {shown}",
            got="none that this user sees",
            hint="Check `item` of the approval, and the user's access to that item.",
        )
    if all(truth(cells, 0)):
        return Verdict(True, f"{shown} is approved ({item.name} in {where})")
    by = approval.by or f"somebody who may write to it has to set {item.name} there"
    who = f"{by} has to set {item.name} there" if approval.by else by
    return Verdict(False, f"{shown} is not approved: {item.name} in {where} is not true; {who}")


def _belongs(members: Sequence[str], dimensions: Sequence[str], approval: Approval) -> bool:
    if approval.item:
        return approval.item in members
    own = dict(zip(dimensions, members, strict=True))
    return all(own.get(name) == value for name, value in approval.items)
