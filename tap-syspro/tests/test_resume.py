from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

STOP = {"status": 401, "body": '{"error":{"code":"","message":"stopped by the test"}}'}


def keys(rows):
    return [(r["Supplier"], r["Invoice"]) for r in rows]


def stop_after(site, pages):
    site.sandbox.control.fault("syspro", STOP, path="/ApInvoice", after=pages, times=1)


@pytest.mark.usefixtures("often_saved")
def test_a_stopped_first_load_continues_behind_its_last_page(site):
    stop_after(site, 4)
    stopped = site.attempt("ap_invoices", page_size=50)
    assert "stopped by the test" in str(stopped.error)
    resumed = site.read("ap_invoices", page_size=50, state=stopped.state)
    first, second = keys(stopped.records["ap_invoices"]), keys(resumed.records["ap_invoices"])
    assert set(first) | set(second) == set(keys(site.rows("ApInvoice")))
    assert len(set(first) & set(second)) <= 50, "at most the page that was under way is read again"
    assert "resume" not in resumed.bookmark("ap_invoices", "EDU1")


@pytest.mark.usefixtures("often_saved")
def test_a_row_that_came_behind_the_resumed_read_is_not_jumped_over(site):
    stop_after(site, 4)
    stopped = site.attempt("ap_invoices", page_size=50)
    row = min(site.rows("ApInvoice"), key=lambda r: (r["Supplier"], r["Invoice"]))
    last_day = max(r["JournalDate"] for r in site.rows("ApInvoice"))
    key = {"Supplier": row["Supplier"], "Invoice": "!EARLY"}
    site.change("insert", "ApInvoice", key, {**row, **key, "JournalDate": last_day})
    resumed = site.read("ap_invoices", page_size=50, state=stopped.state)
    third = site.read("ap_invoices", page_size=50, state=resumed.state, lookback_days=0)
    assert (row["Supplier"], "!EARLY") in keys(third.records["ap_invoices"])


@pytest.mark.usefixtures("often_saved")
def test_a_stop_in_the_second_company_does_not_read_the_first_again(site):
    site.sandbox.control.fault("syspro", STOP, path="/EDU2/ApInvoice", after=1, times=1)
    both = ["EDU1", "EDU2"]
    stopped = site.attempt("ap_invoices", page_size=20, companies=both)
    resumed = site.read("ap_invoices", page_size=20, companies=both, state=stopped.state, lookback_days=0)
    last_day = max(r["JournalDate"] for r in site.rows("ApInvoice"))[:10]
    again = [r for r in resumed.records["ap_invoices"] if r["CompanyId"] == "EDU1"]
    assert all(r["JournalDate"] >= last_day for r in again)
    second = [r for o in (stopped, resumed) for r in o.records["ap_invoices"] if r["CompanyId"] == "EDU2"]
    assert set(keys(second)) == set(keys(site.rows("ApInvoice", "EDU2")))


@pytest.mark.usefixtures("often_saved")
def test_other_settings_begin_the_read_anew(site):
    stop_after(site, 4)
    stopped = site.attempt("ap_invoices", page_size=50)
    again = site.read("ap_invoices", page_size=50, state=stopped.state, filters={"ap_invoices": "Invoice ne ''"})
    assert set(keys(again.records["ap_invoices"])) == set(keys(site.rows("ApInvoice")))


@pytest.mark.usefixtures("often_saved")
def test_a_whole_table_resumes_too_but_reports_nothing_as_vanished(site):
    site.sandbox.control.fault("syspro", STOP, path="/ArCustomer[?]", after=2, times=1)
    stopped = site.attempt("customers", page_size=10)
    assert stopped.versions("customers") == []
    resumed = site.read("customers", page_size=10, state=stopped.state)
    both = {r["Customer"] for o in (stopped, resumed) for r in o.records["customers"]}
    assert both == {r["Customer"] for r in site.rows("ArCustomer")}
    assert 0 < len(resumed.records["customers"]) < len(both)
    assert resumed.versions("customers") == []
    assert len(site.read("customers", state=resumed.state).versions("customers")) == 1


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_process_loses_nothing(site, tmp_path, how):
    """The output of both processes, in the order that a target sees it, holds every row."""
    (tmp_path / "config.json").write_text(json.dumps(site.config | {"page_size": 20}))
    (tmp_path / "catalog.json").write_text(json.dumps(site.catalog("ap_invoices"), default=str))
    site.sandbox.control.fault("syspro", {"delay": 0.05}, path="/ApInvoice", times=-1)
    command = [sys.executable, "-m", "tap_syspro", "--config", "config.json", "--catalog", "catalog.json"]
    lines: list[str] = []
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        for line in process.stdout:
            lines.append(line)
            if len(lines) == 65:
                os.kill(process.pid, how)
    assert process.returncode == (143 if how == signal.SIGTERM else -signal.SIGKILL)
    messages = [json.loads(line) for line in lines if line.endswith("\n")]
    states = [m["value"] for m in messages if m["type"] == "STATE"]
    rest = site.read("ap_invoices", page_size=100, state=states[-1] if states else None)
    found = {(m["record"]["Supplier"], m["record"]["Invoice"]) for m in messages if m["type"] == "RECORD"}
    assert 60 <= len(found) < len(site.rows("ApInvoice")), "the process was not stopped in the middle"
    assert found | set(keys(rest.records["ap_invoices"])) == set(keys(site.rows("ApInvoice")))
