"""`python -m chaos soak`: poll after poll, a line per hundred, a table and var/chaos/soak.json at the end."""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from chaos.soak.drive import Plan, Result, Soak, zones_and_days

if TYPE_CHECKING:
    from collections.abc import Iterable

_OUT = Path("var/chaos/soak.json")


@click.command()
@click.option("--polls", default=2000, show_default=True, help="Four a day: 2,000 are 500 days.")
@click.option("--seed", default=1, show_default=True, help="Of the data, and of what planners and accountants do.")
@click.option(
    "--first", default="2026-11-23", show_default=True, type=click.DateTime(["%Y-%m-%d"]), help="The first day."
)
@click.option("--every", default=1, show_default=True, help="Days between two polls of a flow.")
@click.option("--compare", default=8, show_default=True, help="Each so many polls of a flow: sweep, then compare.")
def command(polls: int, seed: int, first: datetime, every: int, compare: int) -> None:
    """Scheduled polls in virtual time: what expires, closes, turns and grows in a year and more."""
    console = Console(soft_wrap=True)
    plan = Plan(polls, seed, date(first.year, first.month, first.day), every, compare)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        result = Soak(Path(folder), plan, lambda line: console.print(line, markup=False, highlight=False)).run()
    _show(console, result)
    _write(plan, result)
    sys.exit(1 if result.violations else 0)


def _show(console: Console, result: Result) -> None:
    table = Table("what", "how many", title=f"{result.polls.total()} polls in {result.virtual_days:.0f} days")
    for name, number in _figures(result):
        table.add_row(name, str(number))
    console.print(table)
    for violation in result.violations:
        console.print(f"VIOLATION {violation}", markup=False, highlight=False)
    if not result.violations:
        console.print("No violation.")


def _figures(result: Result) -> Iterable[tuple[str, object]]:
    yield from sorted(result.polls.items())
    yield "stopped, seen to, run again", result.reruns
    yield "comparisons of both sides", result.comparisons
    yield from sorted(result.life.items())
    for zone, polls, changes in zones_and_days(result):
        yield f"polls in {zone}, days on which its clocks changed", f"{polls}, {changes}"
    for language, number in sorted(result.languages.items()):
        yield f"polls in {language}", number
    if result.measures:
        for name, last in sorted(result.measures[-1][1].items()):
            yield f"{name}, at first and at the end", f"{result.measures[0][1].get(name, 0):,.0f}, {last:,.0f}"
    yield "real seconds", round(result.seconds)
    yield "violations", len(result.violations)


def _write(plan: Plan, result: Result) -> None:
    _OUT.parent.mkdir(parents=True, exist_ok=True)
    content = {"plan": vars(plan), **vars(result), "clock_changes": sorted(result.clock_changes)}
    _OUT.write_text(json.dumps(content, indent=1, default=str))
