"""The tap as a process: exit codes, the last line, a signal to stop."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest


@pytest.fixture
def start(site, tmp_path):
    processes = []

    def run(**settings):
        path = tmp_path / "config.json"
        path.write_text(json.dumps(site.config(**settings)))
        process = subprocess.Popen(
            [sys.executable, "-m", "tap_anaplan", "--config", str(path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_a_plan_that_is_not_approved_is_no_failure(site, start):
    process = start(exports=[{"export": "Plan Lines.csv", "approval": site.gate}])
    out, log = process.communicate(timeout=60)
    assert process.returncode == 0
    assert '"RECORD"' not in out
    assert "not approved: Budget 2027" in log


def test_an_error_is_one_line_without_the_password(site, start):
    process = start(exports=["Plan Line.csv"])
    _, log = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Did you mean 'Plan Lines.csv'" in log.splitlines()[-1]
    assert "Traceback" not in log
    assert site.config()["password"] not in log


def test_a_signal_to_stop_cancels_the_export_that_runs(site, start):
    site.switch("extra_task_seconds", 30)
    process = start(exports=["Plan Lines.csv"])
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not site.requests("/tasks/", "GET"):
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 143
    assert '"RECORD"' not in out
    assert site.requests("/tasks/", "DELETE")
