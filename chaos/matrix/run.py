"""The matrix, run: cells over several processes, each with a sandbox of its own, for as long as asked."""

from __future__ import annotations

import multiprocessing
import random
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from pathlib import Path

from chaos.clock import Clock
from chaos.matrix.cell import Cell, Result, tried
from chaos.matrix.trial import Bench
from sandbox.testing import running

_TASK_SECONDS = 0.02


@contextmanager
def bench() -> Iterator[Bench]:
    """A sandbox of the smallest size in a time of its own, and a folder that goes with it."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="matrix-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.enter_context(Clock.create(folder / "clock"))
        sandbox = stack.enter_context(running(size="tiny", task_seconds=_TASK_SECONDS, clock=folder / "clock"))
        yield Bench(sandbox, folder / "trial", folder / "clock")


class _Worker:
    stack = ExitStack()
    bench: Bench | None = None


def _try(cell: Cell) -> Result:
    if _Worker.bench is None:
        _Worker.bench = _Worker.stack.enter_context(bench())
    try:
        return tried(_Worker.bench, cell)
    except Exception as error:
        return Result(cell, "X", "", f"{type(error).__name__}: {error}"[:2000], 0.0)


def _end() -> None:
    _Worker.stack.close()
    _Worker.bench = None


def results(cells: Sequence[Cell], *, jobs: int, until: float | None = None) -> Iterator[Result]:
    """What comes of the cells, as they end; after the moment `until` (monotonic) no further one begins."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        waiting, left = set[Future[Result]](), iter(cells)
        while True:
            while len(waiting) < 2 * jobs and (until is None or time.monotonic() < until):
                cell = next(left, None)
                if cell is None:
                    break
                waiting.add(pool.submit(_try, cell))
            if not waiting:
                break
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (one.result() for one in done)
        for one in [pool.submit(_end) for _ in range(jobs)]:
            one.result()


def shuffled(cells: Sequence[Cell], seed: int) -> list[Cell]:
    """The cells in an order that is the same for the same seed: a part of them is a fair sample."""
    mixed = list(cells)
    random.Random(seed).shuffle(mixed)
    return mixed
