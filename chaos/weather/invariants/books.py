"""Anaplan beside the ERP."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.weather.contents import differences
from chaos.weather.seen import Seen


def never_what_nobody_had(seen: Seen) -> Iterator[str]:
    """Anaplan may be older than the ERP or newer, but never holds what neither side ever had."""
    yield from seen.memory.strangers(seen.after.anaplan)


def nothing_vanishes_that_stands(seen: Seen) -> Iterator[str]:
    """What the ERP holds all the time is not deleted in Anaplan."""
    for name, contents in seen.before.anaplan.items():
        stood = seen.before.erp.get(name, {}).keys() & seen.after.erp.get(name, {}).keys()
        for key in sorted((contents.keys() & stood) - seen.after.anaplan.get(name, {}).keys()):
            yield f"{name}: {key} stands in the ERP and was deleted in Anaplan"


def success_means_equal(seen: Seen) -> Iterator[str]:
    """A run that ends well, undisturbed, leaves both sides equal."""
    settled = not (seen.disturbed or seen.hidden or seen.narrowed or seen.ended)
    if settled and seen.inbound and all(part.well for part in seen.inbound):
        yield from _apart(seen)


def equal_in_the_end(seen: Seen) -> Iterator[str]:
    """When the weather has cleared and everything was read once more, both sides are equal."""
    if seen.ended:
        yield from _apart(seen)


def _apart(seen: Seen) -> Iterator[str]:
    for difference in differences(seen.after.erp, seen.after.anaplan, seen.rejected):
        if not (seen.stale and difference.endswith("should not be there")):
            yield difference
