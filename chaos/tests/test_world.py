"""Flows run in a world as Meltano runs them, and each act on a process really happens."""

from __future__ import annotations

import json
from random import Random

import pytest

from chaos.world import Act, After, Record, Request, Step, World
from chaos.world.planning import Planners
from chaos.world.room import Room
from testkit.disk import Disk, NoDiskError

SAP, SYSPRO, PLAN = "sap-to-anaplan", "syspro-to-anaplan", "plan-to-sap"


@pytest.fixture
def planned(world: World) -> World:
    """Eight lines of an approved plan wait."""
    planners = Planners(world, PLAN)
    planners.settle()
    planners.enter(planners.lines("Budget 2027", ["Jan 27", "Feb 27"], 2, Random(1)))
    planners.approve("Budget 2027")
    return world


def test_a_flow_runs_with_the_shipped_settings_and_state_goes_on(world: World) -> None:
    first = world.run(SAP).well()
    assert first.records["gl_accounts"] == len(world.sandbox.control.sap_rows("GLAccount"))
    again = world.run(SAP).well()
    assert again.states_in == first.states_out
    assert again.records["gl_account_line_items"] < first.records["gl_account_line_items"]
    nightly = world.run("sap-to-anaplan-nightly").well()
    assert nightly.records["gl_account_line_items"] == first.records["gl_account_line_items"]


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (Act("target", "SIGKILL", Request(path="journalentry", method="POST")), -9),
        (Act("target", "SIGTERM", Request(path="A_OperationalAcctgDocItemCube", when="before")), 1),
        (Act("target", "SIGKILL", Step("statement", 200)), -9),
        (Act("tap", "SIGKILL", Record(3)), -9),
        (Act("tap", "SIGTERM", Request(path="/tasks", nth=2, when="before")), 143),
        (Act("tap", "close", Record(3)), 1),
    ],
    ids=lambda value: f"{value.process} {value.does} {type(value.at).__name__}" if isinstance(value, Act) else "",
)
def test_an_act_happens_and_the_next_run_goes_well(planned: World, act: Act, code: int) -> None:
    ran = planned.run(PLAN, act=act)
    assert ran.acts == 1, ran.said()
    assert not ran.ok
    assert (ran.tap_exit if act.process == "tap" else ran.target_exit) == code
    assert "Traceback" not in ran.tap_stderr + ran.target_stderr
    planned.run(PLAN).well()
    assert planned.differences(PLAN) == []


def test_a_tap_is_killed_when_its_target_has_ended(planned: World) -> None:
    ran = planned.run(PLAN, act=[Act("target", "SIGKILL", After(0.0)), Act("tap", "SIGSTOP", After(0.0), seconds=60)])
    assert (ran.target_exit, ran.tap_exit, ran.parts[0].ends.tap_ended) == (-9, -9, True)


@pytest.mark.parametrize("mounted", [True, False], ids=["a disk", "a limit for files"])
def test_a_full_disk_is_told_in_a_line_and_the_next_run_delivers(
    world: World, mounted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise NoDiskError

    if not mounted:
        monkeypatch.setattr(Disk, "mount", refuse)
        monkeypatch.setattr(world, "_room", Room(world.folder / "stores", world.folder / "tmp"))
    ran = world.run(SAP, room=30_000)
    assert not ran.ok
    (line,) = [line for line in ran.target_stderr.splitlines() if "| ERROR" in line]
    assert str(world.folder) in line
    assert any(word in line for word in ("full", "No space left", "File too large", "disk I/O error"))
    world.run(SAP).well()
    assert world.differences(SAP) == []


def test_a_process_that_stands_still_beyond_its_lease_goes_on(planned: World) -> None:
    before = planned.clock.now()
    ran = planned.run(PLAN, act=Act("target", "SIGSTOP", Request(path="journalentry", method="POST"), seconds=3600))
    assert ran.acts == 1
    assert planned.clock.now() - before > 3600
    planned.run(PLAN).well()
    assert planned.differences(PLAN) == []


def test_two_hosts_run_the_same_flow_at_once(planned: World) -> None:
    both = [planned.start(PLAN, host=host) for host in ("a", "b")]
    for one in both:
        one.wait().well()
    runs = json.loads(planned.command("audit", "runs", "--json").stdout)
    assert len(runs) == 2
    assert planned.differences(PLAN) == []


def test_what_vanishes_behind_two_runs_at_once_is_deleted_by_the_next(world: World) -> None:
    """Two full reads of the same, each with its version: what one of them saw must not make the other forget."""
    both = [world.start(SYSPRO, host=host) for host in ("a", "b")]
    for one in both:
        one.wait().well()
    world.sandbox.control.business_day(1)
    world.run(SYSPRO).well()
    assert world.differences(SYSPRO) == []


def test_steps_are_counted_alike_each_time(planned: World) -> None:
    planned.run(PLAN).well()
    first, second = (planned.run(PLAN, counted=True).well().parts[0].ends.steps for _ in range(2))
    assert all(first[side][kind] > 0 for side in (0, 1) for kind in ("call", "request", "statement", "file"))
    assert first[1]["statement"] == pytest.approx(second[1]["statement"], rel=0.2)
