"""A few histories in a world, as a quick share of `python -m chaos weather`; and a planted loss that is found there."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from chaos.weather.driver import play
from chaos.weather.events.data import BusinessDay, EditRow, NewRow
from chaos.weather.events.faults import Fault
from chaos.weather.events.planning import Approval, PlanAmount, PlanLines
from chaos.weather.events.processes import Struck
from chaos.weather.events.runs import SmallPages
from chaos.weather.events.stores import LockFreed, StateOlder
from chaos.weather.ground import Job
from chaos.weather.history import History, Round, Run
from chaos.weather.seen import Part
from chaos.weather.worldly import WorldGround
from chaos.world import World

SYSPRO = History(
    0,
    (
        Round((), (Run("syspro-to-anaplan"),)),
        Round(
            (
                BusinessDay("syspro"),
                NewRow("ap_invoice", 1, 3, 20),
                SmallPages("syspro-to-anaplan", 10),
                EditRow("customer_name", 5, 17, 0, 2),
                Fault("anaplan", {"reset": "before_response"}, "/tasks$", "POST"),
                Struck("target", "SIGKILL", "request", 30, "answered"),
            ),
            (Run("syspro-to-anaplan"),),
        ),
        Round((StateOlder("syspro-to-anaplan", 1),), (Run("syspro-to-anaplan"),)),
    ),
)
PLAN = History(
    0,
    (
        Round((), (Run("sap-to-anaplan"),)),
        Round(
            (
                PlanLines("sap", "Budget 2027", 4, 12_345),
                Approval("sap", "Budget 2027"),
                Fault("sap", {"reset": "late", "delay": 90.0}, "journalentrycreaterequestconfi", "POST"),
            ),
            (Run("plan-to-sap"), Run("plan-to-sap", "b")),
        ),
        Round(
            (
                PlanAmount("sap", "Budget 2027", 1, 77_700),
                Struck("target", "SIGSTOP", "request", 1, "before", "journalentrycreaterequestconfi", 90.0),
                LockFreed("sap", 6),
            ),
            (Run("plan-to-sap"), Run("plan-to-sap", "b")),
        ),
    ),
)


@pytest.mark.parametrize("history", [SYSPRO, PLAN], ids=["into Anaplan", "a plan into SAP, from two hosts"])
def test_after_hostile_weather_nothing_is_lost_and_nothing_twice(world: World, history: History) -> None:
    played = play(history, WorldGround(world))
    assert played.violations == []
    assert not played.skipped
    assert played.events.total() == sum(len(one.events) for one in history.rounds)


class Forgetful(WorldGround):
    """A world in which a state says more than was delivered: it is that of a run whose rows never arrived."""

    def run(self, jobs: Sequence[Job]) -> list[Part]:
        """As planted: behind the first run, rows that the state tells of are gone from Anaplan."""
        parts = super().run(jobs)
        if len(self.states) == 0:
            self.control.fill(
                [{"dimensions": {"AP Postings": "EDU1-lost"}, "values": {"Amount": "1"}}], module="AP Postings"
            )
        self.states.append(len(parts))
        return parts

    @property
    def states(self) -> list[int]:
        """Runs so far, by their parts."""
        return self.__dict__.setdefault("counted", [])


def test_a_row_that_nobody_ever_had_is_found_in_the_world(world: World) -> None:
    (violation,) = play(History(0, SYSPRO.rounds[:1]), Forgetful(world)).violations[:1]
    assert violation.invariant == "never_what_nobody_had"
    assert "EDU1-lost" in violation.sentence
