"""Uploads in chunks, whole files, private and default content, downloads."""

from __future__ import annotations

import gzip
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.tests.anaplan_client import JSON, SUPPLIER_HEADER, SUPPLIERS, supplier, table

TWO_DAYS = 48 * 3600


def text_of(count):
    return table(SUPPLIER_HEADER, *(supplier(f"S{number}") for number in range(count)))


def test_chunks_may_come_in_any_order_at_once_and_cut_anywhere(anaplan):
    content = table(SUPPLIER_HEADER, *(supplier(f"S{number}", f"Größe {number} €") for number in range(50))).encode()
    chunks = [content[start : start + 97] for start in range(0, len(content), 97)]
    path = f"/files/{anaplan.id('files', 'suppliers.csv')}"
    anaplan.call("POST", path, json={"chunkCount": len(chunks)})
    with ThreadPoolExecutor(4) as pool:
        order = reversed(range(len(chunks)))
        answers = list(pool.map(lambda number: anaplan.put_chunk("suppliers.csv", number, chunks[number]), order))
    assert {answer.status_code for answer in answers} == {204}
    assert answers[0].content == b""
    assert anaplan.get(path).content == content
    assert anaplan.run("imports", SUPPLIERS)["result"]["failureDumpAvailable"] is False
    assert anaplan.items("Suppliers")["S49"]["name"] == "Größe 49 €"


def test_raw_chunks_are_taken_as_they_are(anaplan):
    anaplan.upload("suppliers.csv", text_of(3), packed=False)
    anaplan.run("imports", SUPPLIERS)
    assert len(anaplan.items("Suppliers")) == 3


def test_a_new_upload_replaces_the_old_one_whole(anaplan):
    path = anaplan.upload("suppliers.csv", "one", "two")
    anaplan.call("POST", path, json={"chunkCount": 1})
    assert "chunks" not in anaplan.get(path + "/chunks").json()


def test_a_chunk_can_be_sent_again(anaplan):
    path = anaplan.upload("suppliers.csv", "wrong", "two")
    anaplan.put_chunk("suppliers.csv", 0, "one")
    assert anaplan.get(path).text == "onetwo"
    assert anaplan.get(path + "/chunks/1").text == "two"
    assert [chunk["id"] for chunk in anaplan.get(path + "/chunks").json()["chunks"]] == ["0", "1"]


def test_an_upload_of_unknown_length_must_be_completed(anaplan):
    path = f"/files/{anaplan.id('files', 'suppliers.csv')}"
    anaplan.call("POST", path, json={"chunkCount": -1})
    for number, chunk in enumerate((text_of(2), supplier("S9") + "\n")):
        anaplan.put_chunk("suppliers.csv", number, chunk)
    failed = anaplan.run("imports", SUPPLIERS)["result"]
    assert failed["details"][0]["type"] == "uploadedFileNoLongerAvailable"
    anaplan.control.switch("anaplan", "complete_seconds", 0.05)
    for body in ({"id": int(path.rsplit("/", 1)[1])}, {"id": path.rsplit("/", 1)[1], "name": "x", "headerRow": 1}, {}):
        answer = anaplan.call("POST", path + "/complete", json=body)
        assert answer.json()["file"]["chunkCount"] == 2
    assert anaplan.run("imports", SUPPLIERS)["result"]["successful"] is True
    assert set(anaplan.items("Suppliers")) == {"S0", "S1", "S9"}


@pytest.mark.parametrize("switch", ["uploadedFileNoLongerAvailable", "importFailedGeneralError", "load_partial"])
def test_an_import_with_a_missing_chunk_fails_or_loads_what_is_there(anaplan, switch):
    anaplan.control.switch("anaplan", "missing_chunk", switch)
    anaplan.call("POST", f"/files/{anaplan.id('files', 'suppliers.csv')}", json={"chunkCount": 2})
    anaplan.put_chunk("suppliers.csv", 0, text_of(2))
    task = anaplan.run("imports", SUPPLIERS)
    if switch == "load_partial":
        assert task["result"]["successful"] is True
        assert len(anaplan.items("Suppliers")) == 2
    else:
        assert (task["taskState"], task["currentStep"]) == ("COMPLETE", "Failed.")
        assert task["result"]["details"][0]["type"] == switch
        assert anaplan.items("Suppliers") == {}


def test_damaged_gzip_and_misplaced_chunks_are_refused(anaplan):
    path = anaplan.upload("suppliers.csv", "one")
    packed = {"Content-Type": "application/x-gzip"}
    broken = gzip.compress(b"one")[:-3]
    assert anaplan.call("PUT", path + "/chunks/0", data=broken, headers=packed).status_code == 400
    assert anaplan.call("PUT", path + "/chunks/0", data=b"plain", headers=packed).status_code == 400
    assert anaplan.put_chunk("suppliers.csv", 1, "two").status_code == 400
    assert anaplan.call("PUT", path, data=gzip.compress(b"one"), headers=packed).status_code == 415
    assert anaplan.put_chunk("warehouses.csv", 0, "no chunk count set").status_code == 400
    assert anaplan.get(path).text == "one"


@pytest.mark.parametrize("status", ["400", "413"])
def test_chunks_and_their_number_are_limited(anaplan, status):
    anaplan.control.switch("anaplan", "limit_status", status)
    path = anaplan.upload("suppliers.csv", "one")
    zeros = gzip.compress(bytes(51 * 1024 * 1024), 1)
    answer = anaplan.call("PUT", path + "/chunks/0", data=zeros, headers={"Content-Type": "application/x-gzip"})
    assert answer.status_code == int(status)
    assert anaplan.call("POST", path, json={"chunkCount": 1001}).status_code == int(status)


def test_a_small_file_goes_up_in_one_call(anaplan):
    path = f"/files/{anaplan.id('files', 'suppliers.csv')}"
    headers = {"Content-Type": "application/octet-stream"}
    assert anaplan.call("PUT", path, data=text_of(2).encode(), headers=headers).status_code == 204
    anaplan.run("imports", SUPPLIERS)
    assert len(anaplan.items("Suppliers")) == 2


def test_an_unknown_name_makes_a_new_file_with_another_id(anaplan):
    answer = anaplan.call("POST", "/files/113999999999", json={"chunkCount": 1}).json()["file"]
    assert answer["id"] != "113999999999"
    assert (answer["name"], answer["headerRow"], answer["firstDataRow"]) == ("113999999999", -1, -1)
    assert any(file["id"] == answer["id"] for file in anaplan.get("/files").json()["files"])


def test_parsing_settings_travel_with_the_upload(anaplan):
    path = f"/files/{anaplan.id('files', 'warehouses.csv')}"
    settings = {"chunkCount": 1, "separator": ";", "delimiter": "'", "encoding": "UTF-16LE", "headerRow": 2}
    answer = anaplan.call("POST", path, json={**settings, "firstDataRow": 3}).json()["file"]
    assert (answer["separator"], answer["headerRow"], answer["chunkCount"]) == (";", 2, 1)
    anaplan.put_chunk("warehouses.csv", 0, "made today\nCode;Name;Company\nW1;'One; first';EDU1\n".encode("utf-16-le"))
    anaplan.run("imports", "Warehouses from warehouses.csv")
    assert anaplan.items("Warehouses")["W1"]["name"] == "One; first"
    assert anaplan.call("POST", path, json={"separator": 1}).status_code == 400


def test_an_empty_upload_empties_the_file_or_leaves_the_old_content(anaplan):
    path = anaplan.upload("suppliers.csv", text_of(1))
    anaplan.control.switch("anaplan", "zero_chunks", "keeps")
    anaplan.call("POST", path, json={"chunkCount": 0})
    assert anaplan.get(path).status_code == 200
    anaplan.control.switch("anaplan", "zero_chunks", "empties")
    anaplan.call("POST", path, json={"chunkCount": 0})
    assert anaplan.get(path).status_code == 404
    assert anaplan.run("imports", SUPPLIERS)["result"]["details"][0]["type"] == "missingFields"


def test_uploads_are_private_and_die_after_48_hours_without_access(anaplan, other_user):
    path = anaplan.upload("suppliers.csv", text_of(2))
    planner = other_user("planner")
    assert planner.get(path).status_code == 404
    listed = planner.get(path + "/chunks")
    assert (listed.status_code, "chunks" in listed.json()) == (200, False)
    assert planner.run("imports", SUPPLIERS)["result"]["details"][0]["type"] == "uploadedFileNoLongerAvailable"
    anaplan.control.switch("anaplan", "token_seconds", 10 * TWO_DAYS)
    anaplan.http.headers["Authorization"] = "AnaplanAuthToken " + other_user("integration").token
    anaplan.control.advance(TWO_DAYS - 60)
    assert anaplan.get(path).status_code == 200
    anaplan.control.advance(TWO_DAYS - 60)
    assert anaplan.get(path).status_code == 200
    anaplan.control.advance(TWO_DAYS + 60)
    assert anaplan.get(path).status_code == 404


def test_the_default_file_stands_in_and_admins_only_files_look_empty_to_others(anaplan, other_user):
    planner, path = other_user("planner"), f"/files/{anaplan.id('files', 'suppliers.csv')}"
    default = {"file": "suppliers.csv", "content": text_of(1), "audience": "admins"}
    anaplan.control.call("POST", "/anaplan/default-file", default)
    assert anaplan.get(path).text == text_of(1)
    assert planner.get(path).status_code == 404
    anaplan.control.call("POST", "/anaplan/default-file", {**default, "audience": "everyone"})
    assert planner.get(path).text == text_of(1)
    anaplan.upload("suppliers.csv", text_of(2))
    assert anaplan.get(path).text == text_of(2)
    assert anaplan.call("DELETE", path).status_code == 204
    assert anaplan.get(path).text == text_of(1)


def test_exports_land_in_a_file_of_the_same_id_in_chunks(anaplan):
    anaplan.load(SUPPLIERS, text_of(30))
    export_id = anaplan.id("exports", "Suppliers.csv")
    assert anaplan.get(f"/files/{export_id}").status_code == 404
    anaplan.control.switch("anaplan", "export_chunk_bytes", 500)
    assert anaplan.run("exports", "Suppliers.csv")["result"]["details"][0]["type"] == "exportSucceeded"
    chunks = anaplan.get(f"/files/{export_id}/chunks").json()["chunks"]
    assert len(chunks) > 3
    joined = b"".join(anaplan.get(f"/files/{export_id}/chunks/{chunk['id']}").content for chunk in chunks)
    assert joined == anaplan.get(f"/files/{export_id}").content
    lines = joined.decode().splitlines()
    assert lines[0].startswith("Suppliers,Parent,Code,Company,Supplier")
    assert len(lines) == 31
    listed = [file for file in anaplan.get("/files").json()["files"] if file["id"] == export_id]
    assert listed[0]["chunkCount"] == len(chunks)
    assert "separator" not in listed[0]


def test_an_export_describes_its_columns(anaplan):
    metadata = anaplan.get(f"/exports/{anaplan.id('exports', 'AP Invoices.csv')}").json()["exportMetadata"]
    assert metadata["headerNames"][:3] == ["AP Invoices", "Supplier", "Reference"]
    assert metadata["dataTypes"][1:6] == ["ENTITY", "TEXT", "DATE", "DATE", "TIME_ENTITY"]
    assert metadata["columnCount"] == len(metadata["dataTypes"]) == 11
    listed = anaplan.get(f"/exports/{anaplan.id('exports', 'Suppliers.csv')}").json()["exportMetadata"]
    assert listed["headerNames"][0] == "Suppliers"
    assert anaplan.get("/exports/116000000099").status_code == 404


def test_an_import_describes_its_source_file(anaplan):
    def source(name):
        return anaplan.get(f"/imports/{anaplan.id('imports', name)}").json()["importMetadata"]["source"]

    inventory = source("Inventory from inventory.csv")
    assert (inventory["columnSeparator"], inventory["textEncoding"], inventory["decimalSeparator"]) == (
        "\t",
        "UTF-16LE",
        ",",
    )
    customers = source("Customers from customers.csv")
    assert (customers["columnSeparator"], customers["textEncoding"]) == (";", "ISO-8859-1")
    assert source(SUPPLIERS)["headerNames"] == SUPPLIER_HEADER.split(",")
    module_source = f"/imports/{anaplan.id('imports', 'Balances to archive')}"
    assert anaplan.get(module_source).json()["importMetadata"] == {"name": "Balances to archive", "type": "MODEL"}
    assert anaplan.get("/imports/112000999999").status_code == 500
    listed = {row["name"]: row for row in anaplan.get("/imports").json()["imports"]}
    assert listed["Balances to archive"]["importDataSourceId"] == ""
    assert listed[SUPPLIERS]["importDataSourceId"] == anaplan.id("files", "suppliers.csv")


def test_a_process_lists_its_actions_in_run_order(anaplan):
    path = f"/processes/{anaplan.id('processes', 'Load AP Invoices')}"
    actions = anaplan.get(path, params={"showImportDataSource": "true"}).json()["processMetadata"]["actions"]
    assert [action["importType"] for action in actions] == ["HIERARCHY_DATA", "MODULE_DATA"]
    assert {action["actionType"] for action in actions} == {"IMPORT"}
    assert actions[0]["importDataSource"]["importDataSourceId"] == anaplan.id("files", "ap_invoices.csv")
    assert anaplan.get("/processes/118000000099").status_code == 404


def test_tasks_need_a_locale_and_no_unknown_fields(anaplan):
    path = f"/imports/{anaplan.id('imports', SUPPLIERS)}/tasks"
    missing = anaplan.call("POST", path, json={})
    assert missing.status_code == 400
    assert "Expected mandatory field 'localeName'" in missing.json()["status"]["message"]
    unknown = anaplan.call("POST", path, json={**JSON, "runInParallel": True})
    assert "Identified an unrecognized 'runInParallel'." in unknown.json()["status"]["message"]
    mapping = [{"entityType": "Version", "entityName": "Actual"}]
    assert anaplan.call("POST", path, json={"localeName": "en_GB", "mappingParameters": mapping}).status_code == 200
    assert anaplan.call("POST", path, data=b"{").status_code == 400
    assert anaplan.call("POST", "/imports/112000999999/tasks", json=JSON).status_code == 404
