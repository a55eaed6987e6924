"""Documents that stand in the ERP and are not in the trail: into it, when it can be proved what they say.

The proof is the reference (`references`): that of a document which this plan would post now, or that of the content
which the ERP shows (`proof`).
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from connector_kit.audit.document_types import POSTED, Ending, Entry
from connector_kit.documents.lines import identity
from connector_kit.documents.model import Document, Line, Listed, Posted
from connector_kit.documents.proof import Proved, proved
from connector_kit.documents.references import FORMS, OF_PILE, document_digest, pile_prefix
from connector_kit.documents.work import Ready, decode_document, encode_document
from connector_kit.errors import RefusedError

if TYPE_CHECKING:
    from datetime import date

    from connector_kit.audit.document_types import Mark
    from connector_kit.documents.jobs import JobMaker
    from connector_kit.documents.lines import Identity
    from connector_kit.documents.model import Books, Content
    from connector_kit.documents.recipe import Recipe

log = logging.getLogger(__name__)

_SHOWN = 5
_TAKEN_BACK = "-"  # behind a document's reference: the trail's entry for what the ERP took back by itself
_UNPROVED = (
    "Nothing was posted of their scope. Restore the newest audit trail, or run once with on_mismatch: follow_erp, "
    "which takes them as the ERP shows them."
)
_ORPHANS = (
    "Nothing was posted of their scope. Deliver the plan whole, restore the newest audit trail, or reverse them in the "
    "ERP (should they come back into the plan, run once with on_mismatch: follow_erp); pipelines that share an ERP "
    "need scopes of their own. on_mismatch: follow_erp leaves them alone for one run."
)


@dataclass(frozen=True, slots=True)
class Home:
    """A pile of the plan or of the trail. like: a document of it, without lines."""

    unit: bytes
    pile: bytes
    like: Document


class Plan(Protocol):
    """What is delivered."""

    def units(self) -> Iterator[bytes]:
        """All units, in order."""

    def homes(self, unit: bytes) -> Iterator[Home]:
        """The piles of a unit that the plan has."""

    def planned(self, home: Home) -> tuple[Mapping[str, Ready], Sequence[Line]]:
        """What would be posted of a pile now, by reference, and the plan's lines."""

    def forget(self, home: Home) -> None:
        """What the trail knows of a pile's rows is not what stands."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """Takes documents into the trail.

    Args:
        recipe: whose documents they are.
        system: the ERP, for people.
        books: where it shows them.
        jobs: gives documents their references.
        plan: what is delivered.
        open_batch: the number of the trail's batch.
        now: the time.
        believe: take what can't be proved as the ERP shows it, and leave alone what belongs to nothing.
    """

    recipe: Recipe
    system: str
    books: Books
    jobs: JobMaker
    plan: Plan
    open_batch: Callable[[], int]
    now: Callable[[], float]
    believe: bool
    adopted: list[tuple[Document, Posted]] = field(default_factory=list)

    def adopt(self, unknown: Sequence[Listed], homes: Mapping[bytes, Home], known: Iterable[Mark]) -> None:
        """Take documents in that the trail does not know.

        homes: the piles of the plan; known: the trail's documents of the same units.

        Raises:
            RefusedError: it can't be proved what one of them says, or where it belongs.
        """
        places = {self._prefix(one.unit, one.pile, form): one for one in homes.values() for form in FORMS}
        for mark in known:
            for form in FORMS:
                if (prefix := self._prefix(mark.unit, mark.pile, form)) not in places:
                    places[prefix] = self._of_trail(mark)
        piles: dict[str, dict[str, Listed]] = {}
        for one in unknown:
            piles.setdefault(one.reference[:OF_PILE], {})[one.reference] = one
        if orphans := self._left_over([some for prefix, some in piles.items() if prefix not in places]):
            if not self.believe:
                raise self._refused(orphans, "belong to nothing in the plan or the audit trail", _ORPHANS)
            log.warning("%s: left alone, because they belong to nothing: %s", self.recipe.title, _named(orphans))
        for prefix, some in piles.items():
            if prefix in places:
                self._pile(places[prefix], prefix, some)

    def _left_over(self, piles: Sequence[Mapping[str, Listed]]) -> list[Listed]:
        """What stands of piles that nothing knows. Documents that add up to nothing were taken back when they left the
        plan: they need no plan, and nobody could mend them.
        """
        alive = [[one for one in pile.values() if one.live] for pile in piles]
        asked = [one for pile in alive if len(pile) > 1 for one in pile]
        shown = self.books.contents(asked, {column.name for column in self.recipe.lines}) if asked else {}
        return [one for pile in alive if not _nothing_stands(pile, shown) for one in pile]

    def _prefix(self, unit: bytes, pile: bytes, form: str) -> str:
        return pile_prefix(self.jobs.home, unit, pile, form)

    def _of_trail(self, mark: Mark) -> Home:
        stored = self.jobs.book.one(mark.reference)
        if stored is None:
            raise LookupError(mark.reference)
        return Home(mark.unit, mark.pile, replace(decode_document(stored.content), lines=(), reverses=""))

    def _pile(self, home: Home, prefix: str, unknown: dict[str, Listed]) -> None:
        planned, lines = self.plan.planned(home)
        while mine := [name for name in planned if name in unknown]:
            self._take(home, [(planned[name].entry, unknown.pop(name).first) for name in mine])
            planned, lines = self.plan.planned(home)
        if not unknown:
            return
        shown = self.books.contents(list(unknown.values()), {column.name for column in self.recipe.lines})
        proofs = proved(
            home.like,
            shown,
            [decode_document(one.content) for one in self.jobs.book.standing(home.pile)],
            lines,
            offset=self.recipe.offset.account if self.recipe.offset else "",
            believe=self.believe,
        )
        if unproved := [one for name, one in unknown.items() if name not in proofs]:
            raise self._refused(unproved, "have other lines than their references say", _UNPROVED)
        self.plan.forget(home)  # before: a run that dies in between must not compare old rows with what stands
        some = sorted(proofs.items(), key=lambda one: one[1].place)
        self._take(home, [(_entry(self.recipe, home, prefix, one), unknown[name].first) for name, one in some])

    def _take(self, home: Home, found: Sequence[tuple[Entry, Posted]]) -> None:
        for entry, posted in found:
            self._write(home, entry, posted, "it stood in the ERP, and the audit trail did not know it")
            self.adopted.append((decode_document(entry.content), posted))

    def _write(self, home: Home, entry: Entry, posted: Posted, note: str) -> None:
        book, batch_no = self.jobs.book, self.open_batch()
        stands = book.taken_up(batch_no, home.pile)
        book.intend(batch_no, [replace(entry, stands=stands)], self.now())
        ending = Ending(entry.reference, POSTED, posted.number, posted.company, posted.year, (note,))
        book.end([ending], self.now())
        told = (self.recipe.title, entry.reference, entry.title, posted.number, note)
        log.warning("%s: document %s %s (number %s): %s", *told)

    # Documents that the ERP took back by itself.

    @staticmethod
    def is_taken_back(mark: Mark, known: Mapping[str, Mark]) -> bool:
        """Whether the trail knows already that the ERP took it back; so is the entry that says so."""
        return mark.reference.endswith(_TAKEN_BACK) or mark.reference + _TAKEN_BACK in known

    def take_back(self, mark: Mark, how: str) -> None:
        """Count a document as taken back: an entry of the trail's own, with the opposite amounts."""
        home = self._of_trail(mark)
        stored = self.jobs.book.one(mark.reference)
        lines = decode_document(stored.content).lines if stored else ()
        reversal = replace(
            home.like,
            kind="reversal",
            lines=tuple(replace(line, amount=-line.amount, rows=()) for line in lines),
            reverses=mark.reference,
            reference=mark.reference + _TAKEN_BACK,
        )
        entry = _entry(self.recipe, home, mark.reference[:OF_PILE], Proved(reversal, 0))
        posted = Posted(mark.number, mark.company, mark.year)
        self._write(home, entry, posted, f"counts as taken back: {how}")

    # Words.

    def _refused(self, documents: Sequence[Listed], what: str, hint: str) -> RefusedError:
        return RefusedError(
            system=self.system,
            subject=self.recipe.title,
            expected="the documents that the audit trail has",
            got=f"{len(documents)} more that {what}: {_named(documents)}",
            hint=hint,
        )


def _entry(recipe: Recipe, home: Home, prefix: str, one: Proved) -> Entry:
    document = one.document
    return Entry(
        unit=home.unit,
        pile=home.pile,
        title=recipe.document_title(document.scope, document.key),
        reference=document.reference,
        digest=document_digest(prefix, document, one.place),
        plan=b"",
        kind=document.kind,
        reverses=document.reverses,
        content=encode_document(document),
    )


def _nothing_stands(pile: Sequence[Listed], shown: Mapping[str, Content]) -> bool:
    """Whether documents take each other back, day by day and line by line. Amounts are taken as they are shown: without
    the signs of their sides they are never nothing.
    """
    sums: defaultdict[tuple[date, Identity], Decimal] = defaultdict(Decimal)
    for one in pile:
        if one.reference not in shown:
            return False
        content = shown[one.reference]
        for line in content.readings[0]:
            sums[content.posting_date, identity(line)] += line.amount
    return not any(sums.values())


def _named(documents: Sequence[Listed]) -> str:
    shown = [f"{one.reference} (number {one.first.number})" for one in documents[:_SHOWN]]
    return ", ".join([*shown, *([f"and {len(documents) - _SHOWN} more"] if len(documents) > _SHOWN else [])])
