"""The hub of SAP S/4HANA: its master data as lists, its actuals as modules, and planning on top."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.anaplan.builder import Builder
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
from sandbox.anaplan.schema import Column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.anaplan.schema import Format, ModelDefinition

_MASTER_DATA = ("GL Accounts", "Cost Centers", "Suppliers", "Customers")
_PURCHASING = ("Purchase Orders", "Purchase Order Items", "Purchase Order Assignments")


def _lists(build: Builder) -> None:
    build.list("Account Groups")
    account = {"Chart": TEXT, "GL Account": TEXT, "Account Type": TEXT, "Blocked": BOOLEAN}
    build.list("GL Accounts", account, parent="Account Groups")
    build.list("Cost Center Areas")
    owner = {"Controlling Area": TEXT, "Cost Center": TEXT, "Company Code": TEXT, "Responsible": TEXT}
    build.list("Cost Centers", {**owner, "Valid From": DATE, "Valid To": DATE}, parent="Cost Center Areas")
    build.list("Suppliers", {"Supplier": TEXT, "Account Group": TEXT, "VAT Registration": TEXT, "Blocked": BOOLEAN})
    build.list("Customers", {"Customer": TEXT, "Account Group": TEXT, "VAT Registration": TEXT})
    build.list("Company Codes", {"Currency": TEXT, "Chart": TEXT, "Country": TEXT})
    build.list("Ledgers")


def _list_imports(build: Builder) -> None:
    build.list_import("Account Groups", "account_groups.csv", ("Code", "Name"))
    build.list_import(
        "GL Accounts",
        "gl_accounts.csv",
        ("Code", "Name", "Account Group", "Chart", "GL Account", "Account Type", "Blocked"),
        parent="Account Group",
    )
    build.list_import("Cost Center Areas", "cost_center_areas.csv", ("Code", "Name"))
    owner = ("Controlling Area", "Cost Center", "Company Code", "Responsible")
    build.list_import(
        "Cost Centers",
        "cost_centers.csv",
        ("Code", "Name", "Area", *owner, "Valid From", "Valid To"),
        parent="Area",
        date_format=ISO_DATE,
    )
    party = ("Account Group", "VAT Registration")
    build.list_import("Suppliers", "suppliers.csv", ("Code", "Name", "Supplier", *party, "Blocked"))
    build.list_import("Customers", "customers.csv", ("Code", "Name", "Customer", *party))
    build.list_import("Company Codes", "company_codes.csv", ("Code", "Name", "Currency", "Chart", "Country"))
    build.list_import("Ledgers", "ledgers.csv", ("Code", "Name"))


def _transactions(build: Builder) -> None:
    company, supplier = {"Company Code": items_of("Company Codes")}, {"Supplier": items_of("Suppliers")}
    account = {"Account": items_of("GL Accounts"), "Cost Center": items_of("Cost Centers")}
    posted = {"Period": PERIOD, "Posting Date": DATE, "Document Type": TEXT, "Amount": NUMBER, "Currency": TEXT}
    partner = {**supplier, "Customer": items_of("Customers")}
    fiscal = {"Fiscal Year": TEXT, "Fiscal Period": TEXT}
    ledger = {"Ledger": items_of("Ledgers"), **company}
    _transaction(build, "GL Line Items", "Line Key", {**ledger, **account, **posted, **partner, **fiscal})
    dates = {"Reference": TEXT, "Document Date": DATE, "Posting Date": DATE}
    values = {"Currency": TEXT, "Gross Amount": NUMBER, "Status": TEXT, "Reversed By": TEXT}
    _transaction(build, "Supplier Invoices", "Invoice Key", {**supplier, **company, **dates, **values})


def _purchasing(build: Builder) -> None:
    order = {"Supplier": items_of("Suppliers"), "Company Code": items_of("Company Codes"), "Type": TEXT}
    dated = {"Order Date": DATE, "Currency": TEXT, "Deleted": BOOLEAN}
    _transaction(build, "Purchase Orders", "Order Key", {**order, **dated})
    goods = {"Purchase Order": items_of("Purchase Orders"), "Description": TEXT, "Material": TEXT}
    price = {"Quantity": NUMBER, "Unit": TEXT, "Net Price": NUMBER, "Price Quantity": NUMBER}
    flags = {"Delivered": BOOLEAN, "Deleted": BOOLEAN}
    _transaction(build, "Purchase Order Items", "Item Key", {**goods, **price, **flags})
    account = {"Account": items_of("GL Accounts"), "Cost Center": items_of("Cost Centers")}
    assigned = {"Item": items_of("Purchase Order Items"), **account, "Net Amount": NUMBER, "Deleted": BOOLEAN}
    _transaction(build, "Purchase Order Assignments", "Assignment Key", assigned)


def _transaction(build: Builder, name: str, key: str, line_items: Mapping[str, Format]) -> None:
    build.list(name, transactions=True)
    build.module(name, (name,), line_items)
    file = build.file(f"{name.lower().replace(' ', '_')}.csv", (key, *line_items))
    transaction(build, file, name, (Column(key, "dimension", name),), date_format=ISO_DATE)


def s4_finance() -> ModelDefinition:
    """Lists, modules, imports, processes, exports and clean-up actions for SAP's data."""
    build = Builder("S4 Finance", "UNLOCKED", common=(REMOVED,))
    _lists(build)
    _list_imports(build)
    _transactions(build)
    _purchasing(build)
    removals(build, (*_MASTER_DATA, "Supplier Invoices", *_PURCHASING))
    for name in ("GL Accounts", "Cost Centers", "Suppliers"):
        build.export(f"{name}.csv", "list", name)
    build.export("GL Line Items.csv", "module", "GL Line Items")
    planning(build, accounts="GL Accounts", company_code=items_of("Company Codes"))
    return build.finished()
