"""Plays a history in a world: round by round, the invariants behind each, and clean runs in the end."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

from chaos.weather.events import AnyEvent, NothingToActOnError
from chaos.weather.events.base import System
from chaos.weather.events.stores import SETTLED
from chaos.weather.ground import Ground, Job, Settings
from chaos.weather.history import Flow, History, Round
from chaos.weather.invariants import violations
from chaos.weather.keys import PLACES, key_in_anaplan
from chaos.weather.posted import posted
from chaos.weather.scene import Scene, system_of
from chaos.weather.seen import Held, Part, Posted, Seen

_MOST_CLEAN_RUNS = 5


@dataclass
class Violation:
    """What was wrong, and behind which round; the clean runs in the end are the round behind the last."""

    invariant: str
    round: int
    sentence: str


@dataclass
class Played:
    """What came of a history. ``violations``: all of the first round that had any."""

    seed: int
    violations: list[Violation] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


def play(history: History, ground: Ground) -> Played:
    """Play it to its end, or to the first round behind which something is wrong."""
    started = time.perf_counter()
    ground.reset(history.database)
    driver = _Driver(history, ground)
    driver.play()
    driver.played.seconds = time.perf_counter() - started
    return driver.played


class _Driver:
    def __init__(self, history: History, ground: Ground) -> None:
        self._history = history
        self._ground = ground
        self._scene = Scene(ground, history)
        self.played = Played(history.seed)
        self._before: dict[System, Held] = {}
        self._posted = {system: Posted() for system in self._scene.systems}

    def play(self) -> None:
        for number, one in enumerate(self._history.rounds):
            self._round(one)
            if self._wrong(number):
                return
        self._scene.clear_up()
        self._ground.advance(SETTLED)
        if self._settle(self._scene.flows):
            self._sweep()

    # A round.

    def _round(self, one: Round) -> None:
        for event in one.events:
            self._happen(event)
        self._scene.touched = bool(one.events)
        self._before = {system: self._scene.before(system) for system in self._scene.systems}
        self._parts = self._scene.replays()
        self._parts += self._run(self._scene.jobs(one.runs))
        self._disturbed = len(one.runs) > 1 or self._scene.armed

    def _happen(self, event: AnyEvent) -> None:
        try:
            event.apply(self._scene)
        except NothingToActOnError:
            self.played.skipped[event.kind] += 1
        else:
            self.played.events[event.kind] += 1

    def _run(self, jobs: list[Job]) -> list[Part]:
        parts = self._ground.run(jobs) if jobs else []
        for part in parts:
            self.played.outcomes[_outcome(part)] += 1
            self._remember(part)
        return parts

    def _remember(self, part: Part) -> None:
        system, names = system_of(part.flow), dict[str, list[str]]()
        for line in part.tap_lines:
            if line.get("type") == "SCHEMA":
                names[line["stream"]] = line["key_properties"]
            elif line.get("type") == "RECORD" and (system, line["stream"]) in PLACES:
                key = key_in_anaplan(system, line["stream"], [line["record"][name] for name in names[line["stream"]]])
                self._scene.came[line["stream"], line.get("version")].add(key)

    # What was wrong.

    def _wrong(self, number: int, *, ended: bool = False) -> bool:
        for system in self._scene.systems:
            seen = self._seen(system, ended)
            self.played.violations += [Violation(name, number, text) for name, text in violations(seen)]
        self._scene.disarm()
        return bool(self.played.violations)

    def _seen(self, system: System, ended: bool) -> Seen:
        scene, control = self._scene, self._ground.control
        self._posted[system] = posted(control, system, scene.info["sap"]["username"])
        return Seen(
            system=system,
            parts=[part for part in self._parts if system_of(part.flow) == system],
            before=self._before[system],
            after=scene.held(system),
            memory=scene.memory[system],
            plans=scene.plans(system),
            posted=self._posted[system],
            came=scene.came,
            report=control.report(),
            model=scene.model(system),
            sessions=len(control.sessions()),
            disturbed=self._disturbed,
            hidden=scene.hidden,
            stale=scene.stale,
            narrowed=bool(scene.narrowed),
            foreign=scene.foreign,
            rate_eaten=scene.rate_eaten,
            rejected=self._ground.rejected(system),
            planned_apart=[line for flow in scene.flows if ended for line in self._planned_apart(flow, system)],
            secrets=self._ground.secrets,
            written=self._ground.written(),
            leftovers=self._ground.leftovers() if ended else (),
            ended=ended,
        )

    def _planned_apart(self, flow: Flow, system: System) -> list[str]:
        ours = flow.startswith("plan-") and system_of(flow) == system
        return self._ground.differences(flow) if ours else []

    # The end.

    def _settle(self, flows: tuple[Flow, ...]) -> bool:
        """Clean runs of the flows until nothing changes. Whether all went well."""
        settings: dict[str, Settings] = {}
        for _ in range(_MOST_CLEAN_RUNS):
            words, standing = [], self._standing()
            for flow in flows:
                failed = self._clean(flow, settings.pop(flow, {}))
                if self._wrong(len(self._history.rounds)):
                    return False
                words += failed
                hint = told_to(" ".join(failed))
                if hint:
                    settings[flow] = hint
                    self.played.outcomes["as an operator was told"] += 1
            if not words and standing == self._standing():
                return True
        wrong = f"{_MOST_CLEAN_RUNS} clean runs, and still: {words[-1] if words else 'something changes'}"
        self.played.violations.append(Violation("clean_runs_go_well", len(self._history.rounds), wrong))
        return False

    def _clean(self, flow: Flow, settings: Settings) -> list[str]:
        """One undisturbed run; the errors of those that failed."""
        self._before = {system: self._scene.before(system) for system in self._scene.systems}
        self._disturbed = self._scene.touched = False
        self._parts = self._run([Job(flow, "a", settings)])
        return [part.tap_errors if part.tap_exit else part.target_errors for part in self._parts if not part.well]

    def _standing(self) -> list[object]:
        return [(self._scene.latest[one], self._posted[one]) for one in self._scene.systems]

    def _sweep(self) -> None:
        """Everything is read once more, as at night; then both sides are equal, and plans stand."""
        inbound = tuple(flow for flow in self._scene.flows if flow.endswith("to-anaplan"))
        self._scene.hidden = False
        for flow in inbound:
            failed = self._clean(flow, {"tap": {"full_sweep": True}})
            if failed:
                wrong = f"the sweep fails: {failed[-1]}"
                self.played.violations.append(Violation("clean_runs_go_well", len(self._history.rounds), wrong))
        self._wrong(len(self._history.rounds), ended=True)


def _outcome(part: Part) -> str:
    if part.well:
        return "well"
    if part.struck:
        return "struck"
    return "failed in words"


_HINTS: tuple[tuple[str, Settings], ...] = (
    ("on_mismatch", {"target": {"on_mismatch": "follow_erp"}}),
    ("max_vanished_share", {"target": {"max_vanished_share": 1.0}}),
    ("on_nothing_delivered", {"target": {"on_nothing_delivered": "continue"}}),
)


def told_to(words: str) -> Settings:
    """The settings for one run that a failed run's words ask an operator for; empty when they ask for none."""
    return next((dict(settings) for name, settings in _HINTS if name in words), {})
