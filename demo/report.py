"""What the demo prints: tables for a finance team."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from connector_kit.audit.document_lines import DocumentLine
from connector_kit.audit.report import ActionSummary, RunSummary
from demo.reconcile.core import Comparison

CHANGES = {
    "new": "new",
    "edited": "edited",
    "back_dated": "back-dated",
    "deleted": "deleted",
    "reversed": "reversed",
}


def run_table(title: str, source: str, runs: Sequence[RunSummary], seconds: float) -> Table:
    """One line per stream and its destination. `source` heads the column of the streams."""
    actions = [action for run in runs for action in run.actions]
    table = Table(title=f"{title}  [dim]({seconds:.0f} s)[/dim]", title_justify="left", title_style="bold", expand=True)
    # Long names go on in a second line: where rows went is never cut off.
    table.add_column(source, max_width=22, overflow="fold")
    table.add_column("into", overflow="fold", ratio=1)
    for heading in ("read", "unchanged", "sent", "delivered", "rejected", "deleted"):
        table.add_column(heading, justify="right", no_wrap=True)
    for action in actions:
        table.add_row(action.stream, _place(action.action), *_counts(action))
    table.add_section()
    totals = [sum(getattr(a, name) for a in actions) for name in ("read", "unchanged", "sent", "delivered")]
    rejected, deleted = (sum(getattr(a, name) for a in actions) for name in ("rejected", "deleted"))
    table.add_row("[bold]all[/bold]", "", *(f"[bold]{n:,}[/bold]" for n in (*totals, rejected, deleted)))
    return table


def _place(action: str) -> str:
    """An action in a narrow column: an import or process without the words that all of them have."""
    return action.removeprefix("import ").removeprefix("process ").removeprefix("Load ").partition(" from ")[0]


def _counts(action: ActionSummary) -> tuple[str, ...]:
    rejected = f"[red]{action.rejected:,}[/red]" if action.rejected else "0"
    return (
        f"{action.read:,}",
        f"{action.unchanged:,}",
        f"{action.sent:,}",
        f"{action.delivered:,}",
        rejected,
        f"{action.deleted:,}" if action.deleted else "0",
    )


def say_rejects(console: Console, run: RunSummary) -> None:
    """Why rows were refused."""
    for action in run.actions:
        for reason in action.reasons:
            console.print(f"  [red]{reason.records:,} rejected[/red] in {action.stream}: {reason.reason}")


def change_table(system: str, changes: Mapping[str, Mapping[str, int]]) -> Table:
    """What a day of business did in an ERP."""
    table = Table(title=f"A day of business in {system}", title_justify="left", title_style="bold")
    table.add_column("table")
    kinds = [kind for kind in CHANGES if kind in changes]
    for kind in kinds:
        table.add_column(CHANGES[kind], justify="right")
    for name in sorted({name for kind in kinds for name in changes[kind]}):
        counts = [changes[kind].get(name, 0) for kind in kinds]
        table.add_row(name, *(str(count) if count else "" for count in counts))
    return table


def comparison_table(system: str, comparisons: Sequence[Comparison], beside: str) -> Table:
    """Whether `beside` holds what the ERP holds."""
    table = Table(title=f"Does {beside} hold what {system} holds?", title_justify="left", title_style="bold")
    for heading, justify in (("what is compared", "left"), (system, "right"), (beside, "right"), ("", "left")):
        table.add_column(heading, justify="right" if justify == "right" else "left")
    for one in comparisons:
        verdict = "[green]equal, every value[/green]"
        if one.differences:
            verdict = f"[red]{len(one.differences)} differ[/red], e.g. {one.differences[0]}"
        table.add_row(one.name, f"{one.expected:,}", f"{one.found:,}", verdict)
    return table


def document_table(title: str, documents: Sequence[DocumentLine]) -> Table:
    """Documents with the numbers that the ERP gave them."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for heading in ("company", "year", "document", "reference", "for"):
        table.add_column(heading, no_wrap=True)
    table.add_column("plan lines", justify="right")
    for line in documents:
        key = " · ".join(dict.fromkeys(json.loads(line.key)))
        table.add_row(line.company, line.year, line.number, line.reference, key, str(line.records))
    return table
