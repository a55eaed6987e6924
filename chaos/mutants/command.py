"""`python -m chaos mutants`: each bug planted alone, and by which seed the weather found it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from chaos.mutants.hunt import Found, Weather
from chaos.mutants.planted import MUTANTS

_MISSED = 1
"""So many may be missed: nobody writes every bug that a driver can see."""


@click.command()
@click.option("--only", multiple=True, type=click.Choice([one.name for one in MUTANTS]), help="Several may be given.")
@click.option("--seeds", default=200, show_default=True, help="Seeds from 1 on to play for each.")
@click.option("--minutes", type=float, help="For each at most.")
@click.option("--jobs", default=2, show_default=True, help="Mutants at the same time.")
@click.option("--output", type=click.Path(path_type=Path), default=Path("var/chaos/mutants.json"), show_default=True)
def command(only: Sequence[str], seeds: int, minutes: float | None, jobs: int, output: Path) -> None:
    """Plant deliberate bugs one by one, and play the weather until it sees each."""
    console = Console(width=150, highlight=False)
    weather = Weather(seeds, minutes)
    wanted = [one for one in MUTANTS if not only or one.name in only]
    found: list[Found] = []
    with ThreadPoolExecutor(jobs) as pool:
        for future in as_completed([pool.submit(weather.hunt, mutant) for mutant in wanted]):
            one = future.result()
            found.append(one)
            console.print(_line(one), markup=False)
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    console.print(_table(found))
    missed = sum(one.seed is None for one in found)
    console.print(f"{len(found) - missed} of {len(found)} were found; see {output}")
    sys.exit(1 if missed > _MISSED else 0)


def _line(one: Found) -> str:
    told = f"not by {one.seeds} seeds"
    if one.seed is not None:
        told = f"seed {one.seed}: {one.invariant}: {one.sentence[:200]}"
    return f"{one.mutant}: {told} ({one.seconds:.0f} s)"


def _table(found: Sequence[Found]) -> Table:
    table = Table("mutant", "what is wrong", "found by seed", "invariant", "s")
    for one in sorted(found, key=lambda each: each.mutant):
        seed = "no" if one.seed is None else str(one.seed)
        table.add_row(one.mutant, one.says, seed, one.invariant, f"{one.seconds:.0f}")
    return table
