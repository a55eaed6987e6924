"""Confirmations of SAP's service "Journal Entry - Post (Synchronous)" as outcomes of documents.

Facts: recorded answers of two systems, of 2020 and 2024: HTTP 200 also for refused documents, whose number is then one
blank and whose log says why; the id of each part of the request comes back as ReferenceID; elements that the WSDL
doesn't have, and prefixes that vary.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from connector_kit.documents.meant import lines_meant
from connector_kit.documents.model import Document, Message, Outcome, Posted, Refused, Unknown
from connector_kit.numerals import whole
from connector_kit.sap.soap import child, children, text_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

    from connector_kit.sap.journal_entries import Request

_ERROR = 3  # SeverityCode: 1 information, 2 warning, 3 error and worse
_TYPE_ID = re.compile(r"(\d{1,4})\((.+)\)")  # "201(F5)"
_GENERIC = "RW/609"  # "Error in document: ...": the others say why


def outcomes(confirmation: Element, sent: Request, documents: Sequence[Document]) -> list[Outcome]:
    """The outcome of each document, in their order; `Unknown` for those that the confirmation doesn't name.

    A test run that finds nothing gives `Posted` without a number.
    """
    found: list[Outcome | None] = [None] * len(documents)
    parts = list(children(confirmation, "JournalEntryCreateConfirmation"))
    for at, part in enumerate(parts):
        name = text_of(part, "MessageHeader", "ReferenceID")
        place = sent.ids.get(name)
        if place is None and not name and len(parts) == len(documents):
            place = at
        if place is not None:
            found[place] = _outcome(part, documents[place], sent.test_run)
    whole = child(confirmation, "Log")
    if not parts and whole is not None and _severity(whole) >= _ERROR:
        return [Refused(tuple(_messages(whole, document))) for document in documents]
    return [one or Unknown("SAP's confirmation doesn't name the document") for one in found]


def _outcome(part: Element, document: Document, test_run: bool) -> Outcome:
    log = child(part, "Log")
    inner = child(part, "JournalEntryCreateConfirmation")
    number, year = (_given(text_of(inner, name)) for name in ("AccountingDocument", "FiscalYear"))
    refused = _severity(log) >= _ERROR
    if not refused and (number or test_run):
        words = "; ".join(message.text for message in _messages(log, document, least=2))
        return Posted("" if test_run else number, text_of(inner, "CompanyCode"), year, words)
    messages = tuple(_messages(log, document))
    if refused and not number:
        return Refused(messages)
    said = "; ".join(f"{one.code} {one.text}".strip() for one in messages) or "no messages"
    return Unknown(f"a confirmation that contradicts itself: number {number or 'blank'}, {said}")


def _given(text: str) -> str:
    """A number or year; SAP writes one that it didn't give as a blank or as zeros."""
    return text if text.strip("0") else ""


def _severity(log: Element | None) -> int:
    """The worst severity that a log shows or claims."""
    claims = [_number(item, "SeverityCode") for item in children(log, "Item")]
    return max(*claims, _number(log, "MaximumLogItemSeverityCode"), 0)


def _number(parent: Element | None, name: str) -> int:
    return whole(text_of(parent, name)) or 0


def _messages(log: Element | None, document: Document, *, least: int = 0) -> Iterator[Message]:
    """The messages of a log, the one that only says "error" last; each for all lines that it is about."""
    items = [item for item in children(log, "Item") if _number(item, "SeverityCode") >= least]
    told = [(_code(text_of(item, "TypeID")), text_of(item, "Note"), item) for item in items]
    places: list[int | None] = []
    for code, note, item in sorted(told, key=lambda one: one[0] == _GENERIC):
        found: tuple[int | None, ...] = _lines(item, note, document) or (None,)
        if code == _GENERIC and places and None not in places:
            found = (places[0],)  # the causes are all about lines, so this is too
        places += found
        for at in found:
            yield Message(code, note, at)


def _code(type_id: str) -> str:
    """A TypeID such as "201(F5)" as message class and number, the way SAP's OData services write it: "F5/201"."""
    match = _TYPE_ID.fullmatch(type_id)
    return f"{match[2]}/{match[1]}" if match else type_id


def _lines(item: Element, note: str, document: Document) -> tuple[int, ...]:
    """The place of the line that a message names by its number, or of those whose account or object it quotes."""
    line = whole(text_of(item, "ReferenceObjectNodeSenderTechnicalID")) or 0
    if 0 < line <= len(document.lines) and _in_order(document):
        return (line - 1,)
    return lines_meant(note, document)


def _in_order(document: Document) -> bool:
    """Whether the lines' order is that of the request, where accounts come before customers and suppliers."""
    return not any(line.get(name) for line in document.lines for name in ("customer", "supplier", "tax_classification"))
