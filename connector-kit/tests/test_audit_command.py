from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys

import pytest
from audit_rows import begin_batch, begin_run, deliver, key
from click.testing import CliRunner

from connector_kit.audit import Rejected, Trail
from connector_kit.audit.command import cli
from connector_kit.audit.display import fitting


@pytest.fixture
def url(tmp_path):
    url = f"sqlite:///{tmp_path / 'audit.db'}"
    with Trail.open(url) as trail:
        run = begin_run(trail)
        deliver(run, range(5), rejects=[Rejected(3, key(3), "Unknown parent", "Unknown parent: [X]")])
        batch = begin_batch(run)
        batch.reject_invalid([Rejected(None, "", "no key", "Supplier is missing", b'{"Name":"x"}')])
        batch.settle(outcome="unchanged", counts={"read": 1})
        deliver(run, [8], stream="customers", scope="c", outcome="failed")
        run.finish("succeeded")
    return url


@pytest.fixture
def audit(url):
    def run(*arguments, code=0):
        result = CliRunner().invoke(cli, ["--url", url, *arguments])
        assert result.exit_code == code, result.output
        return result

    return run


def test_runs_lists_the_latest_first(audit):
    (run,) = json.loads(audit("runs", "--json").stdout)
    assert (run["plugin"], run["outcome"], run["delivered"], run["rejected"]) == ("target-anaplan", "succeeded", 4, 2)
    assert run["run"] in audit("runs").stdout


def test_show_gives_the_last_run_per_stream_and_action(audit):
    first, second = json.loads(audit("show", "--json").stdout)["actions"]
    assert (first["stream"], first["sent"], first["delivered"], first["rejected"]) == ("suppliers", 5, 4, 2)
    assert (second["stream"], second["outcome"]) == ("customers", "failed")
    text = audit("show").stdout
    assert "Unknown parent" in text
    assert "TASK1" in text


def test_record_shows_the_history_of_one_key(audit):
    (one,) = json.loads(audit("record", "suppliers", "EDU1", f"{3:015d}", "--json").stdout)
    assert (one["outcome"], one["message"], one["record"]["Name"]) == ("rejected", "Unknown parent: [X]", "a")
    assert "Unknown parent" in audit("record", "suppliers", "EDU1", f"{3:015d}").stdout
    audit("record", "suppliers", "EDU1", "99", code=1)


def test_batch_shows_rows_with_their_outcomes(audit):
    name = json.loads(audit("show", "--json").stdout)["actions"][0]["batches"][0]
    found = json.loads(audit("batch", name[:8], "--json", "--records").stdout)
    assert (found["batch"], found["rows"], found["delivered"], found["tasks"]) == (name, 5, 4, ["TASK1"])
    assert [row["outcome"] for row in found["records"]] == ["delivered"] * 3 + ["rejected", "delivered"]
    assert found["records"][0]["record"]["Company"] == "EDU1"
    assert "record" not in json.loads(audit("batch", name, "--json").stdout)["records"][0]
    (row,) = json.loads(audit("batch", name, "--json", "--outcome", "rejected").stdout)["records"]
    assert (row["seq"], row["message"]) == (3, "Unknown parent: [X]")
    text = audit("batch", name, "--limit", "4").stdout
    assert "5 rows, 4 delivered, 1 rejected" in text
    assert "Unknown parent: [X]" in text
    assert "There may be more" in text


def test_a_batch_that_is_not_there_is_told(audit):
    result = audit("batch", "nowhere", code=1)
    assert "none with that id" in str(result.exception)


def test_failures_names_reasons_keys_and_batches_that_did_not_arrive(audit):
    found = json.loads(audit("failures", "--json").stdout)
    assert {group["reason"]: group["records"] for group in found["failures"]} == {"Unknown parent": 1, "no key": 1}
    assert [batch["stream"] for batch in found["batches"]] == ["customers"]
    assert key(3) in audit("failures").stdout
    assert json.loads(audit("failures", "--reason", "parent", "--json").stdout)["failures"][0]["records"] == 1


def test_replay_writes_only_singer_messages_to_standard_output(audit):
    result = audit("replay")
    messages = [json.loads(line) for line in result.stdout.splitlines()]
    assert [message["type"] for message in messages] == ["SCHEMA", "RECORD", "RECORD"]
    assert result.stderr == "2 records written\n"


def test_scripts_learn_what_a_replay_and_a_dismissal_did(audit):
    assert json.loads(audit("replay", "--json").stderr)["records"] == 2
    assert json.loads(audit("dismiss", "--reason", "no key", "--json").stdout) == {"dismissed": 1}


def test_dismiss_wants_to_know_what_and_closes_it(audit):
    audit("dismiss", code=2)
    assert audit("dismiss", "--reason", "no key").stdout == "1 failures dismissed\n"
    assert len(json.loads(audit("failures", "--json").stdout)["failures"]) == 1


def test_export_writes_every_record_as_json_lines_or_csv(audit):
    lines = [json.loads(line) for line in audit("export", "--records").stdout.splitlines()]
    assert len(lines) == 7
    assert lines[0]["record"]["Company"] == "EDU1"
    rows = list(csv.DictReader(io.StringIO(audit("export", "--format", "csv", "--stream", "suppliers").stdout)))
    assert [row["outcome"] for row in rows] == ["delivered"] * 3 + ["rejected", "delivered", "rejected"]
    assert rows[3]["key"] == key(3)
    assert audit("export", "--run", "last", "--since", "1h").stdout.count("\n") == 7


def test_prune_keeps_what_is_young_and_wants_an_age(audit):
    assert json.loads(audit("prune", "--older-than", "90d", "--json").stdout)["batches"] == 0
    assert "0 batches" in audit("prune", "--older-than", "1w").stdout
    assert "90d" in audit("prune", "--older-than", "soon", code=2).stderr


def test_the_url_may_come_from_the_environment(url):
    result = CliRunner().invoke(cli, ["runs", "--json"], env={"AUDIT_URL": url})
    assert len(json.loads(result.stdout)) == 1


def test_a_missing_trail_is_one_line_without_traceback(tmp_path):
    code = "from connector_kit.audit.command import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "runs"],
        env={**os.environ, "AUDIT_URL": f"sqlite:///{tmp_path / 'none.db'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "no such file" in done.stderr


def on_a_terminal(url, *arguments):
    """What a person sees."""
    ours, theirs = pty.openpty()
    code = "from connector_kit.audit.command import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "AUDIT_URL": url, "COLUMNS": "160", "TERM": "xterm"},
        stdout=theirs,
        stderr=subprocess.PIPE,
    ) as process:
        _, error = process.communicate(timeout=60)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert process.returncode == 0, error
    return shown


def test_a_terminal_gets_tables(url):
    shown = on_a_terminal(url, "failures")
    assert "┃" in shown
    assert "Unknown parent: [X]" in shown


def test_a_terminal_is_told_that_nothing_is_open(tmp_path):
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    Trail.open(url).close()
    assert on_a_terminal(url, "failures") == "Open failures: none\r\n"


def test_a_record_that_is_not_there_is_told_with_the_streams_that_are(audit):
    told = audit("record", "nosuch", "x", code=1)
    assert told.output == "No record of stream nosuch with the key x. Streams: customers, suppliers\n"


def test_a_narrow_terminal_shows_fewer_columns_and_not_narrower_ones():
    columns = ["records", "stream", "action", "reason", "since", "keys", "message"]
    row = ["3", "suppliers", "import Suppliers from suppliers.csv", "Unknown parent", "2026-11-20 10:00:00"]
    cells = [[*row, '["EDU1","1"]', "Unknown parent: [X]"]]
    assert fitting(columns, cells, 400) == list(range(7))
    assert [columns[at] for at in fitting(columns, cells, 80)] == ["records", "stream", "reason", "keys", "message"]


def test_the_commands_start_where_neither_the_singer_sdk_nor_a_validator_is_installed():
    without = "import sys; sys.modules.update(dict.fromkeys(['singer_sdk', 'jsonschema_rs', 'lxml']))"
    commands = ("connector_kit.audit.command", "connector_kit.audit.tap", "connector_kit.coordination.command")
    program = "; ".join([without, *(f"import {name}" for name in (*commands, "connector_kit.secrets.command"))])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
