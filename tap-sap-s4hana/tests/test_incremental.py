from __future__ import annotations

import pytest

from connector_kit.odata import through
from tap_sap_s4hana.shipped import SHIPPED

KEYS = {each.name: each.key for each in SHIPPED}
STREAMS = [each.name for each in SHIPPED]
ORDERS = ("purchase_orders", "purchase_order_items", "purchase_orders_v4", "purchase_order_items_v4")
OLD = {"start_date": "2020-01-01T00:00:00Z"}


def by_key(output, stream):
    return dict(zip(output.keys(stream), output.records[stream], strict=True))


def test_after_a_day_of_business_what_was_read_equals_what_a_fresh_load_reads(tenant):
    first = tenant.read(*STREAMS)
    tenant.sandbox.control.sap_business_day(1)
    second = tenant.read(*STREAMS, state=first.state)
    fresh = tenant.read(*STREAMS)
    for stream in STREAMS:
        known = by_key(first, stream) | by_key(second, stream)
        assert known == by_key(fresh, stream), stream


def test_a_renamed_account_is_read_though_only_its_text_moved(tenant):
    first = tenant.read("gl_accounts", "gl_account_texts")
    tenant.sandbox.control.sap_business_day(1)
    second = tenant.read("gl_accounts", "gl_account_texts", state=first.state)
    before, after = by_key(first, "gl_accounts"), by_key(second, "gl_accounts")
    renamed = [key for key in after if key in before and after[key] != before[key]]
    added = [key for key in after if key not in before]
    assert len(renamed) == 1
    assert len(added) == 1
    key = renamed[0]
    assert after[key]["GLAccountName"] != before[key]["GLAccountName"]
    assert after[key]["LastChangeDateTime"] == before[key]["LastChangeDateTime"]
    assert len(after) < len(before) / 2


def test_suppliers_change_through_their_business_partner(tenant):
    streams = ("suppliers", "supplier_companies", "business_partner_addresses")
    first = tenant.read(*streams)
    tenant.sandbox.control.sap_business_day(1)
    before = len(tenant.queries("A_Supplier"))
    second = tenant.read(*streams, state=first.state)
    old, new = by_key(first, "suppliers"), by_key(second, "suppliers")
    assert {key for key in new if new[key] != old.get(key)}, "a renamed supplier and a new one"
    assert set(new) - set(old)
    filters = [query["$filter"] for query in tenant.queries("A_Supplier")[before:]]
    assert all("Supplier eq '" in text for text in filters)
    asked = tenant.queries("A_BusinessPartner")[-1]
    assert "LastChangeDate ge datetime'" in asked["$filter"]
    assert "CreationDate ge datetime'" in asked["$filter"]


def test_changed_keys_are_asked_for_in_addresses_of_bounded_length(tenant):
    first = tenant.read("suppliers")
    today = first.bookmark("suppliers")["through"]["A_BusinessPartner"]
    for row in tenant.rows("BusinessPartner"):
        tenant.change(
            "update", "BusinessPartner", {"BusinessPartner": row["BusinessPartner"]}, {"LastChangeDate": today}
        )
    second = tenant.read("suppliers", state=first.state, lookback_days=0)
    assert sorted(second.keys("suppliers")) == sorted(first.keys("suppliers"))
    paths = [r["path"] for r in tenant.sandbox.control.requests("sap") if "/A_Supplier?" in r["path"]]
    assert max(map(len, paths)) < 4000


def test_when_most_rows_changed_the_set_is_read_whole_instead(tenant, monkeypatch):
    monkeypatch.setattr(through, "FEW_KEYS", 3)
    first = tenant.read("suppliers")
    today = first.bookmark("suppliers")["through"]["A_BusinessPartner"]
    for row in tenant.rows("BusinessPartner"):
        key = {"BusinessPartner": row["BusinessPartner"]}
        tenant.change("update", "BusinessPartner", key, {"LastChangeDate": today})
    before = len(tenant.queries("A_Supplier"))
    second = tenant.read("suppliers", state=first.state)
    assert sorted(second.keys("suppliers")) == sorted(first.keys("suppliers"))
    assert not any("Supplier eq" in query.get("$filter", "") for query in tenant.queries("A_Supplier")[before:])
    assert second.versions("suppliers") == [], "only a sweep tells what vanished"


@pytest.mark.parametrize("header", ["A_PurchaseOrder", "PurchaseOrder"])
def test_items_come_inside_their_changed_orders_and_whole_from_their_own_set(tenant, header):
    stream = "purchase_order_items" if header.startswith("A_") else "purchase_order_items_v4"
    own = header + "Item"
    first = tenant.read(stream)
    assert tenant.queries(own)
    assert not tenant.queries(header)
    tenant.sandbox.control.sap_business_day(1)
    asked = len(tenant.queries(own))
    second = tenant.read(stream, state=first.state)
    assert len(tenant.queries(own)) == asked
    (query, *_) = tenant.queries(header)
    assert query["$expand"].startswith("to_PurchaseOrderItem" if header.startswith("A_") else "_PurchaseOrderItem($sel")
    changed, before = by_key(second, stream), by_key(first, stream)
    assert set(changed) - set(before)
    assert len(changed) < len(before)
    assert all(set(r) == set(first.records[stream][0]) for r in second.records[stream])


def test_parts_of_parts_come_inside_too(tenant):
    streams = (
        "purchase_order_account_assignments",
        "purchase_order_account_assignments_v4",
        "supplier_invoice_account_assignments",
        "purchase_order_schedule_lines",
    )
    first = tenant.read(*streams, **OLD)
    whole = tenant.read(*streams)
    for stream in streams:
        assert by_key(first, stream) == by_key(whole, stream)
        assert by_key(whole, stream)


def test_a_run_that_finds_nothing_reads_no_row_of_what_did_not_change(tenant):
    first = tenant.read(*ORDERS, "gl_account_line_items")
    second = tenant.read(*ORDERS, "gl_account_line_items", state=first.state, lookback_seconds=0)
    for stream in ORDERS:
        newest = max(r["LastChangeDateTime"] for r in first.records["purchase_orders"])
        assert len(second.records[stream]) <= len(first.records[stream]) / 10, newest
    third = tenant.read(*ORDERS, state=second.state, lookback_seconds=0)
    assert third.state["bookmarks"].keys() == second.state["bookmarks"].keys()


def test_a_cancelled_invoice_is_seen_within_the_overlap_and_by_a_sweep(tenant):
    first = tenant.read("supplier_invoices")
    oldest, newest = (
        pick(tenant.rows("SupplierInvoice"), key=lambda r: (r["CreationDate"], r["SupplierInvoice"]))
        for pick in (min, max)
    )
    for row in (oldest, newest):
        key = {name: row[name] for name in ("SupplierInvoice", "FiscalYear")}
        tenant.change("update", "SupplierInvoice", key, {"ReverseDocument": "5105699999"})
    second = tenant.read("supplier_invoices", state=first.state)
    seen = {r["SupplierInvoice"]: r["ReverseDocument"] for r in second.records["supplier_invoices"]}
    assert seen[newest["SupplierInvoice"]] == "5105699999"
    assert oldest["SupplierInvoice"] not in seen
    sweep = tenant.read("supplier_invoices", state=second.state, full_sweep=True)
    seen = {r["SupplierInvoice"]: r["ReverseDocument"] for r in sweep.records["supplier_invoices"]}
    assert seen[oldest["SupplierInvoice"]] == "5105699999"
    assert len(sweep.versions("supplier_invoices")) == 1


def test_a_sweep_reads_parts_whole_from_their_own_set_and_reports_what_vanished(tenant):
    first = tenant.read("purchase_order_items", "suppliers")
    sweep = tenant.read("purchase_order_items", "suppliers", state=first.state, full_sweep=True)
    for stream in ("purchase_order_items", "suppliers"):
        assert sorted(sweep.keys(stream)) == sorted(first.keys(stream))
        (version,) = sweep.versions(stream)
        assert {m["version"] for m in sweep.messages if m["type"] == "RECORD" and m["stream"] == stream} == {version}


def test_a_future_day_does_not_carry_the_bookmark_away(tenant):
    row = tenant.rows("SupplierInvoice")[0]
    key = {name: row[name] for name in ("SupplierInvoice", "FiscalYear")}
    tenant.change("update", "SupplierInvoice", key, {"CreationDate": "2031-01-01"})
    bookmark = tenant.read("supplier_invoices").bookmark("supplier_invoices")["replication_key_value"]
    assert bookmark < "2031"


def test_partners_that_never_changed_are_found_by_their_creation(tenant):
    first = tenant.read("business_partners")
    row = dict(tenant.rows("BusinessPartner")[0])
    today = first.bookmark("business_partners")["replication_key_value"]
    row |= {"BusinessPartner": "0099999999", "LastChangeDate": None, "CreationDate": today}
    tenant.change("insert", "BusinessPartner", {"BusinessPartner": "0099999999"}, row)
    second = tenant.read("business_partners", state=first.state)
    assert ("0099999999",) in second.keys("business_partners")


def test_full_table_can_be_chosen_for_a_stream(tenant):
    output = tenant.read(
        "suppliers",
        "purchase_order_items",
        change_capture={"suppliers": "full_table", "purchase_order_items": "full_table"},
    )
    assert len(output.versions("suppliers")) == len(output.versions("purchase_order_items")) == 1
    assert "through" not in output.bookmark("suppliers")
