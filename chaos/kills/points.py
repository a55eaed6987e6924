"""Where and when: the deaths of an episode, drawn from a seed over the whole length of a run."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, Final, Literal

import msgspec

from chaos.kills.steps import Death
from chaos.kills.subject import LATE, LOST_ANSWERS
from chaos.world.counting import CALL, FILE, REQUEST, STATEMENT, Kind

MOMENT: Final = "moment"
ANSWER: Final = "answer"
"""No death: an answer to a post is lost, and the run goes on as well as it can."""
_WEIGHTS: dict[Kind | Literal["moment"], int] = {CALL: 34, REQUEST: 27, STATEMENT: 25, FILE: 6, MOMENT: 8}
_DEATHS = (35, 25, 20, 12, 8)  # how often one, two, three ... before a run that comes to its end
_AIMED = (REQUEST, STATEMENT)
_SHARES = (0.7, 0.85, 1.0)  # the measured length is that of the longest: many runs have less to do
_NEAR = 60  # calls: as far behind a request or a statement as its outcome is still being taken in


class Length(msgspec.Struct, frozen=True):
    """How long a run is: steps by kind, and seconds."""

    steps: dict[str, int]
    seconds: float


class Attempt(msgspec.Struct, frozen=True, omit_defaults=True):
    """A run that shall die. kind: of its point; death or, for a moment of real time, after: a share of its length.

    fault: what becomes of the answer to the ``nth`` request that posts. then: what happens to the trail afterwards.
    changes: whether the source says something else before this run.
    """

    kind: str
    settings: dict[str, Any]
    death: Death | None = None
    after: float = 0.0
    fault: dict[str, object] | None = None
    nth: int = 0
    then: str = ""
    changes: bool = False

    @property
    def late(self) -> bool:
        """Whether work is done after its answer was lost."""
        return self.fault is not None and self.fault.get("reset") == "late"


class Episode(msgspec.Struct, frozen=True):
    """Runs that die one after the other, and the one that has to make it good."""

    attempts: list[Attempt]
    last: Attempt

    @property
    def runs(self) -> list[Attempt]:
        """All of them."""
        return [*self.attempts, self.last]


def point(rng: Random, length: Length) -> tuple[str, Death | None, float]:
    """A kind, and a step of it or a share of the length."""
    (kind,) = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
    if kind == MOMENT:
        return kind, None, rng.uniform(0.0, 1.0)
    near = rng.randint(1, _NEAR) if kind in _AIMED and rng.random() < 0.4 else 0
    share = rng.random() * rng.choice(_SHARES)  # drawn alike whatever the length
    return kind, Death(kind, 1 + int(length.steps[kind] * share), near), 0.0


def episode(rng: Random, length: Length, draw_settings: Mapping[str, Any], *, trail_can_go: bool) -> Episode:
    """One to five runs that die, in the ways of this seed. draw_settings: the last run's, and so the others'."""
    deaths = rng.choices(range(1, 6), _DEATHS)[0]
    attempts = []
    for at in range(deaths):
        kind, death, after = point(rng, length)
        fault = None
        if rng.random() < 0.25:
            fault = dict(LATE) if rng.random() < 0.2 else dict(rng.choice(LOST_ANSWERS))
            if rng.random() < 0.3:
                kind, death = ANSWER, None
        then = rng.choice(["trail lost", "trail restored"]) if trail_can_go and rng.random() < 0.12 else ""
        attempts.append(
            Attempt(
                kind=kind,
                settings=dict(draw_settings),
                death=death,
                after=after,
                fault=fault,
                nth=rng.choice((0, 0, 1, 2)),
                then=then,
                changes=at == 0 or rng.random() < 0.15,
            )
        )
    return Episode(attempts, Attempt(kind="", settings=dict(draw_settings), changes=rng.random() < 0.15))
