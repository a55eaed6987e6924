"""Many seeds on a few processes, each with a world of its own; what fails is shrunk and written down."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Empty

import msgspec

from chaos.weather.driver import Played, Violation, play
from chaos.weather.generator import generate
from chaos.weather.ground import Ground
from chaos.weather.history import Flow, History, write
from chaos.weather.shrink import shortest

GROUND = "chaos.weather.worldly:ground"


@dataclass(frozen=True)
class Plan:
    """What each process has to know. ``ground``: "module:function" that makes a `Ground`."""

    folder: Path
    only: Flow | None = None
    shrink_seconds: float = 600.0
    ground: str = GROUND


@dataclass
class Finished:
    """A seed and what came of it; ``file``: the history that fails, shrunk."""

    played: Played
    file: str = ""
    smallest: int = 0


def make_ground(name: str) -> AbstractContextManager[Ground]:
    """The ground that "module:function" makes."""
    module, _, function = name.partition(":")
    made: AbstractContextManager[Ground] = getattr(import_module(module), function)()
    return made


def end_in_order() -> None:
    """A signal to stop ends this process through its context managers: its world's servers and disks go with it."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))


def campaign(seeds: Iterable[int], plan: Plan, jobs: int, until: float | None = None) -> Iterator[Finished]:
    """Play the seeds, as they finish. ``until``: monotonic time behind which no new one is begun."""
    context = multiprocessing.get_context("spawn")
    waiting: Queue[int] = context.Queue(jobs)
    finished: Queue[Finished] = context.Queue()
    workers = [context.Process(target=_work, args=(plan, waiting, finished)) for _ in range(jobs)]
    for worker in workers:
        worker.start()
    try:
        yield from _deal(iter(seeds), workers, waiting, finished, until)
    finally:
        for worker in workers:
            worker.terminate()
            worker.join(20)


def _deal(
    seeds: Iterator[int],
    workers: Sequence[BaseProcess],
    waiting: Queue[int],
    finished: Queue[Finished],
    until: float | None,
) -> Iterator[Finished]:
    open_seeds, more = 0, True
    while more or open_seeds:
        while more and open_seeds < 2 * len(workers):
            seed = None if until is not None and time.monotonic() > until else next(seeds, None)
            if seed is None:
                more = False
            else:
                waiting.put(seed)
                open_seeds += 1
        try:
            one = finished.get(timeout=5)
        except Empty:
            if not any(worker.is_alive() for worker in workers):
                raise RuntimeError("weather: all processes ended before their work was done") from None
            continue
        open_seeds -= 1
        yield one


def _work(plan: Plan, waiting: Queue[int], finished: Queue[Finished]) -> None:
    end_in_order()
    with make_ground(plan.ground) as ground:
        while True:
            finished.put(play_seed(waiting.get(), plan, ground))


def play_seed(seed: int, plan: Plan, ground: Ground) -> Finished:
    """Play a seed's history; when it violates something, look for the shortest that still does."""
    history = generate(seed, plan.only)
    try:
        played = play(history, ground)
    except Exception as error:
        traceback.print_exc()
        wrong = Violation("the_weather_itself", -1, f"{type(error).__name__}: {error}")
        return Finished(Played(seed, [wrong]))
    if not played.violations:
        return Finished(played)
    smallest = shrunk(history, played.violations[0], ground, plan.shrink_seconds)
    path = plan.folder / f"seed-{seed}.json"
    write(smallest, path)
    return Finished(played, str(path), smallest.size)


def shrunk(history: History, violation: Violation, ground: Ground, seconds: float) -> History:
    """The shortest history found within so many seconds that violates the same invariant."""
    until = time.monotonic() + seconds

    def fails(candidate: History) -> bool:
        if time.monotonic() > until:
            return False
        return any(one.invariant == violation.invariant for one in play(candidate, ground).violations)

    named = msgspec.structs.replace(history, broke=f"{violation.invariant}: {violation.sentence}")
    return shortest(named, fails)
