from __future__ import annotations

import pytest

from tap_sap_s4hana import streams

STREAMS = ("gl_accounts", "cost_centers_v4", "purchase_order_items_v4", "operational_accounting_items")


def complete(tenant, output):
    sizes = {
        "gl_accounts": len(tenant.rows("GLAccount")),
        "cost_centers_v4": len(tenant.rows("CostCenter")),
        "purchase_order_items_v4": len(tenant.rows("PurchaseOrderItem")),
        "operational_accounting_items": sum(r["Ledger"] == "0L" for r in tenant.rows("JournalLine")),
    }
    for stream in STREAMS:
        keys = output.keys(stream)
        assert len(keys) == len(set(keys)) == sizes[stream], stream


@pytest.mark.parametrize("paging", ["keyset", "links"])
@pytest.mark.parametrize(
    "switches",
    [
        {"page_cap": 30, "page_cap_v4": 30, "page_default": 30, "page_default_v4": 30},
        {"page_cap": 30, "page_cap_v4": 30, "page_default": 7, "page_default_v4": 7, "skiptoken": "numeric"},
        {"page_default": 0, "page_cap": 0, "shuffle": True},
        {"unpaged": "API_OPLACCTGDOCITEMCUBE_SRV,API_GLACCOUNTINCHARTOFACCOUNTS_SRV", "maxpagesize": False},
    ],
)
def test_every_row_comes_once_whatever_the_server_cuts(tenant, paging, switches):
    for name, value in switches.items():
        tenant.sandbox.control.switch("sap", name, value)
    complete(tenant, tenant.read(*STREAMS, paging=paging))


@pytest.mark.parametrize("size", [50, 61])
def test_pages_may_be_small(tenant, size):
    complete(tenant, tenant.read(*STREAMS, page_size=size))


def test_rows_that_come_and_go_between_pages_move_no_other_row(tenant):
    accounts = sorted((r["ChartOfAccounts"], r["GLAccount"]) for r in tenant.rows("GLAccount"))
    row = next(r for r in tenant.rows("GLAccount") if r["GLAccount"] == accounts[0][1])
    gone = [accounts[0], accounts[5], accounts[70]]
    operations = [
        {"table": "GLAccount", "op": "delete", "key": {"ChartOfAccounts": chart, "GLAccount": account}}
        for chart, account in gone
    ]
    for number in range(60):
        key = {"ChartOfAccounts": accounts[0][0], "GLAccount": f"000000{number:04}"}
        operations.append({"table": "GLAccount", "op": "insert", "key": key, "values": row | key})
    tenant.sandbox.control.sap_change(operations, after_pages={"set": "A_GLAccountInChartOfAccounts", "pages": 2})
    output = tenant.read("gl_accounts", page_size=50, reconcile_counts=False, text_language="")
    found = output.keys("gl_accounts")
    assert len(found) == len(set(found)), "doubled"
    assert set(accounts) - set(gone) <= set(found), "missed"


def test_a_set_that_the_tenant_can_not_sort_is_read_along_the_links(tenant, monkeypatch):
    monkeypatch.setattr(streams.SapStream, "sortable", property(lambda _: False, lambda _, value: None), raising=False)
    tenant.sandbox.control.switch("sap", "page_default", 20)
    keys = tenant.read("gl_accounts").keys("gl_accounts")
    assert len(keys) == len(set(keys)) == len(tenant.rows("GLAccount"))
    queries = tenant.queries("A_GLAccountInChartOfAccounts")
    assert "$orderby" not in queries[0]
    assert any("$skiptoken" in query for query in queries)
