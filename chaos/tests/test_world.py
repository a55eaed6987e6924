"""Flows run in a world as Meltano runs them, and each act on a process really happens."""

from __future__ import annotations

import pytest

from chaos.world import Act, After, Record, Request, Step, World
from chaos.world.room import Room
from testkit.disk import Disk, NoDiskError

SAP = "sap-to-anaplan"


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
        (Act("target", "SIGKILL", Request(path="/chunks/", nth=2)), -9),
        (Act("target", "SIGTERM", Request(path="/tasks", method="POST", when="answered")), 1),
        (Act("target", "SIGKILL", Step("statement", 40)), -9),
        (Act("tap", "SIGKILL", Record(200)), -9),
        (Act("tap", "SIGTERM", Request(path="GLAccount", when="before")), 143),
        (Act("tap", "close", Record(100)), 1),
    ],
    ids=lambda value: f"{value.process} {value.does} {type(value.at).__name__}" if isinstance(value, Act) else "",
)
def test_an_act_happens_and_the_next_run_goes_well(world: World, act: Act, code: int) -> None:
    ran = world.run(SAP, act=act)
    assert (ran.acts, len(ran.parts)) == (1, 1), ran.said()
    assert not ran.ok
    assert (ran.tap_exit if act.process == "tap" else ran.target_exit) == code
    assert "Traceback" not in ran.tap_stderr + ran.target_stderr
    world.run(SAP).well()


def test_a_tap_is_killed_when_its_target_has_ended(world: World) -> None:
    ran = world.run(SAP, act=[Act("target", "SIGKILL", After(0.0)), Act("tap", "SIGSTOP", After(0.0), seconds=60)])
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


def test_a_process_that_stands_still_beyond_its_lease_goes_on(world: World) -> None:
    before = world.clock.now()
    ran = world.run(SAP, act=Act("target", "SIGSTOP", Request(path="/tasks", method="POST"), seconds=3600))
    assert ran.acts == 1
    assert world.clock.now() - before > 3600
    world.run(SAP).well()
    assert world.differences(SAP) == []


def test_two_hosts_run_the_same_flow_at_once(world: World) -> None:
    both = [world.start(SAP, host=host) for host in ("a", "b")]
    for one in both:
        one.wait().well()
    assert world.differences(SAP) == []
    assert max(world.sandbox.control.report()["anaplan"]["max_overlap"].values()) == 1
