"""A flow of processes of which one is not ours: a tap and a target joined by a pipe, STATE kept as Meltano keeps it.

As in Meltano: the target sees the end of its input when the tap has ended, however that was; a tap that still runs when
the target has ended is killed; STATE is the last that the target wrote, whenever it wrote it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.world.pump import Pump


@dataclass(frozen=True, slots=True)
class Blow:
    """A signal to the tap or the target, when so many records have gone through, or so many seconds after the start."""

    at: str
    how: signal.Signals
    record: int = 0
    seconds: float = 0.0

    @classmethod
    def drawn(cls, rng: random.Random, records: int, seconds: float) -> Blow:
        """One of those that a seed has."""
        at, how = rng.choice(["tap", "target"]), rng.choice([signal.SIGKILL, signal.SIGTERM])
        if rng.random() < 0.6:
            return cls(at, how, record=rng.randrange(1, records))
        return cls(at, how, seconds=rng.uniform(1.0, seconds))


@dataclass(frozen=True, slots=True)
class Ended:
    """Exit codes (negative for a signal), what was said, and how many records went through."""

    tap: int
    target: int
    said: str
    records: int

    @property
    def ok(self) -> bool:
        """Whether a scheduler sees success."""
        return self.tap == 0 and self.target == 0

    def well(self) -> Ended:
        """Itself; AssertionError with what the processes said."""
        assert self.ok, f"tap {self.tap}, target {self.target}\n{self.said[-6000:]}"
        return self


@dataclass
class Flow:
    """A tap's and a target's commands; `state` is the option by which the tap takes one."""

    folder: Path
    tap: Sequence[str | Path]
    target: Sequence[str | Path]
    state: dict[str, Any] = field(default_factory=dict)
    runs: int = 0
    on_record: Mapping[int, Callable[[], None]] = field(default_factory=dict)

    def run(self, blow: Blow | None = None, limit: float = 240.0) -> Ended:
        """Run both to their end; after `limit` seconds AssertionError."""
        self.runs += 1
        folder = self.folder / f"run-{self.runs}"
        folder.mkdir(parents=True)
        (folder / "state.json").write_text(json.dumps(self.state))
        tap_command = [*self.tap, *(["--state", folder / "state.json"] if self.state else [])]
        written, from_tap = os.pipe()
        to_target, pumped = os.pipe()
        with (
            (folder / "tap.log").open("wb") as tap_log,
            (folder / "target.log").open("wb") as target_log,
            (folder / "states").open("wb") as states,
        ):
            tap = subprocess.Popen(tap_command, stdin=subprocess.DEVNULL, stdout=from_tap, stderr=tap_log)
            target = subprocess.Popen(self.target, stdin=to_target, stdout=states, stderr=target_log)
        os.close(from_tap)
        os.close(to_target)
        met = {nth: _then(done) for nth, done in self.on_record.items()}
        if blow is not None:
            victim = tap if blow.at == "tap" else target
            if blow.record:
                met[blow.record] = _then(lambda: victim.send_signal(blow.how))
            else:
                threading.Timer(blow.seconds, victim.send_signal, (blow.how,)).start()
        pump = Pump(written, pumped, folder / "messages", met)
        until = time.monotonic() + limit
        while target.poll() is None:
            if time.monotonic() > until:
                for each in (tap, target):
                    each.kill()
                    each.wait()
                raise AssertionError(f"neither done nor ended after {limit} s: {_said(folder)[-6000:]}")
            time.sleep(0.02)
        if tap.poll() is None:
            tap.kill()
        tap.wait()
        pump.join(limit)
        self.state = _last_state(folder / "states") or self.state
        records = sum(b'"RECORD"' in line[:40] for line in (folder / "messages").read_bytes().splitlines())
        return Ended(tap.returncode, target.returncode, _said(folder), records)


def _then(done: Callable[[], None]) -> Callable[[], bool]:
    def met() -> bool:
        done()
        return False  # read on

    return met


def _last_state(file: Path) -> dict[str, Any] | None:
    """The last one that is whole."""
    whole = [line for line in file.read_text("utf-8").splitlines(keepends=True) if line.endswith("\n")]
    return dict(json.loads(whole[-1])) if whole else None


def _said(folder: Path) -> str:
    return "".join(f"--- {name}\n{(folder / name).read_text('utf-8', 'replace')}" for name in ("tap.log", "target.log"))
