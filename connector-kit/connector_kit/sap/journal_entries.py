"""Documents as requests of SAP's service "Journal Entry - Post (Synchronous)", and its confirmations as outcomes.

Facts: SAP's WSDL of JournalEntryCreateRequestConfirmation_In (children are unqualified, their order counts), and
recorded answers: HTTP 200 also for refused documents, whose number is then one blank and whose log says why; the id of
each part of the request comes back as ReferenceID. Debits are positive, credits negative, with S and H beside them.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

from lxml import etree

from connector_kit.documents.model import Document, Line, Message, Outcome, Posted, Refused, Unknown
from connector_kit.sap import fields as sap_fields
from connector_kit.sap.fields import Field
from connector_kit.sap.journal_fields import Layout
from connector_kit.sap.meant import lines_meant
from connector_kit.sap.soap import child, children, envelope, text_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

NAMESPACE = "http://sap.com/xi/SAPSCORE/SFIN"
PATH = "/sap/bc/srt/scs_ext/sap/journalentrycreaterequestconfi"
ACTION = f"{NAMESPACE}/JournalEntryCreateRequestConfirmation_In/JournalEntryCreateRequestConfirmation_InRequest"
MOST_LINES = 999  # BSEG's item number has three digits: message F5 727
REFERENCE_LENGTH = 16  # DocumentReferenceID

_ERROR = 3  # SeverityCode: 1 information, 2 warning, 3 error and worse
_TYPE_ID = re.compile(r"(\d{1,4})\((.+)\)")  # "201(F5)"
_GENERIC = "RW/609"  # "Error in document: ...": the others say why


@dataclass(frozen=True, slots=True)
class Form:
    """How documents are written for a tenant.

    Args:
        layout: the elements that the tenant knows.
        header: values for fields of the header that a document doesn't bring.
        reversal_header: values for the header of documents that take others back; they win.
        reversal_lines: values for the lines of such documents.
    """

    layout: Layout
    header: Mapping[str, str]
    reversal_header: Mapping[str, str]
    reversal_lines: Mapping[str, str]

    def header_of(self, document: Document) -> dict[str, str]:
        """All values of a document's header, by field name."""
        taken = {name: value for name, value in document.header.items() if value != ""}
        values = {**self.header, "reference_1": document.reference, **taken}
        if document.kind == "reversal":
            values.update(self.reversal_header)
            if document.reverses and "reference_2" not in taken:
                values["reference_2"] = document.reverses
        values["reference"] = document.reference
        values["document_date"] = document.document_date.isoformat()
        values["posting_date"] = document.posting_date.isoformat()
        return values

    def line_of(self, document: Document, line: Line) -> tuple[str, tuple[Field, ...], dict[str, str]]:
        """The element of a line, its fields, and its values without amounts."""
        values = {name: value for name, value in line.fields if value != ""}
        if document.kind == "reversal":
            values.update(self.reversal_lines)
        if by_ledger(document):  # all that documents without an entry view can be found by
            values.setdefault("assignment_reference", document.reference)
        if "tax_classification" in values:
            values.pop("assignment_reference", None)
            return "ProductTaxItem", self.layout.tax, values
        if "customer" in values:
            return "DebtorItem", self.layout.customer, values
        if "supplier" in values:
            return "CreditorItem", self.layout.supplier, values
        values["account"] = line.account
        return "Item", self.layout.account, values


def by_ledger(document: Document) -> bool:
    """Whether a document goes into the ledgers of a group only, so that it may have no entry view."""
    return bool(document.header.get("ledger_group"))


_ORDER = ("Item", "DebtorItem", "CreditorItem", "ProductTaxItem")
_WITHIN = {"Tax": ("tax_code",), "CashDiscountTerms": ("payment_date", "net_days")}
_REQUIRED = ("company_code", "document_type", "transaction_type", "reference_document_type", "created_by")


def faults(form: Form, document: Document) -> list[Message]:
    """What SAP's schema would refuse in a document, so that it need not be sent."""
    header = form.header_of(document)
    found = [Message("", f"{name} is missing", None) for name in _REQUIRED if not header.get(name)]
    found += [Message("", text, None) for text in sap_fields.faults(form.layout.header, header)]
    for at, line in enumerate(document.lines):
        _, fields, values = form.line_of(document, line)
        if by_ledger(document) and line.get("assignment_reference"):
            found.append(
                Message("", "with ledger_group, assignment_reference is needed to find the document again", at)
            )
        texts = sap_fields.faults(fields, values)
        if "account" in values and not values["account"]:
            texts.append("account is missing")
        texts += _incomplete(fields, values)
        if line.amount != round(line.amount, 6):
            texts.append(f"amount {line.amount}: SAP takes at most 6 decimals")
        found += [Message("", text, at) for text in texts]
    return found


def _incomplete(fields: Sequence[Field], values: Mapping[str, str]) -> list[str]:
    """What SAP wants beside values that are there."""
    given = {field.path[0] for field in fields if len(field.path) > 1 and field.name in values}
    found = []
    for group, needed in _WITHIN.items():
        if group in given and (missing := [name for name in needed if name not in values]):
            found.append(f"{' and '.join(missing)} is missing beside other fields of {group}")
    if "tax_classification" in values and "tax_code" not in values:
        found.append("tax_code is missing beside tax_classification")
    return found


@dataclass(frozen=True, slots=True)
class Request:
    """A request's bytes, and which of its parts is which document: the part's id to the document's place."""

    content: bytes
    ids: Mapping[str, int]
    test_run: bool


def request(form: Form, documents: Sequence[Document], *, now: datetime, test_run: bool = False) -> Request:
    """The request for some documents.

    Args:
        form: how documents are written; `faults` is blank for each of them.
        documents: in the order of the request.
        now: the moment of creation, with a time zone.
        test_run: SAP checks only. The mark stands at the request: at the entries it would use up numbers (KBA 3291244).
    """
    moment = now.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    root = etree.Element(f"{{{NAMESPACE}}}JournalEntryBulkCreateRequest", nsmap={"sfin": NAMESPACE})
    call = uuid.uuid4().hex
    _message_header(root, call, moment, test_run=test_run)
    ids = {}
    for at, document in enumerate(documents):
        # New for each request: SAP may refuse an id that it has seen, and a document that was refused may come again.
        name = f"{document.reference}-{at}-{call[:12]}"
        ids[name] = at
        part = etree.SubElement(root, "JournalEntryCreateRequest")
        _message_header(part, name, moment)
        _entry(etree.SubElement(part, "JournalEntry"), form, document)
    return Request(envelope(root), ids, test_run)


def _message_header(parent: Element, name: str, moment: str, *, test_run: bool = False) -> None:
    header = etree.SubElement(parent, "MessageHeader")
    _text(header, "ID", name)
    _text(header, "CreationDateTime", moment)
    if test_run:
        _text(header, "TestDataIndicator", "true")


def _entry(entry: Element, form: Form, document: Document) -> None:
    _write(entry, form.layout.header, form.header_of(document).get)
    lines = [(*form.line_of(document, line), line) for line in document.lines]
    bases: dict[str, Decimal] = {}
    for kind, _, values, line in lines:
        if kind == "Item" and "tax_code" in values:
            bases[values["tax_code"]] = bases.get(values["tax_code"], Decimal(0)) + line.amount
    number = 0
    for wanted in _ORDER:
        for kind, fields, values, line in lines:
            if kind == wanted:
                number += 1
                values["item"] = str(number)
                values["side"] = "H" if line.amount < 0 else "S"
                base = bases.get(values.get("tax_code", ""), Decimal(0))
                _write(etree.SubElement(entry, kind), fields, values.get, line, base)


def _write(
    parent: Element,
    fields: Sequence[Field],
    value_of: Callable[[str], str | None],
    line: Line | None = None,
    base: Decimal = Decimal(0),
) -> None:
    groups: dict[str, Element] = {}
    for field in fields:
        if field.kind in {"amount", "base"} and line is not None:
            amount = _text(parent, field.path[0], format(line.amount if field.kind == "amount" else base, "f"))
            amount.set("currencyCode", line.currency)
            continue
        value = value_of(field.name)
        if not value:
            continue
        place = parent
        for name in field.path[:-1]:
            place = groups[name] if name in groups else groups.setdefault(name, etree.SubElement(parent, name))
        _text(place, field.path[-1], f"P{value}D" if field.kind == "days" else value)


def _text(parent: Element, name: str, text: str) -> Element:
    element = etree.SubElement(parent, name)
    element.text = text
    return element


# Confirmations.


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
    text = text_of(parent, name)
    return int(text) if text.isascii() and text.isdigit() else 0


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
    technical = text_of(item, "ReferenceObjectNodeSenderTechnicalID").lstrip("0")
    if technical.isdigit() and int(technical) <= len(document.lines) and _in_order(document):
        return (int(technical) - 1,)
    return lines_meant(note, document)


def _in_order(document: Document) -> bool:
    """Whether the lines' order is that of the request, where accounts come before customers and suppliers."""
    return not any(line.get(name) for line in document.lines for name in ("customer", "supplier", "tax_classification"))
