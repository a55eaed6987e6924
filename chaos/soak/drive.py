"""The polls, one after the other, and what must hold after each: equal, bounded, quiet."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from chaos.soak import growth
from chaos.soak.life import CERTIFICATE_DAYS, Life
from chaos.soak.noise import Noise
from chaos.soak.timetable import LANGUAGES, Poll, clocks_change, schedule_of, timetable
from chaos.world import FLOWS, World

if TYPE_CHECKING:
    from chaos.world import Ran

RETENTION_DAYS = 60
_TARGETS = ("target-anaplan", "target-sap-s4hana", "target-syspro")
_GROW_WITH_DATA = ("bytes of audit", "rows of audit: audit_cells", "rows of audit: audit_keys")
_REASONS = {
    r"Python \S+ (reached|will reach) its end of life": "the SDK's word on an old Python",
    r"The Anaplan certificate .* expires": f"a certificate of {CERTIFICATE_DAYS} days is announced before it ends",
}
_TRIES = 4


@dataclass
class Plan:
    """What to do. ``compare``: each so many polls of a flow read everything, and its two sides are
    compared. ``every``: days between
    two polls of a flow, to see a year in fewer.
    """

    polls: int = 2000
    seed: int = 1
    first: date = date(2026, 11, 23)
    every: int = 1
    compare: int = 8
    measure: int = 20


@dataclass
class Result:
    """What came of it."""

    polls: Counter[str] = field(default_factory=Counter)
    reruns: int = 0
    comparisons: int = 0
    seconds: float = 0.0
    virtual_days: float = 0.0
    zones: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    clock_changes: set[str] = field(default_factory=set)
    life: Mapping[str, int] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    warnings: dict[str, int] = field(default_factory=dict)
    measures: list[tuple[int, Mapping[str, float]]] = field(default_factory=list)
    data: dict[int, float] = field(default_factory=dict)


class Soak:
    """A world that is polled. ``folder``: an existing one. ``tell``: hears of what happens, a line each."""

    def __init__(self, folder: Path, plan: Plan, tell: Callable[[str], None]) -> None:
        self._folder = folder
        self._plan = plan
        self._tell = tell
        self._noise = Noise()
        self.result = Result()

    def run(self) -> Result:
        """All polls."""
        plan, began = self._plan, time.monotonic()
        languages = made_languages(self._folder / "languages")
        begins = datetime.combine(plan.first, datetime.min.time(), timezone.utc) - timedelta(hours=18)
        folder = self._folder / "world"
        folder.mkdir()
        with World(folder, plan.seed, begins=begins) as world:
            world.settings |= {target: {"audit_retention_days": RETENTION_DAYS} for target in _TARGETS}
            if plan.every > 1:  # what vanishes in several days looks like a loss, among so few
                world.settings["target-anaplan"]["max_vanished_share"] = 1.0
            life, day = Life(world, plan.first, plan.seed, plan.every), -1
            for number, poll in enumerate(self._timetable(languages), 1):
                while day < poll.day:
                    day += 1
                    life.morning(day, plan.first + timedelta(day))
                if poll.day not in life.pauses:
                    self._poll(world, life, poll)
                    self._look(world, number)
                if number % 100 == 0:
                    self._progress(number, poll, time.monotonic() - began)
            self._end(world, life)
            self.result.virtual_days = (world.clock.now() - begins.timestamp()) / 86_400
        self.result.seconds = time.monotonic() - began
        return self.result

    def _timetable(self, languages: Sequence[str]) -> Iterator[Poll]:
        plan = self._plan
        return timetable(plan.first, plan.polls, languages, every=plan.every, sweep=plan.compare)

    def _poll(self, world: World, life: Life, poll: Poll) -> None:
        result = self.result
        world.clock.advance(max(0.0, poll.at.timestamp() - world.clock.now()))
        world.variables |= {"TZ": poll.zone}
        if poll.language:
            names = dict.fromkeys(("LANG", "LC_ALL"), f"{poll.language}.UTF-8")
            world.variables |= {**names, "LOCPATH": str(self._folder / "languages")}
        result.polls[poll.flow] += 1
        result.zones[poll.zone] += 1
        result.languages[poll.language or "C"] += 1
        if clocks_change(poll.zone, poll.date):
            result.clock_changes.add(f"{poll.zone} {poll.date}")
        for _ in range(_TRIES):
            if self._well(world, life, poll):
                break
            result.reruns += 1
        else:
            self._violated(poll, f"fails {_TRIES} times in a row")
        if poll.sweeps:
            self._compare(world, poll.flow, str(poll.date))

    def _well(self, world: World, life: Life, poll: Poll) -> bool:
        """Run it; whether it needs no second try: it went well, or nobody knows why not."""
        ran = world.run(poll.schedule)
        said = ran.tap_stderr + ran.target_stderr
        standing = [trouble for trouble in life.troubles if poll.flow in trouble.flows]
        self._check_ran(world, poll, ran, said)
        for part in ran.parts:
            shutil.rmtree(part.folder)
        for trouble in standing:
            if trouble.explains(poll.flow, said):
                trouble.cure()
                life.troubles.remove(trouble)
                told = next(line for line in said.splitlines() if re.search(trouble.says, line))
                self.result.troubles[f"{poll.date} {poll.flow} {trouble.name}"] = told
                self._tell(f"{poll.date} {poll.flow}: {trouble.name}: {told[:400]}")
                return False
        if not ran.ok:
            self._violated(poll, f"fails: {said[-1500:]}")
            return True
        self._noise.hear(poll.flow, said)
        for trouble in standing:
            life.troubles.remove(trouble)
            self._violated(poll, f"goes well in spite of: {trouble.name}")
        return True

    def _check_ran(self, world: World, poll: Poll, ran: Ran, said: str) -> None:
        if "Traceback (most recent call last)" in said:
            self._violated(poll, f"a traceback: {said[-1500:]}")
        if ran.hung:
            self._violated(poll, f"hangs: {said[-500:]}")
        if sessions := world.sandbox.control.sessions():
            self._violated(poll, f"sessions are left at SYSPRO: {sessions}")

    def _compare(self, world: World, flow: str, when: str) -> None:
        self.result.comparisons += 1
        if found := world.differences(flow):
            self.result.violations.append(f"{when} {flow}: {len(found)} differences, such as {found[:3]}")
            self._tell(self.result.violations[-1])

    def _look(self, world: World, number: int) -> None:
        if number % self._plan.measure == 0:
            self.result.measures.append((number, growth.measured(world)))
            self.result.data[number] = growth.rows_at_the_sources(world)

    def _end(self, world: World, life: Life) -> None:
        for flow in FLOWS:
            world.run(schedule_of(flow, sweeps=True)).well()
            self._compare(world, flow, "at the end")
        result = self.result
        result.violations += [f"grows: {line}" for line in growth.grown(result.measures, _GROW_WITH_DATA, result.data)]
        result.violations += [f"noise: {line}" for line in self._noise.repeated(_REASONS)]
        result.warnings = {f"{flow}: {line}": count for (flow, line), count in self._noise.counts.items()}
        result.violations += [f"never met: {trouble.name}" for trouble in life.troubles]
        result.life = life.counts

    def _violated(self, poll: Poll, what: str) -> None:
        self.result.violations.append(f"{poll.date} {poll.zone} {poll.language} {poll.flow} {what}")
        self._tell(self.result.violations[-1])

    def _progress(self, number: int, poll: Poll, seconds: float) -> None:
        wrong, each = len(self.result.violations), seconds / number
        self._tell(f"{number} polls, {poll.date}: {wrong} violations; {seconds:.0f} s, {each:.2f} s each")


def made_languages(folder: Path) -> Sequence[str]:
    """The locales of `LANGUAGES`, compiled into ``folder``; none where the system lacks their sources."""
    folder.mkdir()
    return [language for language in LANGUAGES if _compiled(folder, language)]


def _compiled(folder: Path, language: str) -> bool:
    command = ["localedef", "-i", language, "-f", "UTF-8", str(folder / f"{language}.UTF-8")]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def zones_and_days(result: Result) -> Iterator[tuple[str, int, int]]:
    """Per zone: polls, and days on which its clocks changed."""
    for zone, polls in sorted(result.zones.items()):
        yield zone, polls, sum(change.startswith(f"{zone} ") for change in result.clock_changes)
