"""`python -m chaos kills`: so many kill points, and what became of each document."""

from __future__ import annotations

import itertools
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

import click
from rich.console import Console

from chaos.kills.report import Tally, told
from chaos.kills.subjects import POSTING, SUBJECTS
from chaos.kills.work import Fleet

_LINE_EVERY = 200
_SHARE_OF_OTHERS = 33  # of the points of the posting targets, each that posts nothing gets the so manieth part


@click.command()
@click.option("--points", default=10_000, show_default=True, help="Processes that die.")
@click.option("--seed", default=1, show_default=True, help="What is drawn follows from it.")
@click.option("--jobs", default=2, show_default=True, help="Worker processes.")
@click.option("--only", multiple=True, type=click.Choice(list(SUBJECTS)), help="Of these alone; several may be given.")
@click.option("--chain", type=int, help="This chain alone, as a violation named it.")
@click.option("--minutes", type=float, help="Stop after so long.")
@click.option("--keep-going", is_flag=True, help="Go on after a violation.")
@click.option("--output", type=click.Path(path_type=Path), default=Path("var/chaos/kills.json"), show_default=True)
def command(
    points: int,
    seed: int,
    jobs: int,
    only: Sequence[str],
    chain: int | None,
    minutes: float | None,
    keep_going: bool,
    output: Path,
) -> None:
    """Kill plugins at any step, and hold what the next run makes of it against the books and the trail."""
    console, tally, begun = Console(width=110), Tally(), time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), Fleet(jobs) as fleet:  # whoever stops it sees what was tried
        for names, most in _stages(only, points):
            lengths = fleet.lengths(names, seed)
            before = tally.points()
            with closing(fleet.chains(_wanted(names, chain), seed, lengths)) as chains:
                for done in chains:
                    shown = tally.points() // _LINE_EVERY
                    tally.add(done)
                    for one in done.violations:
                        console.print(told(one, seed), markup=False, highlight=False)
                    spent = time.monotonic() - begun
                    if tally.points() // _LINE_EVERY > shown:
                        console.print(f"{tally.points():6} died, {len(tally.violations)} violations, {spent:.0f} s")
                        tally.write(output, seed=seed, seconds=spent)
                    enough = tally.points() - before >= most or (minutes is not None and spent > minutes * 60)
                    if enough or (tally.violations and not keep_going):
                        break
            if tally.violations and not keep_going:
                break
    console.print(tally.table())
    tally.write(output, seed=seed, seconds=time.monotonic() - begun)
    console.print(f"{tally.points()} processes died in {time.monotonic() - begun:.0f} s, seed {seed}; see {output}")
    sys.exit(1 if tally.violations else 0)


def _stages(only: Sequence[str], points: int) -> Iterator[tuple[Sequence[str], int]]:
    if only:
        yield only, points
        return
    posting = [one.name for one in POSTING]
    yield posting, points
    for name in SUBJECTS.keys() - posting:
        yield [name], points // _SHARE_OF_OTHERS


def _wanted(names: Sequence[str], chain: int | None) -> Iterator[tuple[str, int]]:
    numbers = itertools.count() if chain is None else [chain]
    yield from ((name, number) for number in numbers for name in names)
