"""Flows run in a world as Meltano runs them, and each act on a process really happens."""

from __future__ import annotations

import pytest

from chaos.world import Act, After, Call, Record, Request, World

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
        (Act("target", "SIGKILL", Call(1000)), -9),
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
