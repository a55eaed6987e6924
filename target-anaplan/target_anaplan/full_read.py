"""What a full read of the source has shown of one mapping's rows, and so what it no longer shows.

A full read that ends early must not look like a mass deletion: only an ACTIVATE_VERSION after the stream's records
says that it was complete.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from target_anaplan.outbox import Outbox

log = logging.getLogger("target-anaplan")


class FullRead:
    """For mappings that delete nothing: what vanished stays in Anaplan, but is sent again should it come back.

    Without that, rows that come back as they were would count as unchanged, while Anaplan may have lost them with the
    list item that they belong to.
    """

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self._trail = outbox.services.trail
        self._version = time.time_ns() // 1000
        self._seen = False
        self._complete = False

    def seen(self, hashes: Sequence[bytes]) -> None:
        """The source still has these keys."""
        self._seen, self._complete = True, False
        self._trail.mark_seen(self.outbox.scope, hashes, self._version)

    def activate(self) -> None:
        """ACTIVATE_VERSION: the full read is complete. At a stream's start it says nothing."""
        outbox = self.outbox
        if outbox.mapping.key and outbox.tally.rejected:
            log.warning("%s: rows were rejected, so nothing counts as vanished.", outbox.mapping.title)
            return
        self._complete = self._seen

    def vanished(self) -> Iterator[str]:
        """Key texts of what was delivered and is no longer there."""
        if self._complete:
            yield from self._trail.vanished(self.outbox.scope, self._version)

    def count(self) -> int:
        """How many those are."""
        return self._trail.count_vanished(self.outbox.scope, self._version) if self._complete else 0

    def known(self) -> int:
        """How many keys were delivered and not deleted."""
        return self._trail.count_known(self.outbox.scope)

    def forget(self) -> None:
        """Nothing of it is known to be in Anaplan any more."""
        if self.count():
            self._trail.forget(self.outbox.scope, self.vanished())
        self._complete = False
