"""Whether what Anaplan counted of an import can be the rows that were sent, and how many of them did not arrive.

Sources: in the recorded fixtures of list imports, processed = successful + warnings + failed + ignored, one count per
row of the file. In list imports, ignored rows are those that change nothing; in module imports they are rows for
aggregated items and cells of formula line items, which take no values (Anaplan community, article 108512). How module
imports count is not documented, per row or per cell: there a whole multiple of the rows sent adds up too, and more
cells than rows say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector_kit.anaplan.counts import Counts


@dataclass(frozen=True, slots=True)
class Account:
    """What the counts of one import say about the rows that were sent.

    `told`: whether there are counts that can be compared. `refused`: rows with an error or a warning, at least.
    `ignored`: rows of a module import that were left out without an error, at least. `problem`: why the counts can't be
    of the rows sent, else blank.
    """

    told: bool = False
    refused: int = 0
    ignored: int = 0
    problem: str = ""


def account(counts: Sequence[Counts], sent: int, *, in_module: bool = False) -> Account:
    """Hold the counts of one import against the rows of its file.

    Args:
        counts: as the import's result tells them: one for a list or module, or one for each line item.
        sent: rows of the file.
        in_module: whether it is known that the import writes into a module.
    """
    if not counts:
        return Account()
    for one in counts:
        if one.accounted != one.processed:
            return Account(told=True, problem=f"{one.processed} rows processed, and an outcome for {one.accounted}")
    processed = sum(one.processed for one in counts)
    in_module = in_module or any(one.in_module or one.in_cells for one in counts)
    per_row = _per_row(processed, sent, several=in_module or len(counts) > 1)
    told = per_row > 0
    if not told:
        if processed < sent or not sent or not any(one.in_cells for one in counts):
            return Account(told=True, problem=f"{processed} rows processed")
        per_row = -(-processed // sent)
    refused = _rows([(one.failed + one.warnings, one.processed) for one in counts], sent, per_row)
    ignored = _rows([(one.ignored, one.processed) for one in counts], sent, per_row) if in_module else 0
    return Account(told, refused, ignored)


def _rows(parts: Sequence[tuple[int, int]], sent: int, per_row: int) -> int:
    """Rows that some counts stand for, at least. parts: of each count the part that is asked for, and its total."""
    if per_row == 1:
        return sum(part for part, _ in parts)
    return max(-(-part // max(total // sent, 1)) for part, total in parts)


def _per_row(processed: int, sent: int, *, several: bool) -> int:
    """How often each row was counted; 0 when the counts are of other rows."""
    if processed == sent:
        return 1
    return processed // sent if several and sent and processed and processed % sent == 0 else 0
