"""What a mapping has for Anaplan: rows made from records, new ones spooled and put into the trail, counted all.

A file holds each key once, with its last value: list imports reject a key that comes twice, module imports leave
open which one wins. The newest rows wait in memory, where a later value simply replaces an earlier one. When a key
comes again with another value after its row was spooled, the file is sealed and the next one takes the later value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from connector_kit.audit import keys as audit_keys
from connector_kit.audit.types import Block, Rejected
from connector_kit.delivery.intake import Keyed
from connector_kit.mapping.columns import Dialect, numeric_texts
from connector_kit.mapping.compile import compile_rows, field_faults
from connector_kit.mapping.missed import MissedValues
from connector_kit.mapping.values import Unmappable
from target_anaplan.cells import Cells
from target_anaplan.claims import Claims, shared_cells
from target_anaplan.keytable import KeyTable
from target_anaplan.lines import LineMaker
from target_anaplan.mapping.spec import StreamMapping
from target_anaplan.rows import LineBreaks
from target_anaplan.spool import Spool, SpoolDir, Worker
from target_anaplan.tally import Tally

if TYPE_CHECKING:
    from connector_kit.audit import Batch, Run, Trail
    from connector_kit.audit.cells import CellBook
    from connector_kit.audit.replay_guard import ReplayGuard
    from target_anaplan.accounts import CheckCounts
    from target_anaplan.destination import Destination

BLOCK_ROWS = 5_000
_DISTINCT_ROWS = 20_000  # a mapping with its own key: many records make one row, its last value counts


_Row = tuple[str, bytes, bytes, str, bytes]
"""Key text, key hash, digest, line, raw record."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a mapping does about rejected, unchanged and ignored rows, and about counts that don't add up."""

    fail: bool = False
    max_reject_share: float = 1.0
    skip_unchanged: bool = True
    accept_ignored: bool = False
    check_counts: CheckCounts = "when_told"


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
class Shipment:
    """One upload file and its batch in the trail."""

    batch: Batch
    spool: Spool
    settled: bool = False
    tasks: list[str] = field(default_factory=list)


class Outbox:
    """The rows of one mapping. `bind` it to a stream's schema, `take` its records, `seal`, deliver `shipments`."""

    def __init__(self, mapping: StreamMapping, destination: Destination, policy: Policy, services: Services) -> None:
        self.mapping = mapping
        self.destination = destination
        self.policy = policy
        self.tally = Tally()
        self.shipments: list[Shipment] = []
        self.scope = f"{services.scope}/{destination.kind}:{destination.id}/{mapping.stream}"
        if mapping.key:  # rows known by other columns are others
            self.scope += f"#{','.join(mapping.key)}"
        self.services = services
        self.missed = MissedValues(mapping.where_fields)
        self.cells: Cells | None = None
        self.claims: Claims | None = None
        if mapping.sums:
            self.scope += f"#{mapping.sums.mark}"
            args = destination.form, services.line_breaks, services.trail, self.scope
            self.cells = Cells(mapping.title, mapping.sums, *args)
        self._tail: dict[int, _Row] = {}
        self._tail_rows = _DISTINCT_ROWS if mapping.key else BLOCK_ROWS
        self._current = KeyTable()
        self._earlier: KeyTable | None = None
        self._open: Shipment | None = None
        self._maker: LineMaker | None = None
        self._key_at = tuple(destination.form.headers.index(name) for name in mapping.key)
        self._guard: ReplayGuard | None = None
        self._schema = b""
        self._key_properties: Sequence[str] = ()
        self._counted = Counter[str]()
        self.last_hashes: Sequence[bytes] = ()
        self.in_doubt = False  # of some row that was sent it is unknown what became of it

    @property
    def book(self) -> CellBook | None:
        """What the trail keeps of its records and their cells, where several records may be for one."""
        return self.cells.book if self.cells is not None else self.claims.book if self.claims is not None else None

    @property
    def full(self) -> bool:
        """Whether an import has as many rows as it may have."""
        return self.waiting >= self.services.batch_rows

    @property
    def fields(self) -> set[str]:
        """The fields that its rows are made of."""
        return {field for column in self.mapping.columns for field in column.fields} | set(self.mapping.where_fields)

    @property
    def waiting(self) -> int:
        """Rows in the open file."""
        return (self._open.spool.rows if self._open else 0) + len(self._tail)

    def bind(
        self,
        schema: dict[str, object],
        message: bytes,
        key_properties: Sequence[str],
        guard: ReplayGuard | None = None,
    ) -> list[str]:
        """Compile the mapping for the stream's schema; the faults, if there are any. guard: of a replay's records."""
        mapping, form = self.mapping, self.destination.form
        faults = field_faults(mapping.columns, mapping.where_fields, schema)
        if faults:
            return [f"mappings[{mapping.position}] ({mapping.title}): {fault}" for fault in faults]
        if message != self._schema and self.waiting:
            self._next_file()
        numeric = numeric_texts(schema)
        dialect = replace(self.services.fiscal, decimal_separator=form.decimal_separator, numeric_texts=numeric)
        rows = compile_rows(mapping.columns, form.headers, dialect)
        self._maker = LineMaker(rows, form, self.services.line_breaks)
        own_key = mapping.key
        if mapping.sums and self.cells:
            if not key_properties:
                fault = "sum needs the stream's key: without it the same record can't be told from another one"
                return [f"mappings[{mapping.position}] ({mapping.title}): {fault}"]
            self.cells.bind(dialect)
            own_key = mapping.sums.cell
        self.services.trail.bind_key(self.scope, mapping.stream, mapping.key or key_properties)
        if cell := shared_cells(mapping, self.destination, schema, key_properties):
            self.claims = Claims(mapping.title, cell, form.headers, self.services.trail, self.scope)
        self._schema, self._key_properties = message, tuple(own_key or key_properties)
        self._guard = guard
        return []

    def counts(self) -> dict[str, object]:
        """What was counted since the last time this was asked: for the trail's batch."""
        tally = self.tally
        names = ("read", "filtered", "repeated", "unchanged", "overtaken")
        now = Counter({name: getattr(tally, name) for name in names})
        found = dict(now - self._counted)
        self._counted = now
        return dict(found)

    def take(self, block: Keyed) -> None:
        """Map a block's records, drop what Anaplan has already, keep the rest for delivery."""
        if self._maker is None:
            raise LookupError("bind comes before take")
        if self.cells is not None and (half := _repeating(block)):
            for part in (range(half), range(half, len(block.hashes))):
                self.take(_picked(block, part))
            return
        block = self._meant(block)
        made = self._maker.make(block.records)
        if made.refused:
            self.reject([self._refused(block, at, problem) for at, problem in made.refused])
            block = _picked(block, made.kept)
        if self.cells is not None:
            self._count(self.cells, block, made.columns)
            return
        lines = made.lines
        if self.claims is not None:
            self.claims.take(block.hashes, block.keys, made.columns)
        if self._key_at:
            block, lines = self._by_own_key(block, lines, [made.columns[at] for at in self._key_at])
        digests = [audit_keys.row_digest(line.encode()) for line in lines]
        same: set[int] = set()
        if self.policy.skip_unchanged and not self.services.resend and lines:
            same = self.services.trail.unchanged(self.scope, block.hashes, digests)
        if self._guard is not None:
            late = self._guard.overtaken(self.scope, block.hashes, shared=bool(self._key_at)) - same
            self.tally.overtaken += len(late)
            due = [at for at in range(len(lines)) if at not in late]
            same = {place for place, at in enumerate(due) if at in same}
            block, digests, lines = _picked(block, due), [digests[at] for at in due], [lines[at] for at in due]
        self._keep(block.keys, block.hashes, digests, lines, block.records.raws, same)

    def _meant(self, block: Keyed) -> Keyed:
        """The records that the mapping is for. Others, where records are added up, add nothing any more."""
        self.tally.read += len(block.records)
        if self.mapping.where is None:
            return block
        wanted = [at for at, keep in enumerate(self.mapping.where(block.records)) if keep]
        self.tally.filtered += len(block.records) - len(wanted)
        if wanted:
            self.missed.clear()
        else:
            self.missed.note(block.records)
        if self.book is not None and len(wanted) < len(block.records):
            meant = {block.hashes[at] for at in wanted}
            self.book.remove([one for one in block.hashes if one not in meant])
        return _picked(block, wanted)

    def _count(self, cells: Cells, block: Keyed, columns: Sequence[Sequence[str]]) -> None:
        """Records that are added up: of a replay, those alone of which nothing is known that is as new."""
        amounts, refused = cells.amounts(block.records)
        if refused:
            self.reject([self._refused(block, at, problem) for at, problem in refused])
        good = set(range(len(block.hashes))) - {at for at, _ in refused}
        if self._guard is not None:
            fresh = cells.book.replayed(block.hashes, cells.hashes(columns))
            self.tally.overtaken += len(good - fresh)
            good &= fresh
        at = sorted(good)
        some = _picked(block, at)
        picked = [[column[one] for one in at] for column in columns]
        cells.take(some.hashes, some.records.raws, picked, [amounts[one] for one in at])

    def _keep_due(self, cells: Cells) -> None:
        """The rows of the cells that records have touched."""
        for rows in cells.due():
            digests = [audit_keys.row_digest(line.encode()) for line in rows.lines]
            same: set[int] = set()
            if self.policy.skip_unchanged and not self.services.resend:
                same = self.services.trail.unchanged(self.scope, rows.hashes, digests)
            self._keep(rows.keys, rows.hashes, digests, rows.lines, rows.raws, same)
            if self.full:
                self._next_file()

    def remove(self, keys: Sequence[str]) -> None:
        """Records that the source deleted; where records are added up, they add nothing any more."""
        if self.book is not None:
            self.book.remove(list(map(audit_keys.key_hash, keys)))
            self.tally.deleted += len(keys) if self.cells is not None else 0

    def vanished(self, version: int) -> None:
        """What a whole read under a version did not show has no cell any more."""
        if self.claims is not None:
            self.claims.book.remove_vanished(version)

    def settled(self) -> None:
        """Everything that was sealed is delivered, or its fate is in the trail."""
        if self.book is not None and not self.in_doubt:
            self.book.settled()
        self.in_doubt = False

    def _by_own_key(
        self, block: Keyed, lines: Sequence[str], columns: Sequence[Sequence[str]]
    ) -> tuple[Keyed, list[str]]:
        """Of the records that make the same row, the last one; those with a blank key make none."""
        own = zip(*columns, strict=True)
        last = {key: at for at, key in enumerate(own) if all(key)}
        blank = sum(not all(key) for key in zip(*columns, strict=True))
        self.tally.repeated += len(lines) - blank - len(last)
        self.tally.filtered += blank
        positions = list(last.values())
        keys = [audit_keys.key_text(key) for key in last]
        hashes = self.last_hashes = list(map(audit_keys.key_hash, keys))
        return Keyed(block.records.pick(positions), keys, hashes), [lines[at] for at in positions]

    def _refused(self, block: Keyed, at: int, problem: Unmappable) -> Rejected:
        reason = f"column {problem.column}: {problem.reason}" if problem.column else problem.reason
        message = f"{reason}, got {problem.got}" if problem.got else reason
        key = "" if self.mapping.key else block.keys[at]
        return Rejected(None, key, reason, message, bytes(block.records.raws[at]))

    def _keep(
        self,
        keys: Sequence[str],
        hashes: Sequence[bytes],
        digests: Sequence[bytes],
        lines: Sequence[str],
        raws: Sequence[bytes],
        same: set[int],
    ) -> None:
        """Put rows into the tail: each key once per file, equal ones once at all, unchanged ones not at all."""
        numbers = [hash(short) or 1 for short in hashes]
        rows = zip(keys, hashes, digests, lines, map(bytes, raws), strict=True)
        if self._all_new(numbers):
            self.tally.unchanged += len(same)
            pairs: Iterable[tuple[int, _Row]] = zip(numbers, rows, strict=True)
            self._tail.update((pair for at, pair in enumerate(pairs) if at not in same) if same else pairs)
        else:
            for at, (number, row) in enumerate(zip(numbers, rows, strict=True)):
                self._keep_one(number, row, unchanged=at in same)
        if len(self._tail) >= self._tail_rows:
            self._flush()

    def _all_new(self, numbers: Sequence[int]) -> bool:
        """Whether no key of the block comes twice in it, or waits for delivery already."""
        return (
            len(set(numbers)) == len(numbers)
            and self._tail.keys().isdisjoint(numbers)
            and not self._current.holds_any(numbers)
            and (self._earlier is None or not self._earlier.holds_any(numbers))
        )

    def _keep_one(self, number: int, row: _Row, *, unchanged: bool) -> None:
        mark = hash(row[2]) or 1
        waiting = self._tail.get(number)
        if waiting is not None:
            self.tally.repeated += 1
            self._tail[number] = row
            return
        spooled = self._current.get(number)
        last = spooled or (self._earlier.get(number) if self._earlier is not None else 0)
        if last == mark:
            self.tally.repeated += 1
        elif last or not unchanged:
            if spooled:
                self._next_file()
            self._tail[number] = row
        else:
            self.tally.unchanged += 1

    def reject(self, rejects: Sequence[Rejected]) -> None:
        """Records that have no place in the file: into the trail, with their raw text."""
        if self._guard is not None:
            standing = self._guard.standing(self.scope, rejects, shared=bool(self._key_at))
            self.tally.overtaken += len(rejects) - len(standing)
            rejects = standing
        if not rejects:
            return
        if self.cells is not None:
            self.cells.book.refuse([audit_keys.key_hash(one.key) for one in rejects if one.key])
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
        shipment = self._shipment()
        rows = list(self._tail.values())
        keys, hashes, digests, lines, payload = map(list, zip(*rows, strict=True))
        self._current.put_all(self._tail, [hash(digest) or 1 for digest in digests])
        self._tail.clear()
        shipment.batch.add(Block(shipment.spool.rows, keys, hashes, digests, payload))
        shipment.spool.write(lines, keys)

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
        if self.cells is not None:
            self._keep_due(self.cells)
        if self.claims is not None:
            self.claims.check()
        self._next_file()
        self._earlier = None
        found, self.shipments = self.shipments, []
        return found


def _repeating(block: Keyed) -> int:
    """The place of the first record of a block whose key came before in it; 0 when none is."""
    if len(set(block.hashes)) == len(block.hashes):
        return 0
    known: set[bytes] = set()
    for at, one in enumerate(block.hashes):
        if one in known:
            return at
        known.add(one)
    return 0


def _picked(block: Keyed, positions: Sequence[int]) -> Keyed:
    if len(positions) == len(block.records):
        return block
    keys, hashes = block.keys, block.hashes
    return Keyed(block.records.pick(positions), [keys[at] for at in positions], [hashes[at] for at in positions])
