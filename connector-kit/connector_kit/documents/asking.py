"""What is asked of an ERP without posting anything: its test run, and whether what stands by the trail stands there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from connector_kit.audit.document_types import POSTED, REFUSED
from connector_kit.documents.model import Document, Posted, Refused
from connector_kit.documents.work import Done, Job
from connector_kit.errors import UnavailableError

if TYPE_CHECKING:
    from connector_kit.documents.model import Poster

_LOOK_UP_AT_ONCE = 50


def validate(poster: Poster, jobs: Iterable[Job]) -> Iterator[Done]:
    """The ERP's own test run of all documents of all jobs; nothing is posted, nothing enters the trail.

    Raises:
        ConnectorError: the ERP does not answer.
    """
    waiting = ((job, ready) for job in jobs for stage in job.stages for ready in stage)
    while some := list(islice(waiting, poster.per_call)):
        outcomes = list(poster.validate([ready.document for _, ready in some]))
        for (job, ready), outcome in zip(some, outcomes, strict=True):
            if isinstance(outcome, Posted):
                yield Done(job, ready, POSTED, outcome)
            elif isinstance(outcome, Refused):
                yield Done(job, ready, REFUSED, messages=outcome.messages)
            else:
                raise UnavailableError(
                    system=poster.system, subject="test run", expected="an answer", got=outcome.error
                )


def not_standing(poster: Poster, standing: Iterable[Document]) -> Iterator[tuple[Document, str]]:
    """Of documents that stand by the trail, those that the ERP does not have, and those that stand there otherwise."""
    rest = iter(standing)
    while some := list(islice(rest, _LOOK_UP_AT_ONCE)):
        found = poster.look_up(some)
        for document in some:
            posted = found.get(document.reference)
            if posted is None:
                yield document, "does not have it"
            elif posted.differs:
                yield document, f"says: {posted.text}"
