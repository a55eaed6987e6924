"""`python -m chaos weather`: play seeds, or one history again from its file."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console

from chaos.weather.campaign import GROUND, Finished, Plan, campaign, end_in_order, make_ground
from chaos.weather.driver import play
from chaos.weather.history import FLOWS, read
from chaos.weather.summary import Summary

VAR = Path("var/chaos")
_EVERY = 50


class Seeds(click.ParamType[tuple[int, ...]]):
    """Numbers and ranges: ``1-1000`` or ``3,17,20-25``."""

    name = "seeds"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """All of them."""
        try:
            return tuple(_numbers(str(value)))
        except ValueError:
            self.fail(f"expected numbers and ranges such as 1-1000 or 3,17, got {value!r}", param, ctx)


def _numbers(text: str) -> Iterator[int]:
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


@click.command()
@click.option("--seeds", type=Seeds(), default="1-50", show_default=True, help="Numbers and ranges.")
@click.option("--jobs", default=2, show_default=True, help="Worlds at the same time.")
@click.option("--minutes", type=float, help="No new seed is begun after so long.")
@click.option("--only", type=click.Choice(FLOWS), help="Runs of this flow alone.")
@click.option("--keep-going", is_flag=True, help="Play all seeds, also behind one that violates something.")
@click.option("--shrink-seconds", default=600.0, show_default=True, help="How long to look for the shortest history.")
@click.option("--replay", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A history from its file.")
@click.option("--folder", type=click.Path(path_type=Path), default=VAR, show_default=True, help="Where things go.")
def command(**options: object) -> None:
    """Seeded histories of changes, faults, kills and restarts; what must hold, after each round."""
    console = Console(width=120, highlight=False)
    end_in_order()
    replayed = options.pop("replay")
    sys.exit(_again(console, replayed) if isinstance(replayed, Path) else _campaign(console, **options))  # type: ignore[arg-type]  # click's types


def _again(console: Console, path: Path) -> int:
    with make_ground(GROUND) as ground:
        played = play(read(path), ground)
    for one in played.violations:
        console.print(f"behind round {one.round}: {one.invariant}: {one.sentence}", markup=False)
    console.print(f"{len(played.violations)} violations, {played.seconds:.1f} s")
    return 1 if played.violations else 0


def _note(path: Path, one: Finished) -> None:
    with path.open("a", encoding="utf-8") as file:
        outcomes = ", ".join(f"{name} {times}" for name, times in one.played.outcomes.items())
        first = one.played.violations[0] if one.played.violations else None
        wrong = f" {first.invariant} behind round {first.round}: {first.sentence}" if first else ""
        file.write(f"seed {one.played.seed}: {one.played.seconds:.1f} s, {outcomes}{wrong}\n")


def _campaign(
    console: Console,
    *,
    seeds: tuple[int, ...],
    jobs: int,
    minutes: float | None,
    only: str | None,
    keep_going: bool,
    shrink_seconds: float,
    folder: Path,
) -> int:
    summary, began = Summary(), time.monotonic()
    until = None if minutes is None else began + 60 * minutes
    plan = Plan(folder.absolute(), only, shrink_seconds)  # type: ignore[arg-type]  # click chose among the flows
    for one in campaign(seeds, plan, jobs, until):
        summary.add(one)
        _note(folder / "seeds.log", one)
        if one.played.violations:
            console.print(f"seed {one.played.seed}: {summary.sentences[one.played.seed]}", markup=False)
            console.print(f"  {one.smallest} events and runs are left of it: {one.file}", markup=False)
        if summary.seeds % _EVERY == 0:
            console.print(f"{summary.line()}, {time.monotonic() - began:.0f} s")
        if one.played.violations and not keep_going:
            break
    summary.show(console)
    summary.write(folder / "weather.json", " ".join(sys.argv))
    return 1 if summary.sentences else 0
