"""A tap and a target as two processes joined by a pipe, with what Meltano does around them.

As in Meltano 4.4: the target sees the end of its input when the tap has ended, however that was; a tap that still runs
when the target has ended is killed and counts as well; STATE is what the target wrote last, kept whenever it wrote it.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from chaos.clock import Clock
from chaos.world.acts import Act, After, Record, Request, Step
from chaos.world.counting import Kind
from chaos.world.process import Surroundings, Watch, start
from chaos.world.pump import Pump
from chaos.world.steps import Steps

_LOOK = 0.01  # real seconds between two looks at a process that may have stopped
_LONG_LOOK = 5.0
_STOPPED_FOR = 0.3  # real seconds that others have while one is stopped


@dataclass(frozen=True, slots=True)
class Side:
    """A command with its arguments and where it runs."""

    command: str
    arguments: Sequence[str]
    surroundings: Surroundings


@dataclass(frozen=True, slots=True)
class Ends:
    """How both ended.

    tap, target: exit codes, negative for a signal. tap_ended: the tap was killed because the target had ended, as
    Meltano does, which then takes the tap as well. hung: they took too long and were killed. acts: how many happened.
    steps: of the tap and of the target by kind, where they were counted.
    """

    tap: int
    target: int
    tap_ended: bool
    hung: bool
    acts: int
    steps: tuple[Mapping[Kind, int], Mapping[Kind, int]]


class Pipe:
    """Both processes while they run.

    Args:
        tap, target: the commands.
        folder: for outputs, errors, messages and steps.
        acts: what happens to them.
        counted: steps are counted though no act asks for it.
        clock: the world's.
        database: what an act does to the world's database.
    """

    def __init__(
        self,
        tap: Side,
        target: Side,
        folder: Path,
        acts: Sequence[Act],
        *,
        counted: bool,
        clock: Clock,
        database: Callable[[Act], None],
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._database = database
        self._threads: list[threading.Thread] = []
        self._acts = acts
        self._met = 0
        self._closed = False  # then the tap ends by itself, as in a shell's pipe
        self._stopped_until: dict[int, float] = {}
        self._counted = counted
        written, from_tap = os.pipe()
        to_target, pumped = os.pipe()
        with Path(os.devnull).open("rb") as nothing, (folder / "states.jsonl").open("wb") as states:
            self.tap = self._start("tap", tap, nothing.fileno(), from_tap)
            self.target = self._start("target", target, to_target, states.fileno())
        os.close(from_tap)
        os.close(to_target)
        self._pump = Pump(written, pumped, folder / "messages.jsonl", self._records())
        for act in acts:
            if isinstance(act.at, After):
                timer = threading.Timer(act.at.seconds, self._signal, (act,))
                timer.daemon = True
                timer.start()

    def _start(self, name: str, side: Side, given: int, out: int) -> BaseProcess:
        acts = [act for act in self._acts if act.process == name and isinstance(act.at, Request | Step)]
        watch = Watch(self._folder / f"{name}.steps", acts, self._counted)
        Steps(watch.file)
        with (self._folder / f"{name}.stderr").open("wb") as errors:
            return start(side.command, side.arguments, (given, out, errors.fileno()), side.surroundings, watch)

    def _records(self) -> Mapping[int, Callable[[], bool]]:
        return {act.at.nth: partial(self._at_record, act) for act in self._acts if isinstance(act.at, Record)}

    def _at_record(self, act: Act) -> bool:
        if act.does == "close":
            self._met += 1
            self._closed = True
            return True
        self._signal(act)
        return False

    def _signal(self, act: Act) -> None:
        if act.process == "database":
            self._met += 1
            self._threads.append(threading.Thread(target=self._database, args=(act,)))
            self._threads[-1].start()
            return
        process = self.tap if act.process == "tap" else self.target
        if process.is_alive() and process.pid is not None:
            self._met += 1
            os.kill(process.pid, signal.Signals[act.does])

    def wait(self, limit: float) -> Ends:
        """Until both have ended; after `limit` real seconds, more on a busy machine, they are killed."""
        began = time.monotonic()
        stops = [act for act in self._acts if act.does == "SIGSTOP" and act.process != "database"]
        tap_ended = hung = False
        while running := [process for process in (self.tap, self.target) if process.is_alive()]:
            wait([process.sentinel for process in running], _LOOK if stops else _LONG_LOOK)
            if time.monotonic() - began > limit * _slowness():
                hung = True
                _kill(*running)
            elif self.tap.is_alive() and not self.target.is_alive() and not self._closed:
                tap_ended = True
                _kill(self.tap)
            elif stops:
                self._let_go(stops)
        self._pump.join(limit)
        for thread in self._threads:
            thread.join()
        tap_ended = tap_ended and self.tap.exitcode == -signal.SIGKILL  # it may have ended by itself meanwhile
        steps = [Steps(self._folder / f"{name}.steps") for name in ("tap", "target")]
        return Ends(
            _code(self.tap),
            _code(self.target),
            tap_ended,
            hung,
            self._met + sum(one.acts for one in steps),
            (steps[0].counts, steps[1].counts),
        )

    def _let_go(self, stops: Sequence[Act]) -> None:
        """A stopped process goes on when its time is over."""
        for act in stops:
            process = self.tap if act.process == "tap" else self.target
            if process.pid is None or not _is_stopped(process.pid):
                continue
            if process.pid not in self._stopped_until:
                self._clock.advance(act.seconds)
                self._stopped_until[process.pid] = time.monotonic() + _STOPPED_FOR
            elif time.monotonic() > self._stopped_until[process.pid]:
                del self._stopped_until[process.pid]
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGCONT)


def _slowness() -> float:
    """How many processes share a processor."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def _kill(*processes: BaseProcess) -> None:
    for process in processes:
        process.kill()
        process.join()


def _code(process: BaseProcess) -> int:
    process.join()
    code = process.exitcode
    assert code is not None
    return code


def _is_stopped(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2][1:2] == "T"
    return False
