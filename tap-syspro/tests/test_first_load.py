from __future__ import annotations

from decimal import Decimal

import pytest

from tap_syspro.tap import TapSyspro

TABLES = {
    "suppliers": ("ApSupplier", ["Supplier"]),
    "ap_invoices": ("ApInvoice", ["Supplier", "Invoice"]),
    "ar_lines": ("ArTrnDetail", ["TrnYear", "TrnMonth", "Register", "Invoice", "SummaryLine", "DetailLine"]),
    "gl_transactions": ("GenTransaction", ["Company", "GlCode", "GlYear", "GlPeriod", "GlLine"]),
    "stock_movements": ("InvMovements", ["StockCode", "Warehouse", "TrnYear", "TrnMonth", "EntryDate", "TrnTime"]),
}


def plain(value):
    if isinstance(value, str) and value[10:] in {"T00:00:00", "T00:00:00Z", " 00:00:00"}:
        return value[:10]
    return value.rstrip(" ") if isinstance(value, str) else value


def by_key(rows, key):
    return {tuple(str(plain(row[name])) for name in key): row for row in rows}


@pytest.mark.parametrize("stream", TABLES)
def test_every_row_arrives_once_and_with_its_values(site, stream):
    table, key = TABLES[stream]
    records = site.read(stream, page_size=200).records[stream]
    rows = site.rows(table)
    assert len(records) == len(rows)
    found, there = by_key(records, key), by_key(rows, key)
    assert found.keys() == there.keys()
    for row_key, row in there.items():
        for column, value in row.items():
            if column == "TimeStamp" or column not in found[row_key]:
                continue
            got = found[row_key][column]
            if isinstance(got, (int, Decimal)) and not isinstance(got, bool):
                assert got == Decimal(str(value)), (row_key, column)
            else:
                assert got == plain(value), (row_key, column)


def test_money_keeps_every_digit_of_its_text(site, capsys):
    first = site.rows("ApInvoice")[0]
    site.change(
        "update",
        "ApInvoice",
        {"Supplier": first["Supplier"], "Invoice": first["Invoice"]},
        {"OrigInvValue": "999999999999.99", "MthInvBal1": "-0.10"},
    )
    capsys.readouterr()
    TapSyspro(config=site.config, catalog=site.catalog("ap_invoices")).sync_all()
    text = capsys.readouterr().out
    assert '"OrigInvValue":999999999999.99,' in text
    assert '"MthInvBal1":-0.10,' in text


def test_the_company_is_the_first_column_and_the_first_part_of_the_key(site):
    output = site.read("ap_invoices", companies=["EDU1", "EDU2"])
    schema = next(m for m in output.messages if m["type"] == "SCHEMA")
    assert schema["key_properties"] == ["CompanyId", "Supplier", "Invoice"]
    assert {next(iter(record)) for record in output.records["ap_invoices"]} == {"CompanyId"}
    count = {c: sum(r["CompanyId"] == c for r in output.records["ap_invoices"]) for c in ("EDU1", "EDU2")}
    assert count == {c: len(site.rows("ApInvoice", c)) for c in ("EDU1", "EDU2")}


def test_the_company_column_can_have_another_name(site):
    config = site.config | {"company_column": "Firm"}
    entry = next(e for e in TapSyspro(config=config).catalog_dict["streams"] if e["stream"] == "suppliers")
    assert entry["key_properties"] == ["Firm", "Supplier"]


def test_only_selected_columns_are_asked_for(site):
    output = site.attempt("suppliers", columns={"suppliers": ["SupplierName"]})
    assert {tuple(record) for record in output.records["suppliers"]} == {("CompanyId", "Supplier", "SupplierName")}
    assert "Supplier,SupplierName&" in site.requests("ApSupplier")[0]["path"].replace("%2C", ",")


def test_balances_become_one_record_per_period_with_exact_movements(site):
    records = site.read("gl_balances").records["gl_balances"]
    rows = site.rows("GenHistory")
    assert len(records) == 12 * len(rows)
    found = {(r["GlCode"], r["GlYear"], r["GlPeriod"]): r for r in records}
    for row in rows:
        opening = Decimal(row["BeginYearBalance"])
        for period in range(1, 13):
            record = found[row["GlCode"], int(row["GlYear"]), period]
            closing = Decimal(row[f"ClosingBalPer{period}"])
            assert Decimal(str(record["OpeningBalance"])) == opening
            assert Decimal(str(record["ClosingBalance"])) == closing
            assert Decimal(str(record["Movement"])).quantize(Decimal("0.01")) == closing - opening
            opening = closing


def test_balances_can_start_at_a_year_and_have_thirteen_periods(site):
    output = site.read("gl_balances", start_year=2026, fiscal_periods=13)
    records = output.records["gl_balances"]
    assert {r["GlYear"] for r in records} == {2026}
    assert {r["GlPeriod"] for r in records} == set(range(1, 14))
    assert output.versions("gl_balances") == [], "the earlier years have not vanished"


def test_distributions_carry_supplier_and_invoice_of_their_posting(site):
    records = site.read("ap_distributions", page_size=100).records["ap_distributions"]
    key = ("TrnYear", "TrnMonth", "Journal", "EntryNumber")
    headers = {tuple(int(row[name]) for name in key): row for row in site.rows("ApJnlSummary")}
    assert len(records) == len(site.rows("ApJnlDistrib"))
    for record in records:
        header = headers[tuple(record[name] for name in key)]
        assert (record["Supplier"], record["Invoice"]) == (header["Supplier"], header["Invoice"])
        assert record["TrnDate"] == plain(header["TrnDate"])
        assert record["TrnPeriod"] == record["TrnYear"] * 100 + record["TrnMonth"]


def test_any_exposed_table_can_be_read_by_configuration(site):
    tables = [{"table": "ApSupplierExt"}, {"table": "ArMultAddress", "stream": "ship_to"}]
    output = site.attempt(discover=True, tables=tables)
    assert output.error is None
    assert len(output.records["ap_supplier_ext"]) == len(site.rows("ApSupplierExt"))
    assert len(output.records["ship_to"]) == len(site.rows("ArMultAddress"))


@pytest.mark.parametrize("form", ["keyless", "keyed"])
def test_a_business_activity_query_is_read_as_a_table_by_the_key_that_is_given(site, form):
    site.sandbox.control.switch("syspro", "activity_queries", form)
    tables = [{"table": "BaqSupplierInvoices", "stream": "open_invoices", "key": ["Supplier", "Invoice"]}]
    output = site.attempt(discover=True, tables=tables, page_size=50)
    assert output.error is None
    keys = [(row["Supplier"], row["Invoice"]) for row in output.records["open_invoices"]]
    assert sorted(keys) == sorted((row["Supplier"], row["Invoice"]) for row in site.rows("ApInvoice"))


def test_a_filter_reads_a_part_and_reports_nothing_as_vanished(site):
    output = site.read("suppliers", filters={"suppliers": "Currency eq 'EUR' or Currency eq 'USD'"}, page_size=7)
    expected = [r for r in site.rows("ApSupplier") if r["Currency"] in {"EUR", "USD"}]
    assert len(output.records["suppliers"]) == len(expected)
    assert output.versions("suppliers") == []
