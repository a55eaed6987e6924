"""Does Anaplan hold what S/4HANA holds? Worked out from SAP's tables with plain Python, without the plugins' mapping.

A reading of the mapping in meltano/sap-to-anaplan.yml of its own: if the two disagree, one of them is wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from demo.reconcile.core import Comparison, cents, compare_contents, day, list_contents, module_contents
from sandbox.testing import Control

Row = Mapping[str, Any]
Rows = Callable[[str], list[Row]]
Pairs = Iterator[tuple[str, dict[str, str]]]
_AREA, _CHART = "A000", "YCOA"


def _plain(key: str) -> str:
    """A key as planners see it: digits without their leading zeros."""
    return key.lstrip("0") or "0" if key.isdigit() else key


def _known(prefix: str, key: str) -> str:
    return f"{prefix}{_plain(key)}" if key else ""


def _flag(value: Any) -> str:
    return "true" if value in {True, "X", "L", "true"} else "false"


def _in_english(texts: Iterable[Row], key: tuple[str, ...]) -> dict[tuple[str, ...], Row]:
    """Per key its English text; where there is none, the first in the order of the languages."""
    found: dict[tuple[str, ...], Row] = {}
    for text in sorted(texts, key=lambda row: (row["Language"] != "EN", row["Language"])):
        found.setdefault(tuple(text[name] for name in key), text)
    return found


def gl_accounts(rows: Rows) -> Pairs:
    """The account list, under account groups."""
    texts = _in_english(rows("GLAccountText"), ("ChartOfAccounts", "GLAccount"))
    for row in rows("GLAccount"):
        chart, number = row["ChartOfAccounts"], _plain(row["GLAccount"])
        text = texts.get((chart, row["GLAccount"]), {}).get("GLAccountName", "")
        yield (
            f"{chart}-{number}",
            {
                "name": f"{number} {text} ({chart})",
                "parent": f"{chart}-{row['GLAccountGroup'] or 'NONE'}",
                "GL Account": row["GLAccount"],
                "Account Type": row["GLAccountType"],
                "Blocked": _flag(row["AccountIsBlockedForPosting"]),
            },
        )


def cost_centers(rows: Rows) -> Pairs:
    """The cost center list: of each cost center the latest period, under its hierarchy area."""
    key = ("ControllingArea", "CostCenter", "ValidityEndDate")
    texts = _in_english(rows("CostCenterText"), key)
    for row in sorted(rows("CostCenter"), key=lambda row: tuple(row[name] for name in key)):
        area, number = row["ControllingArea"], _plain(row["CostCenter"])
        text = texts.get(tuple(row[name] for name in key), {}).get("CostCenterName", "")
        yield (
            f"{area}-{number}",
            {
                "name": f"{number} {text} ({area})",
                "parent": f"{area}-{row['CostCenterStandardHierArea'] or 'NONE'}",
                "Company Code": row["CompanyCode"],
                "Valid From": day(row["ValidityStartDate"]),
                "Valid To": day(row["ValidityEndDate"]),
            },
        )


def suppliers(rows: Rows) -> Pairs:
    """The supplier list."""
    for row in rows("Supplier"):
        number = _plain(row["Supplier"])
        name = f"{row['SupplierName'][:45]} ({number})"
        yield number, {"name": name, "Supplier": row["Supplier"], "Account Group": row["SupplierAccountGroup"]}


def customers(rows: Rows) -> Pairs:
    """The customer list."""
    for row in rows("Customer"):
        number = _plain(row["Customer"])
        yield number, {"name": f"{row['CustomerName'][:45]} ({number})", "Customer": row["Customer"]}


def line_items(rows: Rows) -> Pairs:
    """The cells of the module GL Line Items."""
    for row in rows("JournalLine"):
        parts = (row["Ledger"], row["Ledger"], row["CompanyCode"], row["FiscalYear"], row["AccountingDocument"])
        yield (
            "-".join([*parts, row["LedgerGLLineItem"]]),
            {
                "Ledger": row["Ledger"],
                "Company Code": row["CompanyCode"],
                "Account": _known(f"{_CHART}-", row["GLAccount"]),
                "Cost Center": _known(f"{_AREA}-", row["CostCenter"]),
                "Posting Date": day(row["PostingDate"]),
                "Fiscal Year": row["FiscalYear"],
                "Fiscal Period": row["FiscalPeriod"],
                "Amount": cents(row["AmountInCompanyCodeCurrency"]),
                "Currency": row["CompanyCodeCurrency"],
                "Supplier": _known("", row["Supplier"]),
                "Customer": _known("", row["Customer"]),
            },
        )


def supplier_invoices(rows: Rows) -> Pairs:
    """The cells of the module Supplier Invoices."""
    for row in rows("SupplierInvoice"):
        yield (
            f"{row['SupplierInvoice']}-{row['FiscalYear']}",
            {
                "Supplier": _plain(row["InvoicingParty"]),
                "Company Code": row["CompanyCode"],
                "Reference": row["SupplierInvoiceIDByInvcgParty"],
                "Posting Date": day(row["PostingDate"]),
                "Gross Amount": cents(row["InvoiceGrossAmount"]),
                "Status": row["SupplierInvoiceStatus"],
                "Reversed By": row["ReverseDocument"],
            },
        )


def purchase_orders(rows: Rows) -> Pairs:
    """The cells of the module Purchase Orders."""
    for row in rows("PurchaseOrder"):
        values = {"Supplier": _known("", row["Supplier"]), "Company Code": row["CompanyCode"]}
        values["Deleted"] = _flag(row["PurchasingDocumentDeletionCode"])
        yield row["PurchaseOrder"], {**values, "Order Date": day(row["PurchaseOrderDate"])}


def purchase_order_items(rows: Rows) -> Pairs:
    """The cells of the module Purchase Order Items."""
    for row in rows("PurchaseOrderItem"):
        yield (
            f"{row['PurchaseOrder']}-{row['PurchaseOrderItem']}",
            {
                "Purchase Order": row["PurchaseOrder"],
                "Description": row["PurchaseOrderItemText"],
                "Quantity": str(row["OrderQuantity"]),
                "Net Price": cents(row["NetPriceAmount"]),
                "Delivered": _flag(row["IsCompletelyDelivered"]),
            },
        )


def assignments(rows: Rows) -> Pairs:
    """The cells of the module Purchase Order Assignments."""
    for row in rows("PurchaseOrderAcctAssignment"):
        item = f"{row['PurchaseOrder']}-{row['PurchaseOrderItem']}"
        yield (
            f"{item}-{row['AccountAssignmentNumber']}",
            {
                "Item": item,
                "Account": _known(f"{_CHART}-", row["GLAccount"]),
                "Cost Center": _known(f"{_AREA}-", row["CostCenter"]),
            },
        )


def anaplan_key(stream: str, key: Sequence[str]) -> str:
    """Where the record of a stream goes: the code of its list item or cell; its key as the audit trail has it."""
    if stream in {"gl_accounts", "suppliers", "customers"}:
        return "-".join(_plain(part) for part in key)
    if stream == "cost_centers_v4" and len(key) > 1:  # else it is the item's code
        return f"{key[0]}-{_plain(key[1])}"  # all periods of validity are one item
    return "-".join(key)


LISTS = {"GL Accounts": gl_accounts, "Cost Centers": cost_centers, "Suppliers": suppliers, "Customers": customers}
MODULES = {
    "GL Line Items": line_items,
    "Supplier Invoices": supplier_invoices,
    "Purchase Orders": purchase_orders,
    "Purchase Order Items": purchase_order_items,
    "Purchase Order Assignments": assignments,
}


def compare(control: Control, model: str, refused: Collection[str] = ()) -> list[Comparison]:
    """Every list and module of the flow value by value, and the totals of the ledgers.

    Args:
        control: the sandbox's control client.
        model: id of the model that SAP's data goes to.
        refused: keys of rows that Anaplan rejected, which are left out on both sides.
    """
    cache: dict[str, list[Row]] = {}

    def rows(table: str) -> list[Row]:
        if table not in cache:
            cache[table] = list(control.sap_rows(table))
        return cache[table]

    found = [
        compare_contents("SAP", name, dict(expected(rows)), list_contents(control, name, model), refused)
        for name, expected in LISTS.items()
    ]
    found += [
        compare_contents("SAP", name, dict(expected(rows)), module_contents(control, name, model), refused)
        for name, expected in MODULES.items()
    ]
    return [*found, compare_totals(control, model, refused)]


def compare_totals(control: Control, model: str, refused: Collection[str] = ()) -> Comparison:
    """Totals per ledger, company code, account, fiscal year and period, as SAP's own balances have them."""
    names = ("Ledger", "Company Code", "Account", "Fiscal Year", "Fiscal Period")
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for row in control.module_rows("GL Line Items", model):
        if not refused or "|".join(row["dimensions"].values()) not in refused:
            totals["|".join(row["values"][name] for name in names)] += Decimal(row["values"]["Amount"] or "0")
    for cell, values in line_items(lambda table: [*control.sap_rows(table)]) if refused else ():
        if cell in refused:
            totals["|".join(values[name] for name in names)] += Decimal(values["Amount"])
    wanted = {}
    for balance in control.sap_balances():
        account = _known(f"{_CHART}-", balance["account"])
        key = (balance["ledger"], balance["company_code"], account, balance["fiscal_year"], balance["period"])
        wanted["|".join(key)] = {"Total": cents(balance["amount"])}
    actual = {key: {"Total": str(total)} for key, total in totals.items()}
    return compare_contents("SAP", "Totals per ledger, company code, account and period", wanted, actual)
