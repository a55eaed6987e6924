from __future__ import annotations

from decimal import Decimal

import pytest

from tap_sap_s4hana.shipped import SHIPPED

KEYS = {each.name: each.key for each in SHIPPED}

TABLES = {
    "company_codes": "CompanyCode",
    "gl_accounts": "GLAccount",
    "gl_account_texts": "GLAccountText",
    "cost_centers": "CostCenter",
    "cost_centers_v4": "CostCenter",
    "cost_center_texts": "CostCenterText",
    "business_partners": "BusinessPartner",
    "suppliers": "Supplier",
    "supplier_companies": "SupplierCompany",
    "customers": "Customer",
    "purchase_orders": "PurchaseOrder",
    "purchase_orders_v4": "PurchaseOrder",
    "purchase_order_items": "PurchaseOrderItem",
    "supplier_invoices": "SupplierInvoice",
}


def test_a_run_without_a_catalog_reads_every_stream_in_the_declared_order(tenant):
    output = tenant.read(discover=True)
    seen = list(dict.fromkeys(m["stream"] for m in output.messages if m["type"] == "SCHEMA"))
    assert seen == [each.name for each in SHIPPED]
    for stream in seen:
        keys = output.keys(stream)
        assert keys, stream
        assert len(keys) == len(set(keys)), stream
    for stream, table in TABLES.items():
        assert len(output.records[stream]) == len(tenant.rows(table)), stream


def test_keys_keep_their_zeros_dates_are_days_and_amounts_are_exact(tenant):
    output = tenant.read("supplier_invoices", "supplier_invoice_po_items", "suppliers")
    stored = {(r["SupplierInvoice"], r["FiscalYear"]): r for r in tenant.rows("SupplierInvoice")}
    for record in output.records["supplier_invoices"]:
        row = stored[record["SupplierInvoice"], record["FiscalYear"]]
        assert Decimal(record["InvoiceGrossAmount"]) == Decimal(row["InvoiceGrossAmount"])
        assert record["PostingDate"] == row["PostingDate"]
        assert len(record["CreationDate"]) == 10
    assert all(r["Supplier"].startswith("00") for r in output.records["suppliers"])
    assert all(len(r["SupplierInvoiceItem"]) == 6 for r in output.records["supplier_invoice_po_items"])


def test_flags_are_texts_in_v2_and_booleans_in_v4_and_initial_values_stay(tenant):
    output = tenant.read("cost_centers", "cost_centers_v4")
    v2 = output.records["cost_centers"][0]["IsBlkdForPrimaryCostsPosting"]
    v4 = output.records["cost_centers_v4"][0]["IsBlkdForPrimaryCostsPosting"]
    assert v2 in {"", "X"}
    assert v4 in {True, False}
    assert output.records["cost_centers"][0]["BusinessArea"] == ""
    assert {r["ValidityEndDate"] for r in output.records["cost_centers"]} >= {"9999-12-31"}


def test_extension_fields_appear_by_themselves_and_structures_do_not(tenant):
    names = {entry["tap_stream_id"]: set(entry["schema"]["properties"]) for entry in tenant.full_catalog["streams"]}
    assert any(name.startswith("YY1_") for columns in names.values() for name in columns)
    assert not any("SAP__Messages" in columns for columns in names.values())
    stream = next(name for name, columns in names.items() if any(c.startswith("YY1_") for c in columns))
    column = next(c for c in names[stream] if c.startswith("YY1_"))
    assert all(column in record for record in tenant.read(stream).records[stream])


def test_only_selected_columns_are_asked_for_and_written(tenant):
    output = tenant.read("suppliers", columns={"suppliers": ["SupplierName"]})
    assert all(set(record) == {"Supplier", "SupplierName"} for record in output.records["suppliers"])
    reads = [query for query in tenant.queries("A_Supplier") if "$skip" not in query]
    assert {query["$select"] for query in reads} == {"Supplier,SupplierName"}


def texts(tenant, table, key):
    found = {}
    for row in tenant.rows(table):
        found.setdefault(tuple(row[name] for name in key), {})[row["Language"]] = row
    return found


@pytest.mark.parametrize("language", ["EN", "DE", "en"])
@pytest.mark.parametrize(
    ("stream", "table", "column"),
    [
        ("gl_accounts", "GLAccountText", "GLAccountName"),
        ("cost_centers", "CostCenterText", "CostCenterDescription"),
    ],
)
def test_names_come_in_the_wanted_language_or_the_first_there_is(tenant, stream, table, column, language):
    stored = texts(tenant, table, KEYS[stream])
    records = tenant.read(stream, text_language=language).records[stream]
    assert any(language.upper() not in found for found in stored.values()) or language == "DE"
    for record in records:
        found = stored[tuple(record[name] for name in KEYS[stream])]
        chosen = found.get(language.upper()) or found[min(found)]
        assert record[column] == chosen[column]


def test_without_a_language_there_are_no_names_and_no_texts_are_read(tenant):
    output = tenant.read("cost_centers", text_language="")
    assert all("CostCenterName" not in record for record in output.records["cost_centers"])
    assert not any("$expand" in query for query in tenant.queries("A_CostCenter"))


def test_names_that_are_deselected_are_not_asked_for(tenant):
    output = tenant.read("cost_centers", columns={"cost_centers": ["CompanyCode"]})
    assert set(output.records["cost_centers"][0]) == {*KEYS["cost_centers"], "CompanyCode"}
    assert not any("$expand" in query for query in tenant.queries("A_CostCenter"))


def test_settings_limit_what_is_read(tenant):
    settings = {"company_codes": [1010], "fiscal_years": [2026], "chart_of_accounts": "YCOA"}
    streams = ("supplier_invoices", "supplier_invoice_gl_items", "purchase_orders", "supplier_companies", "gl_accounts")
    output = tenant.read(*streams, **settings)
    invoices = output.records["supplier_invoices"]
    assert {(r["CompanyCode"], r["FiscalYear"]) for r in invoices} == {("1010", "2026")}
    items = {(r["SupplierInvoice"], r["FiscalYear"]) for r in output.records["supplier_invoice_gl_items"]}
    assert items
    assert items <= {(r["SupplierInvoice"], r["FiscalYear"]) for r in invoices}
    assert {r["CompanyCode"] for r in output.records["purchase_orders"]} == {"1010"}
    assert {r["CompanyCode"] for r in output.records["supplier_companies"]} == {"1010"}
    assert len(output.records["gl_accounts"]) == len(tenant.rows("GLAccount"))


def test_a_filter_in_saps_words_applies_and_no_vanished_rows_are_reported(tenant):
    output = tenant.read("company_codes", filters={"company_codes": "Country eq 'US'"})
    assert {r["Country"] for r in output.records["company_codes"]} == {"US"}
    assert output.versions("company_codes") == []


def test_a_first_load_from_a_date_leaves_older_documents_out_but_no_master_data(tenant):
    streams = ("suppliers", "gl_accounts", "supplier_invoices", "supplier_invoice_gl_items", "purchase_orders")
    output = tenant.read(*streams, start_date="2026-06-01T00:00:00Z", lookback_days=0)
    assert len(output.records["suppliers"]) == len(tenant.rows("Supplier"))
    assert len(output.records["gl_accounts"]) == len(tenant.rows("GLAccount"))
    dates = [r["CreationDate"] for r in output.records["supplier_invoices"]]
    assert dates
    assert min(dates) >= "2026-05-31", "a day of overlap, as days are the tenant's"
    assert len(dates) < len(tenant.rows("SupplierInvoice"))
    invoices = {(r["SupplierInvoice"], r["FiscalYear"]) for r in output.records["supplier_invoices"]}
    parts = {(r["SupplierInvoice"], r["FiscalYear"]) for r in output.records["supplier_invoice_gl_items"]}
    assert parts <= invoices
    assert min(r["LastChangeDateTime"] for r in output.records["purchase_orders"]) >= "2026-05-31"
