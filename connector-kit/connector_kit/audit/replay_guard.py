"""What keeps a replay's rows from replacing newer ones. A target asks behind the lock that all its deliveries take."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from connector_kit.audit import overtaken
from connector_kit.audit.keys import key_hash

if TYPE_CHECKING:
    from connector_kit.audit import Rejected, Run, Trail

log = logging.getLogger("audit-trail")


class ReplayGuard:
    """What came to the keys of a replay since it read the trail. Made by `guard_of`."""

    def __init__(self, trail: Trail, run: Run, seen: overtaken.Seen) -> None:
        self._database = trail.database
        self._run = run
        self._seen = seen

    def overtaken(self, scope: str, hashes: Sequence[bytes], *, shared: bool) -> set[int]:
        """Indices of the rows that must not be sent; see `connector_kit.audit.overtaken`."""
        with self._database.writing() as connection:
            overtaken.close_outlived(connection, scope, hashes)
        with self._database.reading() as connection:
            return overtaken.overtaken(connection, self._run.id, scope, hashes, self._seen, shared=shared)

    def standing(self, scope: str, rejects: Sequence[Rejected], *, shared: bool) -> list[Rejected]:
        """Of records that can't be sent, those that are still the newest of their key, or have none."""
        named = [one for one in rejects if one.key]
        late = self.overtaken(scope, [key_hash(one.key) for one in named], shared=shared)
        gone = {id(named[at]) for at in late}
        return [one for one in rejects if id(one) not in gone]


def guard_of(trail: Trail, run: Run, mark: object) -> ReplayGuard | None:
    """The guard for a stream whose schema has a replay's mark; None when the mark is of another trail."""
    with trail.database.reading() as connection:
        seen = overtaken.seen(connection, mark)
    if seen is None:
        log.warning(
            "The replay comes from another audit trail than this target's audit_url: "
            "whether something newer was delivered meanwhile can't be told."
        )
        return None
    return ReplayGuard(trail, run, seen)
