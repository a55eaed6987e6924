"""Documents as requests of SAP's service "Journal Entry - Post (Synchronous)".

Facts: SAP's WSDL of JournalEntryCreateRequestConfirmation_In: children are unqualified, their order counts. Debits are
positive, credits negative, with S and H beside them.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

from lxml import etree

from connector_kit.documents.model import Document, Line, Message
from connector_kit.sap import fields as sap_fields
from connector_kit.sap.fields import Field
from connector_kit.sap.journal_fields import Layout
from connector_kit.sap.soap import envelope

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

NAMESPACE = "http://sap.com/xi/SAPSCORE/SFIN"
PATH = "/sap/bc/srt/scs_ext/sap/journalentrycreaterequestconfi"
ACTION = f"{NAMESPACE}/JournalEntryCreateRequestConfirmation_In/JournalEntryCreateRequestConfirmation_InRequest"
MOST_LINES = 999  # BSEG's item number has three digits: message F5 727


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
