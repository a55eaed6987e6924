"""The ERP's books beside what was planned and approved."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.weather.seen import Seen


def every_document_once(seen: Seen) -> Iterator[str]:
    """No reference of ours and no invoice stands twice."""
    for reference, times in sorted(seen.posted.references.items()):
        if times > 1:
            yield f"the document {reference} stands {times} times"
    for number, amounts in sorted(seen.posted.invoices.items()):
        if len(amounts) > 1:
            yield f"the invoice {number} stands {len(amounts)} times"


def only_what_was_approved(seen: Seen) -> Iterator[str]:
    """The documents of a plan add up to what was approved at some time, or to nothing."""
    if seen.plans is None:
        return
    for group, sums in sorted(seen.posted.sums.items()):
        if sums and sums not in seen.plans.ever.get(group, ()):
            yield f"{' '.join(group)}: the ERP holds {_shown(sums)}, which was never approved"
    for number, amounts in sorted(seen.posted.invoices.items()):
        ever = seen.plans.invoices_ever.get(number, set())
        for amount in amounts:
            if amount not in ever:
                yield f"the invoice {number} stands over {amount}, approved were {sorted(ever)}"


def the_plan_in_the_end(seen: Seen) -> Iterator[str]:
    """In the end what is approved stands in the ERP to the cent, but for rows whose refusal the trail explains."""
    yield from seen.planned_apart


def _shown(sums: object) -> str:
    if not isinstance(sums, frozenset):
        return str(sums)
    return (
        ", ".join(f"{account} {center} {amount}".replace("  ", " ") for (account, center), amount in sorted(sums))
        or "0"
    )
