"""A stream's records on their way to the outboxes of its mappings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.exceptions import MissingKeyPropertiesError
from typing_extensions import override

from connector_kit.audit.keys import key_hash, key_text
from connector_kit.audit.types import REPLAY_SEEN, Rejected
from connector_kit.errors import ConfigurationError, RefusedError
from connector_kit.singer.records import Invalid, RecordReader, Records
from connector_kit.singer.target import BlockSink
from target_anaplan.outbox import Keyed

if TYPE_CHECKING:
    from target_anaplan.full_read import FullRead
    from target_anaplan.outbox import Outbox
    from target_anaplan.target import TargetAnaplan

DELETED_AT = "_sdc_deleted_at"


class MissingKeyError(RefusedError, MissingKeyPropertiesError):
    """A record without its key, with `on_reject: fail`."""


class StreamSink(BlockSink):
    """Checks a block of records, gives each its key, and hands it to every mapping of the stream."""

    def __init__(
        self, target: TargetAnaplan, stream_name: str, schema: dict[str, Any], key_properties: Sequence[str] | None
    ) -> None:
        super().__init__(target, stream_name, schema, key_properties)
        self._anaplan = target
        self._outboxes: list[Outbox] = target.outboxes_of(stream_name)
        self._full_reads: list[FullRead] = target.full_reads_of(stream_name)
        self._deletions = target.deletions_of(stream_name)
        self._key = tuple(key_properties or ())
        plain = {name: part for name, part in self.original_schema.items() if name != REPLAY_SEEN}
        self._replayed = REPLAY_SEEN in self.original_schema
        self._bind(plain)
        fields = {field for one in self._outboxes for field in one.fields}
        self._reader = RecordReader(
            _with_deletion(plain), {*fields, *self._key, DELETED_AT}, check=self.validate_schema
        )
        # A record that can't be sent is told once, by the mappings whose rows are the records themselves.
        self._answering = [one for one in self._outboxes if not one.mapping.key] or self._outboxes

    def _bind(self, schema: dict[str, Any]) -> None:
        message = {"type": "SCHEMA", "stream": self.stream_name, "schema": schema, "key_properties": list(self._key)}
        line = msgspec.json.encode(message)
        guard = None
        if self._replayed and self._outboxes:
            guard = self._anaplan.guard_of(self.original_schema[REPLAY_SEEN])
        faults = [fault for one in self._outboxes for fault in one.bind(schema, line, self._key, guard)]
        faults += [fault for one in self._deletions for fault in one.bind(line, self._key)]
        if faults:
            raise ConfigurationError(system="target-anaplan", subject=f"stream {self.stream_name}", faults=faults)

    @override
    def process_block(self, raws: Sequence[bytes], *, versioned: bool) -> None:
        if not self._outboxes:
            return
        if self._replayed:
            self._anaplan.keep_lock(f"replay of {self.stream_name}")
        records, invalid = self._reader.read(raws)
        if invalid:
            self._reject_invalid(invalid)
        block, deleted = self._keyed(records)
        for outbox in self._outboxes:
            outbox.take(block)
        for full_read in self._full_reads if versioned else ():
            full_read.seen(full_read.outbox.last_hashes if full_read.outbox.mapping.key else block.hashes)
        for deletions in self._deletions:
            deletions.back(block.hashes)
        if deleted:
            self._delete(deleted)

    def _keyed(self, records: Records) -> tuple[Keyed, list[str]]:
        """The records with their keys, without those that lack one, and the keys of those that were deleted."""
        if not self._key:  # known by everything that they say
            keys = [key_text([bytes(raw).decode()]) for raw in records.raws]
            return Keyed(records, keys, list(map(key_hash, keys))), []
        columns = [records.values(name) for name in self._key]
        keys = list(map(key_text, zip(*columns, strict=True)))
        gone = records.values(DELETED_AT)
        if any(None in column for column in columns) or gone.count(None) != len(gone):
            return self._sorted(records, keys, list(zip(*columns, strict=True)), gone)
        return Keyed(records, keys, list(map(key_hash, keys))), []

    def _sorted(
        self, records: Records, keys: Sequence[str], values: Sequence[Sequence[object]], gone: Sequence[object]
    ) -> tuple[Keyed, list[str]]:
        good: list[int] = []
        deleted: dict[str, None] = {}
        nameless: list[Rejected] = []
        for at, key in enumerate(keys):
            if None in values[at]:
                missing = ", ".join(n for n, value in zip(self._key, values[at], strict=True) if value is None)
                reason = f"no key: {missing} is missing"
                nameless.append(Rejected(None, key, reason, reason, bytes(records.raws[at])))
            elif gone[at] is not None:
                deleted[key] = None
            else:
                good.append(at)
                deleted.pop(key, None)  # it is there again
        if nameless:
            self._reject(nameless)
        some = [keys[at] for at in good]
        return Keyed(records.pick(good), some, list(map(key_hash, some))), list(deleted)

    def _reject_invalid(self, invalid: Sequence[Invalid]) -> None:
        rejects = []
        for one in invalid:
            key = key_text([one.record.get(name) for name in self._key]) if self._key else ""
            if missing := [name for name in self._key if one.record.get(name) is None]:
                reason = f"no key: {', '.join(missing)} is missing"
            else:
                reason = f"schema: {f'field {one.field}' if one.field else 'record'}, {one.rule}"
            rejects.append(Rejected(None, key, reason, reason, bytes(one.raw)))
        self._reject(rejects)
        for full_read in self._full_reads:  # refused, but not gone
            full_read.seen([key_hash(one.key) for one in rejects if one.key])

    def _reject(self, rejects: Sequence[Rejected]) -> None:
        for outbox in self._answering:
            outbox.tally.read += len(rejects)
            outbox.reject(rejects)
        nameless = [one for one in rejects if one.reason.startswith("no key")]
        if nameless and any(outbox.policy.fail for outbox in self._answering):
            raise MissingKeyError(
                system="target-anaplan",
                subject=f"stream {self.stream_name}",
                got=f"{len(nameless)} records without their key ({nameless[0].reason})",
                hint="on_reject is fail.",
            )

    def _delete(self, keys: Sequence[str]) -> None:
        for deletions in self._deletions:
            if not deletions.outbox.mapping.key:  # other records may make the same row
                deletions.reported(keys)
        if not self._deletions:
            self.logger.warning("%d deleted records are ignored: no mapping of the stream says delete.", len(keys))

    @override
    def activate_version(self, new_version: int) -> None:
        for full_read in self._full_reads:
            full_read.activate()


def _with_deletion(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with the mark of deleted records, which taps may send without announcing it."""
    properties = schema.get("properties") or {}
    if DELETED_AT in properties or schema.get("additionalProperties") is False:
        return schema
    return {**schema, "properties": {**properties, DELETED_AT: {"type": ["string", "null"]}}}
