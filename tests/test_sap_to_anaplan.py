"""SAP to Anaplan through `meltano run`: after every run Anaplan holds what SAP holds, to the cent."""

from __future__ import annotations

import time

import pytest

from tests.conftest import FromSap

pytestmark = [pytest.mark.meltano, pytest.mark.timeout(600)]

LINE_ITEMS = "GLAccountLineItem"


def test_master_data_and_actuals_arrive_to_the_cent_and_so_do_two_days_of_business(from_sap: FromSap) -> None:
    order = from_sap.control.sap_rows("PurchaseOrder")[0]["PurchaseOrder"]
    key, deleted = {"PurchaseOrder": order}, {"PurchasingDocumentDeletionCode": "L"}
    from_sap.control.sap_change([{"table": "PurchaseOrder", "op": "update", "key": key, "values": deleted}])
    from_sap.run_well()
    assert from_sap.differences() == []
    deprecated = [r for r in from_sap.control.requests("sap") if "API_PURCHASEORDER_PROCESS_SRV" in r["path"]]
    assert not deprecated, "SAP has deprecated the V2 service"
    for day in (1, 2):
        changes = from_sap.control.sap_business_day(day)
        assert all(sum(changes[kind].values()) for kind in ("new", "edited", "back_dated", "reversed")), changes
        from_sap.run_well()
        assert from_sap.differences() == []
    assert max(from_sap.control.report()["anaplan"]["max_overlap"].values()) == 1
    since = time.time()
    from_sap.run_well()
    assert from_sap.writes_since(since) == [], "nothing was new"


@pytest.mark.slow
def test_back_dated_postings_and_reversals_move_the_totals_of_their_own_periods(from_sap: FromSap) -> None:
    from_sap.run_well()
    lines = from_sap.control.sap_rows("JournalLine")
    rent = next(row for row in lines if row["CompanyCode"] == "1010" and row["CostCenter"])
    bank = next(row for row in lines if row["CompanyCode"] == "1010" and not row["CostCenter"])
    lines = [
        {"account": rent["GLAccount"], "amount": "123.45", "currency": "EUR", "cost_center": rent["CostCenter"]},
        {"account": bank["GLAccount"], "amount": "-123.45", "currency": "EUR"},
    ]
    document = from_sap.control.sap_entry("1010", "2026-03-31", lines)
    from_sap.run_well()
    assert from_sap.differences() == []
    from_sap.control.sap_reverse("1010", document, "2026", "2026-11-20")
    from_sap.run_well()
    assert from_sap.differences() == []


def test_every_line_comes_once_however_sap_fails_and_whenever_the_token_expires(from_sap: FromSap) -> None:
    control = from_sap.control
    broken = ({"status": 503}, {"reset": "mid_body"}, {"truncate": 2000}, {"html": 502}, {"status": 401})
    for after, action in enumerate(broken):
        control.fault("sap", action, path=f"/{LINE_ITEMS}", after=1 + 2 * after)
    control.fault("sap", {"status": 429, "headers": {"Retry-After": "1"}}, path=r"/A_SupplierInvoice\?")
    sap = from_sap.sandbox.info["sap"]
    login = {name: sap[name] for name in ("token_url", "client_id", "client_secret")} | {"auth_method": "oauth"}
    oauth = {f"TAP_SAP_S4HANA_{name.upper()}": value for name, value in login.items()}
    from_sap.run_well(**oauth, TAP_SAP_S4HANA_PAGE_SIZE="200")
    assert from_sap.differences() == []
    assert all(rule["hits"] for rule in control.faults()), control.faults()


@pytest.mark.slow
def test_the_nightly_schedule_finds_invoices_that_were_cancelled_long_after(from_sap: FromSap) -> None:
    from_sap.run_well()
    oldest = min(from_sap.control.sap_rows("SupplierInvoice"), key=lambda row: row["CreationDate"])
    key = {name: oldest[name] for name in ("SupplierInvoice", "FiscalYear")}
    cancelled = {"table": "SupplierInvoice", "op": "update", "key": key, "values": {"ReverseDocument": "5100009999"}}
    from_sap.control.sap_change([cancelled])
    from_sap.run_well()
    assert any("Reversed By" in difference for difference in from_sap.differences())
    nightly = from_sap.run_schedule("sap-to-anaplan-nightly")
    assert nightly.code == 0, nightly.output[-6000:]
    assert from_sap.differences() == []
