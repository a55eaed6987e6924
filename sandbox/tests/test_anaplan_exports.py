"""What leaves a model: exports with their metadata and chunks, and large reads while they go on."""

from __future__ import annotations

import csv
import io
import time

import pytest

TEXT = 'Größe, "neu"\nRest'


def line(number, **values):
    return {"dimensions": {"Plan Lines": f"L{number}"}, "values": values}


@pytest.fixture
def planned(anaplan):
    """Two plan lines, one with a text that needs quotes."""
    first = line(1, Amount=10.50, Text=TEXT, Approved=True, Period="Jan 27", Version="Budget 2027")
    anaplan.control.fill([first, line(2, Amount=-3)], module="Plan Lines")
    return anaplan


def export_of(anaplan, name):
    return anaplan.id("exports", name)


def exported(anaplan, name):
    assert anaplan.run("exports", name)["result"]["successful"]
    return anaplan.get(f"/files/{export_of(anaplan, name)}").content


def parsed(content, separator=","):
    return list(csv.reader(io.StringIO(content.decode()), delimiter=separator))


def metadata_of(anaplan, name):
    return anaplan.get(f"/exports/{export_of(anaplan, name)}").json()["exportMetadata"]


def test_an_export_of_a_module_has_its_metadatas_columns_and_every_value(planned):
    metadata = metadata_of(planned, "Plan Lines.csv")
    header, first, second = parsed(exported(planned, "Plan Lines.csv"))
    assert header == metadata["headerNames"]
    assert len(header) == metadata["columnCount"]
    types = dict(zip(header, metadata["dataTypes"], strict=True))
    wanted = {"Amount": "NUMBER", "Approved": "BOOLEAN", "Period": "TIME_ENTITY", "Text": "TEXT", "Account": "ENTITY"}
    assert wanted.items() <= types.items()
    row = dict(zip(header, first, strict=True))
    assert (row["Plan Lines"], row["Version"], row["Period"]) == ("L1", "Budget 2027", "Jan 27")
    assert (row["Amount"], row["Approved"], row["Text"]) == ("10.5", "true", TEXT)
    assert second == ["L2", "", "", "", "", "", "-3", "", "", "false"]


def test_an_export_in_one_column_names_its_line_items_and_is_of_mixed_type(planned):
    name = "Plan Lines by line item.txt"
    metadata = metadata_of(planned, name)
    assert (metadata["separator"], metadata["exportFormat"]) == ("\t", "text/plain")
    assert metadata["dataTypes"] == ["ENTITY", "ENTITY", "MIXED"]
    rows = parsed(exported(planned, name), "\t")
    assert rows[0] == metadata["headerNames"] == ["Plan Lines", "Line Items", "Value"]
    assert len(rows) - 1 == metadata["rowCount"] == 18
    assert ["L1", "Amount", "10.5"] in rows


@pytest.mark.parametrize("place", ["rows", "bytes"])
def test_chunks_end_at_rows_or_anywhere(planned, place):
    whole = exported(planned, "Plan Lines.csv")
    planned.control.switch("anaplan", "export_chunk_bytes", 25)
    planned.control.switch("anaplan", "export_chunks_at", place)
    assert exported(planned, "Plan Lines.csv") == whole
    path = f"/files/{export_of(planned, 'Plan Lines.csv')}/chunks"
    chunks = [planned.get(f"{path}/{chunk['id']}").content for chunk in planned.get(path).json()["chunks"]]
    assert b"".join(chunks) == whole
    if place == "rows":
        assert all(chunk.endswith(b"\r\n") for chunk in chunks)
    else:
        assert {len(chunk) for chunk in chunks[:-1]} == {25}


@pytest.mark.parametrize(("left", "count"), [("header", 1), ("empty_file", 1), ("no_chunks", 0)])
def test_an_export_without_rows_leaves_a_header_or_nothing(anaplan, left, count):
    anaplan.control.switch("anaplan", "export_empty", left)
    anaplan.run("exports", "Plan Lines.csv")
    path = f"/files/{export_of(anaplan, 'Plan Lines.csv')}"
    assert len(anaplan.get(f"{path}/chunks").json().get("chunks", [])) == count
    answer = anaplan.get(path)
    assert answer.status_code == (200 if count else 404)
    if count:
        assert answer.content.startswith(b"Plan Lines,Version") is (left == "header")


def test_the_chunks_of_an_export_may_be_gone_before_they_are_read(planned):
    planned.control.switch("anaplan", "export_output", "gone")
    assert planned.run("exports", "Plan Lines.csv")["result"]["successful"] is True
    export_id = export_of(planned, "Plan Lines.csv")
    file = next(file for file in planned.get("/files").json()["files"] if file["id"] == export_id)
    assert file["chunkCount"] == 0
    assert "chunks" not in planned.get(f"/files/{export_id}/chunks").json()


def test_fields_that_need_it_are_quoted_or_all_are(planned):
    assert b'Jan 27,10.5,,"Gr\xc3\xb6\xc3\x9fe, ""neu""\nRest",true\r\n' in exported(planned, "Plan Lines.csv")
    planned.control.switch("anaplan", "export_quoting", "all")
    assert b'"Jan 27","10.5","",' in exported(planned, "Plan Lines.csv")


@pytest.mark.parametrize(("pattern", "text"), [("dd/MM/yyyy", "05/11/2026"), ("MM/dd/yyyy", "11/05/2026")])
def test_dates_and_numbers_are_written_as_switched_in_exports_and_reads(anaplan, pattern, text):
    values = {"Invoice Date": "2026-11-05", "Amount": "1.50"}
    anaplan.control.fill([{"dimensions": {"Planned Invoices": "I1"}, "values": values}], module="Planned Invoices")
    anaplan.control.fill([{"code": "S1", "properties": {"Balance": "2.00"}}], list_name="Suppliers")
    anaplan.control.switch("anaplan", "date_text", pattern)
    anaplan.control.switch("anaplan", "number_text", "shortest")
    header, row = parsed(exported(anaplan, "Planned Invoices.csv"))
    cells = dict(zip(header, row, strict=True))
    assert (cells["Invoice Date"], cells["Amount"]) == (text, "1.5")
    view = anaplan.get(f"/views/{anaplan.id('modules', 'Planned Invoices')}/data")
    assert text in view.text
    items = anaplan.get(f"/lists/{anaplan.id('lists', 'Suppliers')}/items", params={"includeAll": "true"}).json()
    assert items["listItems"][0]["properties"]["Balance"] == "2"


@pytest.mark.parametrize("counted", ["counted", "absent"])
def test_pages_of_a_large_read_may_be_fetched_before_it_is_complete(planned, counted):
    planned.control.switch("anaplan", "export_chunk_bytes", 40)
    planned.control.switch("anaplan", "read_request_seconds", 1000)
    planned.control.switch("anaplan", "read_progress_pages", counted)
    root = f"/views/{planned.id('modules', 'Plan Lines')}/readRequests"
    asked = planned.call("POST", root, json={"exportType": "TABULAR_MULTI_COLUMN"}).json()["viewReadRequest"]
    assert asked["requestState"] == "NOT_STARTED"
    path = f"{root}/{asked['requestId']}"
    assert planned.get(f"{path}/pages/0").status_code == 404
    planned.control.advance(501)
    state = until(planned, path, lambda body: body["requestState"] == "IN_PROGRESS")
    assert "successful" not in state
    deadline = time.monotonic() + 10
    while (page := planned.get(f"{path}/pages/2")).status_code == 404:
        assert time.monotonic() < deadline
    assert page.text.startswith("L2,")
    if counted == "counted":
        until(planned, path, lambda body: body["availablePages"] == 3)
    else:
        assert "availablePages" not in planned.get(path).json()["viewReadRequest"]
    planned.control.advance(500)
    done = until(planned, path, lambda body: body["requestState"] == "COMPLETE")
    assert (done["availablePages"], done["successful"]) == (3, True)


def until(anaplan, path, ready):
    deadline = time.monotonic() + 10
    while not ready(body := anaplan.get(path).json()["viewReadRequest"]):
        assert time.monotonic() < deadline, body
    return body


def test_a_large_read_that_is_deleted_early_is_cancelled(planned):
    planned.control.switch("anaplan", "read_request_seconds", 1000)
    root = f"/views/{planned.id('modules', 'Plan Lines')}/readRequests"
    asked = planned.call("POST", root, json={}).json()["viewReadRequest"]
    gone = planned.call("DELETE", f"{root}/{asked['requestId']}").json()["viewReadRequest"]
    assert gone["requestState"] == "CANCELLED"
    assert planned.get(f"{root}/{asked['requestId']}").status_code == 404
