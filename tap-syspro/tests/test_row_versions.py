from __future__ import annotations

import pytest

from connector_kit.errors import ConfigurationError

SETTINGS = {"change_capture": {"suppliers": "row_version"}}


def suppliers(output):
    return {r["Supplier"] for r in output.records["suppliers"]}


def test_an_edit_that_no_date_shows_arrives_and_nothing_else(site):
    first = site.read("suppliers", **SETTINGS)
    assert len(suppliers(first)) == len(site.rows("ApSupplier"))
    key = site.rows("ApSupplier")[5]["Supplier"]
    site.change("update", "ApSupplier", {"Supplier": key}, {"SupplierName": "Renamed, Ltd."})
    second = site.read("suppliers", state=first.state, **SETTINGS)
    assert suppliers(second) == {key}
    assert second.records["suppliers"][0]["SupplierName"] == "Renamed, Ltd."


def test_a_run_without_changes_reads_no_row(site):
    first = site.read("suppliers", **SETTINGS)
    assert suppliers(site.read("suppliers", state=first.state, **SETTINGS)) == set()


def test_many_changes_are_read_by_pages_and_only_they_are_written(site):
    first = site.read("ap_invoices", change_capture={"ap_invoices": "row_version"})
    rows = site.rows("ApInvoice")[:250]
    site.sandbox.control.change(
        [
            {
                "company": "EDU1",
                "table": "ApInvoice",
                "op": "update",
                "key": {"Supplier": r["Supplier"], "Invoice": r["Invoice"]},
                "values": {"Reference": "changed"},
            }
            for r in rows
        ]
    )
    second = site.read("ap_invoices", state=first.state, change_capture={"ap_invoices": "row_version"})
    assert len(second.records["ap_invoices"]) == 250
    assert {r["Reference"] for r in second.records["ap_invoices"]} == {"changed"}


def test_a_change_while_the_versions_are_read_is_not_lost(site):
    first = site.read("suppliers", page_size=10, **SETTINGS)
    order = sorted(r["Supplier"] for r in site.rows("ApSupplier"))
    early, late = order[0], order[-1]
    edits = [
        {"company": "EDU1", "table": "ApSupplier", "op": "update", "key": {"Supplier": key}, "values": {"Contact": "x"}}
        for key in (early, late)
    ]
    site.sandbox.control.change(edits, after_pages={"table": "ApSupplier", "pages": 2})
    second = site.read("suppliers", page_size=10, state=first.state, **SETTINGS)
    third = site.read("suppliers", page_size=10, state=second.state, **SETTINGS)
    assert late in suppliers(second)
    assert early in suppliers(second) | suppliers(third)


@pytest.mark.usefixtures("often_saved")
def test_a_stopped_first_read_resumes_and_misses_no_change(site):
    stop = {"status": 401, "body": '{"error":{"code":"","message":"stopped by the test"}}'}
    sweep = len(site.rows("ApSupplier")) // 10 + 1
    site.sandbox.control.fault("syspro", stop, path="/ApSupplier[?]", after=sweep + 1, times=1)
    stopped = site.attempt("suppliers", page_size=10, **SETTINGS)
    assert stopped.error is not None
    already = sorted(suppliers(stopped))
    assert already
    site.change("update", "ApSupplier", {"Supplier": already[0]}, {"Contact": "changed"})
    resumed = site.read("suppliers", page_size=10, state=stopped.state, **SETTINGS)
    assert suppliers(stopped) | suppliers(resumed) == {r["Supplier"] for r in site.rows("ApSupplier")}
    assert already[0] in suppliers(site.read("suppliers", state=resumed.state, **SETTINGS))


def test_a_site_without_row_versions_is_told_so(site):
    site.sandbox.control.switch("syspro", "timestamp_exposed", False)
    output = site.attempt(discover=True, companies=["EDU2"], **SETTINGS)
    assert isinstance(output.error, ConfigurationError)
    assert "change_capture" in str(output.error)


def test_a_sweep_reports_what_vanished(site):
    first = site.read("suppliers", **SETTINGS)
    swept = site.read("suppliers", state=first.state, full_sweep=True, **SETTINGS)
    assert len(swept.versions("suppliers")) == 1
    assert len(suppliers(swept)) == len(site.rows("ApSupplier"))
