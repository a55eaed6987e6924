"""The trail and the locks are lost, restored, moved, and their server goes and hangs: each really happens."""

from __future__ import annotations

import json

import pytest

from chaos.world import Act, Record, World

FLOW = "sap-to-anaplan"


def runs(world: World) -> int:
    said = world.command("audit", "runs", "--json")
    return len(json.loads(said.stdout)) if not said.code else 0


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def test_a_trail_is_lost_restored_and_moved(world: World, kind: str) -> None:
    if kind == "postgresql":
        pytest.importorskip("pgserver", exc_type=ImportError)
        world.stores.use(kind)
    world.run(FLOW).well()
    copy = world.stores.keep("audit")
    world.run(FLOW).well()
    assert runs(world) == 4
    world.stores.restore("audit", copy)
    assert runs(world) == 2
    world.stores.move("sqlite")
    assert world.stores.kind == "sqlite"
    assert runs(world) == 2
    world.stores.lose("audit")
    assert runs(world) == 0
    world.run(FLOW).well()
    assert world.differences(FLOW) == []


@pytest.mark.slow
@pytest.mark.parametrize("does", ["SIGKILL", "SIGSTOP"])
def test_a_database_goes_or_hangs_in_a_run_and_comes_back(world: World, does: str) -> None:
    pytest.importorskip("pgserver", exc_type=ImportError)
    world.stores.use("postgresql")
    ran = world.run(FLOW, act=Act("database", does, Record(100), seconds=0.2))
    assert ran.acts == 1
    assert "Traceback" not in ran.target_stderr
    world.run(FLOW).well()
    assert world.differences(FLOW) == []
