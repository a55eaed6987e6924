"""What the matrix finds and nobody means to change, with what is known of it. Such a cell is `~`."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    """`cells`, `why`: regular expressions, for a cell's line and for what is said to be wrong with it."""

    cells: str
    why: str
    reason: str


KNOWN = (
    Known(
        r"^target-anaplan .*/dumps/",
        r"^trail: \d+ of \d+ differ \(\w+ : None -> rejected",
        "Anaplan counts rejected rows and its dump can't be read: they are rejects without a row in the trail, which "
        "trusts no row of that file and sends all of them again when they come again.",
    ),
    Known(
        r"^target-anaplan imports, .*/actions/",
        r"^after the next run: trail: 1 of \d+ differ \(suppliers \[\"S1\"\]: deleted -> rejected",
        "A deletion that was carried out and not answered is tried again: Anaplan refuses to mark what is gone.",
    ),
    Known(
        r"^target-anaplan lists, .*(POST|PUT) .*/items\?action, (\{\}|\[\]|empty|204|no content)",
        r"trail: \d of \d+ differ \(.*(delivered|deleted) -> rejected",
        "An answer that counts nothing makes the target look at the list: an item that is not as it was sent is a "
        "reject in the trail, which a replay or the item's next coming repairs.",
    ),
)


def known(cell: str, why: str) -> str:
    """The reason where the cell is known for this; else nothing."""
    found = (one.reason for one in KNOWN if re.search(one.cells, cell) and re.search(one.why, why))
    return next(found, "")
