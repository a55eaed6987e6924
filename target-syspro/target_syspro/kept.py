"""One entry of `objects` in one run: its rows are taken as they come, and go to SYSPRO when the input has ended."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from connector_kit.audit.keys import key_hash
from connector_kit.audit.types import UNCHANGED, Rejected
from connector_kit.lease_check import under_lease
from connector_kit.mapping.block import RowsBlock
from connector_kit.mapping.columns import Dialect
from connector_kit.mapping.compile import compile_rows, field_faults
from connector_kit.mapping.values import Unmappable
from connector_kit.singer.outcomes import Line
from connector_kit.syspro.writing import replaced
from target_syspro.waiting import Row, Waiting

if TYPE_CHECKING:
    from connector_kit.audit import Batch
    from connector_kit.audit.replay_guard import ReplayGuard
    from connector_kit.delivery.intake import Bound, Keyed, Refused
    from connector_kit.documents.order import Services
    from connector_kit.singer.records import Records
    from connector_kit.syspro.upkeep import Upkeep
    from connector_kit.syspro.writing import Unmappable as OnStrange
    from target_syspro.keeping import Keeping

log = logging.getLogger("target-syspro")

_BLOCK_ROWS = 500
_MOST_REFUSED = 5_000  # in memory
_REASONS = 5
_STANDING = ("added", "updated", "agreed", "deleted", "unchanged", "kept", "overtaken")
_KNOWN_TO_TRAIL = frozenset({"rejected", "repaired"})
_COUNTED = (
    "filtered", "overtaken", "added", "updated", "agreed", "deleted", "unchanged", "kept", "rejected", "repaired",
)  # fmt: skip


class Kept:
    """Takes the records of one stream for one setup object.

    Args:
        keeping: the entry.
        upkeep: reads and writes the object's records.
        services: what all entries of the target share.
        on_strange: what becomes of characters that Windows-1252 lacks.
    """

    def __init__(self, keeping: Keeping, upkeep: Upkeep, services: Services, *, on_strange: OnStrange) -> None:
        self.keeping = keeping
        self.upkeep = upkeep
        self.services = services
        self.on_strange = on_strange
        self.tally: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self._told: Counter[str] = Counter()
        # Other elements, or another meaning of the digests: nothing that was delivered before says anything.
        told = msgspec.json.encode([sorted(keeping.owns), keeping.on_conflict == "overwrite", keeping.clear_blanks])
        mark = blake2b(told, digest_size=4).hexdigest()
        self.scope = f"{services.destination}/{keeping.master.name}/{keeping.stream}#{mark}"
        columns = (*keeping.key, *keeping.columns)
        self._maker = compile_rows(columns, [one.name for one in columns], Dialect())
        self._key_maker = compile_rows(keeping.key, [one.name for one in keeping.key], Dialect())
        self._waiting: Waiting | None = None
        self._invalid: list[Rejected] = []
        self._guard: ReplayGuard | None = None
        self._guarded: list[Rejected] = []
        self._schema = b""
        self._key: Sequence[str] = ()
        self._batches = 0

    @property
    def stream(self) -> str:
        """The Singer stream."""
        return self.keeping.stream

    @property
    def fields(self) -> set[str]:
        """The fields of a record that it needs."""
        return self.keeping.fields

    def bind(self, stream: Bound) -> list[str]:
        """Take the stream's schema; the faults of the entry, if it needs fields that are not there."""
        keeping = self.keeping
        faults = field_faults((*keeping.key, *keeping.columns), keeping.where_fields, stream.schema)
        needed = {field for column in keeping.key for field in column.fields}
        if keeping.deletes and not needed <= set(stream.key):
            faults.append(
                f"deletes needs a key made of the stream's key ({', '.join(stream.key) or 'it has none'}), "
                f"got {', '.join(sorted(needed))}"
            )
        self._schema, self._key = stream.message, stream.key
        if not faults:
            self.services.trail.bind_key(self.scope, self.stream, stream.key)
        if stream.seen is not None:
            from connector_kit.audit.replay_guard import guard_of  # noqa: PLC0415 - replays are rare

            self._guard = guard_of(self.services.trail, self.services.run, stream.seen)
        return [f"objects[{keeping.position}] ({keeping.title}): {fault}" for fault in faults]

    def take(self, block: Keyed) -> None:
        """Valid records with their keys. Their version says nothing here: what a full read lacks is not deleted."""
        records, keys = block.records, block.keys
        self.tally["read"] += len(records)
        wanted = self.keeping.where(records) if self.keeping.where else [True] * len(records)
        places = [at for at, keep in enumerate(wanted) if keep]
        self.tally["filtered"] += len(records) - len(places)
        if places:
            self._map(records.pick(places) if len(places) < len(records) else records, [keys[at] for at in places])

    def _map(self, records: Records, keys: Sequence[str]) -> None:
        try:
            rows = zip(*self._maker.columns(records), strict=True)
        except Unmappable:
            if len(records) == 1:
                self._refuse_unmappable(records, keys[0])
                return
            half = len(records) // 2
            for some in (range(half), range(half, len(records))):
                self._map(records.pick(list(some)), [keys[at] for at in some])
            return
        waiting, width = self._open(), len(self.keeping.key)
        replace = replaced if self.on_strange == "replace" else str
        for key, raw, texts in zip(keys, records.raws, rows, strict=True):
            written = tuple(replace(text.strip()) for text in texts)
            waiting.add(Row(key, written[:width], written[width:], bytes(raw).decode()))

    def _refuse_unmappable(self, record: Records, key: str) -> None:
        problem = self._maker.blame(record)
        reason = f"{problem.column}: {problem.reason}"
        message = f"{reason}, got {problem.got}" if problem.got else reason
        self._refuse_early(Rejected(None, key, reason, message, bytes(record.raws[0])))

    def reject(self, refused: Sequence[Refused]) -> None:
        """Records that break their schema, have no key, or can't be read."""
        self.tally["read"] += len(refused)
        for one in refused:
            self._refuse_early(one.rejected())

    def _refuse_early(self, rejected: Rejected) -> None:
        """Of a replayed record it turns out behind the lock whether it is still the newest of its key."""
        if self._guard is None:
            self.refuse(rejected)
        else:
            self._guarded.append(rejected)

    def refuse(self, rejected: Rejected) -> None:
        """A record that is not sent."""
        self._invalid.append(rejected)
        self.note_rejected(rejected.reason)
        if len(self._invalid) >= _MOST_REFUSED:
            self.begin_batch().settle(outcome=UNCHANGED, counts=self.counts())

    def note_rejected(self, reason: str) -> None:
        """Count a rejected record."""
        self.tally["rejected"] += 1
        self.reasons[reason] += 1

    def remove(self, keys: Sequence[str], version: int | None) -> None:
        """Records that the source deleted."""
        del version
        if not self.keeping.deletes:
            log.warning("%s: %d deleted records are ignored: deletes is never", self.keeping.title, len(keys))
            return
        block = RowsBlock([dict(zip(self._key, msgspec.json.decode(key), strict=True)) for key in keys])
        places = zip(*self._key_maker.columns(block), strict=True)
        for key, place in zip(keys, places, strict=True):
            self._open().add(Row(key, tuple(map(str.strip, place)), None, ""))

    def close(self) -> None:
        """Nothing: records mean something one by one."""

    @property
    def is_open(self) -> bool:
        """Never, for the same reason."""
        return False

    def prove(self, version: int | None) -> None:
        """Nothing: what a full read lacks is not deleted."""

    def check_complete(self) -> None:
        """Nothing, for the same reason."""

    def deliver(self) -> None:
        """Bring what there is into SYSPRO.

        Raises:
            ConnectorError: SYSPRO or the trail is out of reach, the object is not licensed, the run is to stop.
        """
        from target_syspro.upkeeping import deliver_block  # noqa: PLC0415 - only when there is something to deliver

        if not self.tally["read"] and self._waiting is None:
            return
        services, name = self.services, self.keeping.master.name
        lock = f"objects:{services.destination}:{name}"
        purpose = f"{services.plugin}: {self.keeping.title}"
        lease = services.coordinator.lock(lock, purpose=purpose, wait_seconds=services.wait_seconds)
        with lease as held, under_lease(held.assert_held):
            self._refuse_guarded()
            for block in self._waiting.blocks(_BLOCK_ROWS) if self._waiting else ():
                deliver_block(self, self._standing(block))
        if self._invalid or not self._batches:
            self.begin_batch().settle(outcome=UNCHANGED, counts=self.counts())
        self.discard()

    def _refuse_guarded(self) -> None:
        if self._guard is not None:
            standing = self._guard.standing(self.scope, self._guarded, shared=False)
            self.tally["overtaken"] += len(self._guarded) - len(standing)
            self._guarded = []
            for one in standing:
                self.refuse(one)

    def _standing(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The rows without those of a replay that something newer has overtaken."""
        if self._guard is None:
            return rows
        late = self._guard.overtaken(self.scope, [key_hash(row.key) for row in rows], shared=False)
        self.tally["overtaken"] += len(late)
        return [row for at, row in enumerate(rows) if at not in late]

    def begin_batch(self, *, deletes: bool = False) -> Batch:
        """A batch in the trail; records that were refused so far are in it."""
        services = self.services
        batch = services.run.begin_batch(
            system=services.system,
            stream=self.stream,
            scope=self.scope,
            action=f"{'test run of ' if services.validate_only else ''}{self.keeping.master.name}",
            schema=self._schema,
            key_properties=self._key,
            deletes=deletes,
        )
        self._batches += 1
        if self._invalid:
            batch.reject_invalid(self._invalid)
            self._invalid = []
        return batch

    def counts(self) -> dict[str, object]:
        """What was counted since this was last asked, for the trail, which adds up the batches."""
        new = {name: self.tally[name] - self._told[name] for name in ("read", *_COUNTED) if name not in _KNOWN_TO_TRAIL}
        self._told = self.tally.copy()
        return {name: count for name, count in new.items() if count}

    def discard(self) -> None:
        """Let go of what was not delivered."""
        if self._waiting is not None:
            self._waiting.close()
            self._waiting = None

    def none_arrived(self) -> tuple[str, Mapping[str, int]] | None:
        """The entry's title and why, where records came and none of them is in SYSPRO."""
        if not self.tally["rejected"] or any(self.tally[name] for name in _STANDING):
            return None
        return self.keeping.title, self.reasons

    def summary(self) -> Iterator[Line]:
        """One line for the entry, one per reason for refusals; none when nothing was read."""
        if not self.tally["read"] and not self.tally["deleted"]:
            return
        parts = [f"{self.tally['read']} rows read"]
        parts += ["a test run, so nothing was changed"] if self.services.validate_only else []
        parts += [f"{self.tally[name]} {_WORDS.get(name, name)}" for name in _COUNTED if self.tally[name]]
        yield Line.of(f"{self.keeping.title}: {', '.join(parts)}", refused=bool(self.tally["rejected"]))
        for reason, count in self.reasons.most_common(_REASONS):
            yield Line.of(f"  {count} rejected: {reason}", refused=True)

    def _open(self) -> Waiting:
        if self._waiting is None:
            self._waiting = Waiting(self.services.folder)
        return self._waiting


_WORDS = {
    "agreed": "found as they should be",
    "overtaken": "overtaken by newer ones",
    "kept": "left as somebody changed them in SYSPRO",
    "repaired": "earlier failures repaired",
}
