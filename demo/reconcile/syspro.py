"""Does Anaplan hold what SYSPRO holds? Worked out from SYSPRO's rows with plain Python, without the plugins' mapping.

A reading of the mapping in meltano/syspro-to-anaplan.yml of its own: if the two disagree, one of them is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from demo.reconcile.core import Comparison, cents, compare_contents, day, list_contents, module_contents
from sandbox.testing import Control

Row = Mapping[str, Any]
_ACCOUNT_TYPES = {
    "A": "Assets",
    "C": "Capital",
    "E": "Expenses",
    "L": "Liabilities",
    "R": "Revenue",
    "S": "Statistical",
    "T": "Templates",
}


def _code(company: str, number: str) -> str:
    stripped = number.strip()
    return f"{company}-{stripped.lstrip('0') or '0' if stripped.isdigit() else stripped.lstrip('0')}"


def _month(year: Any, period: Any) -> str:
    return date(int(Decimal(str(year))), int(Decimal(str(period))), 1).strftime("%b %y")


def _flag(value: str) -> str:
    return "true" if value == "Y" else "false"


def _special(row: Row) -> bool:
    return row["GlCode"] in {"FORCED", "RETAINED"}


def accounts(rows: Callable[[str, str], list[Row]], company: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The account list of one company."""
    for row in rows(company, "GenMaster"):
        if not _special(row):
            yield (
                f"{company}-{row['GlCode']}",
                {
                    "parent": f"{row['AccountType']}-{row['GlGroup'].strip() or 'NONE'}",
                    "GL Code": row["GlCode"],
                    "Company": company,
                    "Cost Center": f"{company}-{row['GlCode'].split('-')[0]}",
                },
            )


def suppliers(rows: Callable[[str, str], list[Row]], company: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The supplier list of one company, with addresses."""
    addresses = {r["Supplier"]: r for r in rows(company, "ApSupplierAddr")}
    for row in rows(company, "ApSupplier"):
        code = _code(company, row["Supplier"])
        address = addresses.get(row["Supplier"], {})
        yield (
            code,
            {
                "name": f"{row['SupplierName'].rstrip()[:35]} ({code})",
                "Currency": row["Currency"].rstrip(),
                "Terms": row["TermsCode"].rstrip(),
                "On Hold": _flag(row["OnHold"]),
                "Balance": cents(row["CurrentBalance"]),
                "City": str(address.get("SupAddr3", "")).rstrip(),
                "Postal Code": str(address.get("SupPostalCode", "")).rstrip(),
            },
        )


def customers(rows: Callable[[str, str], list[Row]], company: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The customer list of one company, with balances."""
    balances = {r["Customer"]: r for r in rows(company, "ArCustomerBal")}
    for row in rows(company, "ArCustomer"):
        code = _code(company, row["Customer"])
        yield (
            code,
            {
                "name": f"{row['Name'].rstrip()[:35]} ({code})",
                "Credit Limit": cents(row["CreditLimit"]),
                "On Hold": _flag(row["CustomerOnHold"]),
                "Balance": cents(balances[row["Customer"]]["CurrentBalance1"]),
                "Sales YTD": cents(balances[row["Customer"]]["YtdSales"]),
            },
        )


def products(rows: Callable[[str, str], list[Row]], company: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The product list of one company."""
    for row in rows(company, "InvMaster"):
        supplier = _code(company, row["Supplier"]) if row["Supplier"].strip() else ""
        values = {"Stock Code": row["StockCode"], "Unit": row["StockUom"].rstrip(), "Supplier": supplier}
        yield f"{company}-{row['StockCode']}", values


def ap_invoices(rows: Callable[[str, str], list[Row]], company: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The cells of the module AP Invoices."""
    for row in rows(company, "ApInvoice"):
        supplier = _code(company, row["Supplier"])
        key = f"{supplier}-{_code('', row['Invoice'])[1:]}"
        value, balance = Decimal(cents(row["OrigInvValue"])), Decimal(cents(row["MthInvBal1"]))
        yield (
            key,
            {
                "Supplier": supplier,
                "Reference": row["Reference"].rstrip(),
                "Invoice Date": day(row["InvoiceDate"]),
                "Due Date": day(row["DueDate"]),
                "Period": _month(row["InvoiceYear"], row["InvoiceMonth"]),
                "Currency": row["Currency"].rstrip(),
                "Original Value": str(value),
                "Balance": str(balance),
                "Paid": str(value - balance),
            },
        )


def ap_postings(rows: Callable[[str, str], list[Row]], company: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The cells of the module AP Postings."""
    headers = {(r["TrnYear"], r["TrnMonth"], r["Journal"], r["EntryNumber"]): r for r in rows(company, "ApJnlSummary")}
    for row in rows(company, "ApJnlDistrib"):
        parts = (row["TrnYear"], row["TrnMonth"], row["Journal"], row["EntryNumber"])
        header = headers[parts]
        key = "-".join([company, *(str(int(Decimal(str(p)))) for p in (*parts, row["SubEntry"]))])
        yield (
            key,
            {
                "Invoice": f"{_code(company, header['Supplier'])}-{_code('', header['Invoice'])[1:]}",
                "Account": f"{company}-{row['ExpenseGlCode'].rstrip()}",
                "Period": _month(row["TrnYear"], row["TrnMonth"]),
                "Amount": cents(row["DistrValue"]),
            },
        )


def ar_invoices(rows: Callable[[str, str], list[Row]], company: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The cells of the module AR Invoices."""
    for row in rows(company, "ArInvoice"):
        customer = _code(company, row["Customer"])
        yield (
            f"{customer}-{_code('', row['Invoice'])[1:]}-{row['DocumentType']}",
            {
                "Customer": customer,
                "Invoice Date": day(row["InvoiceDate"]),
                "Period": _month(row["InvoiceYear"], row["InvoiceMonth"]),
                "Value": cents(row["CurrencyValue"]),
                "Balance": cents(row["InvoiceBal1"]),
            },
        )


def gl_balances(rows: Callable[[str, str], list[Row]], company: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The cells of the module GL Balances, twelve periods a year."""
    for row in rows(company, "GenHistory"):
        before = Decimal(str(row["BeginYearBalance"]))
        for period in range(1, 13):
            closing = Decimal(str(row[f"ClosingBalPer{period}"]))
            movement, before = closing - before, closing
            if not _special(row):
                key = f"{company}-{row['GlCode']}|{_month(row['GlYear'], period)}"
                yield key, {"Closing Balance": cents(closing), "Movement": cents(movement)}


def inventory(rows: Callable[[str, str], list[Row]], company: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The cells of the module Inventory."""
    for row in rows(company, "InvWarehouse"):
        yield (
            f"{company}-{row['StockCode']}|{company}-{row['Warehouse'].rstrip()}",
            {
                "Qty On Hand": str(row["QtyOnHand"]),
                "Qty Allocated": str(row["QtyAllocated"]),
                "Qty On Order": str(row["QtyOnOrder"]),
                "Unit Cost": str(row["UnitCost"]),
            },
        )


def anaplan_key(stream: str, key: Sequence[str]) -> str:
    """Where the record of a stream goes: the code of its list item or cell; its key as the audit trail has it."""
    company, *rest = key
    match stream, rest:
        case (("suppliers" | "supplier_addresses" | "customers" | "customer_balances"), [number]):
            parts = [_code(company, number)]
        case (("ap_invoices" | "ar_invoices"), [partner, invoice, *kind]):
            parts = [_code(company, partner), _code("", invoice)[1:], *kind]
        case "stock_warehouses", [code, warehouse]:
            parts = [f"{company}-{code}|{company}-{warehouse.rstrip()}"]
        case "gl_balances", [_, account, year, period]:
            parts = [f"{company}-{account}|{_month(year, period)}"]
        case "gl_accounts", [_, account]:
            parts = [company, account]
        case _:  # items, postings, and what has a key in Anaplan's own words
            parts = [*key]
    return "-".join(parts)


LISTS = {"Accounts": accounts, "Suppliers": suppliers, "Customers": customers, "Products": products}
MODULES = {
    "AP Invoices": ap_invoices,
    "AP Postings": ap_postings,
    "AR Invoices": ar_invoices,
    "GL Balances": gl_balances,
    "Inventory": inventory,
}


def compare(control: Control, companies: list[str], refused: Collection[str] = ()) -> list[Comparison]:
    """Every list and module of the flow, value by value.

    Args:
        control: the sandbox's control client.
        companies: the SYSPRO companies that were read.
        refused: keys of rows that Anaplan rejected, which are left out on both sides.
    """
    cache: dict[tuple[str, str], list[Row]] = {}

    def rows(company: str, table: str) -> list[Row]:
        if (company, table) not in cache:
            cache[company, table] = list(control.rows(company, table))
        return cache[company, table]

    found: list[Comparison] = []
    for name, expected in LISTS.items():
        wanted = dict(pair for company in companies for pair in expected(rows, company))
        found.append(compare_contents("SYSPRO", name, wanted, list_contents(control, name), refused))
    for name, expected in MODULES.items():
        wanted = dict(pair for company in companies for pair in expected(rows, company))
        found.append(compare_contents("SYSPRO", name, wanted, module_contents(control, name), refused))
    return found
