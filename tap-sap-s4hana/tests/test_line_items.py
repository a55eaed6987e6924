"""gl_account_line_items: an aggregating set, several ledgers, ranges that are read at once."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pytest

KEY = {"SourceLedger", "Ledger", "CompanyCode", "FiscalYear", "AccountingDocument", "LedgerGLLineItem"}
STOP = {"status": 401, "body": '{"error":{"code":"X/001","message":{"lang":"en","value":"stopped by the test"}}}'}
RANGES = {"company_codes": ["1010", "1710"], "start_fiscal_year": 2024}


def totals(records):
    found = defaultdict(Decimal)
    for r in records:
        place = ("Ledger", "CompanyCode", "GLAccount", "FiscalYear", "FiscalPeriod", "CompanyCodeCurrency")
        found[tuple(r[name] for name in place)] += Decimal(r["AmountInCompanyCodeCurrency"])
    return {place: total for place, total in found.items() if total}


def balances(tenant, *ledgers):
    names = ("ledger", "company_code", "account", "fiscal_year", "period", "currency")
    rows = (r for r in tenant.sandbox.control.sap_balances() if r["ledger"] in ledgers)
    return {tuple(r[n] for n in names): Decimal(r["amount"]) for r in rows if Decimal(r["amount"])}


@pytest.mark.parametrize("settings", [{}, RANGES, {"paging": "links"}, {"page_size": 77}])
def test_totals_equal_saps_to_the_cent(tenant, settings):
    output = tenant.read("gl_account_line_items", **settings)
    keys = output.keys("gl_account_line_items")
    assert len(keys) == len(set(keys))
    assert totals(output.records["gl_account_line_items"]) == balances(tenant, "0L")


def test_one_ledger_is_read_unless_others_are_named(tenant):
    both = tenant.read("gl_account_line_items", ledgers=["0L", "2L"])
    assert totals(both.records["gl_account_line_items"]) == balances(tenant, "0L", "2L")
    every = tenant.read("gl_account_line_items", ledgers=[])
    assert sorted(every.keys("gl_account_line_items")) == sorted(both.keys("gl_account_line_items"))


def test_the_whole_key_is_asked_for_also_when_it_is_deselected_and_the_generated_one_never(tenant):
    wanted = ["AmountInCompanyCodeCurrency"]
    records = tenant.read("gl_account_line_items", columns={"gl_account_line_items": wanted}).records
    assert set(records["gl_account_line_items"][0]) == {*KEY, *wanted, "LastChangeDateTime", "CreationDateTime"}
    assert len(records["gl_account_line_items"]) == sum(r["Ledger"] == "0L" for r in tenant.rows("JournalLine"))
    for query in tenant.queries("GLAccountLineItem"):
        columns = query["$select"].split(",")
        assert set(columns) >= KEY
        assert "ID" not in columns
        assert "ID" not in query.get("$orderby", "").split(",")


def test_the_generated_key_is_not_in_the_catalog(tenant):
    (entry,) = [e for e in tenant.full_catalog["streams"] if e["tap_stream_id"] == "gl_account_line_items"]
    assert set(entry["key_properties"]) == KEY
    assert "ID" not in entry["schema"]["properties"]


def partitions(output):
    found = output.bookmark("gl_account_line_items")["partitions"]
    return {(p["context"]["CompanyCode"], p["context"]["FiscalYear"]): p for p in found}


def test_each_range_has_its_bookmark_and_ranges_are_read_at_once(tenant):
    tenant.sandbox.control.fault("sap", {"delay": 0.1}, path="/GLAccountLineItem[?]", times=-1)
    output = tenant.read("gl_account_line_items", **RANGES, parallel=4)
    found = partitions(output)
    years = {year for _, year in found}
    assert years >= {"2024", "2025", "2026", "2027"}
    assert len(found) == 2 * len(years)
    requests = [r for r in tenant.sandbox.control.requests("sap") if "/GLAccountLineItem?" in r["path"]]
    times = sorted(r["start"] for r in requests)
    assert times[3] - times[0] < 0.1, "four ranges begin before the first answer is there"
    for (company, year), part in found.items():
        moments = [
            r["LastChangeDateTime"]
            for r in output.records["gl_account_line_items"]
            if (r["CompanyCode"], r["FiscalYear"]) == (company, year)
        ]
        assert part.get("replication_key_value") == max(moments, default=None)


@pytest.mark.usefixtures("often_saved")
@pytest.mark.parametrize("parallel", [1, 3])
def test_when_one_range_fails_the_others_keep_what_they_have_and_nothing_is_lost(tenant, parallel):
    path = "/GLAccountLineItem[?].*1710.*2025"
    tenant.sandbox.control.fault("sap", STOP, path=path, after=1, times=1)
    stopped = tenant.attempt("gl_account_line_items", **RANGES, page_size=40, parallel=parallel)
    assert "stopped by the test" in str(stopped.error)
    failed = partitions(stopped)["1710", "2025"]
    assert "replication_key_value" not in failed
    assert len(failed["resume"]["after"]) == len(KEY)
    resumed = tenant.read("gl_account_line_items", **RANGES, page_size=40, state=stopped.state, lookback_seconds=0)
    both = {*stopped.keys("gl_account_line_items"), *resumed.keys("gl_account_line_items")}
    assert len(both) == sum(r["Ledger"] == "0L" for r in tenant.rows("JournalLine"))
    by_key = {}
    for output in (stopped, resumed):
        by_key |= dict(zip(output.keys("gl_account_line_items"), output.records["gl_account_line_items"], strict=True))
    assert totals(by_key.values()) == balances(tenant, "0L")
    assert "resume" not in partitions(resumed)["1710", "2025"]


@pytest.mark.parametrize("settings", [{}, RANGES])
def test_after_days_of_business_the_totals_still_equal_saps(tenant, settings):
    first = tenant.read("gl_account_line_items", **settings)
    by_key = dict(zip(first.keys("gl_account_line_items"), first.records["gl_account_line_items"], strict=True))
    state = first.state
    for day in (1, 2, 3):
        tenant.sandbox.control.sap_business_day(day)
        later = tenant.read("gl_account_line_items", state=state, **settings)
        fetched = dict(zip(later.keys("gl_account_line_items"), later.records["gl_account_line_items"], strict=True))
        assert 0 < len(fetched) < len(by_key) / 2
        by_key |= fetched
        state = later.state
        assert totals(by_key.values()) == balances(tenant, "0L")
    assert any(r["IsReversed"] for r in by_key.values())
