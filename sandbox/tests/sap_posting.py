"""A plain poster of journal entries, invoices and plan data: requests, ElementTree, and nothing of connector-kit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import requests

SOAP_PATH = "/sap/bc/srt/scs_ext/sap/journalentrycreaterequestconfi"
SOAP11, SOAP12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
SFIN = "http://sap.com/xi/SAPSCORE/SFIN"
RENT, ACCRUALS, COST_CENTER = "63000000", "21500000", "10100101"
STAMP = "2026-11-22T10:00:00.0000000Z"


def line(account, amount, *, currency="EUR", cost_center="", text="", code=None, item="", local=""):
    """One <Item>; the debit/credit code follows the sign unless it is given ("" leaves it out)."""
    code = ("H" if amount.startswith("-") else "S") if code is None else code
    number = f"<ReferenceDocumentItem>{item}</ReferenceDocumentItem>" if item else ""
    indicator = f"<DebitCreditCode>{code}</DebitCreditCode>" if code else ""
    words = f"<DocumentItemText>{escape(text)}</DocumentItemText>" if text else ""
    objects = f"<AccountAssignment><CostCenter>{cost_center}</CostCenter></AccountAssignment>" if cost_center else ""
    own = f'<AmountInCompanyCodeCurrency currencyCode="EUR">{local}</AmountInCompanyCodeCurrency>' if local else ""
    return (
        f"<Item>{number}<GLAccount>{account}</GLAccount>"
        f'<AmountInTransactionCurrency currencyCode="{currency}">{amount}</AmountInTransactionCurrency>'
        f"{own}{indicator}{words}{objects}</Item>"
    )


def rent(amount="100.00", **changes):
    """A debit on a cost center and its credit."""
    return line(RENT, amount, cost_center=COST_CENTER, **changes) + line(ACCRUALS, f"-{amount}", **changes)


def creditor(number, amount, kind="Creditor"):
    """One <CreditorItem>, or <DebtorItem>."""
    return (
        f"<{kind}Item><ReferenceDocumentItem>2</ReferenceDocumentItem><{kind}>{number}</{kind}>"
        f'<AmountInTransactionCurrency currencyCode="EUR">{amount}</AmountInTransactionCurrency></{kind}Item>'
    )


def entry(
    lines=None, *, sub_id="SUB_1", test="", company="1010", on="2026-11-18", reference="EXT-0001", header="A", kind="SA"
):
    """One <JournalEntryCreateRequest>."""
    identifier = f"<ID>{sub_id}</ID>" if sub_id else ""
    indicator = f"<TestDataIndicator>{test}</TestDataIndicator>" if test else ""
    written = f"<DocumentReferenceID>{reference}</DocumentReferenceID>" if reference else ""
    return (
        f"<JournalEntryCreateRequest><MessageHeader>{identifier}<CreationDateTime>{STAMP}</CreationDateTime>{indicator}"
        "</MessageHeader><JournalEntry><OriginalReferenceDocumentType>BKPFF</OriginalReferenceDocumentType>"
        f"<BusinessTransactionType>RFBU</BusinessTransactionType><AccountingDocumentType>{kind}</AccountingDocumentType>"
        f"{written}<DocumentHeaderText>{escape(header)}</DocumentHeaderText><CreatedByUser>PLANNER</CreatedByUser>"
        f"<CompanyCode>{company}</CompanyCode><DocumentDate>{on}</DocumentDate><PostingDate>{on}</PostingDate>"
        f"<Reference1InDocumentHeader>KEY-{sub_id}</Reference1InDocumentHeader>"
        f"{rent() if lines is None else lines}</JournalEntry></JournalEntryCreateRequest>"
    )


def envelope(*entries, message_id="MSG_1", test="", soap=SOAP11):
    """The whole request as text."""
    identifier = f"<ID>{message_id}</ID>" if message_id else ""
    indicator = f"<TestDataIndicator>{test}</TestDataIndicator>" if test else ""
    return (
        f'<s:Envelope xmlns:s="{soap}" xmlns:sfin="{SFIN}"><s:Header/><s:Body><sfin:JournalEntryBulkCreateRequest>'
        f"<MessageHeader>{identifier}<CreationDateTime>{STAMP}</CreationDateTime>{indicator}</MessageHeader>"
        f"{''.join(entries)}</sfin:JournalEntryBulkCreateRequest></s:Body></s:Envelope>"
    )


@dataclass(frozen=True)
class Confirmed:
    """One entry's answer; ``messages`` are (TypeID, Note)."""

    reference: str
    document: str
    company: str
    year: str
    severity: str
    messages: list

    @property
    def types(self):
        return [kind for kind, _ in self.messages]


def confirmed(answer):
    """Every entry's answer, in order."""
    assert answer.status_code == 200, answer.text
    root = ET.fromstring(answer.content)
    return [
        Confirmed(
            each.findtext("MessageHeader/ReferenceID"),
            each.findtext("JournalEntryCreateConfirmation/AccountingDocument"),
            each.findtext("JournalEntryCreateConfirmation/CompanyCode"),
            each.findtext("JournalEntryCreateConfirmation/FiscalYear"),
            each.findtext("Log/MaximumLogItemSeverityCode"),
            [(item.findtext("TypeID"), item.findtext("Note")) for item in each.findall("Log/Item")],
        )
        for each in root.iter("JournalEntryCreateConfirmation")
        if each.find("MessageHeader") is not None
    ]


class Poster:
    """A logged-on communication user of a running sandbox."""

    def __init__(self, sandbox):
        self.info = sandbox.info["sap"]
        self.url = self.info["url"]
        self.control = sandbox.control
        self.http = requests.Session()
        self.http.auth = (self.info["username"], self.info["password"])
        self._token = ""

    def switch(self, name, value):
        self.control.switch("sap", name, value)

    def soap(self, text, kind="text/xml; charset=utf-8", **headers):
        return self.http.post(self.url + SOAP_PATH, text.encode(), headers={"Content-Type": kind, **headers})

    def send(self, *entries, **header):
        """The entries' answers."""
        return confirmed(self.soap(envelope(*entries, **header)))

    def one(self, lines=None, **changes):
        """The answer of one entry in a request of its own."""
        (only,) = self.send(entry(lines, **changes))
        return only

    def documents(self, reference):
        """The documents in the books with this reference, by the control API."""
        return self.control.sap_documents(reference)

    def rows(self, path, **options):
        """Results of a V2 read."""
        query = "&".join(f"${name}={quote(str(value))}" for name, value in {"format": "json", **options}.items())
        answer = self.http.get(f"{self.url}/sap/opu/odata/sap/{path}?{query}")
        assert answer.status_code == 200, answer.text
        found = answer.json()["d"]
        return found.get("results", found)

    def create(self, service, name, body):
        """POST to a set or function with a CSRF token."""
        headers = {"X-CSRF-Token": self.token(service), "Accept": "application/json"}
        return self.http.post(f"{self.url}/sap/opu/odata/sap/{service}/{name}", json=body, headers=headers)

    def token(self, service):
        if not self._token:
            answer = self.http.get(f"{self.url}/sap/opu/odata/sap/{service}/", headers={"X-CSRF-Token": "Fetch"})
            self._token = answer.headers["x-csrf-token"]
        return self._token


def millis(iso):
    """A date as V2 JSON has it."""
    return f"{iso}T00:00:00"


def codes(answer):
    """All codes of a V2 error."""
    error = answer.json()["error"]
    return [error["code"], *(each["code"] for each in error["innererror"]["errordetails"])]


def whole_number(text):
    return re.fullmatch(r"\d{10}", text) is not None
