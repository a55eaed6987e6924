"""A recipe of which no document stands fails the run; what was refused is a warning."""

from __future__ import annotations

import logging

import pytest
from plans import row

from connector_kit.errors import RefusedError

UNBALANCED = [row(amount="10.00"), row(amount="-9.99", cost_center="B")]


def test_a_recipe_of_which_no_document_stands_fails_the_run_behind_all_others(bench):
    with pytest.raises(RefusedError, match=r"1 rejected, none delivered \(1 x debits and credits differ\)"):
        bench.run(UNBALANCED, recipe={"offset": None}, on_nothing_delivered="fail")
    assert bench.failures() == {("debits and credits differ", 2)}


def test_one_document_that_stands_is_something_and_the_run_is_partly_delivered(bench, caplog):
    caplog.set_level(logging.WARNING)
    plan = [row(Text="y" * 51), row("2020")]
    for _ in range(2):  # posted, then unchanged
        assert bench.run(plan, on_nothing_delivered="fail") == '{"at": "done"}\n'
        assert bench.action().outcome == "partly delivered"
    assert "1 documents posted, 0 unchanged, 1 refused" in caplog.text
    assert "1 refused: LEN" in caplog.text


def test_a_recipe_whose_stream_never_came_is_mentioned(bench, caplog):
    bench.run("")
    assert "stream plan: in the setting documents, but no SCHEMA of it came" in caplog.text


def test_a_document_is_named_by_each_field_of_its_scope_and_key_once(bench, caplog):
    caplog.set_level(logging.INFO)
    bench.run([row("1010", "Jan 26")], recipe={"scope": ["Company"], "document": ["Company", "Period"]})
    assert 'posted plan ["1010","Jan 26"]: document' in caplog.text
