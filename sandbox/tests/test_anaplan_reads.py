"""Reading and writing lists, modules and views without files."""

from __future__ import annotations

import csv
import io
import time

import pytest

from sandbox.tests.anaplan_client import (
    INVOICE_HEADER,
    INVOICE_LIST,
    INVOICES,
    SUPPLIER_HEADER,
    SUPPLIERS,
    invoice,
    supplier,
    table,
)

JSON_DATA = {"params": {"format": "v1"}, "headers": {"Accept": "application/json"}}


@pytest.fixture
def filled(anaplan):
    """Two suppliers, two invoices, one of them with cells."""
    anaplan.load(SUPPLIERS, table(SUPPLIER_HEADER, supplier("S1"), supplier("S2", balance="1.0")))
    anaplan.load(INVOICE_LIST, table(INVOICE_HEADER, invoice("I1"), invoice("I2")))
    anaplan.load(INVOICES, table(INVOICE_HEADER, invoice("I1")))
    return anaplan


def path_of(anaplan, kind, name):
    return f"/{kind}/{anaplan.id(kind, name)}"


def write(anaplan, name, action, *items):
    method = "PUT" if action == "update" else "POST"
    body = {"items": list(items)}
    return anaplan.call(method, path_of(anaplan, "lists", name) + "/items", params={"action": action}, json=body).json()


def rows_of(text):
    return list(csv.reader(io.StringIO(text)))


def test_a_list_describes_itself(filled):
    metadata = filled.get(path_of(filled, "lists", "Suppliers")).json()["metadata"]
    assert (metadata["itemCount"], metadata["permittedItems"], metadata["nextItemIndex"]) == (2, 2, 3)
    formats = {field["name"]: field["format"] for field in metadata["properties"]}
    assert (formats["On Hold"], formats["Balance"], formats["Removed"]) == ("BOOLEAN", "NUMBER", "BOOLEAN")
    accounts = filled.get(path_of(filled, "lists", "Accounts")).json()["metadata"]
    assert accounts["parent"]["name"] == "Account Groups"
    assert accounts["usedInAppliesTo"] == "GL Balances"
    assert filled.get("/lists/101000000099").status_code == 404


def test_items_are_read_as_json_or_csv_with_every_value_a_text(filled):
    path = path_of(filled, "lists", "Suppliers") + "/items"
    item = filled.get(path, params={"includeAll": "true"}).json()["listItems"][1]
    assert (item["code"], item["listName"], item["parent"]) == ("S2", "Suppliers", "")
    assert item["properties"]["Balance"] == "1.0"
    assert "properties" not in filled.get(path).json()["listItems"][0]
    rows = rows_of(filled.get(path, headers={"Accept": "text/csv"}).text)
    assert [row[2] for row in rows] == ["Code", "S1", "S2"]
    assert filled.get(path.replace("/items", "/preview")).text.startswith("Suppliers,Parent,Code")
    assert "listItems" not in filled.get(path_of(filled, "lists", "Products") + "/items").json()


def test_adding_is_insert_only_and_names_each_failure(filled):
    answer = write(
        filled,
        "Suppliers",
        "add",
        {"code": "S3", "name": "Third", "properties": {"Balance": 12.5, "On Hold": True}},
        {"code": "S1", "name": "Other"},
        {"code": "S4", "name": "Third"},
        {"code": "S5"},
        {"code": "S6", "name": "Six", "properties": {"Balance": "much"}},
    )
    assert (answer["added"], answer["ignored"], answer["total"]) == (1, 4, 5)
    failures = [(each["requestIndex"], each["failureType"]) for each in answer["failures"]]
    assert failures == [(1, "DUPLICATE"), (2, "DUPLICATE"), (3, "INCOMPLETE_DATA"), (4, "INCORRECT_FORMAT")]
    assert answer["failures"][3]["failureMessageDetails"] == "incorrect format -- column name:Balance, value:much"
    assert filled.items("Suppliers")["S3"]["properties"]["Balance"] == "12.5"


def test_updating_needs_the_code_of_an_item_that_has_one(filled):
    first = filled.get(path_of(filled, "lists", "Suppliers") + "/items").json()["listItems"][0]
    answer = write(
        filled,
        "Suppliers",
        "update",
        {"code": "S1", "name": "Renamed", "properties": {"City": "Ghent"}},
        {"id": first["id"], "properties": {"City": "Bruges"}},
        {"code": "S9", "name": "x"},
        {"properties": {}},
    )
    assert (answer["updated"], answer["ignored"]) == (1, 3)
    types = [each["failureType"] for each in answer["failures"]]
    assert types == ["INCOMPLETE_DATA", "NOT_FOUND", "INCOMPLETE_DATA"]
    supplier_1 = filled.items("Suppliers")["S1"]
    assert (supplier_1["name"], supplier_1["properties"]["City"]) == ("Renamed", "Ghent")
    assert supplier_1["properties"]["Balance"] == "1.00"


def test_deleting_blanks_what_refers_to_the_item(filled):
    answer = write(filled, "Suppliers", "delete", {"code": "S1"}, {"code": "S9"})
    assert (answer["deleted"], answer["ignored"], answer["total"], len(answer["failures"])) == (1, 1, 2, 1)
    assert filled.cells("AP Invoices")[("I1",)]["Supplier"] == ""
    assert "failures" not in write(filled, "Suppliers", "delete", {"code": "S2"})
    filled.control.switch("anaplan", "empty_failures", True)
    assert write(filled, "AP Invoices", "delete", {"code": "I1"})["failures"] == []
    assert list(filled.cells("AP Invoices")) == []


def test_an_empty_list_can_start_its_index_anew(filled):
    path = path_of(filled, "lists", "Suppliers") + "/resetIndex"
    assert filled.call("POST", path).status_code == 400
    write(filled, "Suppliers", "delete", {"code": "S1"}, {"code": "S2"})
    assert filled.call("POST", path).status_code == 200
    assert filled.get(path_of(filled, "lists", "Suppliers")).json()["metadata"]["nextItemIndex"] == 1


def test_lists_views_and_cells_may_need_an_administrator(filled, other_user):
    planner = other_user("planner")
    items = path_of(filled, "lists", "Suppliers") + "/items"
    view = path_of(filled, "modules", "GL Balances").replace("modules", "views")
    calls = (
        ("GET", items, None),
        ("POST", items + "?action=add", {"items": []}),
        ("GET", view + "/data", None),
        ("POST", view + "/readRequests", {"exportType": "TABULAR_MULTI_COLUMN"}),
        ("POST", path_of(filled, "modules", "AP Invoices") + "/data", []),
    )
    assert {planner.call(method, path, json=body).status_code for method, path, body in calls} == {200}
    filled.control.switch("anaplan", "transactional_role", "admin")
    assert {planner.call(method, path, json=body).status_code for method, path, body in calls} == {403}
    assert {filled.call(method, path, json=body).status_code for method, path, body in calls} == {200}
    assert planner.get("/lists").status_code == 200


def test_cell_access_holds_for_writes_of_cells_and_not_for_imports(filled):
    filled.control.switch("anaplan", "cells_locked", True)
    at = {"dimensions": [{"dimensionName": "AP Invoices", "itemCode": "I1"}]}
    path = path_of(filled, "modules", "AP Invoices") + "/data"
    refused = filled.call("POST", path, json=[{"lineItemName": "Balance", "value": 7, **at}]).json()
    assert (refused["numberOfCellsChanged"], len(refused["failures"])) == (0, 1)
    filled.load(INVOICES, table(INVOICE_HEADER, invoice("I1", balance="7.25")))
    assert filled.cells("AP Invoices")["I1",]["Balance"] == "7.25"


def test_list_writes_have_limits(anaplan, other_user):
    path = path_of(anaplan, "lists", "Warehouses") + "/items?action=add"
    many = {"items": [{"name": "x"}] * 100_001}
    assert anaplan.call("POST", path, json=many).status_code == 400
    large = {"items": [{"name": "x" * (16 * 1024 * 1024)}]}
    assert anaplan.call("POST", path, json=large).status_code == 400
    assert anaplan.call("POST", path, json={"items": [{"title": "x"}]}).status_code == 400
    assert anaplan.call("POST", path.replace("add", "upsert"), json={"items": []}).status_code == 400
    assert other_user("planner").call("POST", path, json={"items": []}).status_code == 200


def test_cells_are_written_one_by_one_and_calculated_ones_refused(filled):
    path = path_of(filled, "modules", "AP Invoices") + "/data"
    at = {"dimensions": [{"dimensionName": "AP Invoices", "itemCode": "I2"}]}
    cells = [
        {"lineItemName": "Balance", "value": 7.25, **at},
        {"lineItemName": "Supplier", "value": "S2", **at},
        {"lineItemName": "Paid", "value": 1, **at},
        {"lineItemName": "Balance", "value": "much", **at},
        {"lineItemName": "Nothing", "value": 1, **at},
        {"lineItemName": "Balance", "value": 1, "dimensions": [{"dimensionName": "AP Invoices", "itemCode": "I9"}]},
        {"lineItemName": "Balance", "value": 1, "dimensions": []},
    ]
    answer = filled.call("POST", path, json=cells).json()
    assert answer["numberOfCellsChanged"] == 2
    types = [failure["failureType"] for failure in answer["failures"]]
    assert types == ["cellIsCalculated", "invalidValue", "invalidLineItem", "invalidItem", "missingDimension"]
    values = filled.cells("AP Invoices")[("I2",)]
    assert (values["Balance"], values["Supplier"], values["Paid"]) == ("7.25", "S2", "-7.25")
    assert "failures" not in filled.call("POST", path, json=cells[:1]).json()


def test_a_planner_edits_a_cell(filled):
    filled.control.edit_cell("AP Invoices", "Status", {"AP Invoices": "I1"}, "Disputed")
    assert filled.cells("AP Invoices")[("I1",)]["Status"] == "Disputed"
    with pytest.raises(ValueError, match="calculated"):
        filled.control.edit_cell("AP Invoices", "Paid", {"AP Invoices": "I1"}, 1)


def test_line_items_tell_their_formats_formulas_and_dimensions(anaplan):
    path = path_of(anaplan, "modules", "AP Invoices") + "/lineItems"
    items = {item["name"]: item for item in anaplan.get(path, params={"includeAll": "true"}).json()["items"]}
    assert {item["format"] for item in items.values()} == {"LIST", "TEXT", "DATE", "TIME PERIOD", "NUMBER"}
    assert items["Supplier"]["formatMetadata"]["hierarchyEntityLongId"] == anaplan.id("lists", "Suppliers")
    assert items["Period"]["formatMetadata"]["dataType"] == "TIME_ENTITY"
    assert items["Paid"]["formula"] == "'Original Value' - Balance"
    dimensions = anaplan.get(f"/lineItems/{items['Paid']['id']}/dimensions").json()["dimensions"]
    assert dimensions == [{"id": anaplan.id("lists", "AP Invoices"), "name": "AP Invoices"}]
    assert "format" not in anaplan.get("/lineItems").json()["items"][0]
    assert anaplan.get("/lineItems/206000000999/dimensions").status_code == 404


def test_the_items_of_a_line_items_dimension_are_listed(filled):
    path = path_of(filled, "modules", "AP Invoices") + "/lineItems"
    paid = {item["name"]: item["id"] for item in filled.get(path).json()["items"]}["Paid"]
    own = f"/lineItems/{paid}/dimensions/{filled.id('lists', 'AP Invoices')}/items"
    assert {item["code"] for item in filled.get(own).json()["items"]} == {"I1", "I2"}
    other = f"/lineItems/{paid}/dimensions/{filled.id('lists', 'Suppliers')}/items"
    assert filled.get(other).status_code == 404


def test_dimension_items_are_listed_and_looked_up(filled):
    suppliers = f"/dimensions/{filled.id('lists', 'Suppliers')}/items"
    assert [item["code"] for item in filled.get(suppliers).json()["items"]] == ["S1", "S2"]
    found = filled.call("POST", suppliers, json={"names": ["Name of S1"], "codes": None}).json()["items"]
    assert [item["code"] for item in found] == ["S1"]
    assert "items" not in filled.call("POST", suppliers, json={"codes": ["S9"]}).json()
    assert filled.call("POST", suppliers, json={}).status_code == 400
    months = filled.call("POST", "/dimensions/20000000003/items", json={"names": ["Jan 24"]}).json()["items"]
    assert months[0]["name"] == "Jan 24"
    assert filled.get("/dimensions/20000000020/items").json()["items"][0]["name"] == "Actual"
    assert len(filled.get("/dimensions/101999999999/items").json()["items"]) == 3
    assert filled.get("/dimensions/999/items").status_code == 404


def test_views_show_their_axes_and_members(filled):
    views = {
        view["name"]: view for view in filled.get("/views", params={"includesubsidiaryviews": "true"}).json()["views"]
    }
    assert views["GL Balances"]["id"] == views["GL Balances"]["moduleId"]
    info = filled.get(f"/views/{views['GL Balances by month']['id']}").json()
    assert (info["viewName"], info["columns"][0]["name"], info["status"]["code"]) == (
        "GL Balances by month",
        "Time",
        200,
    )
    assert "pages" not in filled.get(f"/views/{views['AP Invoices']['id']}").json()
    members = filled.get(f"/views/{views['GL Balances by month']['id']}/dimensions/20000000003/items").json()["items"]
    assert len(members) == 72
    assert len(filled.get(path_of(filled, "modules", "GL Balances") + "/views").json()["views"]) == 2
    assert filled.get("/views/102000000099").status_code == 404


def test_view_data_comes_as_grid_table_or_json(filled):
    path = f"/views/{filled.id('modules', 'AP Invoices')}/data"
    body = filled.get(path, **JSON_DATA).json()
    assert body["columnCoordinates"][0] == ["Supplier"]
    assert body["rows"][0]["rowCoordinates"] == ["I1"]
    assert body["rows"][0]["cells"][0] == "Name of S1"
    assert body["rows"][1]["cells"][6] == "0"
    grid = rows_of(filled.get(path).text)
    assert (grid[0][:2], grid[1][:2]) == (["", "Supplier"], ["I1", "Name of S1"])
    without_format = filled.get(path, headers={"Accept": "application/json"})
    assert without_format.headers["content-type"].startswith("text/csv")
    wide = {"exportType": "TABULAR_MULTI_COLUMN", "moduleId": filled.id("modules", "AP Invoices")}
    assert rows_of(filled.get(path, params=wide).text)[0][:2] == ["AP Invoices", "Supplier"]
    assert len(rows_of(filled.get(path, params={**wide, "maxRows": 1}).text)) == 2
    long = rows_of(filled.get(path, params={**wide, "exportType": "TABULAR_SINGLE_COLUMN"}).text)
    assert long[1] == ["I1", "Supplier", "Name of S1"]
    quoted = filled.get(path, params=wide, headers={"Accept": "text/csv;escaped=true"}).text
    assert quoted.startswith('"AP Invoices"')
    assert filled.get(path, params={"exportType": "TABULAR_MULTI_COLUMN"}).status_code == 400
    assert filled.get(path, params={"exportType": "PIVOT"}).status_code == 400
    assert filled.get(path, params={"maxRows": "all"}).status_code == 400


def test_pages_are_selected_by_dimension_and_item(anaplan):
    anaplan.load("Accounts from accounts.csv", "Code,Name,Account Group,Company,GL Code,Cost Center\nA1,One,,,,\n")
    anaplan.load("GL Balances from gl_balances.csv", "Account,Period,Closing Balance,Movement\nA1,Feb 24,5.5,2\n")
    path = f"/views/{anaplan.id('modules', 'GL Balances')}/data"
    months = anaplan.get("/dimensions/20000000003/items").json()["items"]
    february = next(month["id"] for month in months if month["name"] == "Feb 24")
    page = {"pages": f"20000000003:{february}"}
    assert rows_of(anaplan.get(path, params=page).text) == [
        ["Feb 24"],
        ["", "Closing Balance", "Movement"],
        ["One", "5.5", "2"],
    ]
    assert rows_of(anaplan.get(path).text)[0] == ["Jan 22"]
    assert anaplan.get(path, params={"format": "v1", **page}, headers={"Accept": "application/json"}).json()[
        "pages"
    ] == ["Feb 24"]
    assert len(rows_of(anaplan.get(path, params={"exportType": "GRID_ALL_PAGES"}).text)) == 72 * 3
    wrong = anaplan.get(path, params={"pages": "20000000003:1"})
    assert wrong.status_code == 400
    assert "Invalid page selector [20000000003:1]" in wrong.json()["status"]["message"]


def finished_read(anaplan, path, name):
    deadline = time.monotonic() + 10
    while (body := anaplan.get(path).json()[name])["requestState"] != "COMPLETE":
        assert time.monotonic() < deadline
    return body


@pytest.mark.parametrize("header", ["first", "every"])
def test_large_reads_are_asked_for_paged_and_deleted(filled, header):
    filled.control.switch("anaplan", "read_page_header", header)
    filled.control.switch("anaplan", "export_chunk_bytes", 40)
    for kind, object_id, body in (
        ("view", filled.id("modules", "AP Invoices"), {"exportType": "TABULAR_MULTI_COLUMN"}),
        ("list", filled.id("lists", "Suppliers"), {}),
    ):
        name = f"{kind}ReadRequest"
        asked = filled.call("POST", f"/{kind}s/{object_id}/readRequests", json=body).json()[name]
        assert asked[f"{kind}Id"] == int(object_id), "ids of read requests are numbers, where others are texts"
        path = f"/{kind}s/{object_id}/readRequests/{asked['requestId']}"
        done = finished_read(filled, path, name)
        assert (done["successful"], done["availablePages"] > 1) == (True, True)
        pages = [filled.get(f"{path}/pages/{number}").text for number in range(done["availablePages"])]
        first_line = pages[0].splitlines()[0]
        assert "".join(pages).count(first_line) == (1 if header == "first" else len(pages))
        assert filled.get(f"{path}/pages/{len(pages)}").status_code == 404
        assert filled.call("DELETE", path).status_code == 200
        assert filled.get(path).status_code == 404


def test_a_large_read_expires_when_nobody_asks(filled):
    path = f"/lists/{filled.id('lists', 'Suppliers')}/readRequests"
    asked = filled.call("POST", path).json()["listReadRequest"]["requestId"]
    finished_read(filled, f"{path}/{asked}", "listReadRequest")
    filled.control.advance(1801)
    assert filled.get(f"{path}/{asked}").status_code == 404
    assert filled.call("POST", "/lists/101000000099/readRequests").status_code == 404


def test_the_calendar_is_read_and_moved(anaplan):
    calendar = anaplan.get("/modelCalendar").json()["modelCalendar"]
    assert (calendar["fiscalYear"]["year"], calendar["currentPeriod"]["periodText"]) == ("FY26", "Nov 26")
    moved = anaplan.call("PUT", "/currentPeriod", json={"date": "2026-12-24"}).json()["currentPeriod"]
    assert (moved["periodText"], moved["lastDay"]) == ("Dec 26", "2026-12-31")
    assert anaplan.call("PUT", "/currentPeriod?date=2026-01-31").json()["currentPeriod"]["periodText"] == "Jan 26"
    assert anaplan.get("/currentPeriod").json()["currentPeriod"]["lastDay"] == "2026-01-31"
    year = anaplan.call("PUT", "/modelCalendar/fiscalYear", json={"year": "FY27"}).json()["modelCalendar"]
    assert year["fiscalYear"]["startDate"] == "2027-01-01"
    assert anaplan.call("PUT", "/modelCalendar/fiscalYear", json={"year": "2027"}).status_code == 400
    assert anaplan.get("/versions").json()["versionMetadata"][0]["name"] == "Actual"


def test_items_may_be_left_as_they_are_without_a_failure(filled):
    filled.control.switch("anaplan", "list_items_lost", 1)
    answer = write(filled, "Suppliers", "delete", {"code": "S1"}, {"code": "S2"})
    assert answer.items() >= {"deleted": 1, "ignored": 1, "total": 2}.items()
    assert "failures" not in answer


def test_the_counts_of_a_delete_may_stand_within_a_result(filled):
    filled.control.switch("anaplan", "list_delete_answer", "result")
    answer = write(filled, "Suppliers", "delete", {"code": "S1"}, {"code": "S9"})
    assert (answer["result"]["numberOfItemsDeleted"], len(answer["result"]["failures"])) == (1, 1)
    assert "deleted" not in answer


@pytest.mark.parametrize(
    ("query", "body", "words"),
    [
        ("?date=2026-01-31", {"date": "2026-01-31"}, "use query parameter or body to set date, not both"),
        ("", {"date": "31.01.2026"}, "Invalid ISO date format '31.01.2026'. Date should match format YYYY-MM-DD"),
        (
            "?date=1999-01-01",
            {},
            "Specified date '1999-01-01' is out of timescale range 2022-01-01 - 2027-12-31",
        ),
    ],
)
def test_a_current_period_that_can_not_be_is_refused_in_words(anaplan, query, body, words):
    answer = anaplan.call("PUT", f"/currentPeriod{query}", json=body)
    assert (answer.status_code, answer.json()["status"]["message"]) == (400, words)


def test_a_version_has_a_switchover(anaplan):
    version = anaplan.get("/versions").json()["versionMetadata"][0]["id"]
    assert anaplan.call("PUT", f"/versions/{version}/switchover", json={"date": "2026-06-30"}).status_code == 200
    assert anaplan.get("/versions").json()["versionMetadata"][0]["switchover"] == "Jun 26"
    assert anaplan.call("PUT", f"/versions/{version}/switchover", json={"date": "June"}).status_code == 400
    assert anaplan.call("PUT", "/versions/107000000099/switchover", json={"date": "2026-06-30"}).status_code == 404
