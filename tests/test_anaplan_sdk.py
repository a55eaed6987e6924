"""anaplan-sdk from PyPI, which none of us wrote, works against the sandbox."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
from pathlib import Path

import pytest

from sandbox.testing import running

ROOT = Path(__file__).resolve().parent.parent
SESSION = Path(__file__).parent / "strangers" / "anaplan_sdk_session.py"


def _interpreter():
    chosen = os.environ.get("ANAPLAN_SDK_PYTHON")
    path = Path(chosen) if chosen else ROOT / ".venv-anaplan-sdk" / "bin" / "python"
    if not path.exists():
        pytest.fail(
            f"no interpreter at {path}: anaplan-sdk[cert]==0.5.22 needs an environment of its own; "
            "make test creates it, or point ANAPLAN_SDK_PYTHON to one"
        )
    return path


@pytest.fixture(scope="module")
def seen():
    """What the session saw, and the sandbox's report and data after it."""
    interpreter = _interpreter()
    with running(only="anaplan") as sandbox:
        finished = subprocess.run(
            [interpreter, SESSION],
            input=json.dumps(sandbox.info),
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr[-3000:]
        result = json.loads(finished.stdout)
        result["report"] = sandbox.control.report()["anaplan"]
        result["invoices"] = sandbox.control.module_rows("AP Invoices")
        result["warehouses"] = sandbox.control.list_items("Warehouses")
        yield result


def test_it_logs_on_with_a_password_and_with_a_certificate(seen):
    assert seen["models_by_certificate"] == list(seen["models"])
    assert seen["report"]["tokens_issued"] == 2


def test_it_finds_the_workspace_and_its_models_with_their_states(seen):
    assert seen["workspaces"] == [seen["workspace"]] == ["Group Finance"]
    assert seen["models"] == {
        "Finance Hub": "UNLOCKED",
        "Workforce": "UNLOCKED",
        "Plan FY20": "ARCHIVED",
        "S4 Finance": "UNLOCKED",
    }
    assert (seen["model"], seen["status"]) == ("Finance Hub", "Open")
    assert (seen["calendar"], seen["period"]) == ("FY26", "Nov 26")


def test_it_lists_files_actions_lists_modules_and_line_items(seen):
    assert (seen["files"], seen["imports"]) == (29, 27)
    assert seen["processes"] == ["Load AP Invoices", "Load AP Postings", "Load AR Invoices", "Load Plan Lines"]
    assert {"AP Invoices.csv", "GL Balances.csv", "Suppliers.csv", "Plan Lines.csv"} <= set(seen["exports"])
    assert "Delete removed AP invoices" in seen["actions"]
    assert {"Suppliers", "Accounts", "AP Invoices"} <= set(seen["lists"])
    actuals = {"AP Invoices", "AP Postings", "AR Invoices", "GL Balances", "Inventory"}
    assert set(seen["modules"]) == actuals | {"Plan Approval", "Plan Lines", "Planned Invoices"}
    assert seen["line_items"][-1] == "Paid"
    assert seen["all_line_items"] == 53


def test_it_uploads_many_chunks_in_parallel_and_imports_them(seen):
    assert seen["import"] == "Suppliers: 200 (200/0) rows successful, 0 ignored "
    assert seen["tasks"] == ["COMPLETE"]
    assert seen["items"]["count"] == seen["list"] == 200
    first = seen["items"]["first"]
    assert (first["name"], first["code"], first["properties"]["Balance"]) == ("Supplier 1", "EDU1|00001", "1.25")


def test_it_streams_an_upload_of_unknown_length_and_runs_a_process(seen):
    assert seen["process"] == [
        "AP Invoices: 100 (100/0) rows successful, 0 ignored ",
        "AP Invoices: 100 (0/100) rows successful, 0 ignored ",
    ]
    assert len(seen["invoices"]) == 100
    values = seen["invoices"][9]["values"]
    assert (values["Original Value"], values["Balance"], values["Paid"]) == ("10.10", "10.00", "0.10")


def test_it_exports_and_downloads(seen):
    header, first, lines = seen["exported"]
    assert header.startswith("AP Invoices,Supplier,Reference")
    assert first == "INV-0001,Supplier 2,Ref 1,2024-03-05,2024-04-04,Mar 24,EUR,1.10,1.00,Open,0.10"
    assert lines == 101


def test_it_plans_and_exports_what_is_planned(seen):
    assert seen["planned"] == 5
    header, line = list(csv.reader(io.StringIO(seen["plan"])))
    assert header[:3] == ["Plan Lines", "Version", "Company Code"]
    row = dict(zip(header, line, strict=True))
    assert (row["Amount"], row["Text"], row["Period"]) == ("12.5", 'Rent, "first"', "Jan 27")
    assert (row["Version"], row["Approved"]) == ("Budget 2027", "true")
    assert seen["saved_view"] == [["Version"], ["L1"]]
    assert seen["serials"][0] == seen["serials"][1]


def test_it_reads_views_as_json_and_as_a_table(seen):
    assert "GL Balances by month" in seen["views"]
    assert seen["view"] == ["Time"]
    assert seen["view_data"]["rows"] == 100
    assert seen["view_data"]["first"]["rowCoordinates"] == ["INV-0001"]
    assert len(seen["tabular"].splitlines()) == 2


def test_it_writes_items_and_cells_and_sees_what_was_refused(seen):
    assert seen["writes"] == [1, 1, 1, 1]
    assert seen["found"] == ["First"]
    assert seen["warehouses"] == []
    assert seen["cells"] == 1
    assert seen["invoices"][0]["values"]["Status"] == "Closed"
    assert seen["refused_cell"] == "cellIsCalculated"


def test_no_action_of_it_ran_beside_another(seen):
    assert max(seen["report"]["max_overlap"].values()) == 1
