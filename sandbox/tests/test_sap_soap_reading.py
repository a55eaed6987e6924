"""The reader of requests agrees with the schema that the service publishes, and nothing makes it fall over."""

from __future__ import annotations

import contextlib
import copy

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from lxml import etree

from sandbox.sap.soap import reading
from sandbox.sap.soap.faults import SoapError
from sandbox.sap.soap.wsdl import schema
from sandbox.tests.sap_posting import creditor, entry, envelope, rent

SCHEMA = etree.XMLSchema(etree.fromstring(schema()))
DEBTOR = creditor("4711", "-3.00", "Debtor")
GOOD = envelope(entry(rent(text="words & more", item="1") + creditor("4711", "5.00") + DEBTOR), entry(), test="false")
TEXTS = [
    "x", "1", "-1.5", "+.5", "1.", ".", "-", "1e3", "0.1234567", "9" * 23, "9" * 22 + ".123456", "1,5",
    "true", "yes", "2026-02-29", "2026-11-18", "2026-11-18T00:00:00Z", "2026-11-18T25:00:00Z", "2026-1-1", "EUR",
    "x" * 10, "x" * 11, "x" * 26,
    "x" * 36, " padded ", "ä" * 4, "two  blanks",
]  # fmt: skip


def accepted(payload):
    try:
        reading.request(payload, reading.Leniency())
    except SoapError:
        return False
    return True


def payload_of(text):
    return reading.envelope(text.encode())[1]


@st.composite
def changed(draw):
    """The good message with one thing changed somewhere."""
    root = copy.deepcopy(payload_of(GOOD))
    element = draw(st.sampled_from([each for each in root.iter() if each is not root]))
    parent = element.getparent()
    match draw(st.sampled_from(["text", "drop", "twice", "later", "rename", "attribute"])):
        case "text":
            if not len(element):
                element.text = draw(st.sampled_from(TEXTS))
        case "drop":
            parent.remove(element)
        case "twice":
            parent.insert(parent.index(element), copy.deepcopy(element))
        case "later":
            parent.remove(element)
            parent.insert(draw(st.integers(0, len(parent))), element)
        case "rename":
            element.tag = draw(st.sampled_from(["Item", "MessageHeader", "Nothing", "{urn:x}Item", "CompanyCode"]))
        case "attribute":
            element.attrib.pop("currencyCode", None)
    return root


@settings(max_examples=500, deadline=None)
@given(changed())
def test_what_the_published_schema_accepts_is_read_and_nothing_else(root):
    # The schema sees a document of its own, as validators do that take the body out of its envelope.
    document = etree.ElementTree(etree.fromstring(etree.tostring(root)))
    assert accepted(root) == SCHEMA.validate(document), str(SCHEMA.error_log)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_bytes_of_any_kind_are_a_fault_at_worst(body):
    with contextlib.suppress(SoapError):
        reading.envelope(body)


@given(st.data())
def test_a_message_that_was_cut_or_garbled_is_a_fault_at_worst(data):
    start = data.draw(st.integers(0, len(GOOD)))
    end = data.draw(st.integers(start, min(len(GOOD), start + 40)))
    text = GOOD[:start] + data.draw(st.text(max_size=5)) + GOOD[end:]
    with contextlib.suppress(SoapError):
        reading.request(reading.envelope(text.encode("utf-8", "surrogatepass"))[1], reading.Leniency())


@given(st.decimals(min_value="-1e21", max_value="1e21", places=6, allow_nan=False, allow_infinity=False))
def test_amounts_are_read_exactly(amount):
    root = payload_of(envelope(entry(rent().replace(">100.00<", f">{amount:f}<", 1))))
    (first, *_) = reading.request(root, reading.Leniency())["JournalEntryCreateRequest"][0]["JournalEntry"]["Item"]
    assert first["AmountInTransactionCurrency"].value == amount


def test_an_entity_is_not_resolved():
    text = GOOD.replace("words", "&words;")
    with pytest.raises(SoapError):
        reading.envelope(text.encode())
