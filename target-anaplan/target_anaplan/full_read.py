"""What a full read of the source has shown of one mapping's rows, and so what it no longer shows.

A full read may take several runs under one version; the trail remembers what came of it. Only ACTIVATE_VERSION behind
the records says that it was complete, and a record whose row is unknown spoils that for the whole version.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

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
        self._trail = outbox.services.trail
        self._version: int | None = None
        self._unversioned = False
        self._spoiled = False
        self._complete = False

    def seen(self, hashes: Sequence[bytes], version: int | None) -> None:
        """The source still has these keys. version: of their records; those without one belong to no full read."""
        if version is None:
            if not self._unversioned:
                self._unversioned = True
                self._trail.spoil_open_version(self.outbox.scope)
            return
        if version != self._version:
            self._trail.begin_version(self.outbox.scope, version)
            self._version, self._spoiled = version, False
            if self._unversioned:
                self.spoil()
        self._trail.mark_seen(self.outbox.scope, hashes, version)

    def spoil(self) -> None:
        """A record came whose row is unknown: it may be any that seems to have vanished."""
        if not self._spoiled:
            self._trail.spoil_version(self.outbox.scope)
            self._spoiled = True

    def keep(self) -> None:
        """What was seen is on disk when this returns: STATE may leave."""
        if self._version is not None:
            self._trail.keep_versions()

    def prove(self, version: int) -> None:
        """A version came whole, says the tap."""
        if version != self._version:
            return
        if self._trail.is_version_spoiled(self.outbox.scope):
            log.warning(
                "%s: of a record it can't be told which row it is, so nothing counts as vanished.",
                self.outbox.mapping.title,
            )
            return
        self._complete = True

    def vanished(self) -> Iterator[str]:
        """Key texts of what was delivered and is no longer there."""
        if self._complete and self._version is not None:
            yield from self._trail.vanished(self.outbox.scope, self._version)

    def count(self) -> int:
        """How many those are."""
        if not self._complete or self._version is None:
            return 0
        return self._trail.count_vanished(self.outbox.scope, self._version)

    def known(self) -> int:
        """How many keys were delivered and not deleted."""
        return self._trail.count_known(self.outbox.scope)

    def forget(self) -> None:
        """Nothing of it is known to be in Anaplan any more."""
        if self.count():
            self._trail.forget(self.outbox.scope, self.vanished())
        self._complete = False

    def close(self) -> None:
        """The version that came whole is done with."""
        self._trail.close_version(self.outbox.scope)
        self._version = None


class CountedRead(FullRead):
    """For mappings that add records up: what vanished adds nothing any more."""

    def __init__(self, outbox: Outbox, cells: Cells, max_share: float) -> None:
        super().__init__(outbox)
        self._book = cells.book
        self._max_share = max_share

    def let_go(self) -> RefusedError | None:
        """Before the rows are made: take the records that vanished out of their cells, unless they are too many."""
        if not self._complete or self._version is None:
            return None
        gone = self._book.count_vanished(self._version)
        refusal = too_many(
            self.outbox, gone, self._book.count(), self._max_share, "No record was taken out of its cell."
        )
        if refusal is None:
            self.outbox.tally.deleted += self._book.remove_vanished(self._version)
        return refusal

    def forget(self) -> None:
        """Nothing: `let_go` did it."""
        self._complete = False
