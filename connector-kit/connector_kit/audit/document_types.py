"""Documents as a target hands them to the trail and gets them back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

INTENDED = "intended"
SENT = "sent"
POSTED = "posted"
REFUSED = "refused"
ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Entry:
    """A document on its way into the trail; `audit_documents` says what the fields are.

    rows: of its batch. stands: how many documents of the pile were posted when it was compared with its plan.
    """

    unit: bytes
    pile: bytes
    title: str
    reference: str
    digest: bytes
    plan: bytes
    kind: str
    reverses: str
    content: bytes
    rows: Sequence[int] = ()
    stands: int = 0


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as the trail has it. sent: seconds since 1970, None when it certainly never was.

    heard: when the run that it belongs to was last known to live, None when that is not known.
    """

    batch_no: int
    unit: bytes
    pile: bytes
    title: str
    reference: str
    digest: bytes
    plan: bytes
    kind: str
    reverses: str
    state: str
    content: bytes
    number: str
    company: str
    year: str
    sent: float | None
    heard: float | None

    @property
    def last_word(self) -> float:
        """When its run may have worked on it last, in seconds since 1970: until then a request may have left."""
        return max(self.sent or 0.0, self.heard or 0.0)


@dataclass(frozen=True, slots=True)
class Mark:
    """A document as the trail has it, without its content."""

    reference: str
    unit: bytes
    pile: bytes
    title: str
    state: str
    number: str
    company: str
    year: str


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of a document: posted, refused or absent. forget: whether it is certain that it was never sent."""

    reference: str
    state: str
    number: str = ""
    company: str = ""
    year: str = ""
    messages: Sequence[str] = ()
    forget: bool = False
