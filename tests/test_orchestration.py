"""The Dagster example as it stands: a scheduler, two workers on hosts of their own, PostgreSQL between them."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import psycopg
import pytest

from demo.reconcile import sap, syspro
from sandbox.testing import running

# Tests are imported by path, so their helpers beside them have to be found by hand.
sys.path.insert(0, str(Path(__file__).parent))

from hosts.own_postgres import postgres
from orchestration.fleet import PROGRAMS, fleet, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]
JOBS = {"a": "syspro-to-anaplan", "b": "sap-to-anaplan"}


@pytest.fixture
def sandbox():
    with running(size="small") as found:
        yield found


@pytest.fixture
def installation(sandbox, tmp_path):
    assert PROGRAMS.exists(), "Dagster is not set up: run `make .venv-dagster/.ready`"
    with postgres() as server, fleet(tmp_path, server, sandbox.info, JOBS) as found:
        yield found


def differences(comparisons):
    assert all(one.expected for one in comparisons)
    return [f"{one.name}: {line}" for one in comparisons for line in one.differences]


def finished(installation, job):
    return installation.runs(job)[-1:] in (["SUCCESS"], ["FAILURE"], ["CANCELED"])


def imports(control, model):
    asked = control.requests("anaplan")
    return [r for r in asked if r["method"] == "POST" and model in r["path"] and r["path"].endswith("/tasks")]


def test_two_workers_load_side_by_side_and_one_that_died_resumes(sandbox, installation):
    hub = sandbox.info["anaplan"]["models"]["Finance Hub"]
    control, a, b = sandbox.control, installation.workers["a"], installation.workers["b"]
    installation.launch("b", "sap_to_anaplan")
    installation.launch("a", "syspro_to_anaplan")
    until("worker a's first import", lambda: imports(control, hub), 240)
    a.end(signal.SIGKILL)
    until("worker b's load", lambda: finished(installation, "sap_to_anaplan"), 240)
    assert installation.runs("sap_to_anaplan") == ["SUCCESS"], b.said()[-4000:]
    assert differences(sap.compare(control, sandbox.info["anaplan"]["models"]["S4 Finance"])) == []
    installation.start("a")
    installation.await_worker("a")
    installation.launch("a", "syspro_to_anaplan")
    until("worker a's second load", lambda: finished(installation, "syspro_to_anaplan"), 240)
    assert installation.runs("syspro_to_anaplan") == ["STARTED", "SUCCESS"], a.said()[-4000:]
    assert "'TAP_SYSPRO_FULL_SWEEP': 'true'" in installation.tick("a", "syspro_to_anaplan_nightly")
    assert installation.runs("syspro_to_anaplan") == ["FAILURE", "SUCCESS"], "a lost run stays as if it ran"
    assert differences(syspro.compare(control, sandbox.info["syspro"]["companies"])) == []
    assert max(control.report()["anaplan"]["max_overlap"].values()) == 1
    with psycopg.connect(installation.url("meltano")) as connection:
        states = [name for (name,) in connection.execute("SELECT state_id FROM state").fetchall()]
    assert any("syspro" in name for name in states), states
    assert any("sap" in name for name in states), states


def await_first_import(sandbox):
    hub = sandbox.info["anaplan"]["models"]["Finance Hub"]
    until("the first import", lambda: imports(sandbox.control, hub), 240)


def test_a_run_outlives_the_scheduler_and_can_be_stopped_when_it_is_back(sandbox, installation):
    job, control = "syspro_to_anaplan", sandbox.control
    installation.launch("a", job)
    await_first_import(sandbox)
    installation.scheduler.end(signal.SIGKILL)
    until("the load", lambda: finished(installation, job), 240)
    assert installation.runs(job) == ["SUCCESS"], installation.workers["a"].said()[-4000:]
    assert differences(syspro.compare(control, sandbox.info["syspro"]["companies"])) == []

    installation.start_scheduler()
    control.business_day(1)
    control.switch("anaplan", "extra_task_seconds", 5.0)
    known = len(control.requests("anaplan"))
    installation.launch("a", job)
    hub = sandbox.info["anaplan"]["models"]["Finance Hub"]
    until("an import", lambda: [r for r in imports(control, hub) if r in control.requests("anaplan")[known:]], 240)
    installation.terminate(job)
    until("the end", lambda: finished(installation, job), 90)
    assert installation.runs(job) == ["SUCCESS", "CANCELED"]
    stopped = [r for r in control.requests("anaplan")[known:] if r["method"] == "DELETE" and "/tasks/" in r["path"]]
    assert len(stopped) == 1, installation.workers["a"].said()[-4000:]


def test_a_run_whose_process_is_killed_is_over_when_its_meltano_is(sandbox, installation):
    job, control, worker = "syspro_to_anaplan", sandbox.control, installation.workers["a"]
    control.switch("anaplan", "extra_task_seconds", 2.0)
    installation.launch("a", job)
    await_first_import(sandbox)
    worker.kill_run()
    looks = 0
    while True:
        free = worker.may_run(JOBS["a"])
        if worker.meltano() is None:
            break
        looks += 1
        assert not free, "the next run could begin beside a Meltano that lives on"
        time.sleep(0.2)
    assert looks
    until("its plugins to end", lambda: not worker.programs(), 120)
    control.switch("anaplan", "extra_task_seconds", 0.0)
    until("Dagster to see it", lambda: installation.runs(job) == ["FAILURE"], 60)
    installation.launch("a", job)
    until("the load", lambda: len(installation.runs(job)) == 2 and finished(installation, job), 240)
    assert installation.runs(job) == ["FAILURE", "SUCCESS"], worker.said()[-4000:]
    assert differences(syspro.compare(control, sandbox.info["syspro"]["companies"])) == []
    assert max(control.report()["anaplan"]["max_overlap"].values()) == 1
