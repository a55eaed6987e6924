"""One recipe's delivery: the spooled rows as documents, compared with what stands, posted, and settled in the trail."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from connector_kit.audit.document_types import POSTED, REFUSED
from connector_kit.documents.adoption import Home
from connector_kit.documents.asking import not_standing
from connector_kit.documents.compare import Fault, Standing, plan_lines, stages
from connector_kit.documents.jobs import JobMaker, Past
from connector_kit.documents.merging import UNKNOWN_ROWS, Losses, Merging
from connector_kit.documents.model import Document, Line, Message
from connector_kit.documents.reconciliation import Reconciliation
from connector_kit.documents.references import lines_digest
from connector_kit.documents.rows import About, decode_about, line_text
from connector_kit.documents.work import Done, Job, Ready, decode_document, message_texts
from connector_kit.redaction import without_values

if TYPE_CHECKING:
    from connector_kit.audit.documents import DocumentBook
    from connector_kit.audit.plans import PlanBook, PlanChange
    from connector_kit.documents.model import Poster
    from connector_kit.documents.parcel import Parcel
    from connector_kit.documents.recipe import Recipe
    from connector_kit.documents.spool import Pile, RowSpool
    from connector_kit.documents.summary import Tally

log = logging.getLogger(__name__)

_SHOWN = 20
_WHOLE = (
    "nothing was changed. It is, once ACTIVATE_VERSION behind the records shows that the stream came whole: read "
    "everything once (--full-refresh), with a tap that sends it there"
)
_OTHER_PART = "another part of its document was refused"


class Delivery:
    """Makes documents of what a sealed spool holds. `jobs` says what to post, `note` takes what became of it."""

    def __init__(
        self,
        recipe: Recipe,
        poster: Poster,
        book: DocumentBook,
        spool: RowSpool,
        parcel: Parcel,
        tally: Tally,
        *,
        plans: PlanBook,
        keyed: bool,
        most_lost: float,
        now: Callable[[], float],
        validate_only: bool,
        compare_first: bool = False,
        follow_erp: bool = False,
    ) -> None:
        self._recipe = recipe
        self._poster = poster
        self._book = book
        self._spool = spool
        self._parcel = parcel
        self._jobs = JobMaker(book, recipe)
        self._now = now
        self.tally = tally
        self.validate_only = validate_only
        self._plans = plans
        self._keyed = keyed
        self._most_lost = most_lost
        self._merging = Merging(spool, plans, keyed, whole=False, continued=False, standing_in=book.standing_in)
        self._doubted: set[bytes] = set()
        self._whole = False
        self._compare_first = compare_first
        self._reconciliation: Reconciliation | None = None
        if poster.books is not None:
            self._reconciliation = Reconciliation(
                recipe,
                poster,
                poster.books,
                self._jobs,
                plan=self,
                open_batch=self.open,
                now=now,
                follow_erp=follow_erp,
            )

    def open(self) -> int:
        """Put the rows into the trail, if they are not there, and what they make of the plans."""
        if not self._parcel.opened:
            self._parcel.open()
            self._save(self._merging.changes())
        return self._parcel.no

    def _save(self, changes: Iterable[PlanChange]) -> None:
        if not self.validate_only:
            self._plans.save(self._parcel.no, changes)

    def close(self, *, opened: bool) -> None:
        """Say that this delivery is the last word on its documents. opened: whether its rows were put in the trail."""
        if not opened:
            self._save(self._merging.changes())
        self._save(self._merging.confirmed(self._doubted))

    def drop_outdated(self, replay_of: str) -> None:
        """Of a replay: forget what was delivered again since."""
        newer = self._plans.newer(list(self._spool.hashes()), replay_of) if self._keyed else set()
        piles = set() if self._keyed else self._plans.newer_piles(replay_of)
        self.tally.outdated += self._spool.drop(newer, piles)
        if self.tally.outdated:
            log.warning(
                "%s: %d replayed rows are outdated: they were delivered again since",
                self._recipe.title,
                self.tally.outdated,
            )

    def merge(self, *, whole: bool, continued: bool) -> Losses | None:
        """Put what stood before beside what came; what is gone, when it is more than may be: then nothing is.

        whole: whether a version of the stream came whole. continued: in more than one run.
        """
        self._merging = Merging(
            self._spool, self._plans, self._keyed, whole, continued, standing_in=self._book.standing_in
        )
        allowed = self._merging.run(self._most_lost)
        self._whole = whole and allowed
        return None if allowed else self._merging.losses

    def jobs(self) -> Iterator[Job]:
        """What has to be posted, pile by pile; what can't be is refused at once."""
        for pile in self._spool.piles():
            yield from self._planned(pile)
        left = dict.fromkeys(self._spool.left_over())
        if self._whole:  # what was found in the ERP meanwhile included
            for unit in list(self._spool.units()):
                self._reconcile(unit)
                gone = [pile for pile in self._book.standing_in(unit) if not self._spool.has(pile)]
                left.update(dict.fromkeys((unit, pile) for pile in gone))
        for unit, name in left:
            yield from self._left(unit, name)

    def _planned(self, pile: Pile) -> Iterator[Job]:
        abouts = list(map(decode_about, pile.abouts))
        about = abouts[0]
        if len(abouts) > 1 or pile.spoiled:
            spoiled = Fault("another row of its document was refused", f"a row of it was refused: {pile.spoiled}")
            self._refuse(pile.unit, pile.pile, about, spoiled if pile.spoiled else _disagreement(abouts))
            return
        self._reconcile(pile.unit)
        standing, past = self._past(pile.unit, pile.pile)
        needed = self._needed(past, standing, about)[0]
        adopted = past.others < past.place  # nothing of the pile was posted in this delivery yet
        unsure = pile.unsure or (UNKNOWN_ROWS if not self._whole and adopted else "")
        if unsure and isinstance(needed, Job) and standing:
            needed = Fault("not known whether it came whole", f"{unsure}: {_WHOLE}")
            self._doubt(pile.pile)
        yield from self._wanted(pile.unit, pile.pile, about, needed)

    def _doubt(self, pile: bytes) -> None:
        """What the trail knows of a document's rows is not what stands."""
        self._doubted.add(pile)
        if self._was_adopted(pile) and not self.validate_only:
            self._plans.forget(pile)

    def _was_adopted(self, pile: bytes) -> bool:
        """Whether documents were taken into the trail in this delivery, before it has posted any of the pile."""
        return self._parcel.opened and any(one.batch_no == self._parcel.no for one in self._book.standing(pile))

    def _left(self, unit: bytes, pile: bytes) -> Iterator[Job]:
        """A document of which nothing is left in the plan."""
        self._reconcile(unit)
        standing, past = self._past(unit, pile)
        if standing:
            yield from self._wanted(unit, pile, standing[-1].document, self._needed(past, standing, None)[0])

    def _reconcile(self, unit: bytes) -> None:
        """Compare what stands in the ERP with the trail, before anything of the unit is posted."""
        if self._reconciliation is None or not self._compare_first:
            return
        self._reconciliation.check(unit)
        while self._reconciliation.adopted:
            document, posted = self._reconciliation.adopted.pop(0)
            title = self._recipe.document_title(document.scope, document.key)
            self.tally.note_posted(document.kind, title, posted, found=True)
        self.tally.missing += self._reconciliation.told()

    def _wanted(self, unit: bytes, pile: bytes, about: About | Document, needed: Job | Fault | None) -> Iterator[Job]:
        if isinstance(needed, Job) and self._reconciliation is not None:
            needed = self._reconciliation.faults.get(pile, needed)
        if isinstance(needed, Fault):
            self._refuse(unit, pile, about, needed)
        elif needed is not None:
            yield from self._checked(needed)
        elif isinstance(about, About):
            self.tally.unchanged += 1

    def _checked(self, job: Job) -> Iterator[Job]:
        """The job, unless the poster knows that the ERP would refuse a document of it."""
        every = [ready for stage in job.stages for ready in stage]
        wrong = [(ready, messages) for ready in every if (messages := tuple(self._poster.check(ready.document)))]
        if not wrong:
            yield job
            return
        for ready, messages in wrong:
            if not self.validate_only:
                self._book.refuse(self.open(), ready.entry, message_texts(messages), self._now())
            self._note_refused(ready, messages)
        blamed = {ready.entry.reference for ready, _ in wrong}
        for ready in every:
            if ready.entry.reference not in blamed:
                self._reject(ready.entry.rows, _OTHER_PART, f"{_OTHER_PART} ({job.title})")

    def note(self, done: Done) -> None:
        """What became of a document."""
        if done.state == POSTED and done.posted is not None:
            if self.validate_only:
                self.tally.validated += 1
            else:
                self.tally.note_posted(done.ready.document.kind, done.job.title, done.posted, found=done.found)
        elif done.state == REFUSED:
            self._note_refused(done.ready, done.messages)
        else:
            why = done.messages[0].text
            self._reject(done.ready.entry.rows, "not sent", f"document {done.job.title} was {why}")

    def _note_refused(self, ready: Ready, messages: Sequence[Message]) -> None:
        """Rows of lines that a message names get that message first; the others are told that their document was."""
        entry, lines = ready.entry, ready.document.lines
        whole = "; ".join(message_texts(messages))
        general = _reason([one for one in messages if one.row is None] or messages)
        telling = message_texts([one for one in messages if one.row is not None] or messages)
        self.tally.note_refused(general, entry.title, telling[0] if telling else general)
        message = f"document {entry.title} ({entry.reference}): {whole}"
        for at in {one.row for one in messages if one.row is not None and one.row < len(lines)}:
            own = [one for one in messages if one.row == at]
            text = "; ".join(message_texts(own))
            self._reject(lines[at].rows, _reason(own), f"{line_text(lines[at])}: {text}; {message}")
        self._reject(entry.rows, general, message)
        if not entry.rows:
            self._parcel.refuse(entry.title, general, message)

    def _refuse(self, unit: bytes, pile: bytes, about: About | Document, fault: Fault) -> None:
        """A document that can't even be made."""
        title = self._recipe.document_title(about.scope, about.key)
        rows = self._spool.seqs(pile)
        self.tally.note_refused(fault.reason, title, fault.message)
        number = self.open()
        if not self.validate_only:
            if isinstance(about, Document):
                blank = replace(about, kind="difference", lines=(), reference="", part=1, parts=1, reverses="")
            else:
                blank = about.blank("plan" if rows else "difference")
            entry = self._jobs.refused(unit, pile, title, blank)
            entry = replace(entry, rows=[*rows, *self._spool.culprits(pile)])
            self._book.refuse(number, entry, [fault.message], self._now())
        self._reject(rows, fault.reason, f"document {title}: {fault.message}")
        if isinstance(about, Document):
            self._parcel.refuse(title, fault.reason, f"document {title}: {fault.message}")

    def _reject(self, rows: Sequence[int], reason: str, message: str) -> None:
        self.open()
        self.tally.rejected += self._spool.reject(rows, reason, message)

    def check_standing(self) -> None:
        """Report what only one of the trail and the ERP has, in the units of this delivery, or each otherwise."""
        if self._reconciliation is not None:
            self.tally.missing += self._reconciliation.report()
            return
        if self._recipe.rules.replaces:
            log.info("%s: what is replaced as a whole can't be looked up by document", self._recipe.title)
            return
        standing = (
            decode_document(one.content)
            for unit in list(self._spool.units())
            for pile in self._book.standing_in(unit)
            for one in self._book.standing(pile)
        )
        for document, finding in not_standing(self._poster, standing):
            self.tally.missing += 1
            if self.tally.missing <= _SHOWN:
                log.warning(
                    "%s: document %s %s stands by the audit trail, but %s %s",
                    self._recipe.title,
                    document.reference,
                    self._recipe.document_title(document.scope, document.key),
                    self._poster.system,
                    finding,
                )

    def _past(self, unit: bytes, pile: bytes) -> tuple[list[Standing], Past]:
        """What stands of a pile, in the order of posting."""
        found = self._book.standing(pile)
        mine = self._parcel.no if self._parcel.opened else None
        others = sum(one.batch_no != mine for one in found)
        standing = [Standing(decode_document(one.content), one.plan) for one in found]
        return standing, Past(unit, pile, len(found), others)

    def _needed(
        self, past: Past, standing: Sequence[Standing], about: About | None
    ) -> tuple[Job | Fault | None, list[Line]]:
        """What has to be posted so that a pile's plan stands, and the plan's lines."""
        plan = plan_lines(list(self._spool.lines(past.pile)), self._recipe) if about else []
        found = stages(plan, about, standing, self._recipe)
        if isinstance(found, Fault):
            return found, plan
        return self._jobs.job(past, found, lines_digest(plan) if about else b"") if found else None, plan

    # What a reconciliation asks.

    def units(self) -> Iterator[bytes]:
        """All units of the delivery, in order."""
        return self._spool.units()

    def homes(self, unit: bytes) -> Iterator[Home]:
        """The piles of a unit that the plan has."""
        for pile, about in self._spool.abouts(unit):
            yield Home(unit, pile, decode_about(about).blank("plan"))

    def forget(self, home: Home) -> None:
        """What the trail knows of a pile's rows is not what stands, unless all of them came now."""
        if not self._whole:
            self._plans.forget(home.pile)

    def planned(self, home: Home) -> tuple[Mapping[str, Ready], Sequence[Line]]:
        """What this plan would post of a pile now, by reference, and the plan's lines; nothing of one that is held."""
        abouts = [decode_about(about) for pile, about in self._spool.abouts(home.unit) if pile == home.pile]
        if len(abouts) > 1 or self._spool.spoiled(home.pile):
            return {}, ()
        standing, past = self._past(home.unit, home.pile)
        needed, lines = self._needed(past, standing, abouts[0] if abouts else None)
        stages = needed.stages if isinstance(needed, Job) else []
        return {ready.entry.reference: ready for stage in stages for ready in stage}, lines


def _disagreement(abouts: Sequence[About]) -> Fault:
    """Rows of one document that say different things about it."""
    facts = [
        {**about.header, "posting_date": about.posting_date, "document_date": about.document_date} for about in abouts
    ]
    names = [name for name in facts[0] | facts[1] if len({fact.get(name) for fact in facts}) > 1]
    shown = "; ".join(f"{name}: {', '.join(sorted({str(fact.get(name, '')) for fact in facts})[:3])}" for name in names)
    return Fault(
        f"rows of one document disagree in {', '.join(names)}",
        f"rows of one document disagree in {shown}; let what tells them apart be a column of document",
    )


def _reason(messages: Sequence[Message]) -> str:
    """What failures are grouped by, and what stays readable when messages are encrypted: the codes, or else the first
    text, without the numbers and quoted values in it.
    """
    codes = [one.code for one in messages if one.code]
    if codes or not messages:
        return f"refused: {', '.join(dict.fromkeys(codes))}" if codes else "refused"
    return without_values(messages[0].text)
