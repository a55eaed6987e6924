"""Checks that a company's books hold together, from rows with decimals as strings."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

PROFIT_AND_LOSS = {"R", "E"}


def money(row, name):
    return Decimal(row[name])


def summed(rows, value, *names):
    totals = defaultdict(Decimal)
    for row in rows:
        totals[tuple(row[name] for name in names)] += money(row, value)
    return totals


def check_payables(tables):
    key = ("TrnYear", "TrnMonth", "Journal", "EntryNumber")
    distributed = summed(tables["ApJnlDistrib"], "DistrValue", *key)
    summaries = {(row["Supplier"], row["Invoice"]): row for row in tables["ApJnlSummary"]}
    assert {tuple(row[name] for name in key) for row in tables["ApJnlSummary"]} == set(distributed)
    paid = summed(tables["ApInvoicePay"], "TrnValue", "Supplier", "Invoice")
    invoices = set()
    for invoice in tables["ApInvoice"]:
        document = (invoice["Supplier"], invoice["Invoice"])
        invoices.add(document)
        summary = summaries[document]
        assert money(summary, "InvoiceValue") == money(invoice, "OrigInvValue")
        assert distributed[tuple(summary[name] for name in key)] == money(invoice, "OrigInvValue")
        assert (summary["Journal"], summary["EntryNumber"]) == (invoice["Journal"], invoice["EntryNumber"])
        assert money(invoice, "MthInvBal1") == money(invoice, "OrigInvValue") - paid[document]
    assert set(paid) <= invoices
    assert len(summaries) == len(invoices) == len(tables["ApInvoice"])
    balances = summed(tables["ApInvoice"], "MthInvBal1", "Supplier")
    suppliers = {row["Supplier"] for row in tables["ApSupplier"]}
    for supplier in tables["ApSupplier"]:
        assert money(supplier, "CurrentBalance") == balances[supplier["Supplier"],]
    assert {row["Supplier"] for row in tables["ApSupplierAddr"]} == suppliers
    assert {supplier for (supplier,) in balances} <= suppliers
    assert {row["Supplier"] for row in tables["PorMasterHdr"]} <= suppliers
    assert {row["Supplier"] for row in tables["InvMaster"]} - {""} <= suppliers


def check_receivables(tables):
    paid = summed(tables["ArInvoicePay"], "TrnValue", "Customer", "Invoice", "DocumentType")
    lines = summed(tables["ArTrnDetail"], "NetSalesValue", "Invoice")
    summaries = {row["Invoice"]: row for row in tables["ArTrnSummary"]}
    for invoice in tables["ArInvoice"]:
        key = (invoice["Customer"], invoice["Invoice"], invoice["DocumentType"])
        assert money(invoice, "InvoiceBal1") == money(invoice, "CurrencyValue") - paid[key]
        summary = summaries[invoice["Invoice"]]
        assert money(summary, "MerchandiseValue") == lines[invoice["Invoice"],]
        assert money(summary, "MerchandiseValue") + money(summary, "TaxValue") == money(invoice, "CurrencyValue")
    balances = summed(tables["ArInvoice"], "InvoiceBal1", "Customer")
    for row in tables["ArCustomerBal"]:
        assert money(row, "CurrentBalance1") == balances[row["Customer"],]
    assert {row["Customer"] for row in tables["ArCustomerBal"]} == {row["Customer"] for row in tables["ArCustomer"]}


def check_ledger(tables):
    accounts = {row["GlCode"]: row for row in tables["GenMaster"]}
    by_journal = summed(tables["GenJournalDetail"], "EntryValue", "GlYear", "GlPeriod", "Journal")
    assert set(by_journal.values()) == {Decimal(0)}
    headers = {(row["GlYear"], row["GlPeriod"], row["GlJournal"]): row for row in tables["GenJournalCtl"]}
    assert set(headers) == set(by_journal)
    for header in headers.values():
        assert money(header, "DebitAmount") == money(header, "CreditAmount") > 0
    posted = [row for row in tables["GenJournalDetail"] if row["EntryPosted"] == "Y"]
    assert {row["GlCode"] for row in tables["GenJournalDetail"]} <= set(accounts)
    movements = summed(posted, "EntryValue", "GlCode", "GlYear", "GlPeriod")
    assert {key: value for key, value in summed(
        tables["GenTransaction"], "EntryValue", "GlCode", "GlYear", "GlPeriod"
    ).items() if value} == {key: value for key, value in movements.items() if value}  # fmt: skip
    history = {(row["GlCode"], row["GlYear"]): row for row in tables["GenHistory"]}
    retained = defaultdict(Decimal)
    for (code, year), row in history.items():
        closing = money(row, "BeginYearBalance")
        for period in range(1, 16):
            closing += movements[code, year, period]
            assert money(row, f"ClosingBalPer{period}") == closing, (code, year, period)
        if accounts[code]["AccountType"] in PROFIT_AND_LOSS:
            assert money(row, "BeginYearBalance") == 0
            retained[year + 1] += closing
    last = max(year for _, year in history)
    for (code, year), row in history.items():
        before = history.get((code, year - 1))
        if before is not None and accounts[code]["AccountType"] not in PROFIT_AND_LOSS:
            carried = money(before, "ClosingBalPer15") + (retained[year] if code == "RETAINED" else 0)
            assert money(row, "BeginYearBalance") == carried
        if year == last:
            assert sum(money(each, "BeginYearBalance") for (_, y), each in history.items() if y == year) == 0
            assert money(accounts[code], "CurrentBalance") == money(row, "ClosingBalPer15"), code
    kinds = defaultdict(set)
    for account in accounts.values():
        kinds[account["GlGroup"]].add(account["AccountType"])
    assert len(kinds) >= 8
    assert all(len(types) == 1 for types in kinds.values())
    assert {"FORCED", "RETAINED"} <= set(accounts)


def check_controls(tables):
    """The control accounts agree with the sub-ledgers."""
    accounts = {row["GlCode"]: money(row, "CurrentBalance") for row in tables["GenMaster"]}
    assert accounts["00-2100"] == -sum(money(row, "MthInvBal1") for row in tables["ApInvoice"])
    assert accounts["00-1100"] == sum(money(row, "InvoiceBal1") for row in tables["ArInvoice"])


def check_stock(tables):
    items = {row["StockCode"] for row in tables["InvMaster"]}
    moved = summed(tables["InvMovements"], "TrnQty", "StockCode", "Warehouse")
    for row in tables["InvWarehouse"]:
        assert row["StockCode"] in items
        on_hand = money(row, "OpeningBalance") + moved[row["StockCode"], row["Warehouse"]]
        assert int(money(row, "QtyOnHand")) == on_hand
    assert {row["StockCode"] for row in tables["InvMovements"]} <= items
    assert {row["MStockCode"] for row in tables["PorMasterDetail"]} - {""} <= items
    assert {row["PurchaseOrder"] for row in tables["PorMasterDetail"]} == {
        row["PurchaseOrder"] for row in tables["PorMasterHdr"]
    }


def check_all(tables):
    check_payables(tables)
    check_receivables(tables)
    check_ledger(tables)
    check_controls(tables)
    check_stock(tables)
