"""Histories: the same from the same seed, JSON both ways, every kind drawn, the shortest that fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

import msgspec
import pytest

from chaos.weather import generator, lies, wire
from chaos.weather.events import KINDS
from chaos.weather.events.base import words
from chaos.weather.events.data import BusinessDay, EditRow
from chaos.weather.events.faults import Fault
from chaos.weather.history import FLOWS, History, Round, Run, read, write
from chaos.weather.shrink import ddmin, shortest
from sandbox.anaplan.switches import switches as anaplan_switches
from sandbox.core.faults import Rule
from sandbox.sap.switches import sap_switches
from sandbox.syspro.switches import syspro_switches

SEEDS = range(1, 301)


def test_a_seed_gives_the_same_history_each_time_and_other_seeds_others() -> None:
    assert [generator.generate(seed) for seed in (1, 2, 3)] == [generator.generate(seed) for seed in (1, 2, 3)]
    assert len({msgspec.json.encode(generator.generate(seed).rounds) for seed in SEEDS}) == len(SEEDS)


def test_every_kind_of_event_and_every_flow_comes_within_a_few_hundred_seeds() -> None:
    histories = [generator.generate(seed) for seed in SEEDS]
    drawn = Counter(event.kind for each in histories for one in each.rounds for event in one.events)
    assert {words(kind.__name__) for kind in KINDS} == drawn.keys()
    assert {flow for each in histories for flow in each.flows} == set(FLOWS)
    assert any(len(one.runs) == 2 for each in histories for one in each.rounds)


def test_with_only_one_flow_nothing_else_runs_but_the_load_before_a_plan() -> None:
    for seed in range(1, 40):
        assert set(generator.generate(seed, "sap-to-anaplan").flows) == {"sap-to-anaplan"}
        assert set(generator.generate(seed, "plan-to-sap").flows) == {"sap-to-anaplan", "plan-to-sap"}


def test_a_history_is_json_both_ways(tmp_path: Path) -> None:
    for seed in range(1, 60):
        history = generator.generate(seed)
        write(history, tmp_path / "history.json")
        assert read(tmp_path / "history.json") == history


def test_faults_are_those_of_the_sandbox_in_all_their_kinds() -> None:
    rng, drawn = Random(1), Counter[str]()
    for _ in range(1000):
        made = wire.fault(rng, rng.choice(FLOWS))
        msgspec.convert(msgspec.to_builtins({name: getattr(made, name) for name in Rule.__struct_fields__}), Rule)
        drawn.update(name for name in made.action if name not in wire.BESIDE)
    assert drawn.keys() == set(wire.kinds()) - {"delay"}


def test_lies_are_positions_of_the_sandboxs_switches() -> None:
    systems = {"syspro": syspro_switches(), "sap": sap_switches(), "anaplan": anaplan_switches()}
    for system, positions in lies.LIES.items():
        for name, values in positions.items():
            switch = systems[system].find(name)
            for value in values:
                assert switch.parse(value) != switch.default, f"{system}.{name} {value}"


def test_delta_debugging_finds_the_few_that_matter() -> None:
    asked = []

    def fails(units: Sequence[int]) -> bool:
        asked.append(units)
        return {3, 17, 18} <= set(units)

    assert ddmin(range(40), fails) == [3, 17, 18]
    assert len(asked) < 150
    assert ddmin([5], lambda units: 5 in units) == [5]
    assert ddmin([5], lambda _: True) == []


@pytest.mark.parametrize("times", [1, 40])
def test_a_history_is_cut_down_to_what_its_failure_needs_and_its_numbers_to_small_ones(times: int) -> None:
    guilty = Fault("sap", {"status": 500}, "A_Supplier", None, 3, times)
    noise = [Round((BusinessDay("sap"), EditRow("sap_order_text", 7, 900)), (Run("sap-to-anaplan"),)) for _ in range(5)]
    history = History(8, (*noise[:2], Round((BusinessDay("sap"), guilty), (Run("plan-to-sap"),)), *noise[2:]))

    def fails(candidate: History) -> bool:
        return any(
            isinstance(event, Fault) and event.after >= 1 and one.runs
            for one in candidate.rounds
            for event in one.events
        )

    found = shortest(history, fails)
    assert found.rounds == (Round((Fault("sap", {"status": 500}, "A_Supplier", None, 1, 0),), (Run("plan-to-sap"),)),)
    assert found.size == 2
