from __future__ import annotations

STOP = {"status": 401, "body": '{"error":{"code":"","message":"stopped by the test"}}'}


def test_a_complete_read_of_a_whole_table_reports_what_is_still_there(site):
    output = site.read("suppliers", companies=["EDU1", "EDU2"])
    kinds = [m["type"] for m in output.messages]
    (version,) = output.versions("suppliers")
    assert {m["version"] for m in output.messages if m["type"] == "RECORD"} == {version}
    assert kinds.index("ACTIVATE_VERSION") > max(i for i, kind in enumerate(kinds) if kind == "RECORD")
    assert kinds[-1] == "STATE"


def test_the_next_run_has_a_higher_version_and_no_deleted_row(site):
    first = site.read("suppliers")
    gone = site.rows("ApSupplier")[3]["Supplier"]
    site.change("delete", "ApSupplier", {"Supplier": gone})
    second = site.read("suppliers", state=first.state)
    assert second.versions("suppliers") > first.versions("suppliers")
    assert gone not in {r["Supplier"] for r in second.records["suppliers"]}


def test_an_incremental_read_reports_nothing_as_vanished(site):
    output = site.read("ap_invoices")
    assert output.versions("ap_invoices") == []
    assert all("version" not in m for m in output.messages)


def test_a_full_sweep_reads_all_of_an_incremental_stream_and_reports_what_vanished(site):
    first = site.read("ap_invoices")
    row = site.rows("ApInvoice")[0]
    site.change("delete", "ApInvoice", {"Supplier": row["Supplier"], "Invoice": row["Invoice"]})
    swept = site.read("ap_invoices", state=first.state, full_sweep=True)
    assert len(swept.versions("ap_invoices")) == 1
    assert len(swept.records["ap_invoices"]) == len(site.rows("ApInvoice"))
    bookmark = swept.bookmark("ap_invoices", "EDU1")
    assert bookmark["replication_key_value"] == first.bookmark("ap_invoices", "EDU1")["replication_key_value"]
    after = site.read("ap_invoices", state=swept.state, lookback_days=0)
    assert len(after.records["ap_invoices"]) < 100, "the run after the sweep is incremental again"


def test_a_company_that_could_not_be_read_keeps_everything_from_being_reported(site):
    site.sandbox.control.fault("syspro", STOP, path="/EDU2/ApSupplier[?]", times=1)
    output = site.attempt("suppliers", companies=["EDU1", "EDU2"])
    assert output.error is not None
    assert output.versions("suppliers") == []


def test_a_company_that_is_no_longer_configured_does_not_vanish(site):
    both = site.read("suppliers", companies=["EDU1", "EDU2"])
    one = site.read("suppliers", companies=["EDU1"], state=both.state)
    assert one.versions("suppliers") == []


def test_reports_can_be_switched_off(site):
    assert site.read("suppliers", emit_activate_version_messages=False).versions("suppliers") == []
