from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

LINE = ("SourceLedger", "Ledger", "CompanyCode", "FiscalYear", "AccountingDocument", "LedgerGLLineItem")
STOP = {"status": 401, "body": '{"error":{"code":"X/001","message":{"lang":"en","value":"stopped by the test"}}}'}
pytestmark = pytest.mark.usefixtures("often_saved")


def stop_after(tenant, entity_set, pages):
    tenant.sandbox.control.fault("sap", STOP, path=f"/{entity_set}[?]", after=pages, times=1)


@pytest.mark.parametrize(
    ("stream", "entity_set", "size"),
    [
        ("gl_accounts", "A_GLAccountInChartOfAccounts", 50),
        ("operational_accounting_items", "A_OperationalAcctgDocItemCube", 200),
        ("cost_centers_v4", "A_CostCenter_2", 20),
    ],
)
def test_a_stopped_first_load_continues_behind_its_last_page(tenant, stream, entity_set, size):
    whole = set(tenant.read(stream).keys(stream))
    stop_after(tenant, entity_set, 3)
    stopped = tenant.attempt(stream, page_size=size)
    assert "X/001 stopped by the test" in str(stopped.error)
    resumed = tenant.read(stream, page_size=size, state=stopped.state)
    first, second = stopped.keys(stream), resumed.keys(stream)
    assert set(first) | set(second) == whole
    assert len(set(first) & set(second)) <= size, "at most the page that was under way is read again"
    assert "resume" not in resumed.bookmark(stream)


def test_items_that_are_read_inside_their_orders_resume_behind_the_last_order(tenant):
    settings = {"page_size": 50, "company_codes": ["1010", "1710"], "start_date": "2020-01-01T00:00:00Z"}
    whole = set(tenant.read("supplier_invoice_gl_items", **settings).keys("supplier_invoice_gl_items"))
    stop_after(tenant, "A_SupplierInvoice", 1)
    stopped = tenant.attempt("supplier_invoice_gl_items", **settings)
    assert "stopped by the test" in str(stopped.error)
    resumed = tenant.read("supplier_invoice_gl_items", **settings, state=stopped.state)
    first, second = (set(o.keys("supplier_invoice_gl_items")) for o in (stopped, resumed))
    assert first
    assert second < whole
    assert first | second == whole


def test_the_bookmark_of_a_resumed_read_is_that_of_its_beginning(tenant):
    stop_after(tenant, "A_GLAccountInChartOfAccounts", 2)
    stopped = tenant.attempt("gl_accounts", page_size=50)
    began = stopped.bookmark("gl_accounts")["resume"]["began"]
    resumed = tenant.read("gl_accounts", page_size=50, state=stopped.state)
    day_before = datetime.fromisoformat(began.replace("Z", "+00:00")) - timedelta(days=1)
    for bookmark in resumed.bookmark("gl_accounts")["through"].values():
        assert datetime.fromisoformat(bookmark.replace("Z", "+00:00")) == day_before


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_process_that_reads_several_ranges_loses_nothing(tenant, tmp_path, how):
    """The output of both processes, in the order that a target sees it, holds every row."""
    settings = {"company_codes": ["1010", "1710"], "start_fiscal_year": 2024, "page_size": 20, "parallel": 3}
    (tmp_path / "config.json").write_text(json.dumps(tenant.config | settings))
    (tmp_path / "catalog.json").write_text(json.dumps(tenant.catalog("gl_account_line_items"), default=str))
    tenant.sandbox.control.fault("sap", {"delay": 0.05}, path="/GLAccountLineItem[?]", times=-1)
    command = [sys.executable, "-m", "tap_sap_s4hana", "--config", "config.json", "--catalog", "catalog.json"]
    lines: list[str] = []
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        for line in process.stdout:
            lines.append(line)
            if len(lines) == 250:
                os.kill(process.pid, how)
    assert process.returncode == (143 if how == signal.SIGTERM else -signal.SIGKILL)
    messages = [json.loads(line) for line in lines if line.endswith("\n")]
    states = [m["value"] for m in messages if m["type"] == "STATE"]
    tenant.sandbox.control.clear_faults()
    rest = tenant.read("gl_account_line_items", **settings | {"page_size": 500}, state=states[-1] if states else None)
    found = {tuple(m["record"][name] for name in LINE) for m in messages if m["type"] == "RECORD"}
    every = sum(row["Ledger"] == "0L" for row in tenant.rows("JournalLine"))
    assert 200 <= len(found) < every, "the process was not stopped in the middle"
    assert len(found | set(rest.keys("gl_account_line_items"))) == every
