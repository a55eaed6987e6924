"""Scene: SYSPRO to Anaplan. First load, a day of business with a typing mistake, second load, both sides compared."""

from __future__ import annotations

from typing import Any

from demo.reconcile import syspro
from demo.report import change_table
from demo.stage import Stage, console, sent

TITLE = "SYSPRO to Anaplan"
JOB = "syspro-to-anaplan"


def play(stage: Stage) -> None:
    """The scene."""
    companies: list[str] = stage.sandbox.info["syspro"]["companies"]
    console.print(f"SYSPRO has the companies {' and '.join(companies)}; the model in Anaplan is Finance Hub.\n")
    first = stage.load("First load: everything", "SYSPRO stream", JOB)
    changes: dict[str, Any] = stage.control.business_day(1)
    console.print(change_table("SYSPRO", changes))
    refused = mistype(stage)
    stage.refused.append(refused)
    console.print("And one mistake: an AR invoice entered for the year 2062, which the model does not know.\n")
    second = stage.load("Second load: what has changed", "SYSPRO stream", JOB)
    console.print(f"The first load sent [bold]{sent(first):,}[/bold] rows, the second [bold]{sent(second):,}[/bold].\n")
    with console.status("comparing SYSPRO and Anaplan …"):
        comparisons = syspro.compare(stage.control, companies, [refused])
    stage.show("SYSPRO", comparisons)
    console.print(f"Left out on both sides: {refused}, which Anaplan rejected and which waits in the trail.\n")


def mistype(stage: Stage) -> str:
    """Somebody enters an invoice in the year 2062, which the model's calendar does not have; its key in Anaplan."""
    row = stage.control.rows("EDU1", "ArInvoice")[-1]
    key = {"Customer": row["Customer"], "Invoice": "000000000999999", "DocumentType": row["DocumentType"]}
    values = {k: v for k, v in row.items() if k not in key and k != "TimeStamp"} | {"InvoiceYear": 2062}
    stage.control.change([{"company": "EDU1", "table": "ArInvoice", "op": "insert", "key": key, "values": values}])
    return f"EDU1-{key['Customer'].lstrip('0')}-999999-{key['DocumentType']}"
