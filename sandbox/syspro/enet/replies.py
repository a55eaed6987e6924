"""Replies of setup and transaction objects: what was sent comes back in lower case, SYSPRO's own in Pascal case."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from sandbox.syspro.enet.xml import document, element

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.core.switches import Switches
    from sandbox.syspro.enet.faults import Fault
    from sandbox.syspro.enet.process import Outcome, Pairs, Result


def _pairs(pairs: Pairs) -> str:
    return "".join(element(name, text) for name, text in pairs)


class Echo:
    """Writes in the letter case of a site; ``as_errors`` says that warnings are refused."""

    def __init__(self, switches: Switches, *, as_errors: bool) -> None:
        self._lower = switches.text("echo_case") == "lower"
        self._as_errors = as_errors

    def name(self, name: str) -> str:
        """An element's name as it comes back."""
        return name.lower() if self._lower else name

    def wrapped(self, name: str, content: str) -> str:
        """An echoed element around ``content``."""
        return f"<{self.name(name)}>{content}</{self.name(name)}>"

    def pairs(self, pairs: Pairs) -> str:
        """Echoed elements."""
        return "".join(element(self.name(name), text) for name, text in pairs)

    def faults(self, faults: Sequence[Fault]) -> str:
        """Each offending element again, with what is wrong with it inside; lines by their numbers."""
        parts = []
        for (within, entry), group in groupby(faults, key=lambda fault: (fault.within, fault.entry)):
            content = "".join(self._fault(fault) for fault in group)
            if within:
                content = self.wrapped(within, self.pairs((("EntryNumber", f"{entry:06d}"),)) + content)
            parts.append(content)
        return "".join(parts)

    def _fault(self, fault: Fault) -> str:
        kind = "Warning" if fault.warning and not self._as_errors else "Error"
        words = element(f"{kind}Number", fault.number) + element(f"{kind}Description", fault.text)
        if not fault.element:
            return words
        return self.wrapped(fault.element, element("Value", fault.value) + words)


def setup_reply(root: str, result: Result, switches: Switches) -> str:
    """Items with their key; RecordsRead and RecordsInvalid."""
    echo = Echo(switches, as_errors=not result.flags.ignore_warnings)
    items = [
        echo.wrapped("Item", echo.wrapped("Key", echo.pairs(outcome.key)) + echo.faults(outcome.faults))
        for outcome in result.outcomes
    ]
    invalid = sum(not outcome.accepted for outcome in result.outcomes)
    counts = (("RecordsRead", str(len(items))), ("RecordsInvalid", str(invalid)))
    return document(echo.name(root), "\n".join([*items, f"<StatusOfItems>{_pairs(counts)}</StatusOfItems>"]))


def transaction_reply(root: str, result: Result, switches: Switches, *, numbers_in: str) -> str:
    """Items with the numbers they were given (``numbers_in`` key, item or status), then the counters."""
    echo = Echo(switches, as_errors=not result.flags.ignore_warnings)
    items = [_item(outcome, echo, place, numbers_in) for place, outcome in enumerate(result.outcomes, start=1)]
    if switches.text("posting_status") == "absent":
        return document(echo.name(root), "\n".join(items))
    accepted = [outcome for outcome in result.outcomes if outcome.accepted]
    applied = [] if _held_back(result) else accepted
    counts = {
        "ItemsProcessed": len(applied),
        "ItemsInvalid": len(result.outcomes) - len(accepted),
        "ItemsRejectedWithWarnings": sum(_only_warnings(each) for each in result.outcomes if not each.accepted),
        "ItemsProcessedWithWarnings": sum(bool(each.faults) for each in applied),
    }
    status = "".join(element(name, f"{count:06d}") for name, count in counts.items())
    if numbers_in == "status":
        status += "".join(_pairs(outcome.numbers) for outcome in result.outcomes)
    for name, number in result.totals:
        status += f"<{name}>{element(name, number)}</{name}>"
    return document(echo.name(root), "\n".join([*items, f"<StatusOfItems>{status}</StatusOfItems>"]))


def _held_back(result: Result) -> bool:
    """Whether valid items were not applied because of others."""
    return result.flags.entire_document and any(not outcome.accepted for outcome in result.outcomes)


def _only_warnings(outcome: Outcome) -> bool:
    return all(fault.warning for fault in outcome.faults)


def _item(outcome: Outcome, echo: Echo, place: int, numbers_in: str) -> str:
    number = element("ItemNumber", f"{place:06d}")
    if not outcome.accepted:
        return echo.wrapped("Item", echo.pairs(outcome.key) + echo.faults(outcome.faults) + number)
    in_key = _pairs(outcome.numbers) if numbers_in == "key" else ""
    beside = _pairs(outcome.numbers) if numbers_in == "item" else ""
    key = f"<Key>{_pairs(outcome.key)}{in_key}</Key>"
    return f"<Item>{key}{beside}{number}{echo.faults(outcome.faults)}</Item>"
