"""How setup and transaction objects go through a document: each item is read, checked and applied in turn, and what is
not to stay is rolled back in the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sandbox.syspro.enet.errors import EnetError
from sandbox.syspro.enet.xml import parse, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lxml import etree

    from sandbox.syspro.enet.calls import Call
    from sandbox.syspro.enet.faults import Fault

#: Element names with their texts.
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Flags:
    """The standard parameters, with the defaults of SYSPRO's schemas."""

    ignore_warnings: bool
    entire_document: bool
    validate_only: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """An item that was read: its key as stored, what is wrong with it, and what applies it (the numbers it gets)."""

    key: Pairs
    faults: Sequence[Fault]
    apply: Callable[[], Pairs]


@dataclass(frozen=True, slots=True)
class Outcome:
    """An item and what became of it. ``numbers`` are given by SYSPRO; none when nothing was applied."""

    key: Pairs
    faults: Sequence[Fault]
    accepted: bool
    numbers: Pairs = ()


@dataclass(frozen=True, slots=True)
class Result:
    """All items in their order; ``totals`` is what the document as a whole was given."""

    outcomes: Sequence[Outcome]
    totals: Pairs
    flags: Flags


class Business(Protocol):
    """One business object at work on one document."""

    def check(self, item: etree._Element) -> Checked:
        """Read an item; what came before it in the document has been applied."""

    def finish(self) -> Pairs:
        """What is to be done once for the whole document."""


def parameters_of(call: Call, root: str) -> etree._Element:
    """The Parameters element; an empty one when there is none."""
    document = parse(call.parameters or f"<{root}/>", "XmlParameters")
    found = document.find("Parameters")
    return document if found is None else found


def process(call: Call, root: str, business: Business) -> Result:
    """Go through the document; EnetError when it is none."""
    parameters = parameters_of(call, root)
    flags = Flags(
        text_of(parameters, "IgnoreWarnings", "Y") != "N",
        text_of(parameters, "ApplyIfEntireDocumentValid", "N") == "Y",
        text_of(parameters, "ValidateOnly", "N") == "Y",
    )
    document = parse(call.document, "XmlIn")
    if document.tag != root:
        raise EnetError(f"The root element of XmlIn must be {root}")
    connection = call.store.connection
    connection.execute("BEGIN")
    try:
        outcomes = [_handled(business.check(item), flags) for item in document.findall("Item")]
        rejected = any(not outcome.accepted for outcome in outcomes)
        applied = not flags.validate_only and not (rejected and flags.entire_document)
        totals = business.finish() if applied and any(outcome.accepted for outcome in outcomes) else ()
        if applied:
            call.store.changed()
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT" if applied else "ROLLBACK")
    if not applied:
        outcomes = [Outcome(each.key, each.faults, each.accepted) for each in outcomes]
    return Result(outcomes, totals, flags)


def _handled(checked: Checked, flags: Flags) -> Outcome:
    if any(not fault.warning or not flags.ignore_warnings for fault in checked.faults):
        return Outcome(checked.key, checked.faults, accepted=False)
    return Outcome(checked.key, checked.faults, accepted=True, numbers=checked.apply())
