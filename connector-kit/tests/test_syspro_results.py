"""What setup and transaction objects say, in every form that is known, and documents as e.net wants them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from connector_kit.syspro import results
from connector_kit.syspro.fields import Field
from connector_kit.syspro.find import forms, same, variants
from connector_kit.syspro.masters import MASTERS, column
from connector_kit.syspro.upkeep import normal
from connector_kit.syspro.writing import character_fault, large_post, replaced, strangers, write
from connector_kit.syspro.xml import parse

ATTRIBUTES = "Language='05' Language2='EN' CssStyle='' DecFormat='1' DateFormat='01' Role='01' Version='7.0.026'"
# As recorded, syspro-ruby; the case of the letters varies between business objects.
REFUSED = f"""<?xml version="1.0" encoding="Windows-1252"?>
<setupinvwarehouse {ATTRIBUTES}>
<item>
<key>
<stockcode>1004</stockcode>
<warehouse>P0</warehouse>
</key>
<stockcode>
<Value>1004</Value>
<ErrorNumber>240004</ErrorNumber>
<ErrorDescription>Stock code '1004' not found</ErrorDescription>
</stockcode>
</item>
<StatusOfItems>
<RecordsRead>1</RecordsRead>
<RecordsInvalid>1</RecordsInvalid>
</StatusOfItems>
</setupinvwarehouse>
 """


def answer(inner, root="postgljournal"):
    return results.read(parse(f"<{root} {ATTRIBUTES}>{inner}</{root}>"))


@pytest.mark.parametrize("change", [str, str.lower, str.upper])
def test_a_refusal_is_understood_in_every_letter_case(change):
    head, _, rest = REFUSED.partition("?>")
    body = rest.replace(ATTRIBUTES, "")
    for tag in ("StatusOfItems", "ErrorNumber", "ErrorDescription", "Value", "RecordsInvalid", "item"):
        body = body.replace(f"<{tag}>", f"<{change(tag)}>").replace(f"</{tag}>", f"</{change(tag)}>")
    found = results.read(parse(f"{head}?>{body}"))
    (fault,) = found.faults
    assert (fault.number, fault.text) == ("240004", "Stock code '1004' not found")
    assert (fault.element, fault.value, fault.item) == ("stockcode", "1004", 0)
    assert found.keys[0] == {"stockcode": "1004", "warehouse": "P0"}
    assert found.invalid == 1


def test_a_fault_says_which_line_it_is_in():
    found = answer(
        "<item><journaldetails><ledgercode>A</ledgercode></journaldetails>"
        "<journaldetails><ledgercode><Value>B</Value><ErrorNumber>2</ErrorNumber>"
        "<ErrorDescription>No such code</ErrorDescription></ledgercode><comment>c</comment></journaldetails></item>"
    )
    (fault,) = found.faults
    assert fault.beside == {"comment": "c"}
    assert str(fault) == "2 No such code (ledgercode 'B')"


def test_warnings_are_not_faults_and_rtf_that_is_invalid_is_one():
    found = answer(
        "<Item><supplier><WarningNumber>7</WarningNumber><WarningDescription>On hold</WarningDescription></supplier>"
        "<notes><InvalidRtf>Broken</InvalidRtf></notes><ErrorDescription/></Item>"
    )
    assert [str(one) for one in found.warnings] == ["7 On hold"]
    assert [one.text for one in found.faults] == ["Broken"]


@pytest.mark.parametrize(
    "inner",
    [
        "<Item><Key><Journal>  0000000123</Journal></Key></Item>",
        "<item><journalnumber/><JournalNumber>0000000123</JournalNumber></item>",
        "<Item/><StatusOfItems><GlJournal><GlJournal>000000123</GlJournal></GlJournal></StatusOfItems>",
        "<Item><Journal>0000000000</Journal><JournalNumber>123</JournalNumber></Item>",
    ],
)
def test_a_journals_number_is_found_wherever_it_stands(inner):
    assert answer(inner).number("Journal", "JournalNumber", "GlJournal") == "123"


def test_no_number_is_none():
    assert answer("<Item><Key><Journal/></Key></Item>").number("Journal") == ""
    assert answer("<Item><Key><Invoice/></Key></Item>").first("Invoice") == ""


@pytest.mark.parametrize(
    "counters",
    [
        "<RecordsInvalid>1</RecordsInvalid>",
        "<ItemsInvalid>000001</ItemsInvalid>",
        "<ItemsRejectedWithWarnings>000001</ItemsRejectedWithWarnings>",
    ],
)
def test_counters_tell_a_refusal_without_a_word(counters):
    assert answer(f"<StatusOfItems><ItemsProcessed>000000</ItemsProcessed>{counters}</StatusOfItems>").invalid == 1
    assert answer("<StatusOfItems><ItemsInvalid>000000</ItemsInvalid></StatusOfItems>").invalid == 0


# Documents.

texts = st.text(st.characters(codec="cp1252", exclude_categories=["Cc", "Cs"]), max_size=50)


@given(texts, texts)
def test_what_is_written_is_read_again(one, other):
    document = write("PostGlJournal", "GENTJLDOC.XSD", [("Item", [("Notation", one), ("Lines", [("Comment", other)])])])
    root = etree.fromstring(document)
    assert root.findtext("Item/Notation") == one
    assert root.findtext("Item/Lines/Comment") == other
    assert list(root.attrib.values()) == ["GENTJLDOC.XSD"]
    body = etree.fromstring(large_post({"UserId": "x", "XmlIn": document}))
    assert body.findtext("{http://SYSPROWcfService}XmlIn") == document


@given(st.text(max_size=50))
def test_replaced_text_has_a_place_in_windows_1252_and_in_xml(text):
    written = replaced(text)
    written.encode("cp1252")
    assert strangers(written) == ""
    assert etree.fromstring(write("R", "X", [("T", text)])).findtext("T") is not None
    assert (character_fault(text) == "") == (written == text)


def test_letters_keep_their_base_when_their_mark_has_no_place():
    assert replaced("Łódź, Dvořák, Ő, Αθ, ½ – €") == "?ódz, Dvorák, O, ??, ½ – €"


# Codes and values.


def test_numeric_codes_are_looked_for_in_every_width():
    assert forms("7001") == ("7001", "000000000007001")
    assert forms("007001") == ("007001", "000000000007001")
    assert forms("ACME ") == ("ACME",)
    assert same("0007", "7")
    assert not same("A07", "A7")
    assert len(variants({"Supplier": "1", "Invoice": "2"})) == 4


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [("number", "1.50", "        1.5"), ("number", "", "0.00"), ("date", "", "0000-00-00"), ("text", "a ", "a")],
)
def test_values_that_mean_the_same_are_the_same(kind, one, other):
    known = Field("x", "X", kind=kind)
    assert normal(known, one) == normal(known, other)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**11), max_value=10**11))
def test_amounts_travel_plain_and_exact(amount):
    known = Field("amount", "Amount", kind="number")
    assert known.fault(str(amount)) == ""
    assert Decimal(known.written(str(amount))) == amount
    assert "E" not in known.written(str(amount))


@pytest.mark.parametrize(
    ("form", "text", "told"),
    [
        ("n14.2", "1e12", "more than 12 digits"),
        ("n14.2", "0.001", "more than 2 decimals"),
        ("n2", "NaN", "more than 0 decimals"),
        ("n2", "x", "not a number"),
        ("d", "31.12.2026", "not a date"),
        ("s3", "abcd", "4 characters"),
        ("s3", "Ł", "U+0141"),
    ],
)
def test_what_does_not_fit_is_told(form, text, told):
    assert told in column("Some", form).fault(text)


def test_every_element_of_master_data_has_a_name_and_a_table():
    for master in MASTERS.values():
        assert set(master.key) <= set(master.fields)
        assert {name for name, one in master.fields.items() if one.element != name} == set()
        assert all(master.table_of(name) for name in master.fields)
        assert set(master.tables) <= set(master.fields)
