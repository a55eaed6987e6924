"""Documents into the ERP, each exactly once.

Of a document the trail knows its state (`connector_kit.audit.documents`), and every step is on disk there before the
next one begins:

1. *intended*: reference, content and rows are in the trail. Nothing was sent.
2. *sent*: from now on the ERP may have it. Written before the request leaves.
3. *posted* (with its number), or *refused*, when the answer says so.
4. No answer, or the process died: the document stays *sent*. Nothing leads from there to a second request but a
   look-up by its reference. It is there: *posted*. It is not there, and `settle_seconds` have passed since it was
   sent (and since the process that sent it gave its last sign of life), the longest that the ERP may work on a lost
   request: *absent*, and it may be intended again, unless that process has given another sign of life meanwhile.

`recover` does 4 for everything that earlier runs left, before a run sends anything; `post` does it at its own end. What
was found absent is looked up once more by every later run: if it turned up after all, it stands, and the next plan is
compared with it. Documents that the trail does not know although they stand in the ERP (the trail is new, or an old
copy) are found before anything is sent, unless `look_up_first` is off: by `reconciliation` where the ERP lists
documents by how their references begin, otherwise here, by the reference of each that is sent for the first time.

One run at a time holds the lease of destination and object. Where it is not shared, or was lost, the states still keep
two runs from sending the same document: each change names the state and the batch that it comes from.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from connector_kit.audit.document_types import ABSENT, INTENDED, POSTED, REFUSED, SENT, Ending, Stored
from connector_kit.documents.model import Document, Message, Outcome, Posted, Refused, Unknown, Unsent
from connector_kit.documents.work import Clock, Done, Job, Ready, decode_document, message_texts
from connector_kit.errors import BusyError, UnavailableError
from connector_kit.singer.target import stopped

if TYPE_CHECKING:
    from connector_kit.audit.documents import DocumentBook
    from connector_kit.coordination.base import Lease
    from connector_kit.documents.model import Poster

log = logging.getLogger(__name__)

_LOOK_UP_AT_ONCE = 50
_ATTEMPTS = 3
_TICK = 1.0
# Seconds: less than the margin that settle_seconds leaves beyond what the ERP works on a lost request.
_CLOCKS_AGREE = 30.0


@dataclass(slots=True)
class Posting:
    """Posts the documents of one scope through one poster.

    lease: asserted before every request that posts. stopping: when set, nothing new is sent.
    """

    poster: Poster
    book: DocumentBook
    lease: Lease
    stopping: threading.Event
    settle_seconds: float
    look_up_first: bool = True
    stop_on_failure: bool = False
    clock: Clock = field(default_factory=Clock)
    _queue: deque[tuple[Job, Ready]] = field(default_factory=deque)
    _attempts: dict[str, int] = field(default_factory=dict)
    _unknown: dict[str, tuple[Job, Ready, float]] = field(default_factory=dict)
    _error_of: dict[str, str] = field(default_factory=dict)
    _stopped: str = ""

    def recover(self) -> int:
        """Find out what became of every document that earlier runs left open; how many were found posted.

        Raises:
            ConnectorError: the ERP does not say; nothing may be sent then.
        """
        left = self.book.open()
        never = [one.reference for one in left if one.state == INTENDED]
        if never:
            self._absent(never)
        waiting = {one.reference: one for one in left if one.sent is not None}
        if not waiting:
            return 0
        log.info("%s: looking for %d documents whose fate is open", self.poster.system, len(waiting))
        found = self._found(waiting.values())
        open_since = [one.last_word for one in waiting.values() if one.state == SENT and one.reference not in found]
        if open_since:
            self._wait(self._unsettled(max(open_since)))
            found |= self._found([one for one in waiting.values() if one.reference not in found])
            lost = {name: one for name, one in waiting.items() if one.state == SENT and name not in found}
            self._assert_given_up(lost)
            self._absent(lost)
        return len(found)

    def _assert_given_up(self, lost: Mapping[str, Stored]) -> None:
        """Nobody has worked on these documents since the trail was read: a run that holds another lease (the leases
        of two runs lie in different databases) and is alive may still be waiting for its answer.
        """
        for now in self.book.open():
            before = lost.get(now.reference)
            if before is not None and (now.batch_no, now.last_word) != (before.batch_no, before.last_word):
                raise BusyError(
                    system=self.poster.system,
                    subject=f"document {now.reference}",
                    expected="that the run which sent it has ended",
                    got="a sign of life from that run in the audit trail while it was looked for",
                    hint="Let that run end, then run again. Runs that share an audit trail need one coordination_url.",
                )

    def _absent(self, references: Iterable[str]) -> None:
        """They were never posted and may be sent: for who holds the lease still to say."""
        self.lease.assert_held()
        self.book.end([Ending(reference, ABSENT) for reference in references], self.clock.now())

    def _found(self, open_ones: Iterable[Stored]) -> set[str]:
        """Of open documents, those that are in the ERP; they are posted from now on."""
        documents = [decode_document(one.content) for one in open_ones]
        return set(self._look_up(documents))

    def _look_up(self, documents: Sequence[Document]) -> dict[str, Posted]:
        found: dict[str, Posted] = {}
        rest = iter(documents)
        while some := list(islice(rest, _LOOK_UP_AT_ONCE)):
            asked = {document.reference for document in some}
            here = {name: one for name, one in self.poster.look_up(some).items() if name in asked}
            for name, one in here.items():
                if one.differs:
                    log.warning("%s: document %s stands as %s: %s", self.poster.system, name, one.number, one.text)
            self.book.end([_posted(name, one) for name, one in here.items()], self.clock.now())
            found.update(here)
        return found

    def post(self, batch_no: Callable[[], int], jobs: Iterable[Job]) -> Iterator[Done]:
        """Post the documents of all jobs. Yields each document once, with what became of it.

        batch_no: of the trail's batch; asked when there is something to post.

        Raises:
            ConnectorError: the ERP is out of reach, the lease is lost, the run is to stop. What was sent is in the
                trail; what was not yielded has no outcome.
        """
        source = iter(jobs)
        while True:
            while len(self._queue) < self.poster.per_call and (job := next(source, None)) is not None:
                self._begin_stage(job)
            if self._queue:
                yield from self._call(batch_no())
            elif self._unknown:
                yield from self._settle_unknown()
            else:
                return

    def _begin_stage(self, job: Job) -> None:
        if job.stages:
            stage = job.stages.pop(0)
            job.left = len(stage)
            self._queue.extend((job, ready) for ready in stage)

    def _call(self, batch_no: int) -> Iterator[Done]:
        """One call of the poster with what is first in the queue."""
        if self._stopped:
            for job, ready in self._queue:
                later = [one for stage in job.stages for one in stage]
                job.stages.clear()
                yield from (self._unsent(job, one, self._stopped) for one in (ready, *later))
            self._queue.clear()
            return
        if self.stopping.is_set():
            raise stopped()
        some = [self._queue.popleft() for _ in range(min(self.poster.per_call, len(self._queue)))]
        fresh = [(job, ready) for job, ready in some if ready.entry.reference not in self._attempts]
        self.book.intend(batch_no, [ready.entry for _, ready in some], self.clock.now())
        there = self._look_up([ready.document for _, ready in fresh]) if self.look_up_first and fresh else {}
        for job, ready in fresh:
            if posted := there.get(ready.entry.reference):
                yield from self._end(Done(job, ready, POSTED, posted, found=True))
        going = [(job, ready) for job, ready in some if ready.entry.reference not in there]
        if not going:
            return
        self.lease.assert_held()
        self.book.sending(batch_no, [ready.entry.reference for _, ready in going], self._latest())
        outcomes, error = self._ask([ready.document for _, ready in going])
        self.book.end(_endings(going, outcomes), self.clock.now(), batch_no=batch_no)
        yield from self._sorted(going, outcomes, self.clock.elapsed())
        if error is not None:
            raise error

    def _ask(self, documents: Sequence[Document]) -> tuple[list[Outcome], Exception | None]:
        """One outcome per document, whatever the poster does; and the error with which it broke off."""
        outcomes: list[Outcome] = []
        error: Exception | None = None
        try:
            outcomes.extend(islice(self.poster.post(documents), len(documents)))
        except Exception as broken:  # what it had told before counts; the rest is unknown, and the caller is told why
            error = broken
        outcomes += [Unknown(str(error or "the poster gave no outcome"))] * (len(documents) - len(outcomes))
        return outcomes, error

    def _sorted(self, going: Sequence[tuple[Job, Ready]], outcomes: Sequence[Outcome], sent: float) -> Iterator[Done]:
        unsent = ""
        doubtful = []
        final = set()
        for (job, ready), outcome in zip(going, outcomes, strict=True):
            if isinstance(outcome, Posted):
                yield from self._end(Done(job, ready, POSTED, outcome, found=outcome.existing))
            elif isinstance(outcome, Refused):
                yield from self._end(Done(job, ready, REFUSED, messages=outcome.messages))
            elif isinstance(outcome, Unsent):
                unsent = outcome.error
                yield self._unsent(job, ready, outcome.error)
            else:
                reference = ready.entry.reference
                log.warning("%s: no answer for document %s: %s", self.poster.system, reference, outcome.error)
                self._unknown[reference] = (job, ready, sent)
                self._attempts[reference] = self._attempts.get(reference, 0) + 1
                self._error_of[reference] = outcome.error
                doubtful.append(ready.document)
                if not outcome.again:
                    final.add(reference)
        if doubtful:
            yield from self._claim(self._look_up(doubtful))
        if left := sorted(final & self._unknown.keys()):
            raise UnavailableError(
                system=self.poster.system,
                subject=f"document {left[0]}" + (f" and {len(left) - 1} more" if len(left) > 1 else ""),
                expected=f"an answer of {self.poster.system}'s own",
                got=self._error_of[left[0]],
                hint="A gateway or proxy may have answered while the document was being posted. Mend what it says and "
                "run again: nothing is sent before it is certain that it is not there.",
            )
        if unsent:
            raise UnavailableError(
                system=self.poster.system,
                subject="documents",
                got=unsent,
                hint="Nothing was posted by that request; run again when the system works.",
            )

    def _claim(self, found: dict[str, Posted]) -> Iterator[Done]:
        for reference, posted in found.items():
            job, ready, _ = self._unknown.pop(reference)
            yield from self._end(Done(job, ready, POSTED, posted))

    def _settle_unknown(self) -> Iterator[Done]:
        """Wait until no lost request can be carried out any more; what is not there then is sent again."""
        latest = max(sent for *_, sent in self._unknown.values())
        self._wait(latest + self.settle_seconds - self.clock.elapsed())
        yield from self._claim(self._look_up([ready.document for _, ready, _ in self._unknown.values()]))
        self._absent(self._unknown)
        left = list(self._unknown.values())
        self._unknown.clear()
        for job, ready, _ in left:
            if self._attempts[ready.entry.reference] >= _ATTEMPTS:
                raise UnavailableError(
                    system=self.poster.system,
                    subject=f"document {ready.entry.reference} ({job.title})",
                    expected="an answer",
                    got=f"none in {_ATTEMPTS} attempts, and it is not there: {self._error_of[ready.entry.reference]}",
                    hint="Run again when the system works: it is looked up before it is sent again.",
                )
            self._queue.append((job, ready))

    def _end(self, done: Done) -> Iterator[Done]:
        """A document has its outcome: the next stage of its pile begins, or the rest of it is given up."""
        yield done
        job = done.job
        job.left -= 1
        if done.state == REFUSED:
            job.failed = f"document {done.ready.entry.reference} before it was refused"
            if self.stop_on_failure and not self._stopped:
                self._stopped = f"on_failure is stop, and document {done.ready.entry.reference} was refused"
        if job.left == 0 and job.failed:
            for ready in (one for stage in job.stages for one in stage):
                yield self._unsent(job, ready, job.failed)
            job.stages.clear()
        elif job.left == 0:
            self._begin_stage(job)

    @staticmethod
    def _unsent(job: Job, ready: Ready, why: str) -> Done:
        return Done(job, ready, INTENDED, messages=(Message("", f"not sent: {why}"),))

    def _unsettled(self, last_word: float) -> float:
        """Seconds until nothing that an earlier run sent can be carried out any more: at most `settle_seconds`.

        last_word: by the trail's clock. Does the ERP's clock show another time, or is it yet to come, then one of them
        was set since, nobody knows when it was, and the whole time is waited for.
        """
        now = self.clock.now()
        theirs = self.poster.time()
        if theirs is not None and abs(theirs - now) > _CLOCKS_AGREE:
            log.warning(
                "%s: its clock and the audit trail's differ by %.0f s: set them. What was sent before counts from now",
                self.poster.system,
                abs(theirs - now),
            )
            return self.settle_seconds
        return max(0.0, self.settle_seconds - max(0.0, now - last_word))

    def _latest(self) -> float:
        """The later of what the trail's clock and the ERP's show, should the trail's be set before it is read again."""
        return max(self.clock.now(), self.poster.time() or 0.0)

    def _wait(self, seconds: float) -> None:
        """Wait, holding the lease, by a clock that nobody can set."""
        end = self.clock.elapsed() + seconds
        if seconds > 0:
            log.info(
                "%s: waiting %.0f s: a request without an answer may still be carried out until then",
                self.poster.system,
                seconds,
            )
        while (left := end - self.clock.elapsed()) > 0:
            self.lease.assert_held()
            self.clock.wait(self.stopping, min(left, _TICK))
            if self.stopping.is_set():
                raise stopped()


def _posted(reference: str, one: Posted) -> Ending:
    notes = (one.text,) if one.text else ("it was there already",) if one.existing else ()
    return Ending(reference, POSTED, one.number, one.company, one.year, notes)


def _endings(going: Sequence[tuple[Job, Ready]], outcomes: Sequence[Outcome]) -> list[Ending]:
    """What the trail has to know of outcomes; unknown ones stay as they are."""
    endings = []
    for (_, ready), outcome in zip(going, outcomes, strict=True):
        reference = ready.entry.reference
        if isinstance(outcome, Posted):
            endings.append(_posted(reference, outcome))
        elif isinstance(outcome, Refused):
            endings.append(Ending(reference, REFUSED, messages=message_texts(outcome.messages)))
        elif isinstance(outcome, Unsent):
            endings.append(Ending(reference, ABSENT, messages=(outcome.error,), forget=True))
    return endings
