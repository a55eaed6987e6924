"""Scene: planning back into SYSPRO. GL journals, an AP invoice, a customer's limit; read again by the next load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from demo.planning import PlanLine, approve, enter
from demo.reconcile import syspro
from demo.reconcile.plan import compare_with_syspro
from demo.report import document_table
from demo.stage import Stage, console, documents

TITLE = "Planning back into SYSPRO"
JOB = "plan-to-syspro"
COMPANY, VERSION, OFFSET = "EDU1", "Forecast 2026", "00-2110"


def play(stage: Stage) -> None:
    """The scene."""
    if not stage.control.list_items("Accounts"):
        stage.job("syspro-to-anaplan")
    lines = a_plan(stage)
    enter(stage.control, None, lines)
    approve(stage.control, None, VERSION)
    maintain(stage)
    plan_an_invoice(stage)
    console.print(f"Planners entered {len(lines)} lines of {VERSION}, which is approved, planned an invoice, raised")
    console.print("a customer's credit limit and moved a supplier to another class: the fields that planning owns.\n")

    before = {table: stage.control.rows(COMPANY, table) for table in ("ApSupplier", "ArCustomer")}
    _, found = stage.job(JOB)
    posted = documents(found)
    console.print(document_table(f"{len(posted)} documents posted", posted))
    for table, rows in before.items():
        console.print(f"{table}: {changed(rows, stage.control.rows(COMPANY, table))}")
    _, found = stage.job(JOB)
    console.print(f"\nThe same job again: [bold]{len(documents(found))}[/bold] documents posted.\n")
    journals = {(line.year, line.number) for line in posted if line.stream == "plan_lines"}
    stage.show("the plan", [compare_with_syspro(stage.control, COMPANY, lines, journals, OFFSET)], "SYSPRO")

    stage.load("The next load reads what planning changed", "SYSPRO stream", "syspro-to-anaplan")
    with console.status("comparing SYSPRO and Anaplan …"):
        companies: list[str] = stage.sandbox.info["syspro"]["companies"]
        comparisons = syspro.compare(stage.control, companies, stage.refused)
    stage.show("SYSPRO", comparisons)
    console.print()


def a_plan(stage: Stage) -> list[PlanLine]:
    """Two months of costs for some accounts of the company."""
    accounts = [item["code"] for item in stage.control.list_items("Accounts") if item["parent"].startswith("E-")]
    own = [code for code in accounts if code.startswith(f"{COMPANY}-")][:5]
    return [
        PlanLine(VERSION, COMPANY, account, "", period, Decimal(500 * month + 75 * place) + Decimal("0.25"), "", "Plan")
        for month, period in enumerate(("Nov 26", "Dec 26"), start=1)
        for place, account in enumerate(own)
    ]


def maintain(stage: Stage) -> None:
    """Planners raise a customer's credit limit and move a supplier to another class, in the lists."""
    customer = _own_items(stage, "Customers")[0]
    limit = Decimal(customer["properties"]["Credit Limit"] or "0") + 5000
    stage.control.fill([{"code": customer["code"], "properties": {"Credit Limit": str(limit)}}], list_name="Customers")
    suppliers = _own_items(stage, "Suppliers")
    classes = sorted({item["properties"]["Class"] for item in suppliers} - {suppliers[0]["properties"]["Class"]})
    stage.control.fill([{"code": suppliers[0]["code"], "properties": {"Class": classes[0]}}], list_name="Suppliers")


def _own_items(stage: Stage, name: str) -> list[dict[str, Any]]:
    items = stage.control.list_items(name)
    return [item for item in items if item["code"].startswith(f"{COMPANY}-") and item["code"][5:].isdigit()]


def changed(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> str:
    """In words, what differs between two states of a table of master data; its row versions and balances aside."""
    apart = {"TimeStamp", "CurrentBalance", "LastInvDate", "LastPurchDate"}
    found = [
        f"{column} of {old['Name' if 'Name' in old else 'SupplierName'].strip()} from {old[column]} to {new[column]}"
        for old, new in zip(before, after, strict=True)
        for column in old
        if column not in apart and old[column] != new[column]
    ]
    return "; ".join(found) or "not a field of master data has changed"


def plan_an_invoice(stage: Stage) -> None:
    """A planned and approved invoice of a supplier in the company's own currency."""
    home = stage.control.rows(COMPANY, "GenJournalDetail")[0]["PostCurrency"]
    free = (row for row in stage.control.rows(COMPANY, "ApSupplier") if row["OnHold"] != "Y")
    supplier = next(row for row in free if row["Currency"] in {home, ""} and row["Supplier"].isdigit())
    account = next(line.account for line in a_plan(stage))
    values = {
        "Supplier": f"{COMPANY}-{supplier['Supplier'].lstrip('0')}",
        "Company Code": COMPANY,
        "Invoice": "PLAN-1",
        "Invoice Date": "2026-11-18",
        "Account": account,
        "Amount": "1234.50",
        "Text": "Planned maintenance",
        "Approved": "true",
    }
    rows = [{"dimensions": {"Planned Invoices": "PLAN-1"}, "values": values}]
    stage.control.fill(rows, module="Planned Invoices")
