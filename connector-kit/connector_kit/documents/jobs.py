"""From the documents that a pile needs to the job that posts them: each with its reference and its entry."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from connector_kit.audit.document_types import Entry
from connector_kit.documents.compare import Stages
from connector_kit.documents.model import Document
from connector_kit.documents.references import document_digest, pile_prefix, reference
from connector_kit.documents.work import Job, Ready, encode_document

if TYPE_CHECKING:
    from connector_kit.audit.documents import DocumentBook
    from connector_kit.documents.recipe import Recipe

_NO_PLACE = -1  # of a document that can't be made, among those of its pile


@dataclass(frozen=True, slots=True)
class Past:
    """What stands of a pile by the trail. place: how many documents; others: how many of them other batches posted."""

    unit: bytes
    pile: bytes
    place: int
    others: int


@dataclass(frozen=True, slots=True)
class JobMaker:
    """Gives documents their references."""

    book: DocumentBook
    recipe: Recipe

    @property
    def home(self) -> str:
        """The object and the stream, as references name them."""
        return f"{self.recipe.rules.name}/{self.recipe.stream}"

    def job(self, past: Past, stages: Stages, plan: bytes) -> Job:
        """What has to be posted. plan: the digest of the plan's lines, b"" without a plan."""
        title = self.recipe.document_title(stages[0][0].scope, stages[0][0].key)
        place, taken = past.place, set[str]()
        made: list[list[Ready]] = []
        for stage in stages:
            made.append([self._ready(past, title, document, place, plan, taken) for document in stage])
            place += len(stage)
        return Job(title, made)

    def refused(self, unit: bytes, pile: bytes, title: str, blank: Document) -> Entry:
        """The entry of a document that can't be made; blank: without lines."""
        return self._ready(Past(unit, pile, 0, 0), title, blank, _NO_PLACE, b"", set()).entry

    def _ready(self, past: Past, title: str, document: Document, place: int, plan: bytes, taken: set[str]) -> Ready:
        digest, name = self._named(pile_prefix(self.home, past.unit, past.pile), document, place, taken)
        taken.add(name)
        document = replace(document, reference=name)
        entry = Entry(
            unit=past.unit,
            pile=past.pile,
            title=title,
            reference=name,
            digest=digest,
            plan=plan,
            kind=document.kind,
            reverses=document.reverses,
            content=encode_document(document),
            rows=sorted({row for line in document.lines for row in line.rows}),
            stands=past.others,
        )
        return Ready(document, entry)

    def _named(self, prefix: str, document: Document, place: int, taken: set[str]) -> tuple[bytes, str]:
        """A document's digest, and a reference that no other one has: the last letters of two may be the same."""
        while True:
            digest = document_digest(prefix, document, place)
            name = reference(prefix, digest)
            if name not in taken and self.book.is_free(name, digest):
                return digest, name
            place += 1
