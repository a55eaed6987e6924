"""Journal entries as SAP's schema wants them, and its confirmations in all the shapes that were recorded."""

from __future__ import annotations

import functools
import os
import re
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from connector_kit.documents.model import Document, Line, Message, Posted, Refused, Unknown
from connector_kit.http import Unreadable
from connector_kit.sap.journal_confirmations import outcomes
from connector_kit.sap.journal_entries import Form, faults, request
from connector_kit.sap.journal_fields import FurtherElement, layout
from connector_kit.sap.soap import SoapFaultError, body_of

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=timezone.utc)
DEFAULTS = {"document_type": "SA", "transaction_type": "RFBU", "reference_document_type": "BKPFF", "created_by": "PLAN"}
FORM = Form(layout(), DEFAULTS, {}, {})
RENT = Line("61003000", Decimal("100.10"), "EUR", (("cost_center", "10101101"), ("text", "Miete & Büro")), (0,))
CASH = Line("21100000", Decimal("-100.10"), "EUR", (), (1,))
METADATA = os.environ.get("SAP_METADATA_DIR", "")
with_wsdl = pytest.mark.skipif(not METADATA, reason="SAP_METADATA_DIR names the folder of SAP's own metadata")


def document(*lines: Line, reference: str = "A1B2", **values) -> Document:
    given_values = {
        "scope": (),
        "key": ("1010",),
        "kind": "plan",
        "header": {"company_code": "1010"},
        "posting_date": date(2026, 11, 30),
        "document_date": date(2026, 11, 22),
        "year": "2026",
        "period": "11",
        **values,
    }
    return Document(**given_values, lines=lines or (RENT, CASH), reference=reference)


def body(*documents: Document, form: Form = FORM, test_run: bool = False) -> etree._Element:
    content = request(form, documents, now=NOW, test_run=test_run).content
    return body_of(content, system="SAP", subject="test")


@functools.cache
def schema() -> etree.XMLSchema:
    wsdl = etree.parse(Path(METADATA) / "JOURNALENTRYCREATEREQUESTCONFI.wsdl")
    return etree.XMLSchema(wsdl.find(".//{http://www.w3.org/2001/XMLSchema}schema"))


def every_field(known: layout) -> Document:
    """A document with all that a recipe can map."""

    def value(field) -> str:
        by_kind = {"date": "2026-11-22", "decimal": "1.25", "boolean": "true", "digits": "1", "days": "30"}
        return by_kind.get(field.kind, "DE" if "ountry" in field.path[-1] else "1")

    def line(fields, amount: str, without: tuple[str, ...] = ()) -> Line:
        computed = {"item", "side", "base", "amount", "account", *without}
        pairs = sorted((field.name, value(field)) for field in fields if field.name not in computed)
        return Line("61003000", Decimal(amount), "EUR", tuple(pairs))

    computed = {"reference", "document_date", "posting_date"}
    header = {field.name: value(field) for field in known.header if field.name not in computed}
    lines = (
        line(known.account, "119.00"),
        line(known.customer, "-50"),
        line(known.supplier, "-50"),
        line(known.tax, "-19.000000"),
    )
    return document(*lines, header=header)


@with_wsdl
def test_every_field_stands_where_saps_schema_wants_it():
    everything = every_field(FORM.layout)
    assert faults(FORM, everything) == []
    checked = schema()
    for sent in (body(everything), body(document(), document(reference="C3"), test_run=True)):
        assert checked.validate(sent), checked.error_log


VALUES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
PLACES = st.sampled_from(sorted(FORM.layout.line_names - {"tax_classification", "customer", "supplier"}))


@with_wsdl
@settings(deadline=None)  # the first one reads the schema
@given(st.dictionaries(PLACES, VALUES, max_size=4), st.sampled_from(sorted(FORM.layout.header_names)), VALUES)
def test_whatever_passes_the_checks_is_valid(fields, name, value):
    header = {"company_code": "1010", name: value}
    tried = document(Line("61003000", Decimal(1), "EUR", tuple(sorted(fields.items()))), header=header)
    if not faults(FORM, tried):
        checked = schema()
        assert checked.validate(body(tried)), checked.error_log


@with_wsdl
def test_zeep_reads_in_it_what_was_meant():
    zeep = pytest.importorskip("zeep")
    client = zeep.Client(str(Path(METADATA) / "JOURNALENTRYCREATEREQUESTCONFI.wsdl"))
    kind = client.get_element("{http://sap.com/xi/SAPSCORE/SFIN}JournalEntryBulkCreateRequest")
    read = kind.parse(body(document()), client.wsdl.types)
    entry = read.JournalEntryCreateRequest[0].JournalEntry
    assert (entry.DocumentReferenceID, entry.CompanyCode, entry.PostingDate) == ("A1B2", "1010", date(2026, 11, 30))
    amounts = [(item.AmountInTransactionCurrency._value_1, item.DebitCreditCode) for item in entry.Item]
    assert amounts == [(Decimal("100.10"), "S"), (Decimal("-100.10"), "H")]
    assert entry.Item[0].AccountAssignment.CostCenter == "10101101"
    assert entry.Item[0].DocumentItemText == "Miete & Büro"


def test_children_are_unqualified_and_only_the_request_is_marked_as_a_test():
    sent = body(document(), document(reference="C3"), test_run=True)
    assert sent.tag == "{http://sap.com/xi/SAPSCORE/SFIN}JournalEntryBulkCreateRequest"
    assert all("}" not in element.tag for element in sent.iterdescendants())
    assert [element.getparent().getparent().tag for element in sent.iter("TestDataIndicator")] == [sent.tag]


def test_ids_are_new_for_each_request_and_short_enough():
    first, second = (request(FORM, [document(reference="X" * 16)] * 50, now=NOW) for _ in range(2))
    assert not set(first.ids) & set(second.ids)
    assert len(first.ids) == 50
    assert max(map(len, first.ids)) <= 35


@given(st.decimals(min_value="-9999999999999999", max_value="9999999999999999", places=6, allow_nan=False))
def test_amounts_are_exact_and_their_side_agrees_with_their_sign(amount):
    item = body(document(Line("1", amount, "EUR"))).find(".//Item")
    text = item.findtext("AmountInTransactionCurrency")
    assert Decimal(text) == amount
    assert re.fullmatch(r"-?\d+(\.\d+)?", text)
    assert item.findtext("DebitCreditCode") == ("H" if amount < 0 else "S")


def test_the_base_of_a_tax_line_is_what_stands_under_its_tax_code():
    lines = (
        Line("61003000", Decimal(60), "EUR", (("tax_code", "V1"),)),
        Line("61003001", Decimal(40), "EUR", (("tax_code", "V1"),)),
        Line("61003001", Decimal(5), "EUR", (("tax_code", "V0"),)),
        Line("", Decimal(19), "EUR", (("tax_classification", "VST"), ("tax_code", "V1"))),
        Line("21100000", Decimal(-124), "EUR"),
    )
    assert body(document(*lines)).findtext(".//ProductTaxItem/TaxBaseAmountInTransCrcy") == "100"


def test_a_document_that_takes_back_another_says_so():
    further = FurtherElement("negative_posting", "line", "IsNegativePosting", after="DebitCreditCode")
    form = Form(layout([further]), DEFAULTS, {"document_type": "SB"}, {"negative_posting": "true"})
    sent = body(document(kind="reversal", reverses="OLD1"), form=form)
    assert sent.findtext(".//AccountingDocumentType") == "SB"
    assert sent.findtext(".//Reference2InDocumentHeader") == "OLD1"
    names = [element.tag for element in sent.find(".//Item")]
    assert names.index("IsNegativePosting") == names.index("DebitCreditCode") + 1
    assert body(document(), form=form).find(".//IsNegativePosting") is None


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"header": {"company_code": "1010", "header_text": "x" * 26}}, "at most 25 characters in DocumentHeaderText"),
        ({"header": {"company_code": "10100"}}, "at most 4 characters in CompanyCode, got 5"),
        ({"header": {"company_code": "1010", "exchange_rate": "1,2"}}, "exchange_rate '1,2': expected a number"),
        ({"header": {"company_code": "1010", "header_text": "a\x0bb"}}, "signs that XML can't carry (U+000B)"),
        ({"header": {}}, "company_code is missing"),
    ],
)
def test_what_the_schema_would_refuse_in_a_header_is_not_sent(changed, words):
    (message,) = faults(FORM, document(**changed))
    assert words in message.text
    assert message.row is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (Line("1", Decimal(1), "EUR", (("text", "x" * 51),)), "at most 50 characters in DocumentItemText, got 51"),
        (Line("1", Decimal(1), "EUR", (("cost_center", "1" * 11),)), "at most 10 characters in CostCenter"),
        (Line("", Decimal(1), "EUR"), "account is missing"),
        (Line("1", Decimal("0.0000001"), "EUR"), "at most 6 decimals"),
        (
            Line("", Decimal(1), "EUR", (("net_days", "30"), ("supplier", "5"))),
            "payment_date is missing beside other fields of CashDiscount",
        ),
        (Line("", Decimal(1), "EUR", (("cost_center", "1"), ("supplier", "5"))), "cost_center has no place here"),
    ],
)
def test_what_the_schema_would_refuse_in_a_line_is_told_with_its_line(line, words):
    (message,) = faults(FORM, document(RENT, line))
    assert words in message.text
    assert message.row == 1


def test_further_elements_need_a_place_and_a_name_of_their_own():
    with pytest.raises(ValueError, match="no element Nowhere to follow"):
        layout([FurtherElement("ledger_group", "header", "LedgerGroup", after="Nowhere")])
    with pytest.raises(ValueError, match="name of another field"):
        layout([FurtherElement("cost_center", "line", "CostCenter")])


# Confirmations.

PART = """<JournalEntryCreateConfirmation><MessageHeader><UUID/><ReferenceID>{id}</ReferenceID></MessageHeader>
<JournalEntryCreateConfirmation><AccountingDocument>{number}</AccountingDocument><CompanyCode>{company}</CompanyCode>
<FiscalYear>{year}</FiscalYear></JournalEntryCreateConfirmation><Log>{log}</Log></JournalEntryCreateConfirmation>"""
ITEM = "<Item><TypeID>{code}</TypeID><SeverityCode>{severity}</SeverityCode><Note>{note}</Note></Item>"
POSTED = ITEM.format(code="605(RW)", severity=1, note="Document posted successfully: BKPFF 0M4")
REFUSED = "<MaximumLogItemSeverityCode>3</MaximumLogItemSeverityCode>" + "".join(
    ITEM.format(code=code, severity=3, note=note)
    for code, note in [
        ("609(RW)", "Error in document: BKPFF $ 0M4"),
        ("201(F5)", "Posting period 011 2026 is not open"),
        ("507(F5)", "G/L account 61003000 is not defined in chart of accounts YCOA"),
    ]
)


def confirmation(*parts: str, prefix: str = "soap-env", version: str = "http://schemas.xmlsoap.org/soap/envelope/"):
    text = f"""<{prefix}:Envelope xmlns:{prefix}="{version}"><{prefix}:Header/><{prefix}:Body>
    <n0:JournalEntryBulkCreateConfirmation xmlns:n0="http://sap.com/xi/SAPSCORE/SFIN" xmlns:prx="urn:sap.com:proxy:X">
    <MessageHeader/><ConfirmationInterfaceOrignName/>{"".join(parts)}<Log/></n0:JournalEntryBulkCreateConfirmation>
    </{prefix}:Body></{prefix}:Envelope>"""
    return body_of(text.encode(), system="SAP", subject="test")


def posted(name: str, number: str = "0100000008", log: str = POSTED) -> str:
    return PART.format(id=name, number=number, company="1010", year="2026", log=log)


def refused(name: str) -> str:
    return PART.format(id=name, number=" ", company=" ", year="0000", log=REFUSED)


def test_outcomes_are_matched_by_id_in_whatever_order_and_envelope():
    documents = [document(reference=name) for name in ("A", "B", "C")]
    sent = request(FORM, documents, now=NOW)
    first, second, third = sent.ids
    parts = (refused(third), "<Unheard/>", posted(first))
    envelope = {"prefix": "env", "version": "http://www.w3.org/2003/05/soap-envelope"}
    for answer in (confirmation(*parts), confirmation(*parts, **envelope)):
        one, two, three = outcomes(answer, sent, documents)
        assert one == Posted("0100000008", "1010", "2026")
        assert isinstance(two, Unknown)
        assert three == Refused(
            (
                Message("F5/201", "Posting period 011 2026 is not open"),
                Message("F5/507", "G/L account 61003000 is not defined in chart of accounts YCOA", 0),
                Message("RW/609", "Error in document: BKPFF $ 0M4"),
            )
        )
    assert second != third


def test_the_message_that_only_says_error_is_about_the_lines_that_the_others_are_about():
    sent = request(FORM, [document()], now=NOW)
    (name,) = sent.ids
    items = [("609(RW)", "Error in document: BKPFF $ 0M4"), ("265(KI)", "Cost center A000/10101101 does not exist")]
    log = "".join(ITEM.format(code=code, severity=3, note=note) for code, note in items)
    (outcome,) = outcomes(confirmation(posted(name, " ", log)), sent, [document()])
    assert [(message.code, message.row) for message in outcome.messages] == [("KI/265", 0), ("RW/609", 0)]


def test_a_test_run_without_errors_posts_nothing_and_has_no_number():
    sent = request(FORM, [document()], now=NOW, test_run=True)
    (name,) = sent.ids
    assert outcomes(confirmation(posted(name, "0000000000")), sent, [document()]) == [Posted("", "1010", "2026")]


@pytest.mark.parametrize(("number", "log"), [("0000000000", POSTED), (" ", ""), ("0100000008", REFUSED)])
def test_a_confirmation_that_contradicts_itself_decides_nothing(number, log):
    sent = request(FORM, [document()], now=NOW)
    (name,) = sent.ids
    (outcome,) = outcomes(confirmation(posted(name, number, log)), sent, [document()])
    assert isinstance(outcome, Unknown)


def test_a_warning_goes_along_with_the_number():
    sent = request(FORM, [document()], now=NOW)
    (name,) = sent.ids
    log = POSTED + ITEM.format(code="112(FF)", severity=2, note="Check the tax amount")
    (outcome,) = outcomes(confirmation(posted(name, log=log)), sent, [document()])
    assert outcome == Posted("0100000008", "1010", "2026", "Check the tax amount")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html><body>Logon</body></html>",
        b"<?xml version='1.0'?><soap:Envelope xmlns:soap='http://schemas.xmlsoap.org/soap/envelope/'><soap:Bo",
        b"<soap:Envelope xmlns:soap='http://schemas.xmlsoap.org/soap/envelope/'><soap:Body/></soap:Envelope>",
        b"{}",
    ],
)
def test_what_is_no_answer_is_told_apart(content):
    with pytest.raises(Unreadable):
        body_of(content, system="SAP", subject="test")


@pytest.mark.parametrize(
    ("fault", "by_sender"),
    [
        ("<faultcode>s:Client</faultcode><faultstring xml:lang='en'>Unknown tag X</faultstring><detail/>", True),
        ("<faultcode>s:Server</faultcode><faultstring>Unknown tag X</faultstring>", False),
        ("<Code><Value>s:Sender</Value></Code><Reason><Text xml:lang='en'>Unknown tag X</Text></Reason>", True),
    ],
)
def test_a_fault_says_whose_it_is(fault, by_sender):
    text = f"<s:Envelope xmlns:s='urn:any'><s:Body><s:Fault>{fault}</s:Fault></s:Body></s:Envelope>"
    with pytest.raises(
        SoapFaultError, match="SAP: test: expected a confirmation, got a SOAP fault: Unknown tag X"
    ) as got:
        body_of(text.encode(), system="SAP", subject="test")
    assert got.value.by_sender is by_sender
