"""What has to be posted so that a plan stands: the plan's document beside what stands of it, and the rule for changes.

Pure: plan and standing documents in, documents to post out, in stages. A stage is begun when the one before it was
posted whole (what is taken back goes before what replaces it).

- Nothing stands: the plan is posted.
- Something else stands: by the recipe's `on_change` the difference is posted, or every standing document is taken back
  by a document with opposite amounts and the plan posted anew, or the change is refused.
- Of the same plan a part stands, because the rest was refused before: the rest is posted, whatever the rule.
- Nothing of it is in the plan any more: the same with an empty plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from connector_kit.documents.lines import (
    Identity,
    add_up,
    balances,
    differences,
    identity,
    offsets,
    parts,
    round_lines,
)
from connector_kit.documents.model import Document, Kind, Line
from connector_kit.documents.recipe import Recipe
from connector_kit.documents.references import same_lines
from connector_kit.documents.rows import About


@dataclass(frozen=True, slots=True)
class Standing:
    """A posted document with the digest of the plan that it was posted for."""

    document: Document
    plan: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a plan can't be posted. reason: without its values, so that faults of one kind count as one."""

    reason: str
    message: str


Stages = list[list[Document]]
"""Documents without references: those of a stage, stage after stage. Empty: there is nothing to do."""

_ZERO = Decimal(0)


def plan_lines(lines: Sequence[Line], recipe: Recipe) -> list[Line]:
    """A document's lines as they should stand: added up, rounded, with the offset; without zeros."""
    made = list(add_up(lines).values()) if recipe.condense else list(lines)
    made = [line for line in round_lines(made, recipe.rounding) if line.amount]
    if recipe.offset is not None:
        made += offsets(made, recipe.offset)
    return made


def unbalanced(lines: Sequence[Line], recipe: Recipe) -> Fault | None:
    """The fault of lines that do not balance, where they have to."""
    if not recipe.rules.balanced or not (wrong := balances(lines)):
        return None
    figures = ", ".join(f"{amount:f} {currency}".rstrip() for currency, amount in wrong.items())
    hint = "" if recipe.offset else "; give the recipe an offset account if the plan has one side only"
    return Fault("debits and credits differ", f"debits exceed credits by {figures}{hint}")


def stages(plan: Sequence[Line], about: About | None, standing: Sequence[Standing], recipe: Recipe) -> Stages | Fault:
    """What to post.

    Args:
        plan: of `plan_lines`; empty when nothing of it is in the plan any more.
        about: of the plan; None when the plan is empty: then what stands says it.
        standing: in the order of posting.
        recipe: with the rules.
    """
    if recipe.rules.replaces:
        return _replacing(plan, about, standing, recipe)
    live = _live(standing)
    missing = differences(add_up(plan), add_up(_all_lines(live)))
    if not missing:
        return []
    if not live:
        return _documents("plan", plan, about, standing, recipe)
    original = _not_reversed(live)
    resumed = bool(plan) and all(same_lines(digest, plan) for digest in {one.plan for one in original})
    if recipe.on_change == "refuse" and not resumed:
        return _refused(bool(plan), live)
    if recipe.on_change == "difference" or resumed:
        return _documents("difference", missing, about, standing, recipe)
    anew = _documents("plan", plan, about, standing, recipe) if plan else []
    return anew if isinstance(anew, Fault) else [[_reversal(one.document) for one in original], *anew]


def _live(standing: Sequence[Standing]) -> list[Standing]:
    """What was posted since nothing stood for the last time."""
    live: list[Standing] = []
    sums: dict[Identity, Decimal] = {}
    for one in standing:
        live.append(one)
        for line in one.document.lines:
            name = identity(line)
            amount = sums.pop(name, _ZERO) + line.amount
            if amount:
                sums[name] = amount
        if not sums:
            live = []
    return live


def _replacing(
    plan: Sequence[Line], about: About | None, standing: Sequence[Standing], recipe: Recipe
) -> Stages | Fault:
    last = add_up(standing[-1].document.lines) if standing else {}
    if not differences(add_up(plan), last):
        return []
    if recipe.on_change == "refuse" and any(line.amount for line in last.values()):
        return _refused(bool(plan), standing)
    here = add_up(plan)
    zeros = [replace(line, amount=_ZERO, rows=()) for name, line in last.items() if name not in here and line.amount]
    return _documents("plan", [*plan, *zeros], about, standing, recipe)


def _not_reversed(standing: Sequence[Standing]) -> list[Standing]:
    gone = {one.document.reverses for one in standing if one.document.kind == "reversal"}
    return [one for one in standing if one.document.kind != "reversal" and one.document.reference not in gone]


def _refused(changed: bool, standing: Sequence[Standing]) -> Fault:
    what = "the plan has changed" if changed else "it is not in the plan any more"
    known = ", ".join(one.document.reference for one in standing[-3:])
    return Fault(f"{what} since it was posted", f"{what} since it was posted ({known}); on_change is refuse")


def _reversal(document: Document) -> Document:
    lines = tuple(replace(line, amount=-line.amount, rows=()) for line in document.lines)
    return replace(document, kind="reversal", lines=lines, reverses=document.reference, reference="")


def _documents(
    kind: Kind, lines: Sequence[Line], about: About | None, standing: Sequence[Standing], recipe: Recipe
) -> Stages | Fault:
    most = recipe.max_lines
    if len(lines) > most and not recipe.split:
        return Fault(
            f"more than {most} lines in a document",
            f"{len(lines)} lines, {most} are allowed; let more columns tell documents apart, or set split",
        )
    pieces = list(parts(lines, most, recipe.offset if recipe.rules.balanced else None))
    for piece in pieces:
        if fault := unbalanced(piece, recipe):
            return fault
    if about is not None:
        blank = about.blank(kind)
    else:
        blank = replace(standing[-1].document, kind=kind, reverses="", reference="")
    return [[replace(blank, lines=tuple(piece), part=at, parts=len(pieces)) for at, piece in enumerate(pieces, 1)]]


def what_stands(standing: Sequence[Standing]) -> Mapping[Identity, Line]:
    """The sum of posted documents, by where amounts land."""
    return {name: line for name, line in add_up(_all_lines(standing)).items() if line.amount}


def _all_lines(standing: Sequence[Standing]) -> list[Line]:
    return [line for one in standing for line in one.document.lines]
