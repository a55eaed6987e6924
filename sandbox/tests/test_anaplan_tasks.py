"""The queue of a model: one action at a time, cancellation, processes, dumps, busy models."""

from __future__ import annotations

import re
import time

import pytest

from sandbox.tests.anaplan_client import (
    INVOICE_HEADER,
    INVOICE_LIST,
    INVOICES,
    JSON,
    SUPPLIER_HEADER,
    SUPPLIERS,
    invoice,
    supplier,
    table,
)

GOOD = table(SUPPLIER_HEADER, supplier("S1"), supplier("S2"))
BAD = table(SUPPLIER_HEADER, supplier("S1"), supplier("", "No key"))


def wait_for(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def state(anaplan, path):
    return anaplan.task(path)["taskState"]


def test_a_task_starts_waits_runs_and_completes(anaplan):
    anaplan.upload("suppliers.csv", GOOD)
    anaplan.control.foreign_task(0.4)
    path = anaplan.start("imports", SUPPLIERS)
    task = anaplan.task(path)
    assert re.fullmatch(r"[0-9A-F]{32}", task["taskId"])
    assert (task["taskState"], task["progress"]) == ("NOT_STARTED", 0.0)
    assert "result" not in task
    assert isinstance(task["creationTime"], int)
    done = anaplan.finish(path)
    assert (done["taskState"], done["currentStep"], done["progress"]) == ("COMPLETE", "Complete.", 1.0)
    assert done["result"]["objectName"] == SUPPLIERS


def test_actions_of_one_model_run_one_after_the_other(anaplan):
    anaplan.upload("suppliers.csv", GOOD)
    anaplan.control.foreign_task(0.3)
    paths = [anaplan.start("imports", SUPPLIERS) for _ in range(3)]
    seen = []

    def over():
        third, second, first = (state(anaplan, path) for path in reversed(paths))
        seen.append((first, second, third))
        return third == "COMPLETE"

    wait_for(over)
    assert seen[0] == ("NOT_STARTED",) * 3
    # Asked last to first: whoever has begun, those before it must have ended when they are asked.
    for states in seen:
        begun = [position for position, each in enumerate(states) if each != "NOT_STARTED"]
        assert all(each == "COMPLETE" for each in states[: max(begun, default=0)])
    report = anaplan.control.report()["anaplan"]
    assert report["max_overlap"][anaplan.model_id] == 1
    assert report["max_pending"][anaplan.model_id] == 4
    assert report["tasks"][anaplan.model_id]["COMPLETE"] == 4


def test_models_do_not_wait_for_each_other(anaplan):
    models = {row["name"]: row["id"] for row in anaplan.get(f"{anaplan.root}/models").json()["models"]}
    anaplan.control.foreign_task(2)
    began = time.monotonic()
    assert anaplan.get(f"{anaplan.root}/models/{models['Workforce']}/lists").status_code == 200
    assert time.monotonic() - began < 1.5


def test_a_busy_model_answers_about_tasks_and_lets_the_rest_wait(anaplan):
    export_id = anaplan.id("exports", "Suppliers.csv")
    anaplan.control.foreign_task(0.5)
    began = time.monotonic()
    for path in ("/imports", "/exports", f"/exports/{export_id}", "/processes", "/actions", "/status"):
        assert anaplan.get(path).status_code == 200
    status = anaplan.get("/status").json()["requestStatus"]
    quick = time.monotonic() - began
    assert status["currentStep"] == "Processing ..."
    assert "Import started by user Jesse Smith" in status["tooltip"]
    assert anaplan.get(f"{anaplan.root}/models/{anaplan.model_id}").json()["model"]["modelTransactionRunning"] is True
    anaplan.get("/lists")
    assert time.monotonic() - began >= 0.45
    assert quick < 0.45


def test_a_busy_model_can_answer_at_once(anaplan):
    anaplan.control.switch("anaplan", "busy_blocks", False)
    files = anaplan.id("files", "suppliers.csv")
    anaplan.control.foreign_task(5)
    began = time.monotonic()
    assert anaplan.call("POST", f"/files/{files}", json={"chunkCount": 1}).status_code == 200
    assert time.monotonic() - began < 2
    assert anaplan.control.report()["anaplan"]["uploads_during_tasks"][anaplan.model_id] == 1


def test_a_waiting_task_is_cancelled_at_once(anaplan):
    anaplan.upload("suppliers.csv", GOOD)
    anaplan.control.foreign_task(0.3)
    path = anaplan.start("imports", SUPPLIERS)
    task = anaplan.call("DELETE", path).json()["task"]
    assert (task["taskState"], task["cancelledBy"]) == ("CANCELLED", anaplan.info["username"])
    assert task["result"]["details"][0]["type"] == "msgImportCancelled"
    assert anaplan.items("Suppliers") == {}


@pytest.mark.parametrize("shown", [True, False])
def test_cancelling_a_running_process_takes_back_all_it_did(anaplan, shown):
    anaplan.control.switch("anaplan", "cancelling", shown)
    anaplan.load(SUPPLIERS, GOOD)
    anaplan.load(INVOICE_LIST, table(INVOICE_HEADER, invoice("I0")))
    anaplan.load(INVOICES, table(INVOICE_HEADER, invoice("I0", value="1.00")))
    anaplan.control.switch("anaplan", "extra_task_seconds", 0.4)
    anaplan.upload("ap_invoices.csv", table(INVOICE_HEADER, invoice("I0", value="2.00"), invoice("I1", value="2.00")))
    path = anaplan.start("processes", "Load AP Invoices")
    wait_for(lambda: len(anaplan.control.list_items("AP Invoices")) > 1)
    answer = anaplan.call("DELETE", path).json()["task"]["taskState"]
    assert answer == ("CANCELLING" if shown else "IN_PROGRESS")
    assert anaplan.finish(path)["taskState"] == "CANCELLED"
    assert list(anaplan.items("AP Invoices")) == ["I0"]
    assert anaplan.cells("AP Invoices")[("I0",)]["Original Value"] == "1.00"


def test_an_administrator_may_cancel_what_runs(anaplan):
    anaplan.upload("suppliers.csv", GOOD)
    anaplan.control.foreign_task(5)
    path = anaplan.start("imports", SUPPLIERS)
    assert len(anaplan.control.call("POST", "/anaplan/cancel-tasks", {})["cancelled"]) == 2
    assert anaplan.finish(path)["cancelledBy"].startswith("jesse@")


def test_finished_tasks_stay_finished_and_unknown_ones_are_absent(anaplan):
    _, path = anaplan.load(SUPPLIERS, GOOD)
    assert anaplan.call("DELETE", path).json()["task"]["taskState"] == "COMPLETE"
    assert anaplan.get(path[:-1] + "X").status_code == 404


def test_tasks_are_listed_with_paging_and_some_history(anaplan):
    anaplan.control.switch("anaplan", "task_history", 3)
    paths = [anaplan.load(SUPPLIERS, GOOD)[1] for _ in range(4)]
    body = anaplan.get(paths[0].rsplit("/", 1)[0], params={"sort": "-creationTime"}).json()
    assert body["meta"]["paging"]["totalSize"] == 3
    assert body["tasks"][0]["taskId"] == paths[3].rsplit("/", 1)[1]
    assert set(body["tasks"][0]) == {"taskId", "taskState", "creationTime"}


# Failure dumps


def test_a_dump_has_the_source_columns_the_line_and_the_error(anaplan):
    task, path = anaplan.load(SUPPLIERS, BAD)
    assert (task["result"]["successful"], task["result"]["failureDumpAvailable"]) == (True, True)
    dump = anaplan.get(path + "/dump")
    assert dump.headers["content-type"].startswith("text/plain")
    header, row = dump.text.splitlines()
    assert header == ",".join(f'"{name}"' for name in [*SUPPLIER_HEADER.split(","), "_Line_", "_Error_1_"])
    assert row.endswith('"3","Empty key"')
    chunks = anaplan.get(path + "/dump/chunks").json()["chunks"]
    assert chunks == [{"id": "0", "name": "Chunk 0"}]
    assert anaplan.get(path + "/dump/chunks/0").content == dump.content
    assert anaplan.get(path + "/dump/chunks/1").status_code == 404


def test_only_the_last_failing_task_has_a_dump_until_a_clean_run(anaplan):
    _, first = anaplan.load(SUPPLIERS, BAD)
    _, second = anaplan.load(SUPPLIERS, BAD)
    assert anaplan.get(first + "/dump").status_code == 404
    assert anaplan.task(first)["result"]["failureDumpAvailable"] is True
    assert anaplan.get(second + "/dump").status_code == 200
    anaplan.load(SUPPLIERS, GOOD)
    assert anaplan.get(second + "/dump").status_code == 404
    assert anaplan.get(second + "/dump/chunks").status_code == 404


def test_a_dump_may_end_with_any_import_of_its_user(anaplan, other_user):
    _, first = anaplan.load(SUPPLIERS, BAD)
    other = table(INVOICE_HEADER, invoice("I1"))
    anaplan.load(INVOICE_LIST, other)
    assert anaplan.get(first + "/dump").status_code == 200
    anaplan.control.switch("anaplan", "dump_kept", "user")
    other_user("planner").load(SUPPLIERS, GOOD)
    assert anaplan.get(first + "/dump").status_code == 200
    anaplan.load(INVOICE_LIST, other)
    assert anaplan.get(first + "/dump").status_code == 404


def test_a_dump_expires_48_hours_after_its_last_access(anaplan, other_user):
    anaplan.control.switch("anaplan", "token_seconds", 10**7)
    anaplan.http.headers["Authorization"] = "AnaplanAuthToken " + other_user("integration").token
    _, path = anaplan.load(SUPPLIERS, BAD)
    assert other_user("planner").get(path + "/dump").status_code == 404
    anaplan.control.advance(47 * 3600)
    assert anaplan.get(path + "/dump").status_code == 200
    anaplan.control.advance(47 * 3600)
    assert anaplan.get(path + "/dump").status_code == 200
    anaplan.control.advance(49 * 3600)
    assert anaplan.get(path + "/dump").status_code == 404


def test_a_dump_follows_the_source_files_separator_or_uses_commas(anaplan):
    name, header = (
        "Customers from customers.csv",
        "Code;Name;Company;Customer;Class;Currency;Terms;Credit Limit;On Hold",
    )
    anaplan.upload("customers.csv", f"{header}\n;Müller;;;;;;;\n".encode("iso-8859-1"))
    path = anaplan.start("imports", name)
    anaplan.finish(path)
    assert '"";"Müller";' in anaplan.get(path + "/dump").content.decode()
    anaplan.control.switch("anaplan", "dump_separator", "comma")
    anaplan.control.switch("anaplan", "dump_encoding", "source")
    path = anaplan.start("imports", name)
    anaplan.finish(path)
    assert '"","Müller",' in anaplan.get(path + "/dump").content.decode("iso-8859-1")


def test_generic_column_names_stand_in_for_a_header_with_blanks(anaplan):
    text = table(SUPPLIER_HEADER + ",", supplier("", "No key") + ",x")
    _, path = anaplan.load(SUPPLIERS, text)
    assert anaplan.get(path + "/dump").text.startswith('"Column 1","Column 2",')


# Processes


def run_failing_process(anaplan):
    """The list import fails on a missing key column; the module import would not."""
    anaplan.upload("ap_invoices.csv", "Wrong,Header\n")
    return anaplan.run("processes", "Load AP Invoices", includeProcessDetails="true")


def test_a_process_reports_each_of_its_actions(anaplan):
    anaplan.load(SUPPLIERS, GOOD)
    anaplan.upload("ap_invoices.csv", table(INVOICE_HEADER, invoice("I1"), invoice("I2", "S9")))
    path = anaplan.start("processes", "Load AP Invoices")
    result = anaplan.finish(path)["result"]
    assert (result["successful"], result["failureDumpAvailable"]) == (True, True)
    listed, loaded = result["nestedResults"]
    assert (listed["failureDumpAvailable"], loaded["failureDumpAvailable"]) == (False, True)
    assert "duration" not in loaded
    detailed = anaplan.task(path, includeProcessDetails="true")["result"]["nestedResults"][1]
    assert {"startTime", "duration"} <= set(detailed)
    dumps = f"{path}/dumps/{loaded['objectId']}"
    assert '"Item not located in Suppliers list: S9"' in anaplan.get(dumps + "/chunks/0").text
    assert anaplan.get(dumps + "/chunks").json()["chunks"][0]["id"] == "0"
    assert anaplan.get(dumps).text == anaplan.get(dumps + "/chunks/0").text
    assert anaplan.get(f"{path}/dumps/{listed['objectId']}/chunks").status_code == 404


def test_a_failed_action_stops_its_process(anaplan):
    task = run_failing_process(anaplan)
    assert (task["currentStep"], task["result"]["successful"]) == ("Failed.", False)
    assert len(task["result"]["nestedResults"]) == 1
    assert "objectName" not in task["result"]["nestedResults"][0]


def test_or_the_process_goes_on_after_it(anaplan):
    anaplan.control.switch("anaplan", "process_after_failure", "continue")
    anaplan.control.switch("anaplan", "nested_names", True)
    nested = run_failing_process(anaplan)["result"]["nestedResults"]
    assert [each["successful"] for each in nested] == [False, False]
    assert nested[0]["objectName"] == INVOICE_LIST


def test_delete_by_selection_removes_items_with_their_cells(anaplan):
    anaplan.load(SUPPLIERS, GOOD)
    text = table(INVOICE_HEADER, invoice("I1"), invoice("I2", "S2"))
    anaplan.load(INVOICE_LIST, text)
    anaplan.load(INVOICES, text)
    anaplan.load("Mark removed AP invoices from removed_ap_invoices.csv", "Code,Removed\nI1,true\n")
    anaplan.load("Mark removed suppliers from removed_suppliers.csv", "Code,Removed\nS2,yes\nS7,yes\n")
    assert anaplan.run("actions", "Delete removed AP invoices")["result"]["details"][0]["type"] == (
        "deleteFromSelectionSucceeded"
    )
    anaplan.run("actions", "Delete removed suppliers")
    assert list(anaplan.items("AP Invoices")) == ["I2"]
    assert list(anaplan.items("Suppliers")) == ["S1"]
    cells = anaplan.cells("AP Invoices")
    assert list(cells) == [("I2",)]
    assert cells[("I2",)]["Supplier"] == ""


def test_an_import_from_an_archived_model_fails(anaplan):
    result = anaplan.run("imports", "Balances to archive")["result"]
    assert result["details"][0]["type"] == "sourceModelArchived"
    anaplan.control.model_state("UNLOCKED", "Plan FY20")
    assert anaplan.run("imports", "Balances to archive")["result"]["successful"] is True


def test_an_import_copies_another_models_module(anaplan):
    anaplan.load("Accounts from accounts.csv", "Code,Name,Account Group,Company,GL Code,Cost Center\nA1,One,,,,\n")
    models = {row["name"]: row["id"] for row in anaplan.get(f"{anaplan.root}/models").json()["models"]}
    anaplan.control.model_state("UNLOCKED", "Plan FY20")
    old = f"{anaplan.root}/models/{models['Plan FY20']}"
    lists = {row["name"]: row["id"] for row in anaplan.get(f"{old}/lists").json()["lists"]}
    added = anaplan.call(
        "POST", f"{old}/lists/{lists['Accounts']}/items?action=add", json={"items": [{"code": "A1", "name": "x"}]}
    )
    assert added.json()["added"] == 1
    cell = {"module": "GL Balances", "line_item": "Movement", "dimensions": {"Accounts": "A1", "Time": "Jan 22"}}
    anaplan.control.call("POST", "/anaplan/edit-cell", {**cell, "value": 7.50, "model": "Plan FY20"})
    anaplan.run("imports", "Balances to archive")
    assert anaplan.cells("GL Balances")[("A1", "Jan 22")]["Movement"] == "7.5"


def test_tasks_of_the_second_model_run_there(anaplan, anaplan_sandbox):
    models = {row["name"]: row["id"] for row in anaplan.get(f"{anaplan.root}/models").json()["models"]}
    workforce = type(anaplan)(anaplan_sandbox, model=models["Workforce"])
    workforce.load("Employees from employees.csv", "Code,Name,Department\nE1,Eve,IT\n")
    items = workforce.control.list_items("Employees", models["Workforce"])
    assert items[0]["properties"] == {"Department": "IT"}
    assert workforce.call("POST", "/imports/112000000002/tasks", json=JSON).status_code == 404


def test_a_started_task_may_not_be_found_at_first(anaplan):
    anaplan.control.switch("anaplan", "task_hidden_looks", 2)
    anaplan.upload("suppliers.csv", GOOD)
    path = anaplan.start("imports", SUPPLIERS)
    assert [anaplan.get(path).status_code for _ in range(3)] == [404, 404, 200]


def test_line_numbers_of_a_dump_may_be_shifted(anaplan):
    anaplan.control.switch("anaplan", "dump_line_offset", 1)
    _, path = anaplan.load(SUPPLIERS, BAD)
    assert anaplan.get(path + "/dump").text.splitlines()[1].endswith('"4","Empty key"')
