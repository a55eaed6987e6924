"""What stands in the ERP under a unit's references, held against the trail before anything of the unit is posted.

The ERP is the book. A trail may be new, older than the ERP, restored or moved, and then knows less than what stands:

- Documents that the trail does not know are taken into it (`adoption`), if it can be proved what they say.
- Others of the unit end the run, before anything of the unit is posted.
- Documents that the trail has as posted and that do not stand (reversed, gone), or stand twice, are named; of their
  pile nothing is posted.

`on_mismatch: follow_erp` is for the run that puts such a state right: what is not proved is taken as the ERP shows it,
what does not stand counts as taken back, and what belongs to nothing is left alone. Two documents under one reference
have to be put right in the ERP.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from connector_kit.audit.document_types import POSTED, Ending, Mark
from connector_kit.documents.adoption import Adoption
from connector_kit.documents.compare import Fault
from connector_kit.documents.model import Listed, Posted
from connector_kit.documents.references import FORMS, unit_prefix
from connector_kit.documents.work import decode_document
from connector_kit.errors import RefusedError

if TYPE_CHECKING:
    from connector_kit.documents.adoption import Plan
    from connector_kit.documents.jobs import JobMaker
    from connector_kit.documents.model import Books, Poster
    from connector_kit.documents.recipe import Recipe

log = logging.getLogger(__name__)

_UNITS_AT_ONCE = 20
_SHOWN = 5
_REASON = "what stands in the ERP is not what the audit trail has"
_NOT_KNOWN = "and the audit trail does not know it"
_FOLLOW = "Nothing is posted of its plan. To take the ERP's word for it, run once with on_mismatch: follow_erp."


class Reconciliation:
    """Compares units with the ERP, each once, some at a time.

    Args:
        recipe: whose documents they are.
        poster: of the ERP.
        books: of the poster.
        jobs: gives documents their references.
        plan: what is delivered.
        open_batch: the number of the trail's batch.
        now: the time.
        follow_erp: see above.

    Attributes:
        adopted: documents that were taken into the trail, with what the ERP calls them.
        faults: why nothing may be posted of a pile.
    """

    def __init__(
        self,
        recipe: Recipe,
        poster: Poster,
        books: Books,
        jobs: JobMaker,
        *,
        plan: Plan,
        open_batch: Callable[[], int],
        now: Callable[[], float],
        follow_erp: bool,
    ) -> None:
        self._title = recipe.title
        self._poster = poster
        self._books = books
        self._book = jobs.book
        self._home = jobs.home
        self._plan = plan
        self._now = now
        self._adoption = Adoption(recipe, poster.system, books, jobs, plan, open_batch, now, believe=follow_erp)
        self._follow = follow_erp
        self._waiting: dict[bytes, None] | None = None
        self._done: set[bytes] = set()
        self._missing = 0
        self._named: set[str] = set()
        self.adopted = self._adoption.adopted
        self.faults: dict[bytes, Fault] = {}

    def check(self, unit: bytes) -> None:
        """Compare a unit, unless that is done; some that follow it in the plan are compared with it.

        Raises:
            RefusedError: the trail and the ERP can't be brought together.
            ConnectorError: the ERP does not say.
        """
        if unit in self._done:
            return
        if self._waiting is None:
            self._waiting = dict.fromkeys(self._plan.units())
        self._waiting.pop(unit, None)
        some = [unit, *list(self._waiting)[: _UNITS_AT_ONCE - 1]]
        for one in some[1:]:
            del self._waiting[one]
        self._done.update(some)
        self._compare(some)

    def told(self) -> int:
        """How many documents were found, since this was asked, that do not stand as the trail has them."""
        found, self._missing = self._missing, 0
        return found

    def report(self) -> int:
        """Name what only one of the trail and the ERP has, and change nothing; how many were not named yet."""
        count, units = 0, list(self._plan.units())
        for at in range(0, len(units), _UNITS_AT_ONCE):
            some = units[at : at + _UNITS_AT_ONCE]
            known = self._marks(some)
            listed, prefixes = self._listed(some, known)
            for name, one in listed.items():
                if name not in known and self._book.one(name) is None:
                    count += self._tell(
                        name, f"{name} (number {one.first.number}) stands in {self._poster.system}, {_NOT_KNOWN}"
                    )
            posted = self._posted(known)
            lost = [(one, f"stands by the audit trail, but {how}") for one, how in self._lost(posted, listed, prefixes)]
            for mark, what in [*lost, *self._twice(posted, listed)]:
                count += self._tell(mark.reference, f"{mark.reference} {mark.title} {what}")
        return count

    def _tell(self, name: str, what: str) -> int:
        if name in self._named:
            return 0
        self._named.add(name)
        log.warning("%s: document %s", self._title, what)
        return 1

    def _compare(self, units: Sequence[bytes]) -> None:
        known = self._marks(units)
        listed, prefixes = self._listed(units, known)
        late = [one for name, one in listed.items() if name in known and known[name].state != POSTED]
        self._settle(late)
        unknown = [one for name, one in listed.items() if name not in known and self._book.one(name) is None]
        if unknown:
            homes = {one.pile: one for unit in units for one in self._plan.homes(unit)}
            self._adoption.adopt(unknown, homes, known.values())
        posted = self._posted(self._marks(units) if late or unknown else known)
        for one, how in self._lost(posted, listed, prefixes):
            if self._follow:
                self._adoption.take_back(one, how)
            else:
                self._fault(one, f"stands by the audit trail, but {how}", _FOLLOW)
        for one, how in self._twice(posted, listed):
            self._fault(one, how, "Nothing is posted of its plan: reverse all but one there.")

    def _marks(self, units: Sequence[bytes]) -> dict[str, Mark]:
        return {one.reference: one for unit in units for one in self._book.marks(unit)}

    def _listed(self, units: Sequence[bytes], known: Mapping[str, Mark]) -> tuple[dict[str, Listed], tuple[str, ...]]:
        companies = {one.like.company for unit in units for one in self._plan.homes(unit)}
        companies |= {one.company for one in known.values()}
        prefixes = tuple(unit_prefix(self._home, unit, form) for unit in units for form in FORMS)
        return {one.reference: one for one in self._books.listed(prefixes, companies or {""})}, prefixes

    def _posted(self, known: Mapping[str, Mark]) -> list[Mark]:
        return [one for one in known.values() if one.state == POSTED and not self._adoption.is_taken_back(one, known)]

    def _settle(self, listed: Sequence[Listed]) -> None:
        """Documents that stand although the trail does not have them as posted: an answer came too late, or never."""
        for one in listed:
            if one.live and (stored := self._book.one(one.reference)) is not None:
                self._book.end([_ending(one.reference, one.first)], self._now())
                self.adopted.append((decode_document(stored.content), one.first))

    def _lost(
        self, posted: Sequence[Mark], listed: Mapping[str, Listed], prefixes: tuple[str, ...]
    ) -> Iterator[tuple[Mark, str]]:
        """What stands by the trail and does not in the ERP, and how it came to that."""
        unlisted = [one.reference for one in posted if one.reference not in listed]
        documents = [decode_document(one.content) for name in unlisted if (one := self._book.one(name)) is not None]
        there = self._poster.look_up(documents) if documents else {}
        if overlooked := [name for name in there if name.startswith(prefixes)]:
            raise RefusedError(
                system=self._poster.system,
                subject=self._title,
                expected="every document whose reference begins like this",
                got=f"a list without {', '.join(overlooked[:_SHOWN])}, which stand",
                hint="What stands can't be told, so nothing is posted. With look_up_first: false it is not compared.",
            )
        for mark in posted:
            seen = listed.get(mark.reference)
            if seen is not None and not seen.live:
                others = ", ".join(one.number for one in seen.dead if one.number != mark.number)
                yield mark, f"was reversed in {self._poster.system}{f' by {others}' if others else ''}"
            elif seen is None and mark.reference not in there:
                yield mark, f"{self._poster.system} does not have it"

    def _twice(self, posted: Sequence[Mark], listed: Mapping[str, Listed]) -> Iterator[tuple[Mark, str]]:
        for mark in posted:
            if mark.reference in listed and len(live := listed[mark.reference].live) > 1:
                numbers = ", ".join(f"{one.number}/{one.year}" for one in live)
                yield mark, f"stands in {self._poster.system} more than once ({numbers})"

    def _fault(self, mark: Mark, what: str, hint: str) -> None:
        message = f"{mark.reference} {mark.title} (number {mark.number}) {what}. {hint}"
        self._missing += self._tell(mark.reference, message)
        self.faults.setdefault(mark.pile, Fault(_REASON, f"document {message}"))


def _ending(reference: str, posted: Posted) -> Ending:
    return Ending(reference, POSTED, posted.number, posted.company, posted.year, ("it stood in the ERP",))
