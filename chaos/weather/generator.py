"""From a seed to a history: the same seed gives the same history, on every machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random

from chaos.weather import drawing
from chaos.weather.events import AnyEvent
from chaos.weather.events.base import Host, System
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
        rounds.append(Round(tuple(_events(draw)), runs))
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


def _events(draw: Draw) -> list[AnyEvent]:
    makers, weights = zip(*drawing.MAKERS.items(), strict=True)
    chosen = draw.rng.choices(makers, weights, k=draw.rng.choice((0, 1, 2, 2, 3, 3, 4, 5)))
    return [event for make in chosen if (event := make(draw)) is not None]
