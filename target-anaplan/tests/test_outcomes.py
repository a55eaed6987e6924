"""What a run says of itself: delivered, partly delivered and rejected are different words."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys

from click.testing import CliRunner

from connector_kit.audit.command import cli

REFUSED = "Suppliers from suppliers.csv"


def refuse(bench, pattern):
    bench.sandbox.control.refuse(REFUSED, pattern, "Invalid name")


def words(bench):
    summary = bench.summary()
    return summary.outcome, [action.outcome for action in summary.actions]


def test_a_mapping_of_which_nothing_is_delivered_fails_the_run(bench):
    refuse(bench, "Supplier")
    outcome = bench.run(bench.suppliers(*map(bench.supplier, range(1, 4))), on_nothing_delivered="fail")
    assert "suppliers -> import Suppliers from suppliers.csv: expected something of it to arrive" in str(outcome.error)
    assert "3 rejected, none delivered (3 x Invalid name)" in str(outcome.error)
    assert "on_nothing_delivered: continue" in str(outcome.error)
    assert outcome.states == []
    assert words(bench) == ("failed", ["rejected"])


def test_so_does_one_whose_records_were_refused_before_anything_was_sent(bench):
    outcome = bench.run(bench.suppliers(bench.supplier(1, Balance="much")), on_nothing_delivered="fail")
    assert "1 rejected, none delivered (1 x schema: field Balance" in str(outcome.error)
    assert outcome.states == []


def test_what_stands_already_is_something(bench):
    refuse(bench, "Supplier 2")
    rows = [bench.supplier(1), bench.supplier(2)]
    for _ in range(2):
        assert bench.deliver(bench.suppliers(*rows), on_nothing_delivered="fail").states
        assert words(bench) == ("partly delivered", ["partly delivered"])


def test_a_setting_lets_a_run_pass_of_which_nothing_was_delivered(bench):
    refuse(bench, "Supplier")
    outcome = bench.deliver(bench.suppliers(bench.supplier(1)), on_nothing_delivered="continue")
    assert outcome.states == [{"mark": "done"}]
    assert words(bench) == ("rejected", ["rejected"])


def test_a_run_without_refusals_is_delivered_and_one_without_news_too(bench):
    rows = bench.suppliers(bench.supplier(1))
    for outcome in ("delivered", "unchanged"):
        bench.deliver(rows, on_nothing_delivered="fail")
        assert words(bench) == ("delivered", [outcome])


def test_the_list_of_runs_and_the_batch_use_the_same_words(bench):
    refuse(bench, "Supplier 2")
    bench.deliver(bench.suppliers(bench.supplier(1), bench.supplier(2)))

    def told(*command):
        return json.loads(CliRunner().invoke(cli, ["--url", bench.audit_url, *command, "--json"]).stdout)

    assert [run["outcome"] for run in told("runs")] == ["partly delivered"]
    (batch,) = bench.summary().actions[0].batches
    assert told("batch", batch)["outcome"] == "partly delivered"


def test_rejects_are_warnings(bench, caplog):
    refuse(bench, "Supplier 2")
    caplog.set_level(logging.WARNING, "target-anaplan")
    bench.deliver(bench.suppliers(bench.supplier(1), bench.supplier(2)))
    assert "2 read, 0 unchanged, 2 sent, 1 delivered, 1 rejected" in caplog.text
    assert "1 rejected: Invalid name" in caplog.text
    caplog.clear()
    bench.deliver(bench.suppliers(bench.supplier(3)))
    assert caplog.text == ""


def test_a_mapping_whose_stream_never_came_is_mentioned(bench, caplog):
    caplog.set_level(logging.WARNING, "target-anaplan")
    other = {**bench.supplier_mapping, "stream": "vendors"}
    assert bench.deliver(bench.suppliers(bench.supplier(1)), mappings=[bench.supplier_mapping, other]).states
    assert "stream vendors: in the setting mappings, but no SCHEMA of it came" in caplog.text


def test_a_script_sees_rejects_at_loglevel_warning(bench):
    refuse(bench, "Supplier")
    settings = bench.folder / "config.json"
    settings.write_text(json.dumps(bench.config(on_nothing_delivered="fail")))
    done = subprocess.run(
        [sys.executable, "-c", "from target_anaplan.target import main; main()", "--config", str(settings)],
        input=bench.lines(bench.suppliers(bench.supplier(1))),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LOGLEVEL": "warning"},
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "1 rejected: Invalid name" in done.stderr
