"""Episodes one after the other on one system and one trail: kill, make good, compare."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from chaos.kills.points import MOMENT, Attempt, Episode, Length, episode
from chaos.kills.running import Ended, run
from chaos.kills.subject import Subject
from sandbox.testing import Running

EPISODES = 6
_SETTLE = 0.05  # seconds; the work of a dead client is waited for by the sandbox's word, see `_quiet`
_NOBODYS = "belong to nothing in the plan or the audit trail"
_SETTLE_LATE = 1.5  # where work is done later on purpose, and nothing but the target waits for it


class Point(msgspec.Struct, frozen=True):
    """One run that was to die. outcome: killed, or how it ended because its point lay behind its end."""

    subject: str
    chain: int
    episode: int
    kind: str
    outcome: str


class Violation(msgspec.Struct, frozen=True):
    """What must not be, in words, and the episode after which it was."""

    subject: str
    chain: int
    episode: int
    drawn: Episode
    found: list[str]
    said: str


class Chain(msgspec.Struct, frozen=True):
    """What a chain came to. recovered: by subject, how many runs made good what was left to them."""

    points: list[Point]
    violations: list[Violation]
    recovered: dict[str, int]
    in_words: dict[str, int]
    seconds: float


def measure(kind: type[Subject], sandbox: Running, folder: Path, seed: int) -> Length:
    """The length of a run: the longest of a few that nothing happens to."""
    subject, rng = _fresh(kind, sandbox, folder, Random(f"{seed} {kind.name} measured"))
    ended = []
    for version in range(1, 4):
        subject.change(rng)
        settings = {**subject.draw_settings(rng), "settle_seconds": _SETTLE}
        ended.append(run(subject, settings, version=version, counted=True))
        if ended[-1].code:
            raise RuntimeError(f"{kind.name}: a run that nothing happened to failed: {ended[-1].last_words}")
    steps = {name: max(one.steps[name] for one in ended[1:]) for name in ended[0].steps}
    return Length(steps, ended[-1].seconds)


def work(kind: type[Subject], sandbox: Running, folder: Path, seed: int, number: int, length: Length) -> Chain:
    """Run the chain with this number; it ends at its first violation."""
    begun = time.monotonic()
    subject, rng = _fresh(kind, sandbox, folder, Random(f"{seed} {kind.name} {number}"))
    points: list[Point] = []
    violations: list[Violation] = []
    in_words = 0
    versions = iter(range(1, 1_000))
    for at in range(EPISODES):
        drawn = episode(rng, length, subject.draw_settings(rng), trail_can_go=subject.trail_can_go)
        lived = _Lived(subject, rng, length, versions)
        found = lived.through(drawn)
        in_words += lived.in_words
        points += [Point(kind.name, number, at, kind_of, outcome) for kind_of, outcome in lived.points]
        if found:
            violations.append(Violation(kind.name, number, at, drawn, found, lived.said))
            break
    recovered = {kind.name: at + 1 - len(violations)}
    return Chain(points, violations, recovered, {kind.name: in_words}, time.monotonic() - begun)


def _fresh(kind: type[Subject], sandbox: Running, folder: Path, rng: Random) -> tuple[Subject, Random]:
    sandbox.control.reset()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return kind(sandbox, folder), rng


class _Lived:
    """An episode, run by run."""

    def __init__(self, subject: Subject, rng: Random, length: Length, versions: Iterator[int]) -> None:
        self._subject = subject
        self._rng = rng
        self._length = length
        self._versions = versions
        self.points: list[tuple[str, str]] = []
        self.in_words = 0
        self.said = ""

    def through(self, drawn: Episode) -> list[str]:
        """What must not be; nothing when all is well."""
        subject, control = self._subject, self._subject.sandbox.control
        older = self._copied() if any(one.then == "trail restored" for one in drawn.attempts) else None
        late = any(one.late for one in drawn.attempts)
        plans = [subject.amounts]
        for attempt in drawn.runs:
            if attempt.changes:
                subject.change(self._rng)
                plans.append(subject.amounts)
            if attempt.fault is not None:
                method, path = subject.posts
                control.fault(subject.system, attempt.fault, method=method or None, path=path, after=attempt.nth)
            settle = _SETTLE_LATE if late else _SETTLE
            ended = self._run(attempt, settle)
            control.clear_faults()
            self.said = ended.err
            subject.took(ended.out)
            if attempt is not drawn.last:
                self.points.append((attempt.kind, "killed" if ended.killed else f"exit {ended.code}"))
            if attempt.then or not late:
                self._quiet()
            if attempt is drawn.last and ended.code and any(one.then for one in drawn.attempts):
                ended = self._helped(ended, attempt, settle, plans)
            if found := self._judged(ended, clean=attempt is drawn.last):
                return found
            if attempt.then:
                self._trail_goes(attempt.then, older)
        return subject.disagreements()

    def _helped(self, ended: Ended, attempt: Attempt, settle: float, plans: Sequence[Mapping[Any, Any]]) -> Ended:
        """Do as the message says where a document stands that neither the plan nor a trail that went knows any more:
        deliver once a plan that has everything, and then the plan.
        """
        if _NOBODYS not in ended.err:
            return ended
        self.in_words += 1
        subject = self._subject
        wanted = subject.amounts
        for amounts in ({place: one for plan in plans for place, one in plan.items()}, wanted):
            subject.plan += 1
            subject.amounts = amounts
            ended = self._run(attempt, settle)
            self.said = ended.err
            if ended.code:
                return ended
        return ended

    def _run(self, attempt: Attempt, settle: float) -> Ended:
        settings: dict[str, Any] = {**attempt.settings, "settle_seconds": settle}
        after = attempt.after * self._length.seconds if attempt.kind == MOMENT else None
        return run(self._subject, settings, version=next(self._versions), death=attempt.death, after=after)

    def _judged(self, ended: Ended, *, clean: bool) -> list[str]:
        """A STATE says that all is there; the last run has to say it."""
        found = [f"a traceback: {ended.last_words}"] if "Traceback (most recent call last)" in ended.err else []
        if clean and ended.code:
            return [*found, f"the next run ended with exit code {ended.code}: {ended.last_words}"]
        confirmed = self._subject.confirmed(ended.out, ended.code)
        if ended.code == 0 and confirmed != [self._subject.plan]:
            found.append(f"exit code 0, and STATE {confirmed} in place of {[self._subject.plan]}")
        if confirmed:
            found += [f"after STATE: {one}" for one in self._subject.differences()]
        return found

    def _quiet(self) -> None:
        """Wait until the sandbox is done with what dead clients asked for."""
        subject = self._subject
        idle = 0
        while idle < 2:
            idle = 0 if subject.sandbox.control.report()[subject.system]["in_progress"] else idle + 1

    def _copied(self) -> Path | None:
        older = self._subject.folder / "older.db"
        older.unlink(missing_ok=True)
        if not self._subject.trail.exists():
            return None
        return Path(shutil.copy(self._subject.trail, older))

    def _trail_goes(self, how: str, older: Path | None) -> None:
        for file in self._subject.folder.glob("audit.db*"):
            file.unlink()
        if how == "trail restored" and older is not None:
            shutil.copy(older, self._subject.trail)
