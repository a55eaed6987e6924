"""The hub of SYSPRO, the tenant's main model: ERP data is loaded into it, and plans are made on top."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.anaplan.builder import Builder
from sandbox.anaplan.calendar import TIME
from sandbox.anaplan.definitions.common import (
    BOOLEAN,
    DATE,
    ISO_DATE,
    NUMBER,
    PERIOD,
    REMOVED,
    TEXT,
    items_of,
    removals,
    transaction,
)
from sandbox.anaplan.definitions.planning import planning
from sandbox.anaplan.schema import Column, Formula

if TYPE_CHECKING:
    from sandbox.anaplan.schema import ModelDefinition

_REMOVABLE = ("Accounts", "Suppliers", "Customers", "Products", "AP Invoices", "AR Invoices")


def _lists(build: Builder) -> None:
    company = {"Company": TEXT}
    build.list("Account Types")
    build.list("Account Groups", parent="Account Types")
    build.list("Cost Centers", company)
    build.list(
        "Accounts", {**company, "GL Code": TEXT, "Cost Center": items_of("Cost Centers")}, parent="Account Groups"
    )
    party = {"Class": TEXT, "Currency": TEXT, "Terms": TEXT}
    standing = {"Branch": TEXT, "On Hold": BOOLEAN, "Balance": NUMBER}
    address = {"Address": TEXT, "City": TEXT, "Postal Code": TEXT, "Remit To": TEXT}
    build.list("Suppliers", {**company, "Supplier": TEXT, **party, **standing, **address})
    credit = {"Credit Limit": NUMBER, "On Hold": BOOLEAN, "Balance": NUMBER, "Sales YTD": NUMBER}
    build.list("Customers", {**company, "Customer": TEXT, **party, **credit})
    stock = {"Stock Code": TEXT, "Product Class": TEXT, "Unit": TEXT}
    build.list("Products", {**company, **stock, "Supplier": items_of("Suppliers")})
    build.list("Warehouses", company)
    for name in ("AP Invoices", "AP Postings", "AR Invoices"):
        build.list(name, transactions=True)


def _modules(build: Builder) -> None:
    dates = {"Invoice Date": DATE, "Due Date": DATE, "Period": PERIOD}
    values = {"Original Value": NUMBER, "Balance": NUMBER, "Status": TEXT}
    paid = {"Paid": Formula("Original Value", "-", "Balance")}
    head = {"Supplier": items_of("Suppliers"), "Reference": TEXT, **dates, "Currency": TEXT}
    build.module("AP Invoices", ("AP Invoices",), {**head, **values, **paid})
    links = {"Invoice": items_of("AP Invoices"), "Account": items_of("Accounts")}
    build.module("AP Postings", ("AP Postings",), {**links, "Period": PERIOD, "Amount": NUMBER, "Reference": TEXT})
    head = {"Customer": items_of("Customers"), "Document Type": TEXT, "Invoice Date": DATE, "Period": PERIOD}
    values = {"Currency": TEXT, "Value": NUMBER, "Balance": NUMBER, "Sales Order": TEXT}
    build.module("AR Invoices", ("AR Invoices",), {**head, **values})
    build.module("GL Balances", ("Accounts", TIME), {"Closing Balance": NUMBER, "Movement": NUMBER})
    quantities = {"Qty On Hand": NUMBER, "Qty Allocated": NUMBER, "Qty On Order": NUMBER, "Unit Cost": NUMBER}
    derived = {
        "Available": Formula("Qty On Hand", "-", "Qty Allocated"),
        "Stock Value": Formula("Qty On Hand", "*", "Unit Cost"),
    }
    build.module("Inventory", ("Products", "Warehouses"), {**quantities, **derived})
    build.view("GL Balances by month", "GL Balances", rows=("Accounts",), columns=(TIME,), pages=("Line Items",))


def _simple_list_imports(build: Builder) -> None:
    build.list_import("Account Types", "account_types.csv", ("Code", "Name"))
    build.list_import("Account Groups", "account_groups.csv", ("Code", "Name", "Account Type"), parent="Account Type")
    build.list_import("Cost Centers", "cost_centers.csv", ("Code", "Name", "Company"))
    build.list_import(
        "Accounts",
        "accounts.csv",
        ("Code", "Name", "Account Group", "Company", "GL Code", "Cost Center"),
        parent="Account Group",
    )
    build.list_import(
        "Suppliers",
        "suppliers.csv",
        ("Code", "Name", "Company", "Supplier", "Class", "Currency", "Terms", "Branch", "On Hold", "Balance"),
    )
    build.list_import(
        "Suppliers",
        "supplier_addresses.csv",
        ("Code", "Address", "City", "Postal Code", "Remit To"),
        called="Supplier Addresses",
    )
    customers = ("Code", "Name", "Company", "Customer", "Class", "Currency", "Terms", "Credit Limit", "On Hold")
    build.list_import("Customers", "customers.csv", customers, separator=";", encoding="ISO-8859-1")
    build.list_import(
        "Customers", "customer_balances.csv", ("Code", "Balance", "Sales YTD"), called="Customer Balances"
    )
    products = ("Code", "Name", "Company", "Stock Code", "Product Class", "Unit", "Supplier")
    build.list_import("Products", "products.csv", products)
    build.list_import("Warehouses", "warehouses.csv", ("Code", "Name", "Company"))


def _module_imports(build: Builder) -> None:
    balances = build.file("gl_balances.csv", ("Account", "Period", "Closing Balance", "Movement"))
    by_account = (Column("Account", "dimension", "Accounts"), Column("Period", "dimension", TIME))
    build.module_import("GL Balances", balances, by_account)
    inventory = build.file(
        "inventory.csv",
        ("Product", "Warehouse", "Qty On Hand", "Qty Allocated", "Qty On Order", "Unit Cost"),
        separator="\t",
        encoding="UTF-16LE",
        decimal=",",
    )
    by_product = (Column("Product", "dimension", "Products"), Column("Warehouse", "dimension", "Warehouses"))
    build.module_import("Inventory", inventory, by_product)
    build.module_copy("Balances to archive", "GL Balances", "Plan FY20", by_account)


def _transactions(build: Builder) -> None:
    """Each transaction file feeds two imports, its list and its module, and a process that runs both."""
    tail = ("Original Value", "Balance", "Status")
    ap_headers = ("Invoice Key", "Supplier", "Reference", "Invoice Date", "Due Date", "Period", "Currency", *tail)
    ap_invoices = build.file("ap_invoices.csv", ap_headers)
    transaction(build, ap_invoices, "AP Invoices", (Column("Invoice Key", "dimension", "AP Invoices"),))
    ap_postings = build.file(
        "ap_postings.csv", ("Posting Key", "Invoice Key", "Account", "Period", "Amount", "Reference")
    )
    posting = (Column("Posting Key", "dimension", "AP Postings"), Column("Invoice Key", "line item", "Invoice"))
    transaction(build, ap_postings, "AP Postings", posting)
    ar_headers = ("Invoice Key", "Customer", "Document Type", "Invoice Date", "Period", "Currency", "Value")
    ar_invoices = build.file("ar_invoices.csv", (*ar_headers, "Balance", "Sales Order"))
    invoice = (
        Column("Invoice Key", "dimension", "AR Invoices"),
        Column("Invoice Date", "line item", "Invoice Date", ISO_DATE),
    )
    transaction(build, ar_invoices, "AR Invoices", invoice)


def finance_hub() -> ModelDefinition:
    """The main model: lists, modules, imports, processes, exports and clean-up actions for ERP data."""
    build = Builder("Finance Hub", "UNLOCKED", common=(REMOVED,))
    _lists(build)
    _modules(build)
    _simple_list_imports(build)
    _module_imports(build)
    _transactions(build)
    removals(build, _REMOVABLE)
    build.export("Suppliers.csv", "list", "Suppliers")
    build.export("GL Balances.csv", "module", "GL Balances")
    build.export("AP Invoices.csv", "module", "AP Invoices")
    planning(build, accounts="Accounts", company_code=TEXT)
    return build.finished()
