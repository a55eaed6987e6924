"""Rows inside rows: how they are asked for and what comes of them, in both versions."""

from __future__ import annotations

import json

import msgspec
import pytest
from local_server import Answer

from connector_kit.http import Retry
from connector_kit.odata.client import ODataClient, ODataSession
from connector_kit.odata.expand import inner_rows, select_options, take_out
from connector_kit.odata.fetch import Query
from connector_kit.odata.pages import EntitySet
from connector_kit.odata.rows import RowReader
from connector_kit.odata.schema import Field


def orders(version):
    """A reader of orders with items with assignments."""
    assignments = RowReader([Field("A"), Field("Cost", "decimal"), Field("Day", "date")], ["A"], version=version)
    items = RowReader([Field("I")], ["I"], expand={"toA": assignments}, version=version)
    return RowReader([Field("O")], ["O"], expand={"toI": items}, version=version)


def test_v2_names_inner_columns_by_their_path():
    assert select_options(["O"], orders("2.0").expand, "2.0") == {
        "$select": "O,toI/I,toI/toA/A,toI/toA/Cost,toI/toA/Day",
        "$expand": "toI/toA",
    }


def test_v4_selects_inside_the_parentheses():
    assert select_options(["O"], orders("4.0").expand, "4.0") == {
        "$select": "O",
        "$expand": "toI($select=I;$expand=toA($select=A,Cost,Day))",
    }


def test_nothing_is_expanded_unless_asked_for():
    assert select_options(["O"], {}, "2.0") == {"$select": "O", "$expand": ""}


def inside(version, rows):
    return {"results": rows} if version == "2.0" else rows


def page(version, rows):
    return json.dumps({"d": {"results": rows}} if version == "2.0" else {"value": rows}).encode()


DAY = {"2.0": "/Date(1767225600000)/", "4.0": "2026-01-01"}


@pytest.mark.parametrize("version", ["2.0", "4.0"])
@pytest.mark.parametrize("cost", ["1.10", 7, ""])
def test_inner_rows_are_finished_as_rows_of_a_page_are(version, cost):
    assignment = {"A": "1", "Cost": cost, "Day": DAY[version]}
    item = {"I": "10", "toA": inside(version, [assignment, {"A": "2"}])}
    reader = orders(version)
    found = reader.page(page(version, [{"O": "x", "toI": inside(version, [item])}, {"O": "y", "toI": None}]))
    rows = inner_rows(found.rows, reader, ["toI", "toA"])
    assert [(row.A, row.Day) for row in rows] == [("1", "2026-01-01"), ("2", None)]
    assert str(rows[0].Cost or "") == str(cost)
    assert found.last == ("y",)


@pytest.mark.parametrize("version", ["2.0", "4.0"])
def test_what_is_taken_out_of_a_row_is_not_in_the_record(version):
    reader = orders(version)
    (row,) = reader.page(page(version, [{"O": "x", "toI": inside(version, [{"I": "10"}])}])).rows
    assert [inner.I for inner in take_out(row, reader, "toI")] == ["10"]
    assert msgspec.json.encode(row) == b'{"O":"x"}'


def test_a_navigation_that_was_not_expanded_is_empty():
    reader = orders("2.0")
    (row,) = reader.page(page("2.0", [{"O": "x", "toI": {"__deferred": {"uri": "somewhere"}}}])).rows
    assert take_out(row, reader, "toI") == []


@pytest.mark.parametrize("version", ["2.0", "4.0"])
def test_inner_rows_that_the_server_cuts_are_completed_along_its_link(serve, version):
    def rows(*names):
        return [{"I": name} for name in names]

    def answer(asked):
        if "rest2" in asked.path:
            return Answer(body=page(version, rows("30")), headers={"Content-Type": "application/json"})
        if "rest" in asked.path:
            body = json.loads(page(version, rows("20")))
            (body["d"] if version == "2.0" else body)["__next" if version == "2.0" else "@odata.nextLink"] = "rest2"
            return Answer(body=json.dumps(body).encode())
        first = {"O": "x"}
        if version == "2.0":
            first["toI"] = {"results": rows("10"), "__next": f"{server.url}/rest"}
        else:
            first |= {"toI": rows("10"), "toI@odata.nextLink": "rest"}
        return Answer(body=page(version, [first] if "gt" not in asked.path else []))

    server = serve(answer)
    session = ODataSession("test", retry=Retry(tries=2, first=0.01))
    client = ODataClient(session, server.url, version=version)
    items = RowReader([Field("I")], ["I"], version=version)
    reader = RowReader([Field("O")], ["O"], expand={"toI": items}, version=version)
    pages = list(EntitySet(client, f"{server.url}/Orders", what="orders").pages(reader, Query(("O",))))
    assert [row.I for each in pages for row in inner_rows(each.rows, reader, ["toI"])] == ["10", "20", "30"]
    session.close()
