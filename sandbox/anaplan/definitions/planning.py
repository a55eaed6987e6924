"""Planning, alike in every hub: versions with their approval, plan lines and planned invoices, what leaves for the ERP.

A plan line says what is to be posted; it is approved with its version (module Plan Approval) or line by line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.anaplan.definitions.common import BOOLEAN, DATE, ISO_DATE, NUMBER, PERIOD, TEXT, items_of, transaction
from sandbox.anaplan.schema import LINE_ITEMS, Column

if TYPE_CHECKING:
    from sandbox.anaplan.builder import Builder
    from sandbox.anaplan.schema import Format

VERSIONS = ("Budget 2027", "Forecast 2026")


def planning(build: Builder, *, accounts: str, company_code: Format) -> None:
    """Add the planning objects; ``accounts`` names the list of accounts, ``company_code`` is its line item's format."""
    account = {"Account": items_of(accounts), "Cost Center": items_of("Cost Centers")}
    words = {"Currency": TEXT, "Text": TEXT, "Approved": BOOLEAN}
    build.list("Plan Versions", items=VERSIONS)
    approval = {"Approved": BOOLEAN, "Approved By": TEXT, "Approved On": DATE}
    build.module("Plan Approval", ("Plan Versions",), approval)

    build.list("Plan Lines", transactions=True)
    head = {"Version": items_of("Plan Versions"), "Company Code": company_code}
    lines = {**head, **account, "Period": PERIOD, "Amount": NUMBER, **words}
    build.module("Plan Lines", ("Plan Lines",), lines)
    build.view("Plan Lines for posting", "Plan Lines", rows=("Plan Lines",), columns=(LINE_ITEMS,), pages=())
    file = build.file("plan_lines.csv", ("Line Key", *lines))
    transaction(build, file, "Plan Lines", (Column("Line Key", "dimension", "Plan Lines"),), date_format=ISO_DATE)

    build.list("Planned Invoices", transactions=True)
    head = {"Supplier": items_of("Suppliers"), "Company Code": company_code}
    invoice = {**head, "Invoice": TEXT, "Invoice Date": DATE, **account, "Amount": NUMBER, **words}
    build.module("Planned Invoices", ("Planned Invoices",), invoice)

    build.export("Plan Lines.csv", "module", "Plan Lines")
    build.export("Planned Invoices.csv", "module", "Planned Invoices")
    build.export("Customers.csv", "list", "Customers")
    build.export("Plan Lines by line item.txt", "module", "Plan Lines", layout="TABULAR_SINGLE_COLUMN", separator="\t")
