"""A stream's records on their way to the orders of its recipes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from typing_extensions import override

from connector_kit.audit.keys import key_text
from connector_kit.audit.types import REPLAY_MARK, REPLAY_SEEN
from connector_kit.errors import ConfigurationError
from connector_kit.singer.records import Invalid, RecordReader, Records
from connector_kit.singer.target import BlockSink

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector_kit.documents.target import DocumentTarget
    from connector_kit.singer.outcomes import Line

DELETED_AT = "_sdc_deleted_at"


class Taker(Protocol):
    """What becomes of a stream's records: `connector_kit.documents.order.Order`, or what a target adds to it."""

    @property
    def stream(self) -> str:
        """The Singer stream."""

    @property
    def fields(self) -> set[str]:
        """The fields of a record that it needs."""

    def bind(
        self, schema: dict[str, object], message: bytes, key_properties: Sequence[str], replay_of: str
    ) -> list[str]:
        """Take the stream's schema, with the marks of a replay; what is wrong with the settings for it."""

    def take(self, records: Records, keys: Sequence[str], *, versioned: bool) -> None:
        """Valid records with their keys."""

    def refuse_invalid(self, key: str, reason: str, raw: bytes) -> None:
        """A record that breaks its schema or has no key."""

    def remove(self, keys: Sequence[str]) -> None:
        """Records that the source deleted."""

    def close(self, kind: str) -> None:
        """A STATE or ACTIVATE_VERSION message: what came so far is whole."""

    def check_complete(self) -> None:
        """Raises UnavailableError when the input seems to have broken off, and that matters."""

    def deliver(self) -> None:
        """Bring what there is into the ERP."""

    def discard(self) -> None:
        """Let go of what was not delivered."""

    def summary(self) -> Iterable[Line]:
        """What was done, in lines for people."""

    def none_arrived(self) -> tuple[str, Mapping[str, int]] | None:
        """Its title and the reasons, where records came and were refused and nothing of them stands."""


class DocumentSink(BlockSink):
    """Checks a block of records, gives each its key, and hands it to every recipe of the stream."""

    def __init__(
        self, target: DocumentTarget, stream_name: str, schema: dict[str, Any], key_properties: Sequence[str] | None
    ) -> None:
        super().__init__(target, stream_name, schema, key_properties)
        self._orders: list[Taker] = target.orders_of(stream_name)
        self._key = tuple(key_properties or ())
        self._bind(target.name, self.original_schema)
        fields = {field for one in self._orders for field in one.fields}
        self._reader = RecordReader(
            _with_deletion(self.original_schema), {*fields, *self._key, DELETED_AT}, check=self.validate_schema
        )

    def _bind(self, target_name: str, schema: dict[str, Any]) -> None:
        replay_of = str(schema.get(REPLAY_MARK) or "")
        plain = {name: part for name, part in schema.items() if name not in {REPLAY_MARK, REPLAY_SEEN}}
        message = {"type": "SCHEMA", "stream": self.stream_name, "schema": plain, "key_properties": list(self._key)}
        line = msgspec.json.encode(message)
        faults = [fault for one in self._orders for fault in one.bind(schema, line, self._key, replay_of)]
        if faults:
            raise ConfigurationError(
                system=target_name, subject=f"stream {self.stream_name}", got="; ".join(dict.fromkeys(faults))
            )

    @override
    def process_block(self, raws: Sequence[bytes], *, versioned: bool) -> None:
        if not self._orders:
            return
        records, invalid = self._reader.read(raws)
        for one in invalid:
            self._refuse_invalid(one)
        kept, keys, deleted = self._keyed(records)
        for order in self._orders:
            order.take(kept, keys, versioned=versioned)
            if deleted:
                order.remove(deleted)

    def _keyed(self, records: Records) -> tuple[Records, list[str], list[str]]:
        """The records with their keys, without those that lack one, and the keys of those that were deleted."""
        gone = records.values(DELETED_AT)
        if not self._key:  # known by everything that they say
            good = [at for at, when in enumerate(gone) if when is None]
            kept = records.pick(good) if len(good) < len(records) else records
            return kept, [key_text([bytes(raw).decode()]) for raw in kept.raws], []
        rows = list(zip(*[records.values(name) for name in self._key], strict=True))
        keys = list(map(key_text, rows))
        good, deleted = [], dict[str, None]()
        for at, row in enumerate(rows):
            if None in row:
                missing = ", ".join(name for name, value in zip(self._key, row, strict=True) if value is None)
                self._refuse(keys[at], f"no key: {missing} is missing", bytes(records.raws[at]))
            elif gone[at] is not None:
                deleted[keys[at]] = None
            else:
                good.append(at)
                deleted.pop(keys[at], None)  # it is there again
        if len(good) == len(records):
            return records, keys, []
        return records.pick(good), [keys[at] for at in good], list(deleted)

    def _refuse_invalid(self, one: Invalid) -> None:
        key = key_text([one.record.get(name) for name in self._key]) if self._key else ""
        if missing := [name for name in self._key if one.record.get(name) is None]:
            reason = f"no key: {', '.join(missing)} is missing"
        else:
            reason = f"schema: {f'field {one.field}' if one.field else 'record'}, {one.rule}"
        self._refuse(key, reason, bytes(one.raw))

    def _refuse(self, key: str, reason: str, raw: bytes) -> None:
        for order in self._orders:
            order.refuse_invalid(key, reason, raw)

    @override
    def activate_version(self, new_version: int) -> None:
        for order in self._orders:
            order.close("ACTIVATE_VERSION")


def _with_deletion(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with the mark of deleted records, which taps may send without announcing it."""
    properties = schema.get("properties") or {}
    if DELETED_AT in properties or schema.get("additionalProperties") is False:
        return schema
    return {**schema, "properties": {**properties, DELETED_AT: {"type": ["string", "null"]}}}
