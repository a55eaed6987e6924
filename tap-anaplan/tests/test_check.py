"""`--test`, as an administrator runs it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tap_anaplan.tap import TapAnaplan


@pytest.fixture
def check(site, tmp_path):
    def run(**settings):
        path = tmp_path / "config.json"
        path.write_text(json.dumps(site.config(**settings)))
        return CliRunner().invoke(TapAnaplan.cli, ["--config", str(path), "--test"])

    return run


def test_everything_that_is_there_is_listed_and_nothing_is_run(site, check):
    site.approve()
    result = check(
        exports=[{"export": "Plan Lines.csv", "key": ["Plan Lines"], "approval": site.gate}],
        views=["Plan Approval"],
        lists=["GL Accounts"],
    )
    assert result.exit_code == 0, result.output
    assert "model S4 Finance" in result.output
    assert "Budget 2027" in result.output
    assert "Everything is there: 3 streams." in result.output
    assert not site.requests("/tasks", "POST")
    assert not site.requests("/readRequests")


def test_settings_that_choose_nothing_are_an_error_and_no_success(check):
    assert "expected something in exports, views, lists or metadata" in str(check().exception)


def test_what_is_missing_comes_with_what_to_do(site, check):
    result = check(
        exports=["Plan lines.txt", {"export": "Plan Lines.csv", "stream": "other", "approval": site.gate}],
        lists=[{"list": "GL Accounts", "key": ["Nummer"]}],
    )
    assert result.exit_code == 1
    assert "Did you mean" in result.output
    assert "'Nummer'" in result.output
    assert "not yet" in result.output


def test_streams_of_the_models_definition_are_asked_for_too(check):
    result = check(metadata=["modules", "tasks"])
    assert result.exit_code == 0, result.output
    assert "Everything is there: 2 streams." in result.output
    result = check(metadata=["tasks"], task_actions=["No such import"])
    assert result.exit_code == 1
    assert "No such import" in result.output


def test_an_error_of_the_servers_own_is_tried_twice_and_the_next_stream_is_checked(site, check):
    site.fault({"status": 500}, path="/lists", times=-1)
    result = check(exports=["Plan Lines.csv"], lists=["GL Accounts"])
    assert result.exit_code == 1
    assert "HTTP 500" in result.output
    assert "no answer" in result.output
    assert "plan_lines" in result.output
    assert len(site.requests("/lists")) == 2
