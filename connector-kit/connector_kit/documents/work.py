"""What is on its way: documents with their entries in the trail, the jobs they belong to, and their ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec

from connector_kit.audit.document_types import Entry
from connector_kit.documents.model import Document, Message, Posted

encode_document = msgspec.json.Encoder(order="sorted").encode
decode_document = msgspec.json.Decoder(Document).decode


@dataclass(frozen=True, slots=True)
class Ready:
    """A document with its reference, and its entry in the trail."""

    document: Document
    entry: Entry


@dataclass(slots=True)
class Job:
    """What one pile needs: stages of documents, of which each waits for the one before."""

    title: str
    stages: list[list[Ready]]
    left: int = 0
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """One document's end in this run. state: posted, refused, or intended when it was not sent.

    found: it stood in the ERP already, so nothing was posted.
    """

    job: Job
    ready: Ready
    state: str
    posted: Posted | None = None
    messages: tuple[Message, ...] = ()
    found: bool = False


@dataclass(slots=True)
class Clock:
    """The time, and waiting for it to pass; a test brings its own.

    now: seconds since 1970 on the trail's clock. elapsed: seconds by which this process measures, whatever is set.
    """

    now: Callable[[], float] = time.time
    elapsed: Callable[[], float] = time.monotonic
    wait: Callable[[threading.Event, float], object] = field(default=lambda event, seconds: event.wait(seconds))


def message_texts(messages: Iterable[Message]) -> list[str]:
    """Messages for people: "102(F5) Customer 2 is not defined"."""
    return [f"{one.code} {one.text}".strip() for one in messages]
