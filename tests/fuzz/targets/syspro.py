"""SYSPRO's e.net: bodies, XML documents of every business object, rows, what is written to it."""

from __future__ import annotations

import json

from fuzz.target import fuzzed

from connector_kit.http import Unreadable
from connector_kit.syspro import results
from connector_kit.syspro.answers import document, document_with_faults, user_id
from connector_kit.syspro.comfnd import Condition, build, rows_of
from connector_kit.syspro.failures import failure, failure_text
from connector_kit.syspro.fields import Field
from connector_kit.syspro.find import forms, same, variants
from connector_kit.syspro.mapped import parse as parse_shape
from connector_kit.syspro.writing import character_fault, replaced, write
from connector_kit.syspro.xml import decode, parse

ATTRIBUTES = "Language='05' Language2='EN' CssStyle='' DecFormat='1' DateFormat='01' Role='01' Version='7.0.026'"
SETUP = f"""<?xml version="1.0" encoding="Windows-1252"?>
<setupinvwarehouse {ATTRIBUTES}><item><key><stockcode>1004</stockcode><warehouse>P0</warehouse></key><stockcode>
<Value>1004</Value><ErrorNumber>240004</ErrorNumber><ErrorDescription>Stock code '1004' not found</ErrorDescription>
</stockcode></item><StatusOfItems><RecordsRead>1</RecordsRead><RecordsInvalid>1</RecordsInvalid></StatusOfItems>
</setupinvwarehouse>
 """
POSTED = f"""<?xml version="1.0" encoding="Windows-1252"?><postgljournal {ATTRIBUTES}><Item><Key><Journal>000123</Journal>
<GlYear>2026</GlYear><GlPeriod>11</GlPeriod></Key><WarningDescription>Late</WarningDescription></Item>
<StatusOfItems><ItemsProcessed>1</ItemsProcessed></StatusOfItems></postgljournal>"""
ROWS = f"""<?xml version="1.0" encoding="Windows-1252"?><COMFND {ATTRIBUTES}><Row><GlCode>00-1000</GlCode><Amount>   12.50</Amount>
<Date>0000-00-00</Date></Row><Row><GLCODE>00-2000</GLCODE><Amount/><Date>2026-11-30</Date></Row><RowsReturned>2</RowsReturned></COMFND>"""
COLUMNS = ["GlCode", "Amount", "Date"]
_TOKENS = [
    b"<ErrorDescription>",
    b"<Value>",
    b"<item>",
    b"<ITEM>",
    b"<Row/>",
    b"<RowsReturned>\xb2</RowsReturned>",
    b"ERROR: ",
    b"&#x1;",
    b"\x81",
]


@fuzzed(
    "syspro/body",
    "ERROR: Invalid operator password",
    '"ERROR: The supplied UserID is invalid"',
    "0123456789ABCDEF0123456789ABCDEF00",
    SETUP,
    expected=[Unreadable],
    tokens=_TOKENS,
)
def body(data: bytes) -> None:
    text = decode(data)
    failed = failure_text(text)
    if failed is not None:
        raise failure(failed, "logon", logging_on=True)
    assert user_id(text)


@fuzzed("syspro/answer", SETUP, POSTED, expected=[Unreadable], tokens=_TOKENS)
def answer(data: bytes) -> None:
    root = document_with_faults(decode(data), "setup")
    found = results.read(root)
    found.invalid, found.first("journal", "glyear"), found.number("journal", "entrynumber", "glyear")
    for fault in (*found.faults, *found.warnings):
        str(fault)
        assert fault.item is None or 0 <= fault.item < len(found.keys)
    document(decode(data), "post")


@fuzzed("syspro/rows", ROWS, expected=[Unreadable], tokens=_TOKENS)
def rows(data: bytes) -> None:
    for row in rows_of(document(decode(data), "query COMFND"), COLUMNS):
        assert set(row) <= set(COLUMNS)


@fuzzed("syspro/query", json.dumps(["GlJournal", "Reference", "A<b>&'\"", "EQ"]))
def query(data: bytes) -> None:
    """What we write, an XML parser reads back: no value gets out of its element."""
    try:
        table, column, value, comparison = map(str, json.loads(data))
    except (ValueError, TypeError, RecursionError):
        return
    text = build(table, [column], [[Condition(column, "EQ", value)]], [column], 5)
    if not character_fault(value):
        read = parse(text)
        [there] = [each for each in read.iter() if each.tag == "Value"]
        assert (there.text or "").replace("\r", "\n") == value.replace("\r\n", "\n").replace("\r", "\n"), (
            there.text,
            value,
        )
    assert comparison is not None


@fuzzed(
    "syspro/writing",
    "Text",
    "\u00e4\u20ac\u4e2d",
    "<a>&amp;",
    "]]>",
    tokens=[b"\x00", b"\x0b", b"\xef\xbf\xbf", b"\xed\xa0\x80"],
)
def writing(data: bytes) -> None:
    text = (
        data.decode("utf-8", "surrogatepass")
        if b"\xff" not in data and b"\xfe" not in data and _reads(data)
        else data.decode("latin-1")
    )
    field = Field("x", "X", 40)
    for unmappable in ("reject", "replace"):
        fault = field.fault(text, unmappable)
        if not fault:
            shown = replaced(text) if unmappable == "replace" else text
            [again] = parse(write("Post", "POST.XSD", [("X", field.written(shown))]))
            assert (again.text or "") == shown


def _reads(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


@fuzzed("syspro/codes", "000000000000012", "A-1", " 7 ", tokens=[b"\xc2\xb2", b"\xd9\xa3", b"9" * 5000])
def codes(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    for form in forms(text):
        assert same(form, text) or not text.strip().isascii()
    variants({"a": text, "b": text})


SHAPE = {
    "name": "stock",
    "business_object": "INVTMA",
    "root": "PostInvAdjustments",
    "item": {"StockCode": "stock_code", "Lines": {"each": {"Quantity": "amount"}}},
    "look_up": {"table": "InvJournal", "where": {"Reference": "reference"}, "number": "Journal"},
}


@fuzzed("syspro/shape", json.dumps(SHAPE), tokens=[b'"each": {', b'"item": {', b'"look_up": {'])
def shape(data: bytes) -> None:
    try:
        entry = json.loads(data)
    except (ValueError, RecursionError):
        return
    if isinstance(entry, dict):
        found, faults = parse_shape(entry)
        assert found is not None or faults
        if found is not None:
            str(found.rules)
