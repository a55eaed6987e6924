"""A delivery's rows together with the rows that stood before: what is not repeated stands, until its absence is proven.

Incremental and log-based taps bring changes. So a document is built of the rows of this delivery and of those that the
trail knows under other keys. A row leaves its document when the source says so (`_sdc_deleted_at`), when its record
comes again in another document or outside `where`, or when a version of the whole stream came without it.

A stream without keys has no rows that could be told apart: what came otherwise and what did not come look alike. Unless
the version came whole, such a document may only be confirmed or added to. A row of it that comes again as it was, in
another document, has moved there: the settings have changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

from connector_kit.audit.plans import PlanChange, PlanRow

if TYPE_CHECKING:
    from connector_kit.audit.plans import PlanBook
    from connector_kit.documents.spool import RowSpool

NO_KEY = "the stream has no key, so rows that changed can't be told from rows that did not come"
UNKNOWN_ROWS = "the trail does not know the rows of what stands by this key, so those that did not come can't be told"

_AT_ONCE = 5_000  # keys in one look-up, and in memory meanwhile


@dataclass(slots=True)
class Losses:
    """What a version that came whole no longer shows: rows, and documents whose rows are not known."""

    known: int = 0
    gone: int = 0


@dataclass(frozen=True, slots=True)
class _Lost:
    unit: bytes
    pile: bytes
    rows: list[PlanRow]
    by_proof: bool


@dataclass(slots=True)
class Merging:
    """Completes a sealed spool.

    keyed: whether the stream has keys. whole: whether its version came whole. continued: in more than one run.
    standing_in: the documents of a unit of which something was posted, in the order of posting.
    """

    spool: RowSpool
    plans: PlanBook
    keyed: bool
    whole: bool
    continued: bool
    standing_in: Callable[[bytes], Sequence[bytes]]
    losses: Losses = field(default_factory=Losses)
    _units: dict[bytes, bytes] = field(default_factory=dict)
    _unsure: set[bytes] = field(default_factory=set)
    _fresh: list[bytes] = field(default_factory=list)
    _moved: dict[tuple[bytes, bytes], None] = field(default_factory=dict)
    _unknown: set[bytes] = field(default_factory=set)
    _held: frozenset[bytes] = frozenset()

    def run(self, most_lost: float) -> bool:
        """Complete the spool; False when more than this share of the known rows is gone: then all of them stand."""
        self._held = frozenset([*self.spool.homeless_hashes(), *self.spool.invalid_hashes()])
        if not self.keyed:
            for _, pile in self.spool.places():
                self.spool.note([row.hash for row in self._numbered(pile)])
        lost = [one for place in self._concerned() if (one := self._complete(*place)) is not None]
        allowed = self.losses.gone <= most_lost * self.losses.known
        for one in lost:
            if one.by_proof and not allowed:
                self.spool.carry(one.unit, one.pile, one.rows)
            elif not self.spool.has(one.pile):
                self.spool.leave(one.unit, one.pile)
        return allowed

    def _complete(self, unit: bytes, pile: bytes) -> _Lost | None:
        """Put the rows that stand beside those that came; what the document has lost."""
        self._units[pile] = unit
        known, new = self.plans.rows(pile), self._numbered(pile)
        if known is None:
            self._unknown.add(pile)
        self._note_fresh(known or [], new)
        left = self._left(known or [], new)
        carried, gone = self._split(left)
        self.spool.carry(unit, pile, carried)
        unknown = self.whole and known is None and not new
        self.losses.known += unknown if known is None else len(known)
        self.losses.gone += unknown + len(gone)
        if not self.whole:
            self._doubt(pile, known, left)
        if gone or not (new or carried):
            return _Lost(unit, pile, gone, by_proof=bool(gone) or unknown)
        return None

    def _concerned(self) -> Iterator[tuple[bytes, bytes]]:
        """Unit and document of everything that this delivery may change, each once."""
        done: set[bytes] = set()
        places = self.spool.places()
        yield from self._new(places, done)
        yield from self._new(self._elsewhere(), done)
        if self.whole:
            units = dict.fromkeys([unit for unit, _ in places])
            if self.continued:
                units.update(dict.fromkeys(self.plans.units_seen()))
            for unit in units:
                piles = [*self.standing_in(unit), *self.plans.piles_in(unit)]
                yield from self._new([(unit, pile) for pile in piles], done)

    @staticmethod
    def _new(places: Iterable[tuple[bytes, bytes]], done: set[bytes]) -> Iterator[tuple[bytes, bytes]]:
        for unit, pile in places:
            if pile not in done:
                done.add(pile)
                yield unit, pile

    def _elsewhere(self) -> Iterator[tuple[bytes, bytes]]:
        """Documents that keys of this delivery stood in before."""
        self._look_up_fresh()
        yield from self._moved
        yield from sorted((unit, pile) for pile, unit in self.plans.places(self.spool.gone()))
        for pile, unit in sorted(self.plans.places(self._held)):
            self.spool.spoil(pile, "a record of it came again, and can't be used")
            yield unit, pile

    def _note_fresh(self, known: Sequence[PlanRow], new: Sequence[PlanRow]) -> None:
        """Keys that their document did not have before may have moved there from another one."""
        before = {row.hash for row in known}
        self._fresh += [row.hash for row in new if row.hash not in before]
        if len(self._fresh) >= _AT_ONCE:
            self._look_up_fresh()

    def _look_up_fresh(self) -> None:
        self._moved.update(dict.fromkeys((unit, pile) for pile, unit in sorted(self.plans.places(self._fresh))))
        self._fresh.clear()

    def _numbered(self, pile: bytes) -> list[PlanRow]:
        """The rows of this delivery; equal ones of a stream without keys are told apart by their number."""
        rows = self.spool.plan_rows(pile)
        if self.keyed:
            return rows
        counted, made = Counter[bytes](), []
        for row in rows:
            counted[row.hash] += 1
            made.append(PlanRow(_nth(row.hash, counted[row.hash]), row.about, row.line, row.why))
        return made

    def _left(self, known: Sequence[PlanRow], new: Sequence[PlanRow]) -> list[PlanRow]:
        """Known rows that this delivery says nothing about."""
        here = {row.hash for row in new}
        left = [row for row in known if row.hash not in here]
        if left:
            told = self.spool.spoken_of([row.hash for row in left]) - self._held
            left = [row for row in left if row.hash not in told]
        return left

    def _split(self, left: list[PlanRow]) -> tuple[list[PlanRow], list[PlanRow]]:
        """Of rows that did not come: those that stand, and those that are gone."""
        if not self.keyed:
            return [], left if self.whole else []
        if not self.whole:
            return left, []
        stands = self.plans.seen([row.hash for row in left]) if self.continued and left else set()
        stands |= self._held
        return [row for row in left if row.hash in stands], [row for row in left if row.hash not in stands]

    def _doubt(self, pile: bytes, known: list[PlanRow] | None, left: list[PlanRow]) -> None:
        if known is None:
            self.spool.doubt(pile, UNKNOWN_ROWS)
        elif left and not self.keyed:
            self.spool.doubt(pile, NO_KEY)
        else:
            return
        self._unsure.add(pile)

    def changes(self) -> Iterator[PlanChange]:
        """What the trail has to know of the documents' rows before anything is posted."""
        yield from map(self._change, [pile for pile in self._units if pile not in self._unsure])

    def confirmed(self, refused: Iterable[bytes]) -> Iterator[PlanChange]:
        """The same, when everything is posted, of documents in doubt without those that were refused."""
        yield from map(self._change, sorted(self._unsure.difference(refused)))

    def _change(self, pile: bytes) -> PlanChange:
        unit, old = self._units[pile], None if pile in self._unknown else self.plans.rows(pile)
        rows = self._numbered(pile)
        before = {row.hash: row for row in old or ()}
        changed = [row.hash for row in rows if before.get(row.hash) != row]
        gone = list(before.keys() - {row.hash for row in rows})
        if old is not None and not changed and not gone:
            return PlanChange(pile, unit, None)
        return PlanChange(pile, unit, rows, changed, gone)


def _nth(hashed: bytes, number: int) -> bytes:
    return hashed if number == 1 else blake2b(hashed + number.to_bytes(8, "big"), digest_size=8).digest()
