"""A stream's records on their way to one mapping's outbox, and what they say of rows that vanished."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from connector_kit.audit.keys import key_hash
from connector_kit.delivery.intake import Bound, Keyed, Refused, require_keys
from target_anaplan.deletions import Deletions

if TYPE_CHECKING:
    from connector_kit.audit.replay_guard import ReplayGuard
    from target_anaplan.full_read import FullRead
    from target_anaplan.outbox import Outbox

log = logging.getLogger("target-anaplan")


class MappingRoute:
    """One mapping.

    Args:
        outbox: takes its rows.
        full_read: takes what vanished; a `Deletions` where the mapping deletes.
        answers: whether records that can't be sent are told here; of a stream's mappings those do whose rows are the
            records themselves, so that each record is told once.
        guard_of: keeps a replay's records from replacing newer ones.
        keep_lock: holds the model's lock until what has come is delivered.
    """

    def __init__(
        self,
        outbox: Outbox,
        full_read: FullRead,
        *,
        answers: bool,
        guard_of: Callable[[object], ReplayGuard | None],
        keep_lock: Callable[[str], None],
    ) -> None:
        self.outbox = outbox
        self.full_read = full_read
        self._answers = answers
        self._guard_of = guard_of
        self._keep_lock = keep_lock
        self._replayed = False

    @property
    def stream(self) -> str:
        """The Singer stream."""
        return self.outbox.mapping.stream

    @property
    def fields(self) -> Collection[str]:
        """The fields of a record that it needs."""
        return self.outbox.fields

    def bind(self, stream: Bound) -> list[str]:
        """Take the stream's schema; what is wrong with the mapping for it."""
        self._replayed = stream.seen is not None
        guard = self._guard_of(stream.seen) if self._replayed else None
        faults = self.outbox.bind(stream.schema, stream.message, stream.key, guard)
        if isinstance(self.full_read, Deletions):
            faults += self.full_read.bind(stream.message, stream.key)
        return faults

    def take(self, block: Keyed) -> None:
        """Valid records with their keys."""
        outbox, full_read = self.outbox, self.full_read
        if self._replayed:
            self._keep_lock(f"replay of {self.stream}")
        rejected = outbox.tally.rejected
        outbox.take(block)
        if not self._replayed:
            full_read.version.seen(outbox.last_hashes if outbox.mapping.key else block.hashes, block.version)
            if outbox.mapping.key and outbox.tally.rejected > rejected:
                full_read.version.spoil()  # several records make a row: of one that makes none it is unknown which
        if isinstance(full_read, Deletions):
            full_read.back(block.hashes)

    def reject(self, refused: Sequence[Refused]) -> None:
        """Records that can't be sent. They are refused, but not gone."""
        outbox = self.outbox
        if self._answers:
            outbox.tally.read += len(refused)
            outbox.reject([one.rejected() for one in refused])
        if not self._replayed:
            self._mark(refused)
        if self._answers and outbox.policy.fail:
            require_keys("target-anaplan", self.stream, refused, "on_reject is fail")

    def _mark(self, refused: Sequence[Refused]) -> None:
        known = [one for one in refused if one.known and not self.outbox.mapping.key]
        for version in dict.fromkeys(one.version for one in refused):
            self.full_read.version.seen([key_hash(one.key) for one in known if one.version == version], version)
        if len(known) < len(refused):
            self.full_read.version.spoil()

    def remove(self, keys: Sequence[str], version: int | None) -> None:
        """Records that came with `_sdc_deleted_at`."""
        del version
        self.outbox.remove(keys)
        if not isinstance(self.full_read, Deletions):
            return
        if not self.outbox.mapping.key:  # else other records may make the same row
            self.full_read.reported(keys)
