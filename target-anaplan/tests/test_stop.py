"""A target that is told to stop while Anaplan works: the task is cancelled, no STATE, the next run makes it good."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time


def start(bench, config_file, messages_file):
    command = [sys.executable, "-c", "from target_anaplan.target import main; main()", "--config", str(config_file)]
    with messages_file.open("rb") as source:
        return subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_sigterm_cancels_the_task_and_loses_nothing(bench, switch):
    messages = bench.suppliers(bench.supplier(1), bench.supplier(2))
    config, lines = bench.folder / "config.json", bench.folder / "messages.singer"
    config.write_text(json.dumps(bench.config()))
    lines.write_text(bench.lines(messages))
    switch("extra_task_seconds", 60.0)
    process = start(bench, config, lines)
    until = time.monotonic() + 60
    while not bench.tasks_started() and time.monotonic() < until:
        time.sleep(0.1)
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - begun < 20
    switch("extra_task_seconds", 0.0)
    assert (process.returncode, out) == (1, "")
    assert "a signal to stop" in err.splitlines()[-1]
    assert "Traceback" not in err
    assert any(request["method"] == "DELETE" for request in bench.sandbox.control.requests("anaplan"))
    assert bench.summary().outcome == "failed"
    assert bench.items() == {}
    outcome = bench.deliver(messages)
    assert len(bench.items()) == 2
    assert outcome.states == [{"mark": "done"}]


def test_a_killed_target_leaves_nothing_that_a_next_run_does_not_repair(bench, switch):
    messages = bench.suppliers(bench.supplier(1), bench.supplier(2))
    config, lines = bench.folder / "config.json", bench.folder / "messages.singer"
    config.write_text(json.dumps(bench.config()))
    lines.write_text(bench.lines(messages))
    switch("extra_task_seconds", 1.5)
    process = start(bench, config, lines)
    until = time.monotonic() + 60
    while not bench.tasks_started() and time.monotonic() < until:
        time.sleep(0.05)
    process.kill()
    out, _ = process.communicate(timeout=30)
    assert out == ""
    switch("extra_task_seconds", 0.0)
    outcome = bench.deliver(messages, wait_seconds=20)
    assert len(bench.items()) == 2
    assert outcome.states == [{"mark": "done"}]
    assert bench.summary().actions[0].sent == 2


def test_a_configuration_error_is_one_line_without_a_traceback(bench):
    config, lines = bench.folder / "config.json", bench.folder / "messages.singer"
    mapping = {**bench.supplier_mapping, "import": "Supplyers"}
    config.write_text(json.dumps(bench.config(mappings=[mapping])))
    lines.write_text(bench.lines(bench.suppliers(bench.supplier(1))))
    process = start(bench, config, lines)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    last = err.splitlines()[-1]
    assert "Supplyers" in last
    assert "Suppliers from suppliers.csv" in last
    assert "Traceback" not in err
    assert bench.sandbox.info["anaplan"]["password"] not in err
