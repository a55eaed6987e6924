"""The intake of records, the same for every target: a block of raw records becomes valid records with their keys, keys
that were deleted, and records that are refused, each with its line in the tap's output and the reason.

What becomes of them is a `Route`: a mapping into Anaplan, a recipe for documents, a set-up object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec
from singer_sdk.exceptions import MissingKeyPropertiesError
from typing_extensions import override

from connector_kit.audit.keys import key_hash, key_text, record_key
from connector_kit.audit.types import REPLAY_MARK, REPLAY_SEEN, Rejected
from connector_kit.errors import ConfigurationError, RefusedError
from connector_kit.singer.records import Invalid, RecordReader, Records, told
from connector_kit.singer.target import BlockSink

if TYPE_CHECKING:
    from connector_kit.delivery.target import DeliveryTarget
    from connector_kit.singer.lines import Poison
    from connector_kit.singer.target import RawBlock

DELETED_AT = "_sdc_deleted_at"
NO_KEY = "no key"


class Keyed(NamedTuple):
    """Valid records of one stream with their key texts and key hashes; parallel.

    version: of the full read that they belong to, None when the tap gives none.
    """

    records: Records
    keys: Sequence[str]
    hashes: Sequence[bytes]
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that can't be taken.

    key: its key text as far as it can be told; known: whether that is its whole key. reason: without values. message:
    with the number of its line. fields: what can be told of the record. raw: as it came, b"" when it can't be cut out.
    """

    key: str
    known: bool
    reason: str
    message: str
    fields: Mapping[str, Any]
    raw: bytes
    version: int | None = None

    def rejected(self) -> Rejected:
        """As the trail takes it."""
        return Rejected(None, self.key, self.reason, self.message, self.raw or None)


class Bound(NamedTuple):
    """A stream's SCHEMA. message: the line that a replay sends again. replay_of: the batch whose rows follow, "" when
    they come from a tap. seen: `REPLAY_SEEN` of a replay's schema, else None.
    """

    schema: dict[str, Any]
    message: bytes
    key: tuple[str, ...]
    replay_of: str = ""
    seen: object = None


class Route(Protocol):
    """What becomes of a stream's records in one of its mappings."""

    @property
    def stream(self) -> str:
        """The Singer stream."""

    @property
    def fields(self) -> Iterable[str]:
        """The fields of a record that it needs."""

    def bind(self, stream: Bound) -> list[str]:
        """Take the stream's schema; what is wrong with the settings for it."""

    def take(self, block: Keyed) -> None:
        """Valid records with their keys."""

    def reject(self, refused: Sequence[Refused]) -> None:
        """Records that break their schema, have no key, or can't be read."""

    def remove(self, keys: Sequence[str], version: int | None) -> None:
        """Records that the source deleted."""


class MissingKeyError(RefusedError, MissingKeyPropertiesError):
    """A record without its key, where the settings say that this ends the run."""


def require_keys(system: str, stream: str, refused: Sequence[Refused], setting: str) -> None:
    """Raises MissingKeyError when one of the records lacks its key. setting: what says so, e.g. "on_reject is fail"."""
    nameless = [one for one in refused if one.reason.startswith(NO_KEY)]
    if nameless:
        raise MissingKeyError(
            system=system,
            subject=f"stream {stream}",
            got=f"{len(nameless)} records without their key ({nameless[0].message})",
            hint=f"{setting}.",
        )


class RecordSink(BlockSink):
    """Checks a block of records, gives each its key, and hands it to every route of the stream.

    A stream that no setting names is no fault as long as no record of it comes: mappers announce what they remove.
    """

    target: DeliveryTarget

    def __init__(
        self, target: DeliveryTarget, stream_name: str, schema: dict[str, Any], key_properties: Sequence[str] | None
    ) -> None:
        super().__init__(target, stream_name, schema, key_properties)
        self._delivery = target
        self._routes = list(target.routes_of(stream_name)) if target.is_known(stream_name) else []
        self._key = tuple(key_properties or ())
        plain = {name: part for name, part in self.original_schema.items() if name not in {REPLAY_MARK, REPLAY_SEEN}}
        self._bind(plain)
        fields = {field for one in self._routes for field in one.fields}
        self._reader = RecordReader(
            _with_deletion(plain), {*fields, *self._key, DELETED_AT}, check=self.validate_schema
        )

    def _bind(self, schema: dict[str, Any]) -> None:
        message = {"type": "SCHEMA", "stream": self.stream_name, "schema": schema, "key_properties": list(self._key)}
        marks = self.original_schema
        bound = Bound(
            schema,
            msgspec.json.encode(message),
            self._key,
            str(marks.get(REPLAY_MARK) or ""),
            marks.get(REPLAY_SEEN),
        )
        faults = [fault for one in self._routes for fault in one.bind(bound)]
        if faults:
            raise ConfigurationError(
                system=self._delivery.name, subject=f"stream {self.stream_name}", faults=list(dict.fromkeys(faults))
            )

    @override
    def process_block(self, block: RawBlock) -> None:
        if not self._wanted():
            return
        self._delivery.versions_of(self.stream_name).records(block.version)
        records, invalid = self._reader.read(block.raws)
        if invalid:
            self._reject([self._invalid(one, block) for one in invalid])
        bad = {one.at for one in invalid}
        kept, deleted = self._keyed(records, block, bad)
        for route in self._routes:
            route.take(kept)
            if deleted:
                route.remove(deleted, block.version)

    @override
    def process_poison(self, number: int, poison: Poison) -> None:
        if not self._wanted():
            return
        self._delivery.versions_of(self.stream_name).records(poison.version)
        fields = told(poison.record)
        reason = f"record: {poison.reason}"
        self._reject([self._refused(fields, reason, poison.record, number, poison.version)])

    def _wanted(self) -> bool:
        """Whether the stream goes anywhere. Raises ConfigurationError when no setting names it."""
        if not self._routes:
            self._delivery.must_know(self.stream_name)
        return bool(self._routes)

    def _keyed(self, records: Records, block: RawBlock, bad: set[int]) -> tuple[Keyed, list[str]]:
        """The records with their keys, without those that lack one, and the keys of those that were deleted."""
        gone = records.values(DELETED_AT)
        if not self._key:  # known by everything that they say
            if gone.count(None) != len(gone):
                records = records.pick([at for at, when in enumerate(gone) if when is None])
            keys = [record_key(bytes(raw)) for raw in records.raws]
            return Keyed(records, keys, list(map(key_hash, keys)), block.version), []
        columns = [records.values(name) for name in self._key]
        keys = list(map(key_text, zip(*columns, strict=True)))
        if any(None in column for column in columns) or gone.count(None) != len(gone):
            return self._sorted(records, keys, list(zip(*columns, strict=True)), block, bad)
        return Keyed(records, keys, list(map(key_hash, keys)), block.version), []

    def _sorted(
        self,
        records: Records,
        keys: Sequence[str],
        values: Sequence[Sequence[object]],
        block: RawBlock,
        bad: set[int],
    ) -> tuple[Keyed, list[str]]:
        gone = records.values(DELETED_AT)
        lines = [block.first_line + at for at in range(len(block.raws)) if at not in bad]
        good: list[int] = []
        deleted: dict[str, None] = {}
        nameless: list[Refused] = []
        for at, key in enumerate(keys):
            if None in values[at]:
                fields = {name: records.values(name)[at] for route in self._routes for name in route.fields}
                raw = bytes(records.raws[at])
                nameless.append(
                    self._refused(
                        {**fields, **dict(zip(self._key, values[at], strict=True))}, "", raw, lines[at], block.version
                    )
                )
            elif gone[at] is not None:
                deleted[key] = None
            else:
                good.append(at)
                deleted.pop(key, None)  # it is there again
        if nameless:
            self._reject(nameless)
        some = [keys[at] for at in good]
        return Keyed(records.pick(good), some, list(map(key_hash, some)), block.version), list(deleted)

    def _invalid(self, one: Invalid, block: RawBlock) -> Refused:
        return self._refused(one.record, one.reason, bytes(one.raw), block.first_line + one.at, block.version)

    def _refused(self, fields: Mapping[str, Any], reason: str, raw: bytes, line: int, version: int | None) -> Refused:
        """A refused record; without its key that is the reason, unless it can't be read at all."""
        missing = [name for name in self._key if fields.get(name) is None]
        if missing and not reason.startswith("record:"):
            reason = f"{NO_KEY}: {', '.join(missing)} is missing"
        fields = self._reader.as_read(fields)
        key = key_text([_plain(fields.get(name)) for name in self._key]) if self._key and fields else ""
        return Refused(
            key=key,
            known=bool(self._key) and not missing and self._reader.accepts(fields, self._key),
            reason=reason,
            message=f"line {line} of the tap's output: {reason}",
            fields=fields,
            raw=raw,
            version=version,
        )

    def _reject(self, refused: Sequence[Refused]) -> None:
        for route in self._routes:
            route.reject(refused)

    @override
    def activate_version(self, new_version: int) -> None:
        self._delivery.versions_of(self.stream_name).activate(new_version)


def _plain(value: object) -> object:
    return None if isinstance(value, (dict, list)) else value


def _with_deletion(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with the mark of deleted records, which taps may send without announcing it."""
    properties = schema.get("properties") or {}
    if DELETED_AT in properties or schema.get("additionalProperties") is False:
        return schema
    return {**schema, "properties": {**properties, DELETED_AT: {"type": ["string", "null"]}}}
