"""`meltano run` is stopped or killed, as service managers do it: what its tap and its target do, and the next run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from demo.environment import MELTANO, clean_environment, plugin_environment
from demo.reconcile import syspro
from sandbox.testing import running

# Tests are imported by path, so their helpers beside them have to be found by hand.
sys.path.insert(0, str(Path(__file__).parent))

from orchestration.checkout import checkout

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
RUN = ("run", "syspro-to-anaplan")
SCHEDULE = ("schedule", "run", "syspro-to-anaplan-ordinary-days")


@pytest.fixture
def sandbox():
    with running(size="small", switches={"anaplan.extra_task_seconds": 4}) as found:
        yield found


class Service:
    """The project on a host, and what starts its runs there: each in a process group of its own."""

    def __init__(self, info, folder):
        self.project = checkout(folder / "project")
        self.environment = clean_environment(plugin_environment(info, folder))
        self.log = folder / "log"

    def start(self, *command):
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [MELTANO, "--environment=sandbox", *command],
                cwd=self.project,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait(self, seconds=120):
        """The exit code, when no process of the run is left."""
        end = time.monotonic() + seconds
        code = self.process.wait(seconds)
        while self.lives():
            assert time.monotonic() < end, f"somebody lives on: {self.said()[-2000:]}"
            time.sleep(0.1)
        return code

    def lives(self):
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def said(self):
        return self.log.read_text("utf-8", "replace")


def started(control, since=None):
    asked = control.requests("anaplan", since)
    return [r for r in asked if r["method"] == "POST" and r["path"].endswith("/tasks")]


def cancelled(control):
    return [r for r in control.requests("anaplan") if r["method"] == "DELETE" and "/tasks/" in r["path"]]


def differences(sandbox):
    comparisons = syspro.compare(sandbox.control, sandbox.info["syspro"]["companies"])
    return [f"{one.name}: {line}" for one in comparisons for line in one.differences]


def in_the_middle(service, sandbox, command):
    """A run that has an import going on."""
    service.start(*command)
    end = time.monotonic() + 120
    while not started(sandbox.control):
        assert time.monotonic() < end, service.said()[-3000:]
        time.sleep(0.05)


@pytest.mark.parametrize(("command", "to_all"), [(RUN, False), (SCHEDULE, True)], ids=["meltano run", "a service"])
def test_a_run_that_is_stopped_cancels_its_task_and_the_next_tick_resumes(sandbox, tmp_path, command, to_all):
    """SIGTERM to `meltano run` (Dagster, containers), and to all processes of a service (systemd)."""
    service = Service(sandbox.info, tmp_path)
    in_the_middle(service, sandbox, command)
    if to_all:
        os.killpg(service.process.pid, signal.SIGTERM)
    else:
        service.process.send_signal(signal.SIGTERM)
    assert service.wait(30) != 0
    assert len(cancelled(sandbox.control)) == 1, service.said()[-3000:]
    assert "Traceback" not in service.said()
    sandbox.control.switch("anaplan", "extra_task_seconds", 0.0)
    service.start(*SCHEDULE)
    assert service.wait() == 0, service.said()[-3000:]
    assert differences(sandbox) == []


def test_a_schedules_run_goes_on_when_only_its_first_process_is_told_to_stop(sandbox, tmp_path):
    """`meltano schedule run` starts `meltano run` and tells it nothing: the page warns of it."""
    service = Service(sandbox.info, tmp_path)
    in_the_middle(service, sandbox, SCHEDULE)
    service.process.send_signal(signal.SIGTERM)
    sandbox.control.switch("anaplan", "extra_task_seconds", 0.0)
    assert service.wait() == -signal.SIGTERM
    assert differences(sandbox) == []
    assert cancelled(sandbox.control) == []


def test_after_a_kill_meltano_waits_five_minutes_unless_it_is_forced(sandbox, tmp_path):
    service = Service(sandbox.info, tmp_path)
    in_the_middle(service, sandbox, SCHEDULE)
    os.killpg(service.process.pid, signal.SIGKILL)
    service.wait()
    sandbox.control.switch("anaplan", "extra_task_seconds", 0.0)
    service.start(*SCHEDULE)
    assert service.wait() == 1
    assert "is already running which started at" in service.said()
    service.start("run", "--force", RUN[1])
    assert service.wait() == 0, service.said()[-3000:]
    assert differences(sandbox) == []
    assert max(sandbox.control.report()["anaplan"]["max_overlap"].values()) == 1
