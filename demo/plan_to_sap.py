"""Scene: an approved plan from Anaplan into SAP as journal entries; nothing before approval, nothing twice."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from demo.planning import PlanLine, approve, enter
from demo.reconcile.plan import compare_with_sap
from demo.report import document_table
from demo.stage import Stage, console, documents

TITLE = "Approved plans to SAP S/4HANA"
JOB = "plan-to-sap"
MODEL = "S4 Finance"
VERSION = "Budget 2027"
OFFSET = "21500000"


def play(stage: Stage) -> None:
    """The scene."""
    model = stage.sandbox.info["anaplan"]["models"][MODEL]
    if not stage.control.list_items("GL Accounts", model):
        stage.job("sap-to-anaplan")
    lines = a_plan(stage, model)
    enter(stage.control, model, lines)
    console.print(f"Planners entered {len(lines)} lines of {VERSION} in the model {MODEL}; nobody has approved them.\n")

    done, found = stage.job(JOB)
    said = [line.partition("plan_lines: ")[2] for line in done.output.splitlines() if "not approved" in line]
    console.print(f"[bold]Before approval[/bold]: {len(documents(found))} documents posted. The job says:")
    console.print(*said[:1], markup=False)

    approve(stage.control, model, VERSION)
    _, found = stage.job(JOB)
    posted = documents(found)
    console.print(document_table(f"\nApproved: {len(posted)} journal entries", posted))
    numbers = [(line.company, line.year, line.number) for line in posted]

    _, found = stage.job(JOB)
    console.print(f"\nThe same job again: [bold]{len(documents(found))}[/bold] documents posted.\n")

    changed = [replace(line, amount=line.amount + 100) if place < 2 else line for place, line in enumerate(lines)]
    enter(stage.control, model, changed[:2])
    _, found = stage.job(JOB)
    posted = documents(found)
    console.print(document_table("Two amounts were changed and approved again: the difference", posted))
    numbers += [(line.company, line.year, line.number) for line in posted]
    stage.show("the plan", [compare_with_sap(stage.control, changed, numbers, OFFSET)], "SAP")
    console.print()


def a_plan(stage: Stage, model: str) -> list[PlanLine]:
    """Three months of costs for some accounts and cost centers of both company codes."""
    accounts = [item["code"] for item in stage.control.list_items("GL Accounts", model)]
    costs = [code for code in accounts if code.startswith("YCOA-630")]
    centers = stage.control.list_items("Cost Centers", model)
    lines = []
    for company, currency in (("1010", "EUR"), ("1710", "USD")):
        own = [item["code"] for item in centers if item["properties"]["Company Code"] == company][:3]
        for month, period in enumerate(("Jan 27", "Feb 27", "Mar 27"), start=1):
            for place, account in enumerate(costs[:4]):
                amount = Decimal(1000 * month + 125 * place) + Decimal("0.37")
                center = own[place % len(own)]
                lines.append(PlanLine(VERSION, company, account, center, period, amount, currency, f"Plan {period}"))
    return lines
