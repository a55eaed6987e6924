"""Scene: SAP S/4HANA to Anaplan. Master data, then posted actuals; a day of business; only what changed; compared."""

from __future__ import annotations

from demo.reconcile import sap
from demo.report import change_table
from demo.stage import Stage, console, sent

TITLE = "SAP S/4HANA to Anaplan"
JOB = "sap-to-anaplan"
MODEL = "S4 Finance"


def play(stage: Stage) -> None:
    """The scene."""
    model = stage.sandbox.info["anaplan"]["models"][MODEL]
    console.print(f"Accounts, cost centers and partners become lists of the model {MODEL}, then actuals its modules.\n")
    first = stage.load("First load: everything", "SAP stream", JOB)
    changes = stage.control.sap_business_day(1)
    console.print(change_table("SAP", changes))
    console.print("Among them a new account and a renamed cost center, with postings that use them.\n")
    second = stage.load("Second load: what has changed", "SAP stream", JOB)
    console.print(f"The first load sent [bold]{sent(first):,}[/bold] rows, the second [bold]{sent(second):,}[/bold].\n")
    with console.status("comparing SAP and Anaplan …"):
        comparisons = sap.compare(stage.control, model)
    stage.show("SAP", comparisons)
    console.print()
