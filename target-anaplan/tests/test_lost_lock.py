"""A target that lost the model's lock starts nothing more in it, and its next run delivers everything."""

from __future__ import annotations

import threading

from connector_kit.coordination import LockLostError, connect


def take_the_lock_during_an_upload(bench, until):
    """What a tidy administrator and another job can do between them."""
    control = bench.sandbox.control
    with connect(bench.config()["coordination_url"]) as coordinator:
        while not control.faults()[0]["hits"] and not until.wait(0.02):
            pass
        (held,) = coordinator.status().locks
        for file in bench.folder.glob("*.lock"):
            file.unlink()
        with coordinator.lock(held.name, purpose="somebody else", wait_seconds=0):
            until.wait(30)


def test_after_the_lock_was_lost_during_an_upload_no_task_is_started_and_the_next_run_delivers(bench):
    bench.sandbox.control.fault("anaplan", {"delay": 1.5}, path="/chunks/", method="PUT")
    over = threading.Event()
    thief = threading.Thread(target=take_the_lock_during_an_upload, args=(bench, over))
    thief.start()
    try:
        outcome = bench.run(bench.suppliers(bench.supplier(1)))
    finally:
        over.set()
        thief.join()
    assert isinstance(outcome.error, LockLostError), outcome
    assert bench.tasks_started() == []
    assert bench.items() == {}
    assert bench.summary().actions[0].outcome == "failed"

    assert bench.deliver(bench.suppliers(bench.supplier(1))).states
    assert len(bench.items()) == 1
