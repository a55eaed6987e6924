"""Strangers and schemas: zeep posts by the sandbox's WSDL and by SAP's, and answers validate against SAP's."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
import zeep
import zeep.transports
from lxml import etree

from sandbox.tests.sap_posting import ACCRUALS, COST_CENTER, RENT, SFIN, SOAP_PATH, entry, envelope, line


def stranger(poster, source):
    transport = zeep.transports.Transport(session=poster.http)
    return zeep.Client(source, transport=transport)


def as_objects(amount="12.30"):
    money = {"_value_1": amount, "currencyCode": "EUR"}
    back = {"_value_1": f"-{amount}", "currencyCode": "EUR"}
    header = {"CreationDateTime": "2026-11-22T10:00:00Z"}
    items = [
        {"GLAccount": RENT, "AmountInTransactionCurrency": money, "AccountAssignment": {"CostCenter": COST_CENTER}},
        {"GLAccount": ACCRUALS, "AmountInTransactionCurrency": back},
    ]
    document = {
        "OriginalReferenceDocumentType": "BKPFF", "BusinessTransactionType": "RFBU", "AccountingDocumentType": "SA",
        "CreatedByUser": "ZEEP", "CompanyCode": "1010", "DocumentDate": "2026-11-18", "PostingDate": "2026-11-18",
        "DocumentReferenceID": "ZEEP", "Item": items,
    }  # fmt: skip
    return {**header, "ID": "Z1"}, [{"MessageHeader": {**header, "ID": "Z2"}, "JournalEntry": document}]


@pytest.mark.parametrize("port", ["binding", "binding_soap12"])
def test_zeep_posts_by_the_sandboxs_own_wsdl(poster, port):
    poster.switch("confirmation_origin_name", False)
    client = stranger(poster, f"{poster.url}{SOAP_PATH}?wsdl")
    operation = client.bind("service", port).JournalEntryCreateRequestConfirmation_In
    with client.settings(strict=False):
        answer = operation(*as_objects())
    document = answer.JournalEntryCreateConfirmation[0].JournalEntryCreateConfirmation
    assert document.AccountingDocument == poster.documents("ZEEP")[-1]["AccountingDocument"]


@pytest.fixture(scope="module")
def saps_wsdl():
    folder = os.environ.get("SAP_METADATA_DIR")
    if not folder:
        pytest.skip("SAP_METADATA_DIR does not say where SAP's own WSDL is")
    return Path(folder) / "JOURNALENTRYCREATEREQUESTCONFI.wsdl"


def test_answers_and_requests_validate_against_saps_own_schema(poster, saps_wsdl):
    """Except for what SAP itself sends against it: an element of its own, empty header fields, blank numbers."""
    schema = etree.XMLSchema(etree.parse(saps_wsdl).find(".//{http://www.w3.org/2001/XMLSchema}schema"))
    bad = entry(line(RENT, "1.00") + line("4711", "-2.00"), sub_id="BAD")
    request = envelope(entry(), bad)
    schema.assertValid(_payload(request.encode()))
    answer = poster.soap(request).text
    for known, mended in (
        ("<ConfirmationInterfaceOrignName/>", ""),
        ("<UUID/>", ""),
        ("<CreationDateTime/>", "<CreationDateTime>2026-11-22T10:00:00Z</CreationDateTime>"),
        ("<AccountingDocument> <", "<AccountingDocument>0<"),
        ("<CompanyCode> <", "<CompanyCode>0<"),
    ):
        assert known in answer
        answer = answer.replace(known, mended)
    schema.assertValid(_payload(answer.encode()))


def _payload(text):
    found = etree.parse(io.BytesIO(text)).getroot()[-1][0]
    return etree.ElementTree(etree.fromstring(etree.tostring(found)))


def test_zeep_posts_by_saps_own_wsdl(poster, saps_wsdl):
    poster.switch("confirmation_origin_name", False)
    client = stranger(poster, str(saps_wsdl))
    binding = f"{{{SFIN}}}binding"
    service = client.create_service(binding, poster.url + SOAP_PATH)
    with client.settings(strict=False):
        answer = service.JournalEntryCreateRequestConfirmation_In(*as_objects())
    document = answer.JournalEntryCreateConfirmation[0].JournalEntryCreateConfirmation
    assert document.AccountingDocument == poster.documents("ZEEP")[-1]["AccountingDocument"]
