"""Tables through COMFND: its document, and answers whatever their letter case; nothing is guessed at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from connector_kit.errors import ConfigurationError, RefusedError
from connector_kit.syspro import Condition
from connector_kit.syspro.comfnd import build, rows_of
from connector_kit.syspro.xml import parse


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


def test_columns_come_by_the_names_asked_for_whatever_the_letter_case():
    root = parse("<t><row><stockcode>02 </stockcode></row><rowsreturned>1</rowsreturned></t>")
    assert rows_of(root, ["StockCode"]) == [{"StockCode": "02 "}]
