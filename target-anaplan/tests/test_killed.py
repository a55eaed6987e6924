"""SIGKILL in mid-batch: after the next run no record is without an answer, and none counts as delivered twice."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections import Counter

import pytest

from connector_kit.audit.database import Database
from connector_kit.audit.export import export
from connector_kit.errors import ConnectorError

ROWS = 12_000  # more than two blocks


def kill_when(bench, text, reached):
    """Feed a target, without end of input while it reads, and kill it when `reached` is true."""
    config = bench.folder / "config.json"
    config.write_text(json.dumps(bench.config(wait_seconds=30)))
    command = [sys.executable, "-c", "from target_anaplan.target import main; main()", "--config", str(config)]
    log = (bench.folder / "target.log").open("w")
    with log, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, text=True) as process:
        until = time.monotonic() + 60
        process.stdin.write(text)
        process.stdin.flush()
        if reached is not recorded:
            process.stdin.close()
        while not reached(bench):
            assert process.poll() is None, (bench.folder / "target.log").read_text()
            assert time.monotonic() < until
            time.sleep(0.01)
        process.kill()
        process.wait()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()


def recorded(bench):
    """Rows are in the trail, and nothing was sent."""
    with (
        contextlib.suppress(ConnectorError),  # until the target has made the trail
        contextlib.closing(Database(bench.audit_url, create=False)) as database,
        database.reading() as connection,
    ):
        return bool(connection.value("SELECT COALESCE(SUM(row_count), 0) FROM audit_batches"))
    return False


def uploading(bench):
    return any(request["method"] == "PUT" for request in bench.sandbox.control.requests("anaplan"))


def importing(bench):
    return bool(bench.tasks_started())


@pytest.mark.parametrize("moment", [recorded, uploading, importing])
def test_every_record_has_an_answer_after_the_next_run(bench, switch, moment):
    messages = bench.suppliers(*map(bench.supplier, range(1, ROWS + 1)))
    switch("extra_task_seconds", 1.0)
    kill_when(bench, bench.lines(messages), moment)
    switch("extra_task_seconds", 0.0)

    outcome = bench.deliver(messages, wait_seconds=30)

    assert outcome.states == [{"mark": "done"}]
    with contextlib.closing(Database(bench.audit_url)) as database, database.reading() as connection:
        assert connection.value("SELECT COUNT(*) FROM audit_runs WHERE outcome = 'running'") == 0
        assert connection.value("SELECT COUNT(*) FROM audit_staged") == 0
        answers = Counter((one.key, one.outcome) for one in export(connection))
    expected = {json.dumps(["EDU1", f"{number:015d}"], separators=(",", ":")) for number in range(1, ROWS + 1)}
    assert {key for (key, answer), times in answers.items() if answer == "delivered" and times == 1} == expected
    others = {answer for _, answer in answers} - {"delivered"}
    assert others == {"abandoned"}
    assert len(bench.items()) == ROWS
