from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest


def new_invoice(site, invoice, **values):
    like = site.rows("ApInvoice")[0]
    key = {"Supplier": like["Supplier"], "Invoice": invoice}
    site.change("insert", "ApInvoice", key, {**like, **key, **values})
    return key["Supplier"], invoice


def keys(output, stream="ap_invoices"):
    return [(r["Supplier"], r["Invoice"]) for r in output.records[stream]]


def test_the_second_run_reads_the_overlap_and_nothing_older(site):
    first = site.read("ap_invoices")
    bookmark = first.bookmark("ap_invoices", "EDU1")["replication_key_value"]
    second = site.read("ap_invoices", state=first.state, lookback_days=10)
    floor = (date.fromisoformat(bookmark) - timedelta(days=10)).isoformat()
    assert 0 < len(keys(second)) < len(keys(first))
    assert all(r["JournalDate"] >= floor for r in second.records["ap_invoices"])
    expected = [r for r in site.rows("ApInvoice") if r["JournalDate"][:10] >= floor]
    assert len(keys(second)) == len(expected)


def test_a_poll_that_finds_little_is_a_request_and_one_that_confirms_the_end(site):
    first = site.read("ap_invoices")
    before = len(site.requests("ApInvoice"))
    site.read("ap_invoices", state=first.state, lookback_days=1)
    assert len(site.requests("ApInvoice")) - before == 2
    assert "&$skip=" in site.requests("ApInvoice")[-1]["path"]


def test_new_and_back_dated_invoices_arrive(site):
    first = site.read("ap_invoices")
    today = first.bookmark("ap_invoices", "EDU1")["replication_key_value"]
    new = new_invoice(site, "NEW", JournalDate=today, InvoiceDate=today)
    back_dated = new_invoice(site, "BACK", JournalDate=today, InvoiceDate="2019-01-01")
    second = site.read("ap_invoices", state=first.state, lookback_days=0)
    assert {new, back_dated} <= set(keys(second))


def test_rows_without_a_date_are_read_each_time(site):
    undated = new_invoice(site, "UNDATED", JournalDate=None)
    first = site.read("ap_invoices")
    second = site.read("ap_invoices", state=first.state, lookback_days=0)
    assert undated in keys(first)
    assert undated in keys(second)


def test_a_future_date_does_not_carry_the_bookmark_past_today(site):
    future = new_invoice(site, "FUTURE", JournalDate="2099-12-31")
    first = site.read("ap_invoices")
    today = datetime.now(timezone.utc).date().isoformat()
    assert future in keys(first)
    assert first.bookmark("ap_invoices", "EDU1")["replication_key_value"] <= today
    later = new_invoice(site, "LATER", JournalDate=today)
    assert later in keys(site.read("ap_invoices", state=first.state, lookback_days=0))


def test_a_bookmark_never_moves_back(site):
    first = site.read("ap_invoices")
    bookmark = first.bookmark("ap_invoices", "EDU1")["replication_key_value"]
    for row in site.rows("ApInvoice"):
        if row["JournalDate"][:10] == bookmark:
            site.change("delete", "ApInvoice", {"Supplier": row["Supplier"], "Invoice": row["Invoice"]})
    second = site.read("ap_invoices", state=first.state)
    assert second.bookmark("ap_invoices", "EDU1")["replication_key_value"] == bookmark


def test_start_date_leaves_older_documents_out_of_the_first_load(site):
    output = site.read("ap_invoices", start_date="2026-06-01", lookback_days=0)
    assert min(r["JournalDate"] for r in output.records["ap_invoices"]) >= "2026-06-01"


def test_each_company_has_its_bookmark(site):
    first = site.read("ap_invoices", companies=["EDU1"])
    both = site.read("ap_invoices", companies=["EDU1", "EDU2"], state=first.state, lookback_days=0)
    read = {c: sum(r["CompanyId"] == c for r in both.records["ap_invoices"]) for c in ("EDU1", "EDU2")}
    assert read["EDU2"] == len(site.rows("ApInvoice", "EDU2")), "a company that is new is read whole"
    assert read["EDU1"] < len(site.rows("ApInvoice", "EDU1"))
    assert both.bookmark("ap_invoices", "EDU2")["replication_key"] == "JournalDate"


def test_distributions_are_followed_by_fiscal_period(site):
    first = site.read("ap_distributions")
    bookmark = first.bookmark("ap_distributions", "EDU1")["replication_key_value"]
    assert bookmark == max(r["TrnPeriod"] for r in first.records["ap_distributions"])
    second = site.read("ap_distributions", state=first.state, lookback_periods=1)
    periods = {r["TrnPeriod"] for r in second.records["ap_distributions"]}
    assert periods
    assert min(periods) >= bookmark - (1 if bookmark % 100 > 1 else 89)


def test_a_journal_that_is_posted_later_arrives_again(site):
    unposted = next((r for r in site.rows("GenJournalCtl") if r["PostDate"] is None), None)
    if unposted is None:
        like = site.rows("GenJournalCtl")[0]
        unposted = {**like, "GlJournal": "99999999", "PostDate": None}
        key = {k: unposted[k] for k in ("GlYear", "GlPeriod", "GlJournal")}
        site.change("insert", "GenJournalCtl", key, unposted)
    key = {k: unposted[k] for k in ("GlYear", "GlPeriod", "GlJournal")}
    first = site.read("gl_journals")
    bookmark = first.bookmark("gl_journals", "EDU1")["replication_key_value"]
    site.change("update", "GenJournalCtl", key, {"PostDate": bookmark})
    second = site.read("gl_journals", state=first.state, lookback_days=0)
    assert any(str(r["GlJournal"]) == str(int(unposted["GlJournal"])) for r in second.records["gl_journals"])


@pytest.mark.parametrize("method", ["full_table", "date"])
def test_change_capture_can_be_chosen_per_stream(site, method):
    output = site.attempt("ap_invoices", change_capture={"ap_invoices": method}, start_date="2026-11-01")
    assert output.error is None
    whole = len(output.records["ap_invoices"]) == len(site.rows("ApInvoice"))
    assert whole is (method == "full_table")
