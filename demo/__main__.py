"""`make demo`: SYSPRO to Anaplan on local servers, a day of business in between, and what happened."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from connector_kit.audit import Trail
from connector_kit.audit.report import RunSummary
from demo.environment import ROOT, plugin_environment
from demo.job import run_job
from demo.reconcile import compare
from demo.report import change_table, comparison_table, run_table, say_rejects
from sandbox.testing import Running, running

JOB = "syspro-to-anaplan"
console = Console(width=110, highlight=False)


@dataclass(frozen=True, slots=True)
class Demo:
    """Where this demo's run keeps its things."""

    sandbox: Running
    folder: Path
    environment: Mapping[str, str]

    def load(self, title: str, number: int) -> RunSummary:
        """Run the job; show what it did."""
        log = self.folder / f"run-{number}.log"
        with console.status(f"meltano run {JOB} …"):
            done = run_job(JOB, self.environment, log)
        if done.code:
            console.print(f"[red]The job ended with exit code {done.code}.[/red] Its output is in {shown(log)}:")
            console.print("\n".join(done.problems()[-10:]) or done.output[-2000:], markup=False)
            sys.exit(1)
        with Trail.open(self.environment["AUDIT_URL"]) as trail:
            summary = trail.summary("last")
        console.print(run_table(title, summary, done.seconds))
        say_rejects(console, summary)
        console.print()
        return summary

    def mistype(self) -> str:
        """Somebody enters an invoice in the year 2062, which the model's calendar does not have; its key in Anaplan."""
        row = self.sandbox.control.rows("EDU1", "ArInvoice")[-1]
        key = {"Customer": row["Customer"], "Invoice": "000000000999999", "DocumentType": row["DocumentType"]}
        values = {k: v for k, v in row.items() if k not in key and k != "TimeStamp"} | {"InvoiceYear": 2062}
        self.sandbox.control.change(
            [{"company": "EDU1", "table": "ArInvoice", "op": "insert", "key": key, "values": values}]
        )
        return f"EDU1-{key['Customer'].lstrip('0')}-999999-{key['DocumentType']}"

    def reconcile(self, refused: str) -> bool:
        """Compare both sides value by value; True when they agree."""
        with console.status("comparing SYSPRO and Anaplan …"):
            companies = self.sandbox.info["syspro"]["companies"]
            comparisons = compare(self.sandbox.control, companies, [refused])
        console.print(comparison_table(comparisons))
        console.print(f"Left out on both sides: {refused}, which Anaplan rejected and which waits in the trail.\n")
        return not any(c.differences for c in comparisons)


def shown(path: Path) -> str:
    """A path as one would type it from here."""
    return str(path.relative_to(ROOT))


def main() -> None:
    """The whole demo."""
    started = time.monotonic()
    folder = ROOT / "var" / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    console.rule("[bold]SYSPRO to Anaplan")
    with ExitStack() as stack:
        with console.status("starting the sandbox: a local SYSPRO and a local Anaplan …"):
            sandbox = stack.enter_context(running(size="demo", task_seconds=0.2))
        agreed = tell(Demo(sandbox, folder, plugin_environment(sandbox.info, folder)))
    close(folder, time.monotonic() - started)
    sys.exit(0 if agreed else 1)


def tell(demo: Demo) -> bool:
    """First load, a day of business, second load; whether both sides agree in the end."""
    companies = ", ".join(demo.sandbox.info["syspro"]["companies"])
    console.print(f"Two local servers stand in for SYSPRO (companies {companies}) and Anaplan (model Finance Hub).\n")
    first = demo.load("First load: everything", 1)
    changes: dict[str, Any] = demo.sandbox.control.business_day(1)
    console.print(change_table(changes))
    refused = demo.mistype()
    console.print("And one mistake: an AR invoice entered for the year 2062, which the model does not know.\n")
    second = demo.load("Second load: what has changed", 2)
    sent = [sum(action.sent for action in run.actions) for run in (first, second)]
    console.print(f"The first load sent [bold]{sent[0]:,}[/bold] rows, the second [bold]{sent[1]:,}[/bold].\n")
    return demo.reconcile(refused)


def close(folder: Path, seconds: float) -> None:
    """Where to look further."""
    console.print(f"The audit trail lies in [bold]{shown(folder / 'audit.db')}[/bold]. To look into it:")
    url = f"--url sqlite:///{shown(folder / 'audit.db')}"
    for command in ("runs", "show last", "failures"):
        console.print(f"  .venv/bin/audit {url} {command}")
    console.print(f"Logs of both runs: {shown(folder)}/run-1.log and run-2.log. [dim]{seconds:.0f} s in all.[/dim]")


if __name__ == "__main__":
    main()
