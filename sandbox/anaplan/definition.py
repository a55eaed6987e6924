"""The tenant's models: the group finance hub that ERP data is loaded into, and two neighbours."""

from __future__ import annotations

from sandbox.anaplan.builder import Builder
from sandbox.anaplan.calendar import TIME
from sandbox.anaplan.schema import Column, Field, FileDefinition, Format, Formula, ModelDefinition

TEXT = Format("TEXT")
NUMBER = Format("NUMBER")
BOOLEAN = Format("BOOLEAN")
DATE = Format("DATE")
PERIOD = Format("TIME PERIOD")


def _list(name: str) -> Format:
    return Format("LIST", name)


def _lists(build: Builder) -> None:
    company = {"Company": TEXT}
    build.list("Account Types")
    build.list("Account Groups", parent="Account Types")
    build.list("Cost Centers", company)
    build.list("Accounts", {**company, "GL Code": TEXT, "Cost Center": _list("Cost Centers")}, parent="Account Groups")
    party = {"Class": TEXT, "Currency": TEXT, "Terms": TEXT}
    standing = {"Branch": TEXT, "On Hold": BOOLEAN, "Balance": NUMBER}
    address = {"Address": TEXT, "City": TEXT, "Postal Code": TEXT, "Remit To": TEXT}
    build.list("Suppliers", {**company, "Supplier": TEXT, **party, **standing, **address})
    credit = {"Credit Limit": NUMBER, "On Hold": BOOLEAN, "Balance": NUMBER, "Sales YTD": NUMBER}
    build.list("Customers", {**company, "Customer": TEXT, **party, **credit})
    stock = {"Stock Code": TEXT, "Product Class": TEXT, "Unit": TEXT}
    build.list("Products", {**company, **stock, "Supplier": _list("Suppliers")})
    build.list("Warehouses", company)
    for name in ("AP Invoices", "AP Postings", "AR Invoices"):
        build.list(name)


def _modules(build: Builder) -> None:
    dates = {"Invoice Date": DATE, "Due Date": DATE, "Period": PERIOD}
    values = {"Original Value": NUMBER, "Balance": NUMBER, "Status": TEXT}
    paid = {"Paid": Formula("Original Value", "-", "Balance")}
    head = {"Supplier": _list("Suppliers"), "Reference": TEXT, **dates, "Currency": TEXT}
    build.module("AP Invoices", ("AP Invoices",), {**head, **values, **paid})
    links = {"Invoice": _list("AP Invoices"), "Account": _list("Accounts")}
    build.module("AP Postings", ("AP Postings",), {**links, "Period": PERIOD, "Amount": NUMBER, "Reference": TEXT})
    head = {"Customer": _list("Customers"), "Document Type": TEXT, "Invoice Date": DATE, "Period": PERIOD}
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
    _transaction(build, ap_invoices, "AP Invoices", (Column("Invoice Key", "dimension", "AP Invoices"),))
    ap_postings = build.file(
        "ap_postings.csv", ("Posting Key", "Invoice Key", "Account", "Period", "Amount", "Reference")
    )
    posting = (Column("Posting Key", "dimension", "AP Postings"), Column("Invoice Key", "line item", "Invoice"))
    _transaction(build, ap_postings, "AP Postings", posting)
    ar_headers = ("Invoice Key", "Customer", "Document Type", "Invoice Date", "Period", "Currency", "Value")
    ar_invoices = build.file("ar_invoices.csv", (*ar_headers, "Balance", "Sales Order"))
    invoice = (
        Column("Invoice Key", "dimension", "AR Invoices"),
        Column("Invoice Date", "line item", "Invoice Date", "yyyy-MM-dd"),
    )
    _transaction(build, ar_invoices, "AR Invoices", invoice)


def _transaction(build: Builder, file: FileDefinition, name: str, columns: tuple[Column, ...]) -> None:
    key = columns[0].header
    into_list = build.list_import_from(
        file, name, (Column(key, "code"), Column(key, "name")), called=f"{name} list from {file.name}"
    )
    into_module = build.module_import(name, file, columns)
    build.process(f"Load {name}", into_list, into_module)


def _removals(build: Builder) -> None:
    for list_name in ("Accounts", "Suppliers", "Customers", "Products", "AP Invoices", "AR Invoices"):
        noun = list_name if list_name.startswith("A") and " " in list_name else list_name.lower()
        noun = noun.replace("Invoices", "invoices")
        file_name = f"removed_{list_name.lower().replace(' ', '_')}.csv"
        build.list_import(list_name, file_name, ("Code", "Removed"), called=f"Mark removed {noun}")
        build.delete(f"Delete removed {noun}", list_name, "Removed")


def finance_hub() -> ModelDefinition:
    """The main model: lists, modules, imports, processes, exports and clean-up actions for ERP data."""
    build = Builder("Finance Hub", "UNLOCKED", common=(Field("Removed", BOOLEAN),))
    _lists(build)
    _modules(build)
    _simple_list_imports(build)
    _module_imports(build)
    _transactions(build)
    _removals(build)
    build.export("Suppliers.csv", "list", "Suppliers")
    build.export("GL Balances.csv", "module", "GL Balances")
    build.export("AP Invoices.csv", "module", "AP Invoices")
    return build.finished()


def workforce() -> ModelDefinition:
    """A second, small model of another team in the same workspace."""
    build = Builder("Workforce", "UNLOCKED")
    build.list("Employees", {"Department": TEXT})
    build.list_import("Employees", "employees.csv", ("Code", "Name", "Department"))
    return build.finished()


def plan_fy20() -> ModelDefinition:
    """An archived model that still is the source of an import."""
    build = Builder("Plan FY20", "ARCHIVED")
    build.list("Accounts")
    build.module("GL Balances", ("Accounts", TIME), {"Closing Balance": NUMBER, "Movement": NUMBER})
    return build.finished()


def all_models() -> tuple[ModelDefinition, ...]:
    """The tenant's models, the main one first."""
    return (finance_hub(), workforce(), plan_fy20())
