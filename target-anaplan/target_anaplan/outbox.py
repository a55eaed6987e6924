"""What a mapping has for Anaplan: rows made from records, new ones spooled and put into the trail, counted all.

A file holds each key once, with its last value: list imports reject a key that comes twice, module imports leave
open which one wins. The newest rows wait in memory, where a later value simply replaces an earlier one. When a key
comes again with another value after its row was spooled, the file is sealed and the next one takes the later value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from connector_kit.audit import keys as audit_keys
from connector_kit.audit.types import Block, Rejected
from target_anaplan.keytable import KeyTable
from target_anaplan.mapping.compile import RowMaker, compile_rows, field_faults
from target_anaplan.mapping.spec import Dialect, Record, StreamMapping
from target_anaplan.mapping.values import Unmappable
from target_anaplan.rows import LineBreaks, line_writer, unencodable
from target_anaplan.spool import Spool, SpoolDir, Worker

if TYPE_CHECKING:
    from connector_kit.audit import Batch, Run, Trail
    from target_anaplan.destination import Destination

BLOCK_ROWS = 5_000
_DISTINCT_ROWS = 20_000  # a mapping with its own key: many records make one row, its last value counts


class Records(NamedTuple):
    """Valid records of one stream with their raw texts, key texts and key hashes; parallel lists."""

    records: Sequence[Record]
    raws: Sequence[bytes]
    keys: Sequence[str]
    hashes: Sequence[bytes]


class _Row(NamedTuple):
    key: str
    hash: bytes
    digest: bytes
    line: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Policy:
    """What a mapping does about rejected and unchanged rows."""

    fail: bool = False
    max_reject_share: float = 1.0
    skip_unchanged: bool = True


@dataclass(frozen=True, slots=True)
class Services:
    """What all outboxes of a target share."""

    trail: Trail
    run: Run
    spool_dir: SpoolDir
    worker: Worker
    system: str
    scope: str
    chunk_bytes: int
    batch_rows: int
    resend: bool
    line_breaks: LineBreaks
    fiscal: Dialect


@dataclass(slots=True)
class Tally:
    """Rows of a mapping in this run. `sent` = `delivered` + rejected by Anaplan + `failed`."""

    read: int = 0
    filtered: int = 0
    repeated: int = 0
    unchanged: int = 0
    sent: int = 0
    delivered: int = 0
    rejected: int = 0
    failed: int = 0
    deleted: int = 0
    repaired: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    samples: dict[str, list[str]] = field(default_factory=dict)

    def reject(self, reason: str, sample: str, count: int = 1) -> None:
        """Count a rejected row under its reason, and keep a few examples."""
        self.rejected += count
        self.reasons[reason] += count
        if sample and len(known := self.samples.setdefault(reason, [])) < 3 and sample not in known:
            known.append(sample)


@dataclass(slots=True)
class Shipment:
    """One upload file and its batch in the trail."""

    batch: Batch
    spool: Spool
    settled: bool = False


class Outbox:
    """The rows of one mapping. `bind` it to a stream's schema, `take` its records, `seal`, deliver `shipments`."""

    def __init__(self, mapping: StreamMapping, destination: Destination, policy: Policy, services: Services) -> None:
        self.mapping = mapping
        self.destination = destination
        self.policy = policy
        self.tally = Tally()
        self.shipments: list[Shipment] = []
        self.scope = f"{services.scope}/{destination.kind}:{destination.id}/{mapping.stream}"
        self.services = services
        self._write = line_writer(destination.form, services.line_breaks)
        self._codec = destination.form.codec
        self._tail: dict[int, _Row] = {}
        self._tail_rows = _DISTINCT_ROWS if mapping.key else BLOCK_ROWS
        self._current = KeyTable()
        self._earlier: KeyTable | None = None
        self._open: Shipment | None = None
        self._maker: RowMaker | None = None
        self._key_at = tuple(destination.form.headers.index(name) for name in mapping.key)
        self._schema = b""
        self._key_properties: Sequence[str] = ()
        self._counted = Counter[str]()
        self.last_hashes: Sequence[bytes] = ()

    @property
    def full(self) -> bool:
        """Whether an import has as many rows as it may have."""
        return self.waiting >= self.services.batch_rows

    @property
    def waiting(self) -> int:
        """Rows in the open file."""
        return (self._open.spool.rows if self._open else 0) + len(self._tail)

    def bind(self, schema: dict[str, object], message: bytes, key_properties: Sequence[str]) -> list[str]:
        """Compile the mapping for the stream's schema; the faults, if there are any."""
        mapping, form = self.mapping, self.destination.form
        faults = field_faults(mapping.columns, mapping.where_fields, schema)
        if faults:
            return [f"mappings[{mapping.position}] ({mapping.title}): {fault}" for fault in faults]
        if message != self._schema and self.waiting:
            self._next_file()
        fiscal = self.services.fiscal
        dialect = Dialect(form.decimal_separator, fiscal.fiscal_year_start_month, fiscal.fiscal_year_named_by)
        self._maker = compile_rows(mapping.columns, form.headers, dialect)
        self._schema, self._key_properties = message, tuple(mapping.key or key_properties)
        return []

    def counts(self) -> dict[str, object]:
        """What was counted since the last time this was asked: for the trail's batch."""
        tally = self.tally
        now = Counter(read=tally.read, filtered=tally.filtered, repeated=tally.repeated, unchanged=tally.unchanged)
        found = dict(now - self._counted)
        self._counted = now
        return dict(found)

    def take(self, block: Records) -> None:
        """Map a block's records, drop what Anaplan has already, keep the rest for delivery."""
        self.tally.read += len(block.records)
        lines, kept, keys = self._map(block)
        if len(kept) == len(block.records) and not self.mapping.key:
            raws, hashes = block.raws, block.hashes
        else:
            raws = [block.raws[index] for index in kept]
            hashes = list(map(audit_keys.key_hash, keys)) if self.mapping.key else [block.hashes[i] for i in kept]
            self.last_hashes = hashes
        digest = audit_keys.row_digest
        digests = [digest(f"{key}\n{line}".encode()) for key, line in zip(keys, lines, strict=True)]
        if self.mapping.key:
            lines, keys, hashes, digests, raws = _last_of_each(lines, keys, hashes, digests, raws)
            self.tally.repeated += len(kept) - len(keys)
        same: set[int] = set()
        if self.policy.skip_unchanged and not self.services.resend and keys:
            same = self.services.trail.unchanged(self.scope, hashes, digests)
        self._keep(lines, keys, hashes, digests, raws, same)

    def _map(self, block: Records) -> tuple[list[str], list[int], Sequence[str]]:
        """Lines, the positions of their records, their keys. Rows that can't be made are rejected."""
        if self._maker is None:
            raise LookupError("bind comes before take")
        make, write, where, key_at = self._maker.cells, self._write, self.mapping.where, self._key_at
        lines: list[str] = []
        kept: list[int] = []
        own_keys: list[str] = []
        rejects: list[Rejected] = []
        for index, record in enumerate(block.records):
            if where is not None and not where(record):
                continue
            try:
                row = make(record)
                if key_at:
                    own = [row[at] for at in key_at]
                    if not all(own):
                        continue
                    line = write(row)
                    own_keys.append(audit_keys.key_text(own))
                else:
                    line = write(row)
            except Unmappable as problem:
                rejects.append(self._refused(record, block.keys[index], block.raws[index], problem))
                continue
            lines.append(line)
            kept.append(index)
        self.tally.filtered += len(block.records) - len(kept) - len(rejects)
        keys = own_keys if key_at else [block.keys[index] for index in kept]
        if bad := unencodable(lines, self._codec):
            wrong = set(bad)
            for at in bad:
                lacking = Unmappable(f"a character that the file's encoding {self.destination.form.encoding} lacks")
                rejects.append(self._rejected(keys[at], block.raws[kept[at]], "row", lacking))
            keys = [key for at, key in enumerate(keys) if at not in wrong]
            kept = [index for at, index in enumerate(kept) if at not in wrong]
            lines = [line for at, line in enumerate(lines) if at not in wrong]
        if rejects:
            self.reject(rejects)
        return lines, kept, keys

    def _refused(self, record: Record, key: str, raw: bytes, problem: Unmappable) -> Rejected:
        column = "row"
        if self._maker is not None:
            with suppress(LookupError):  # every cell could be made: it is the line that couldn't
                column, problem = self._maker.blame(record)
                column = f"column {column}"
        return self._rejected("" if self.mapping.key else key, raw, column, problem)

    @staticmethod
    def _rejected(key: str, raw: bytes, where: str, problem: Unmappable) -> Rejected:
        reason = f"{where}: {problem.reason}"
        message = f"{reason}, got {problem.got}" if problem.got else reason
        return Rejected(None, key, reason, message, bytes(raw))

    def _keep(
        self,
        lines: Sequence[str],
        keys: Sequence[str],
        hashes: Sequence[bytes],
        digests: Sequence[bytes],
        raws: Sequence[bytes],
        same: set[int],
    ) -> None:
        """Put rows into the tail: each key once per file, equal ones once at all, unchanged ones not at all."""
        tail, get = self._tail, self._current.get
        repeated = unchanged = 0
        for index, short in enumerate(hashes):
            number = hash(short) or 1
            digest = digests[index]
            if (row := tail.get(number)) is not None:
                repeated += 1
                if row.digest != digest:
                    tail[number] = _Row(keys[index], short, digest, lines[index], bytes(raws[index]))
                continue
            last = get(number)
            if not last and self._earlier is not None and (last := self._earlier.get(number)):
                if last == (hash(digest) or 1):
                    repeated += 1
                    continue
            elif last:
                if last == (hash(digest) or 1):
                    repeated += 1
                    continue
                self._next_file()
                get = self._current.get
            elif index in same:
                unchanged += 1
                continue
            tail[number] = _Row(keys[index], short, digest, lines[index], bytes(raws[index]))
            if len(tail) >= self._tail_rows:
                self._flush()
        self.tally.repeated += repeated
        self.tally.unchanged += unchanged

    def reject(self, rejects: Sequence[Rejected]) -> None:
        """Records that have no place in the file: into the trail, with their raw text."""
        shipment = self._shipment()
        shipment.batch.reject_invalid(rejects)
        for one in rejects:
            self.tally.reject(one.reason, one.key)

    def _begin_batch(self) -> Batch:
        return self.services.run.begin_batch(
            system=self.services.system,
            stream=self.mapping.stream,
            scope=self.scope,
            action=f"{self.destination.kind} {self.destination.name}",
            schema=self._schema,
            key_properties=self._key_properties,
        )

    def _shipment(self) -> Shipment:
        if self._open is None:
            services = self.services
            folder = services.spool_dir.next_folder()
            spool = Spool(folder, self.destination.form, services.worker, services.chunk_bytes)
            self._open = Shipment(self._begin_batch(), spool)
        return self._open

    def note_idle(self) -> None:
        """Rows that were read and needed no sending stand in the trail as counts of a batch without rows."""
        if counts := self.counts():
            self._begin_batch().settle(outcome="unchanged", counts=counts)

    def _flush(self) -> None:
        """The tail's rows into the trail and onto the disk."""
        if not self._tail:
            return
        shipment, put = self._shipment(), self._current.put
        rows = list(self._tail.values())
        for number, row in self._tail.items():
            put(number, hash(row.digest) or 1)
        self._tail.clear()
        keys, hashes, digests, lines, payload = map(list, zip(*rows, strict=True))
        shipment.batch.add(Block(shipment.spool.rows, keys, hashes, digests, payload))
        shipment.spool.write(lines)

    def _next_file(self) -> None:
        """Seal the open file. Its keys are remembered until everything was delivered."""
        self._flush()
        if self._open is not None:
            self._open.spool.seal()
            self.shipments.append(self._open)
            self._open = None
        if self._earlier is None:
            self._earlier = self._current
        else:
            self._earlier.merge(self._current)
        self._current = KeyTable()

    def seal(self) -> list[Shipment]:
        """Close the open file; everything that waits for delivery, in order."""
        self._next_file()
        self._earlier = None
        found, self.shipments = self.shipments, []
        return found


def _last_of_each(
    lines: Sequence[str],
    keys: Sequence[str],
    hashes: Sequence[bytes],
    digests: Sequence[bytes],
    raws: Sequence[bytes],
) -> tuple[list[str], list[str], list[bytes], list[bytes], list[bytes]]:
    """Of many records that make the same row, the last one."""
    last = {key: index for index, key in enumerate(keys)}
    at = list(last.values())
    return (
        [lines[i] for i in at],
        [keys[i] for i in at],
        [hashes[i] for i in at],
        [digests[i] for i in at],
        [raws[i] for i in at],
    )
