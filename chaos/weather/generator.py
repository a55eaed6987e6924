"""From a seed to a history: the same seed gives the same history, on every machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Literal

from chaos.weather import drawing
from chaos.weather.events import AnyEvent
from chaos.weather.events.base import Host, System
from chaos.weather.events.processes import Struck
from chaos.weather.events.stores import LockFreed
from chaos.weather.history import Flow, History, Round, Run

INBOUND: dict[System, Flow] = {"syspro": "syspro-to-anaplan", "sap": "sap-to-anaplan"}
OUTBOUND: dict[System, Flow] = {"syspro": "plan-to-syspro", "sap": "plan-to-sap"}


@dataclass
class Draw:
    """What a history is drawn with: chance, the ERP it is about, the flow that runs next, numbers not used yet."""

    rng: Random
    system: System
    flow: Flow = "syspro-to-anaplan"
    number: count[int] = field(default_factory=lambda: count(1))
    made: list[tuple[str, int]] = field(default_factory=list)

    @property
    def inbound(self) -> bool:
        """Whether the next run reads the ERP."""
        return self.flow == INBOUND[self.system]


Maker = Callable[[Draw], AnyEvent | None]


def generate(seed: int, only: Flow | None = None) -> History:
    """The history of a seed; ``only``: with runs of one flow (behind the load that a plan needs)."""
    rng = Random(f"weather {seed}")
    systems = [system for system in INBOUND if only in {None, INBOUND[system], OUTBOUND[system]}]
    draw = Draw(rng, rng.choice(systems))
    rounds = [_opening(draw, only)]
    for _ in range(rng.randint(2, 6)):
        draw.flow = _flow(draw, only)
        runs = _runs(draw, only)
        rounds.append(Round((*_events(draw), *_rivalry(draw, runs)), runs))
    return History(seed, tuple(rounds), "postgresql" if rng.random() < 0.08 else "sqlite")


def _opening(draw: Draw, only: Flow | None) -> Round:
    """The first load: undisturbed most of the time, so that there is something to lose."""
    draw.flow = INBOUND[draw.system]
    disturbed = only in {None, draw.flow} and draw.rng.random() < 0.3
    return Round(tuple(_events(draw)) if disturbed else (), (Run(draw.flow),))


def _flow(draw: Draw, only: Flow | None) -> Flow:
    return draw.rng.choice((INBOUND[draw.system], OUTBOUND[draw.system])) if only is None else only


def _runs(draw: Draw, only: Flow | None) -> tuple[Run, ...]:
    rng = draw.rng
    hosts: tuple[Host, ...] = ("a", "b")
    if rng.random() < 0.12:
        return Run(draw.flow, hosts[0]), Run(_flow(draw, only), hosts[1])
    return (Run(draw.flow, "b" if rng.random() < 0.1 else "a"),)


def _rivalry(draw: Draw, runs: tuple[Run, ...]) -> Iterator[AnyEvent]:
    """Of two runs at once, often: the first stands still, and somebody frees its lock for the other."""
    if len(runs) == 2 and draw.rng.random() < 0.6:
        system: Literal["syspro", "sap", "anaplan"] = (
            "anaplan" if draw.inbound else draw.rng.choice((draw.system, "anaplan"))
        )
        path = (
            ""
            if draw.rng.random() < 0.5
            else {"anaplan": "/tasks$", "sap": "journalentry", "syspro": "(?i)post"}[system]
        )
        when: Literal["before", "sent", "answered"] = draw.rng.choice(("before", "sent", "answered"))
        yield Struck("target", "SIGSTOP", "request", draw.rng.randint(1, 12), when, path, 90.0)
        yield LockFreed(system, draw.rng.randint(2, 30))


def _events(draw: Draw) -> list[AnyEvent]:
    makers, weights = zip(*drawing.MAKERS.items(), strict=True)
    chosen = draw.rng.choices(makers, weights, k=draw.rng.choice((0, 1, 2, 2, 3, 3, 4, 5)))
    return [event for make in chosen if (event := make(draw)) is not None]
