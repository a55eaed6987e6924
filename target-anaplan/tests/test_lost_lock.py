"""A target that lost the model's lock starts nothing more in it, and its next run delivers everything."""

from __future__ import annotations

import pytest

from connector_kit.coordination import LockLostError
from testkit.stolen_lock import stolen


@pytest.fixture
def taken(bench):
    """Within the block another job takes the lock when so many faults were met."""
    return lambda faults=1: stolen(
        bench.sandbox.control, bench.config()["coordination_url"], bench.folder, faults=faults
    )


def assert_nothing_counts_as_delivered_and_the_next_run_delivers(bench, outcome, tasks):
    assert isinstance(outcome.error, LockLostError), outcome
    assert outcome.states == []
    assert bench.summary().actions[0].outcome == "failed"
    assert len(bench.tasks_started()) == tasks
    bench.sandbox.control.clear_faults()

    assert bench.deliver(bench.suppliers(bench.supplier(1))).states
    assert len(bench.tasks_started()) == tasks + 1  # the rows were sent again, not taken for unchanged
    assert len(bench.items()) == 1


def test_after_the_lock_was_lost_during_an_upload_no_task_is_started_and_the_next_run_delivers(bench, taken):
    bench.sandbox.control.fault("anaplan", {"delay": 0.8}, path="/chunks/", method="PUT")
    with taken():
        outcome = bench.run(bench.suppliers(bench.supplier(1)))
    assert bench.items() == {}
    assert_nothing_counts_as_delivered_and_the_next_run_delivers(bench, outcome, tasks=0)


def test_a_start_that_was_answered_with_401_does_not_leave_behind_the_log_on_that_took_the_lock_away(bench, taken):
    control = bench.sandbox.control
    control.fault("anaplan", {"status": 401}, path="/tasks", method="POST")
    control.fault("anaplan", {"delay": 0.8}, path="/token/authenticate", method="POST", after=1)
    with taken(faults=2):
        outcome = bench.run(bench.suppliers(bench.supplier(1)))
    assert bench.items() == {}
    # The start that the server refused is in its journal too.
    assert_nothing_counts_as_delivered_and_the_next_run_delivers(bench, outcome, tasks=1)


def test_a_task_that_ended_when_the_lock_was_gone_may_have_imported_another_jobs_file(bench, taken):
    bench.sandbox.control.fault("anaplan", {"delay": 0.8}, path=r"/tasks/\w+$", method="GET")
    with taken():
        outcome = bench.run(bench.suppliers(bench.supplier(1)))
    assert_nothing_counts_as_delivered_and_the_next_run_delivers(bench, outcome, tasks=1)


def test_items_of_a_list_are_not_delivered_either_when_the_lock_is_gone_behind_the_answer(bench, taken):
    mapping = {"stream": "suppliers", "list": "Suppliers", "columns": {"Code": "Supplier", "Name": "Name"}}
    bench.settings["mappings"] = [mapping]
    bench.sandbox.control.fault("anaplan", {"delay": 0.8}, path="/items", method="POST")
    with taken():
        outcome = bench.run(bench.suppliers(bench.supplier(1)))
    assert isinstance(outcome.error, LockLostError), outcome
    assert bench.summary().actions[0].outcome == "failed"
