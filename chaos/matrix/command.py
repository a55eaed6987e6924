"""`python -m chaos matrix`."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import click

from chaos.matrix.plan import FILE, cells, differing, recorded, share, store, stored
from chaos.matrix.run import bench, results, shuffled
from chaos.matrix.table import markdown, save, text, total

_OUT = Path("var/chaos")


@click.command()
@click.option("--endpoint", default="", help="Only endpoints whose line in the table matches this expression.")
@click.option("--fault", default="", help="Only faults whose name matches this expression.")
@click.option(
    "--mode",
    type=click.Choice(["seeded", "once", "always", "both"]),
    default="seeded",
    show_default=True,
    help="How often the fault happens; seeded: for half of the cells once, for half always, by the seed.",
)
@click.option("--seed", default=1, show_default=True, help="Which cells come first, and how often faults happen.")
@click.option("--jobs", default=2, show_default=True, help="Processes, each with a sandbox of its own.")
@click.option("--minutes", type=float, help="Begin no further cell after so long.")
@click.option("--quick", is_flag=True, help="One fault per endpoint, by the seed.")
@click.option("--record", is_flag=True, help=f"Ask the plugins what they use, and write {FILE.name}.")
def command(
    endpoint: str, fault: str, mode: str, seed: int, jobs: int, minutes: float | None, *, quick: bool, record: bool
) -> None:
    """Every endpoint that a plugin uses, with every fault."""
    if record:
        with bench() as one:
            rows = recorded(one)
        for line in differing(stored(), rows):
            click.echo(line)
        store(rows)
        return
    begun = time.monotonic()
    chosen = list(share(stored(), seed)) if quick else cells(stored(), mode, seed)
    chosen = [
        cell
        for cell in chosen
        if re.search(endpoint, f"{cell.ability} {cell.endpoint}") and re.search(fault, cell.fault)
    ]
    found = []
    for result in results(shuffled(chosen, seed), jobs=jobs, until=begun + minutes * 60 if minutes else None):
        found.append(result)
        if result.mark == "X":
            click.echo(f"X {result.cell}\n    said: {result.said}\n    {result.why}")
        if len(found) % 50 == 0:
            click.echo(f"{time.monotonic() - begun:6.0f} s  {total(found)} (of {len(chosen)})")
            save(found, _OUT / "matrix.json", seed=seed, mode=mode)
    click.echo("\n".join(text(found)))
    save(found, _OUT / "matrix.json", seed=seed, mode=mode, seconds=round(time.monotonic() - begun))
    (_OUT / "matrix.md").write_text("\n".join(markdown(found)) + "\n", encoding="utf-8")
    if any(result.mark == "X" for result in found):
        sys.exit(1)
