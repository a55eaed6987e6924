"""SAP: SOAP answers and confirmations, error bodies and headers, answers to writes, tokens, values of fields."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timezone
from decimal import Decimal

from fuzz.answers import response, with_headers
from fuzz.target import fuzzed

from connector_kit.documents.model import Document, Line
from connector_kit.http import Unreadable
from connector_kit.sap import auth, csrf
from connector_kit.sap.errors import classify, in_words, messages_of, own_words
from connector_kit.sap.fields import Field
from connector_kit.sap.journal_confirmations import outcomes
from connector_kit.sap.journal_entries import Form, request
from connector_kit.sap.journal_entries import faults as journal_faults
from connector_kit.sap.journal_fields import layout
from connector_kit.sap.lookup import _page
from connector_kit.sap.soap import body_of, unwritable
from connector_kit.sap.supplier_invoices import faults as invoice_faults
from connector_kit.sap.supplier_invoices import payload

DAY = date(2026, 11, 30)
LINES = (
    Line("61003000", Decimal("9.50"), "EUR", (("cost_center", "10100101"),)),
    Line("21100000", Decimal("-9.50"), "EUR"),
)
DOCUMENTS = [
    Document((), (name,), "plan", {"company_code": "1010"}, DAY, DAY, "2026", "11", LINES, name) for name in ("A", "B")
]
DEFAULTS = {"document_type": "SA", "transaction_type": "RFBU", "reference_document_type": "BKPFF", "created_by": "PLAN"}
SENT = request(Form(layout([]), DEFAULTS, {}, {}), DOCUMENTS, now=datetime(2026, 11, 30, tzinfo=timezone.utc))
_IDS = list(SENT.ids)
_POSTED = (
    "<JournalEntryCreateConfirmation><MessageHeader><ReferenceID>{}</ReferenceID></MessageHeader>"
    "<JournalEntryCreateConfirmation><AccountingDocument>0100000008</AccountingDocument><CompanyCode>1010</CompanyCode>"
    "<FiscalYear>2026</FiscalYear></JournalEntryCreateConfirmation><Log><MaximumLogItemSeverityCode>1"
    "</MaximumLogItemSeverityCode><Item><TypeID>605(RW)</TypeID><SeverityCode>1</SeverityCode><Note>Posted</Note></Item>"
    "</Log></JournalEntryCreateConfirmation>"
)
_REFUSED = (
    "<JournalEntryCreateConfirmation><MessageHeader><ReferenceID>{}</ReferenceID></MessageHeader>"
    "<JournalEntryCreateConfirmation><AccountingDocument> </AccountingDocument></JournalEntryCreateConfirmation><Log>"
    "<MaximumLogItemSeverityCode>3</MaximumLogItemSeverityCode><Item><TypeID>201(F5)</TypeID><SeverityCode>3</SeverityCode>"
    "<ReferenceObjectNodeSenderTechnicalID>1</ReferenceObjectNodeSenderTechnicalID><Note>Period 011 2026 is closed</Note>"
    "</Item></Log></JournalEntryCreateConfirmation>"
)
SOAP = (
    '<?xml version="1.0" encoding="utf-8"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header/><e:Body>'
    '<n:JournalEntryBulkCreateConfirmation xmlns:n="http://sap.com/xi/SAPSCORE/SFIN"><MessageHeader/>'
    f"{_POSTED.format(_IDS[0])}{_REFUSED.format(_IDS[1])}<Log/></n:JournalEntryBulkCreateConfirmation></e:Body></e:Envelope>"
)
FAULT = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code>'
    "<s:Reason><s:Text>Unknown tag</s:Text></s:Reason><s:Detail>More</s:Detail></s:Fault></s:Body></s:Envelope>"
)


@fuzzed(
    "sap/confirmation",
    SOAP,
    FAULT,
    expected=[Unreadable],
    tokens=[name.encode() for name in _IDS]
    + [b"<SeverityCode>3</SeverityCode>", b"<ReferenceID/>", b"<Log>", b"</Log>", b"609(RW)"],
)
def confirmation(data: bytes) -> None:
    found = outcomes(body_of(data, system="SAP", subject="journal"), SENT, DOCUMENTS)
    assert len(found) == len(DOCUMENTS)


@fuzzed(
    "sap/error",
    '{"status": 400, "headers": {}}\n{"error": {"code": "F5/201", "message": {"lang": "en", "value": "Closed"}, "innererror": '
    '{"errordetails": [{"code": "M8/108", "message": "Check", "severity": "warning", "target": "x"}]}}}',
    '{"status": 400, "headers": {"sap-message": "{\\"code\\": \\"1\\", \\"message\\": \\"x\\", \\"details\\": []}"}}\n{"error": '
    '{"code": "1", "message": "V4", "details": [{"code": "2", "@SAP__common.numericSeverity": 4, "message": "m"}]}}',
    '{"status": 403, "headers": {"x-csrf-token": "Required"}}\n<error><code>1</code><message xml:lang="en">No</message></error>',
    '{"status": 401, "headers": {}}\n{"error": "invalid_client", "error_description": "who"}',
)
def error(data: bytes) -> None:
    answer = with_headers(data)
    in_words(messages_of(answer))
    own_words(answer)
    found = classify(answer, "object X") or auth.token_error(answer, "token")
    if found is not None:
        raise found


@fuzzed(
    "sap/write-answer",
    '{"d": {"SupplierInvoice": "5105600001", "FiscalYear": "2026", "to_X": {"results": []}}}',
    expected=[Unreadable],
)
def write_answer(data: bytes) -> None:
    csrf._content(response(data, 201))


@fuzzed(
    "sap/lookup-page",
    '{"d": {"results": [{"AccountingDocument": "1", "DocumentReferenceID": "A"}], "__next": "x?$skiptoken=1"}}',
    expected=[Unreadable],
)
def lookup_page(data: bytes) -> None:
    rows, link = _page(data)
    assert isinstance(link, str)
    assert all(isinstance(row, dict) for row in rows)


@fuzzed(
    "sap/token",
    '{"access_token": "abcdefghij", "expires_in": 3600}',
    '{"access_token": "abcdefghij", "expires_in": "3600", "token_type": "Bearer"}',
    expected=[Unreadable],
    tokens=[b'"expires_in": 1e308', b'"expires_in": "NaN"', b'"expires_in": -1', b'"expires_in": "Infinity"'],
)
def token(data: bytes) -> None:
    made = auth._token(response(data))
    assert made.refresh_at == made.refresh_at, "a token that is never refreshed: its end is no number"


@fuzzed(
    "sap/field",
    "2026-11-30",
    "12.50",
    "true",
    "12",
    "DE",
    "Text \u00e4 \u4e2d",
    tokens=[b"\xef\xbf\xbe", b"\x0b", b"\xd9\xa3"],
)
def field(data: bytes) -> None:
    """What SAP would take is written into XML, or named as what can't be."""
    text = data.decode("utf-8", "surrogatepass") if _is_text(data) else data.decode("latin-1")
    for kind in ("text", "date", "decimal", "boolean", "digits", "days", "country"):
        fault = Field("x", ("X",), 40, kind).fault(text)
        if kind == "text" and not fault:
            assert not unwritable(text)
    line = replace(LINES[0], fields=(("text", text[:50]),))
    document = replace(DOCUMENTS[0], lines=(line, LINES[1]), header={"company_code": "1010", "header_text": text[:25]})
    form = Form(layout([]), DEFAULTS, {}, {})
    if not journal_faults(form, document):
        made = request(form, [document], now=datetime(2026, 11, 30, tzinfo=timezone.utc))
        assert made.ids


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


INVOICE = Document(
    (),
    ("A",),
    "plan",
    {"company_code": "1010", "supplier": "17300001", "gross_amount": "9.50"},
    DAY,
    DAY,
    "2026",
    "11",
    LINES,
    "A",
)


@fuzzed(
    "sap/invoice",
    json.dumps({"supplier": "17300001", "text": "x"}),
    json.dumps({"reference": "R", "payment_terms": "0001"}),
)
def invoice(data: bytes) -> None:
    try:
        values = {str(name): str(value) for name, value in json.loads(data).items()}
    except (ValueError, AttributeError, RecursionError):
        return
    document = replace(INVOICE, header={**INVOICE.header, **values})
    if not invoice_faults(document):
        json.dumps(payload(document))
