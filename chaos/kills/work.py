"""Chains spread over worker processes, each with sandboxes of its own that are reset, not restarted."""

from __future__ import annotations

import itertools
import multiprocessing
import shutil
import tempfile
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from multiprocessing.util import Finalize
from pathlib import Path

from typing_extensions import Self

from chaos.kills.chain import Chain, measure, work
from chaos.kills.points import Length
from chaos.kills.subjects import SUBJECTS
from sandbox.testing import Running, running

_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder below it is ours alone; what waits for a disk waits for nothing there


class _Worker:
    """What a worker process keeps from one chain to the next."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sandboxes: dict[tuple[str, str | int], Running] = {}
        self._open = ExitStack()

    def sandbox(self, name: str) -> Running:
        kind = SUBJECTS[name]
        found = self._sandboxes.get((kind.system, kind.size))
        if found is None:
            made = running(only=kind.system, size=kind.size, task_seconds=0.01)
            found = self._sandboxes[kind.system, kind.size] = self._open.enter_context(made)
        return found

    def measure(self, name: str, seed: int) -> Length:
        return measure(SUBJECTS[name], self.sandbox(name), self._folder / "measured", seed)

    def chain(self, name: str, seed: int, number: int, length: Length) -> Chain:
        return work(SUBJECTS[name], self.sandbox(name), self._folder / "chain", seed, number, length)

    def close(self) -> None:
        self._open.close()
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def worker() -> Iterator[_Worker]:
    """One in this process."""
    parent = str(_MEMORY) if _MEMORY.is_dir() else None
    made = _Worker(Path(tempfile.mkdtemp(prefix="kills-", dir=parent)))
    try:
        yield made
    finally:
        made.close()


_own: list[_Worker] = []


def _begin() -> None:
    """A worker process keeps one from its beginning to its end."""
    stack = ExitStack()
    _own.append(stack.enter_context(worker()))
    Finalize(None, stack.close, exitpriority=10)


def _measured(name: str, seed: int) -> Length:
    return _own[0].measure(name, seed)


def _done(name: str, seed: int, number: int, length: Length) -> Chain:
    return _own[0].chain(name, seed, number, length)


class Fleet:
    """Worker processes. Their results come in the order in which they end."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), initializer=_begin)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def lengths(self, names: Sequence[str], seed: int) -> dict[str, Length]:
        """How long a run of each subject is."""
        return dict(zip(names, self._pool.map(_measured, names, [seed] * len(names)), strict=True))

    def chains(
        self, wanted: Iterable[tuple[str, int]], seed: int, lengths: Mapping[str, Length]
    ) -> Generator[Chain, None, None]:
        """Run (subject, number) one after the other, some at a time; whoever has enough closes this."""
        source = iter(wanted)
        going: set[Future[Chain]] = set()
        try:
            while True:
                for name, number in itertools.islice(source, self._jobs + 1 - len(going)):
                    going.add(self._pool.submit(_done, name, seed, number, lengths[name]))
                if not going:
                    return
                ended, going = wait(going, return_when=FIRST_COMPLETED)
                for one in ended:
                    yield one.result()
        finally:
            for one in going:
                one.cancel()
