"""What a run did, in lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from connector_kit.singer.outcomes import Line

if TYPE_CHECKING:
    from target_anaplan.outbox import Outbox

_REASONS = 5


def lines(outboxes: Iterable[Outbox]) -> Iterator[Line]:
    """One line per mapping, and one per reason for rejected rows.

    "suppliers -> import Suppliers from suppliers.csv: 300 read, 298 unchanged, 2 sent, 2 delivered, 0 rejected".
    """
    for outbox in outboxes:
        tally = outbox.tally
        if not (tally.read or tally.rejected or tally.deleted):
            continue
        parts = [f"{tally.read} read"]
        parts += [f"{tally.filtered} filtered"] if tally.filtered else []
        parts += [f"{tally.repeated} repeated"] if tally.repeated else []
        parts += [f"{tally.overtaken} overtaken by newer ones"] if tally.overtaken else []
        parts += [f"{tally.unchanged} unchanged", f"{tally.sent} sent", f"{tally.delivered} delivered"]
        parts += [f"{tally.rejected} rejected"]
        parts += [f"{tally.failed} not delivered"] if tally.failed else []
        parts += [f"{tally.deleted} deleted"] if tally.deleted else []
        parts += [f"{tally.repaired} earlier failures repaired"] if tally.repaired else []
        refused = bool(tally.rejected or tally.failed)
        yield Line.of(f"{outbox.mapping.title}: {', '.join(parts)}", refused=refused)
        if missed := str(outbox.missed):
            yield Line.of(f"  where let no record pass: {missed}", refused=True)
        for reason, count in tally.reasons.most_common(_REASONS):
            samples = ", ".join(tally.samples.get(reason, []))
            example = f" (e.g. {samples})" if samples else ""
            yield Line.of(f"  {count} rejected: {reason}{example}", refused=True)
        more = len(tally.reasons) - _REASONS
        if more > 0:
            yield Line.of(f"  and {more} more reasons: see `audit failures`", refused=True)
