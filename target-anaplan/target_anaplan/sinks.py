"""A stream's records on their way to the outboxes of its mappings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.exceptions import MissingKeyPropertiesError
from typing_extensions import override

from connector_kit.audit.keys import key_hash, key_text
from connector_kit.audit.types import Rejected
from connector_kit.errors import ConfigurationError, RefusedError
from connector_kit.singer.target import BlockSink, Invalid, Record, RecordChecker
from target_anaplan.outbox import Records

if TYPE_CHECKING:
    from target_anaplan.deletions import Deletions
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
        self._outboxes: list[Outbox] = target.outboxes_of(stream_name)
        self._deletions: list[Deletions] = target.deletions_of(stream_name)
        self._key = tuple(key_properties or ())
        self._checker = RecordChecker(self.original_schema, check=self.validate_schema)
        message = {
            "type": "SCHEMA",
            "stream": stream_name,
            "schema": self.original_schema,
            "key_properties": list(self._key),
        }
        line = msgspec.json.encode(message)
        faults = [fault for one in self._outboxes for fault in one.bind(self.original_schema, line, self._key)]
        faults += [fault for one in self._deletions for fault in one.bind(line, self._key)]
        if faults:
            raise ConfigurationError(
                system="target-anaplan", subject=f"stream {stream_name}", got="; ".join(dict.fromkeys(faults))
            )
        # Records without a key of their own are known by everything that they say.
        self._whole = not self._key
        self._answering = [one for one in self._outboxes if not one.mapping.key] or self._outboxes

    @override
    def process_block(self, raws: Sequence[bytes]) -> None:
        if not self._outboxes:
            return
        records, raws, invalid = self._checker.split(raws)
        if invalid:
            self._reject_invalid(invalid)
        block, deleted = self._keyed(records, raws)
        for outbox in self._outboxes:
            outbox.take(block)
        for deletions in self._deletions:
            deletions.seen(deletions.outbox.last_hashes if deletions.outbox.mapping.key else block.hashes)
        if deleted:
            self._delete(deleted)

    def _keyed(self, records: Sequence[Record], raws: Sequence[bytes]) -> tuple[Records, list[Record]]:
        """The records with their keys, without those that lack one, and apart from them those that were deleted."""
        names = self._key
        if self._whole:
            keys = [key_text([bytes(raw).decode()]) for raw in raws]
            return Records(records, raws, keys, list(map(key_hash, keys))), []
        try:
            values = [[record[name] for name in names] for record in records]
        except KeyError:
            values = [[record.get(name) for name in names] for record in records]
        marked = any(DELETED_AT in record for record in records)
        if marked or any(None in one for one in values):
            return self._sorted(records, raws, values)
        keys = list(map(key_text, values))
        return Records(records, raws, keys, list(map(key_hash, keys))), []

    def _sorted(
        self, records: Sequence[Record], raws: Sequence[bytes], values: Sequence[Sequence[object]]
    ) -> tuple[Records, list[Record]]:
        good: list[int] = []
        deleted: dict[str, Record] = {}
        nameless: list[Rejected] = []
        for index, (record, key) in enumerate(zip(records, values, strict=True)):
            if None in key:
                missing = ", ".join(name for name, value in zip(self._key, key, strict=True) if value is None)
                reason = f"no key: {missing} is missing"
                nameless.append(Rejected(None, key_text(key), reason, reason, bytes(raws[index])))
            elif record.get(DELETED_AT) is not None:
                deleted[key_text(key)] = record
            else:
                good.append(index)
                if deleted:
                    deleted.pop(key_text(key), None)  # it is there again
        if nameless:
            self._reject(nameless)
            if any(outbox.policy.fail for outbox in self._answering):
                raise MissingKeyError(
                    system="target-anaplan",
                    subject=f"stream {self.stream_name}",
                    got=f"{len(nameless)} records without their key ({nameless[0].reason})",
                    hint="on_reject is fail.",
                )
        keys = [key_text(values[index]) for index in good]
        some = Records([records[i] for i in good], [raws[i] for i in good], keys, list(map(key_hash, keys)))
        return some, list(deleted.values())

    def _reject_invalid(self, invalid: Sequence[tuple[Record, bytes, Invalid]]) -> None:
        rejects = []
        for record, raw, why in invalid:
            key = key_text([record.get(name) for name in self._key]) if self._key else ""
            field = f"field {why.field}" if why.field else "record"
            reason = f"schema: {field}, {why.rule}"
            rejects.append(Rejected(None, key, reason, f"{reason} expected", bytes(raw)))
        self._reject(rejects)
        for deletions in self._deletions:  # refused, but not gone
            deletions.seen([key_hash(one.key) for one in rejects if one.key])

    def _reject(self, rejects: Sequence[Rejected]) -> None:
        for outbox in self._answering:
            outbox.tally.read += len(rejects)
            outbox.reject(rejects)

    def _delete(self, records: Sequence[Record]) -> None:
        for deletions in self._deletions:
            if not deletions.outbox.mapping.key:
                deletions.reported(key_text([record[name] for name in self._key]) for record in records)
        if not self._deletions:
            self.logger.warning("%d deleted records are ignored: no mapping of the stream says delete.", len(records))

    @override
    def activate_version(self, new_version: int) -> None:
        for deletions in self._deletions:
            deletions.activate()
