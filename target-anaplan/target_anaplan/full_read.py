"""What a full read of the source has shown of one mapping's rows, and so what it no longer shows.

A full read may take several runs under one version; the trail remembers what came of it. Only ACTIVATE_VERSION behind
the records says that it was complete, and a record whose row is unknown spoils that for the whole version.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

from connector_kit.delivery.proof import OpenVersion
from connector_kit.errors import RefusedError

if TYPE_CHECKING:
    from target_anaplan.cells import Cells
    from target_anaplan.outbox import Outbox

log = logging.getLogger("target-anaplan")


def too_many(outbox: Outbox, gone: int, known: int, max_share: float, untouched: str) -> RefusedError | None:
    """The error when more vanished than is plausible. untouched: what was not done."""
    if not gone or gone <= max_share * max(known, 1):
        return None
    return RefusedError(
        system="target-anaplan",
        subject=f"{outbox.mapping.title}, deletions",
        expected=f"at most {max_share:.0%} of the {known} known keys (max_vanished_share)",
        got=f"{gone} that the source no longer shows",
        hint=f"{untouched} Compare the source with Anaplan; max_vanished_share sets the limit.",
    )


class FullRead:
    """For mappings that delete nothing: what vanished stays in Anaplan, but is sent again should it come back.

    Without that, rows that come back as they were would count as unchanged, while Anaplan may have lost them with the
    list item that they belong to.
    """

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.version = OpenVersion(outbox.services.trail, outbox.scope)
        self._trail = outbox.services.trail
        self._complete = False

    def prove(self, version: int) -> None:
        """A version came whole, says the tap."""
        self._complete = self.version.proves(version)
        if self._complete:
            self.outbox.vanished(version)
        elif version == self.version.number:
            log.warning(
                "%s: %s, so nothing counts as vanished.",
                self.outbox.mapping.title,
                "another run reads the same"
                if self.version.overtaken()
                else "of a record it can't be told which row it is",
            )

    def vanished(self) -> Iterator[str]:
        """Key texts of what was delivered and is no longer there."""
        if self._complete and self.version.number is not None:
            yield from self._trail.vanished(self.outbox.scope, self.version.number)

    def count(self) -> int:
        """How many those are."""
        if not self._complete or self.version.number is None:
            return 0
        return self._trail.count_vanished(self.outbox.scope, self.version.number)

    def known(self) -> int:
        """How many keys were delivered and not deleted."""
        return self._trail.count_known(self.outbox.scope)

    def forget(self) -> None:
        """Nothing of it is known to be in Anaplan any more."""
        if self.count():
            self._trail.forget(self.outbox.scope, self.vanished())
        self._complete = False


class CountedRead(FullRead):
    """For mappings that add records up: what vanished adds nothing any more."""

    def __init__(self, outbox: Outbox, cells: Cells, max_share: float) -> None:
        super().__init__(outbox)
        self._book = cells.book
        self._max_share = max_share

    def let_go(self) -> RefusedError | None:
        """Before the rows are made: take the records that vanished out of their cells, unless they are too many."""
        if not self._complete or self.version.number is None:
            return None
        gone = self._book.count_vanished(self.version.number)
        refusal = too_many(
            self.outbox, gone, self._book.count(), self._max_share, "No record was taken out of its cell."
        )
        if refusal is None:
            self.outbox.tally.deleted += self._book.remove_vanished(self.version.number)
        return refusal

    def forget(self) -> None:
        """Nothing: `let_go` did it."""
        self._complete = False
