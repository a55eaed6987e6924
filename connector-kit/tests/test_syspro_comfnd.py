"""Tables through COMFND: pages along the key, whatever the letter case, and nothing taken twice or guessed at."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from enet_fake import FakeEnet
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from connector_kit.errors import ConfigurationError, RefusedError
from connector_kit.syspro import Column, Condition, Conditions, EnetSession, Kind, TableReader
from connector_kit.syspro.comfnd import after, build, rows_of
from connector_kit.syspro.xml import parse

SUPPLIER, INVOICE = Column("Supplier"), Column("Invoice")
VALUE, WHEN = Column("Value", Kind.NUMBER), Column("InvoiceDate", Kind.DATE)
KEY = [SUPPLIER, INVOICE]


def invoices(count):
    return [
        {
            "Supplier": f"{at // 4:015d}",
            "Invoice": f"INV & {at:04d}",
            "Value": f"{at + 0.5:12.2f}",
            "InvoiceDate": "2024-01-31" if at % 2 else "0000-00-00",
        }
        for at in range(count)
    ]


@pytest.fixture
def enet():
    return FakeEnet(tables={"ApInvoice": invoices(23), "Empty": []})


@pytest.fixture
def client(enet, serve):
    with EnetSession(serve(enet).url, "ADMIN", "secret/&pass", "EDU1") as session:
        yield session


@pytest.mark.parametrize("lower_case", [False, True])
@pytest.mark.parametrize("page_rows", [1, 5, 23, 1000])
def test_every_row_comes_once_in_key_order_whatever_the_page(enet, client, page_rows, lower_case):
    enet.lower_case = lower_case
    pages = list(TableReader(client, page_rows=page_rows).pages("ApInvoice", [VALUE, WHEN, *KEY], KEY))
    rows = [row for page in pages for row in page]
    assert [row["Invoice"] for row in rows] == [row["Invoice"] for row in enet.tables["ApInvoice"]]
    assert max(map(len, pages)) == min(page_rows, 23)
    assert VALUE.value(rows[3]["Value"]) == Decimal("3.50")
    assert WHEN.value(rows[3]["InvoiceDate"]) == date(2024, 1, 31)
    assert WHEN.value(rows[2]["InvoiceDate"]) is None
    assert SUPPLIER.value(rows[0]["Supplier"]) == "000000000000000"


def test_a_server_that_gives_fewer_rows_than_asked_is_asked_on(enet, client):
    enet.cap = 4
    pages = list(TableReader(client, page_rows=10).pages("ApInvoice", KEY, KEY))
    assert sum(map(len, pages)) == 23


def test_rows_that_come_and_go_while_pages_are_read_shift_nothing(enet, client):
    table = enet.tables["ApInvoice"]
    kept = [row["Invoice"] for row in table[8:]]
    seen = []
    for page in TableReader(client, page_rows=8).pages("ApInvoice", KEY, KEY):
        seen += [row["Invoice"] for row in page]
        if len(seen) == 8:
            del table[:5]
            table.insert(0, {**table[0], "Supplier": "0" * 15, "Invoice": "A new one before"})
    assert seen[8:] == kept


def test_only_rows_that_are_kept_come_and_the_condition_stays_on_every_page(enet, client):
    keep = [Condition("InvoiceDate", "GE", "2024-01-01")]
    pages = list(TableReader(client, page_rows=3).pages("ApInvoice", KEY, KEY, keep=keep))
    assert [row["Invoice"] for page in pages for row in page] == [f"INV & {at:04d}" for at in range(1, 23, 2)]


def test_an_empty_table_has_no_pages(client):
    assert list(TableReader(client).pages("Empty", KEY, KEY)) == []


def test_the_key_is_read_even_when_it_is_not_asked_for(client):
    (page,) = list(TableReader(client).pages("ApInvoice", [VALUE], KEY))
    assert set(page[0]) == {"Value", "Supplier", "Invoice"}


def test_a_service_that_ignores_the_condition_is_noticed_instead_of_read_for_ever(enet, client):
    enet.ignores_where = True
    with pytest.raises(RefusedError, match="the same rows again"):
        list(TableReader(client, page_rows=5).pages("ApInvoice", KEY, KEY))


def test_a_key_that_is_not_unique_is_noticed_because_rows_would_be_lost(client):
    with pytest.raises(RefusedError, match="Check the key of this table"):
        list(TableReader(client).pages("ApInvoice", KEY, [SUPPLIER]))


def test_the_document_is_as_recorded():
    root = etree.fromstring(build("InvMaster", ["StockCode"], [[Condition("StockCode", "EQ", "02")]], ["StockCode"], 5))
    assert root.findtext("TableName") == "InvMaster"
    assert root.findtext("ReturnRows") == "5"
    assert [inner.tag for inner in root] == ["TableName", "ReturnRows", "Columns", "Where", "OrderBy"]
    (expression,) = root.find("Where")
    assert [(inner.tag, inner.text) for inner in expression] == [
        ("OpenBracket", "("),
        ("AndOr", "And"),
        ("Column", "StockCode"),
        ("Condition", "EQ"),
        ("Value", "02"),
        ("CloseBracket", ")"),
    ]


def test_conditions_can_be_named_as_a_version_wants_them():
    names = Conditions(greater="BEGINS AFTER", equal="IS")
    alternatives = after(KEY, {"Supplier": "1  ", "Invoice": "2"}, [], names)
    assert alternatives == [
        [Condition("Supplier", "BEGINS AFTER", "1")],
        [Condition("Supplier", "IS", "1"), Condition("Invoice", "BEGINS AFTER", "2")],
    ]


@pytest.mark.parametrize("name", ["Stock Code", "x</Column>", "", "1a"])
def test_a_name_that_cannot_be_a_column_is_refused(name):
    with pytest.raises(ConfigurationError, match="letters, digits"):
        build("InvMaster", [name], [], [], 5)


def test_custom_form_tables_may_be_read():
    assert "<TableName>InvMaster+</TableName>" in build("InvMaster+", ["StockCode"], [], [], 5)


def test_a_column_that_is_missing_in_the_answer_is_named():
    root = parse("<T><Row><A>1</A></Row></T>")
    with pytest.raises(RefusedError, match="rows without B"):
        rows_of(root, ["A", "B"])


def test_a_page_that_holds_another_number_of_rows_than_it_says_is_refused():
    with pytest.raises(RefusedError, match="expected 2 rows, got 1"):
        rows_of(parse("<T><Row><A>1</A></Row><RowsReturned>       2</RowsReturned></T>"), ["A"])


@given(st.text(st.characters(codec="cp1252", exclude_categories=["Cc", "Cs"]), min_size=1))
def test_any_text_survives_in_a_condition(value):
    root = parse(build("T", ["A"], [[Condition("A", "EQ", value)]], [], 1))
    assert root.findtext("Where/Expression/Value") == value


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6), st.integers(0, 20))
def test_numbers_stay_exact_behind_their_padding(number, blanks):
    assert Column("A", Kind.NUMBER).value(" " * blanks + f"{number:f}") == number


@given(st.dates())
def test_dates_keep_their_day(day):
    assert Column("A", Kind.DATE).value(f"{day.isoformat()} ") == day


@pytest.mark.parametrize(("kind", "text"), [(Kind.NUMBER, "1,000.00"), (Kind.NUMBER, "x"), (Kind.DATE, "31/01/2024")])
def test_a_text_of_another_kind_names_the_column(kind, text):
    with pytest.raises(RefusedError, match="column A"):
        Column("A", kind).value(text)


def test_blank_numbers_are_none_and_text_keeps_what_is_not_padding():
    assert Column("A", Kind.NUMBER).value("      ") is None
    assert Column("A").value(" 00042  ") == " 00042"
