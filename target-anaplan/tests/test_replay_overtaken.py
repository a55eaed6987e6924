"""A replay beside its stream's own flow: what the flow brings meanwhile is newer, and stays."""

from __future__ import annotations

import io
import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from connector_kit.audit.database import Database
from connector_kit.audit.failures import Selection, groups
from connector_kit.audit.replay import replay
from connector_kit.coordination import connect
from target_anaplan.target import TargetAnaplan

IMPORT = "Suppliers from suppliers.csv"


def read_failures(bench):
    """What tap-audit-trail writes now."""
    out = []
    database = Database(bench.audit_url)
    try:
        with database.reading() as connection:
            replay(connection, Selection(), out.append)
    finally:
        database.close()
    return b"".join(out).decode()


def open_failures(bench):
    database = Database(bench.audit_url)
    try:
        with database.reading() as connection:
            return sum(group.records for group in groups(connection, Selection()))
    finally:
        database.close()


def send(bench, messages):
    """Run the target over messages; its summary's action."""
    TargetAnaplan(config=bench.config()).listen(io.StringIO(messages))
    (action,) = bench.summary().actions
    return action


def refuse(bench, *numbers):
    """Suppliers that Anaplan refuses, and then nothing is refused any more."""
    bench.sandbox.control.refuse(IMPORT, r"Supplier \d", "Invalid name")
    bench.deliver(bench.suppliers(*map(bench.supplier, numbers)))
    bench.sandbox.control.accept()
    assert open_failures(bench) == len(numbers)


def names(bench):
    return {code: item["name"] for code, item in bench.items().items()}


class Waiting:
    """Targets that run in threads of their own, one after another behind the model's lock."""

    def __init__(self, bench, pool, coordinator):
        self._bench, self._pool, self._coordinator = bench, pool, coordinator
        self._count = 0

    def queue(self, messages):
        """Start a target; return when it waits for the lock."""
        target = TargetAnaplan(config=self._bench.config(wait_seconds=30))
        running = self._pool.submit(target.listen, io.StringIO(messages))
        self._count += 1
        until = time.monotonic() + 20
        while len(self._coordinator.status().locks[0].waiting) < self._count:
            assert not running.done(), running.result()
            assert time.monotonic() < until
            time.sleep(0.02)
        return running


@contextmanager
def behind_the_lock(bench):
    """The model's lock is held within the block; what was queued there runs when it ends."""
    name = f"anaplan:model:{bench.config()['model_id']}"
    with (
        connect(bench.config()["coordination_url"]) as coordinator,
        ThreadPoolExecutor(3) as pool,
        coordinator.lock(name, purpose="the test", wait_seconds=0),
    ):
        yield Waiting(bench, pool, coordinator)


def test_what_the_flow_delivered_after_the_replay_had_read_is_not_overwritten(bench):
    refuse(bench, 2, 3)
    old = read_failures(bench)
    bench.deliver(bench.suppliers(bench.supplier(2, Name="Newer")))
    action = send(bench, old)
    assert names(bench) == {"EDU1-2": "Newer", "EDU1-3": "Supplier 3"}
    assert (action.read, action.delivered, action.counts["overtaken"]) == (2, 1, 1)
    assert open_failures(bench) == 0


def test_a_replay_that_is_overtaken_whole_uploads_nothing_and_says_so(bench, caplog):
    refuse(bench, 2)
    old = read_failures(bench)
    bench.deliver(bench.suppliers(bench.supplier(2, Name="Newer")))
    started = len(bench.tasks_started())
    with caplog.at_level(logging.INFO):
        send(bench, old)
    assert len(bench.tasks_started()) == started
    assert "1 read, 1 overtaken by newer ones, 0 unchanged, 0 sent" in caplog.text


@pytest.mark.parametrize("first", ["flow", "replay"])
def test_whoever_gets_the_model_first_the_newer_row_is_there_in_the_end(bench, first):
    refuse(bench, 2)
    messages = {"replay": read_failures(bench)}
    messages["flow"] = bench.lines(bench.suppliers(bench.supplier(2, Name="Newer")))
    with behind_the_lock(bench) as waiting:
        runs = [waiting.queue(messages[name]) for name in sorted(messages, reverse=first == "replay")]
    for run in runs:
        run.result()
    assert names(bench) == {"EDU1-2": "Newer"}
    assert open_failures(bench) == 0
    assert read_failures(bench) == ""


def test_after_a_vain_replay_before_the_flow_the_next_one_does_not_bring_the_old_row_back(bench):
    refuse(bench, 2)
    bench.sandbox.control.refuse(IMPORT, r"Supplier 2\b", "Invalid name")
    with behind_the_lock(bench) as waiting:
        runs = [waiting.queue(read_failures(bench))]
        runs += [waiting.queue(bench.lines(bench.suppliers(bench.supplier(2, Name="Newer"))))]
    for run in runs:
        run.result()
    assert names(bench) == {"EDU1-2": "Newer"}
    bench.sandbox.control.accept()
    if old := read_failures(bench):
        send(bench, old)
    assert names(bench) == {"EDU1-2": "Newer"}
    assert open_failures(bench) == 0


def test_an_old_record_that_still_cannot_be_sent_opens_nothing_when_a_newer_one_arrived(bench):
    mapping = {**bench.supplier_mapping, "columns": {**bench.supplier_mapping["columns"]}}
    mapping["columns"]["Class"] = {"field": "OnHold", "values": {"N": "normal"}}
    bench.settings["mappings"] = [mapping]
    bench.deliver(bench.suppliers(bench.supplier(1, OnHold="?"), bench.supplier(2, OnHold="?")))
    old = read_failures(bench)
    bench.deliver(bench.suppliers(bench.supplier(2)))
    assert send(bench, old).rejected == 1
    assert open_failures(bench) == 1


def test_what_was_refused_newly_is_what_the_next_replay_sends(bench):
    refuse(bench, 2)
    old = read_failures(bench)
    bench.sandbox.control.refuse(IMPORT, r"Newer", "Invalid name")
    bench.deliver(bench.suppliers(bench.supplier(2, Name="Newer")))
    bench.sandbox.control.accept()
    assert send(bench, old).counts["overtaken"] == 1
    assert names(bench) == {}
    assert send(bench, read_failures(bench)).delivered == 1
    assert names(bench) == {"EDU1-2": "Newer"}


def test_several_failed_batches_are_replayed_in_one_file_with_each_record_as_it_was_last(bench):
    bench.sandbox.control.refuse(IMPORT, r"(Supplier|Second) \d", "Invalid name")
    bench.deliver(bench.suppliers(*map(bench.supplier, (1, 2, 3))))
    bench.deliver(bench.suppliers(bench.supplier(2, Name="Second 2")))
    bench.deliver(bench.suppliers(bench.supplier(4)))
    bench.sandbox.control.accept()
    old = read_failures(bench)
    assert [json.loads(line)["record"]["Supplier"][-1] for line in old.splitlines() if '"RECORD"' in line] == [
        "1",
        "3",
        "2",
        "4",
    ]
    started = len(bench.tasks_started())
    action = send(bench, old)
    assert len(bench.tasks_started()) == started + 1
    assert (action.delivered, action.counts.get("overtaken", 0)) == (4, 0)
    assert names(bench)["EDU1-2"] == "Second 2"
    assert read_failures(bench) == ""


def test_the_mark_of_a_replay_is_not_kept_so_that_the_next_one_has_its_own(bench):
    refuse(bench, 2)
    bench.sandbox.control.refuse(IMPORT, r"Supplier", "Invalid name")
    marks = []
    for _ in range(2):
        old = read_failures(bench)
        (schema,) = [json.loads(line) for line in old.splitlines() if '"SCHEMA"' in line]
        marks.append(schema["schema"]["x-replay-seen"])
        send(bench, old)
    assert marks[0]["newest"] != marks[1]["newest"]
    database = Database(bench.audit_url)
    try:
        with database.reading() as connection:
            assert connection.value("SELECT COUNT(*) FROM audit_schemas", {}) == 1
    finally:
        database.close()


def test_the_lock_is_free_after_a_replay_and_after_one_that_broke_off(bench):
    refuse(bench, 2)
    old = read_failures(bench)
    with pytest.raises(Exception, match="line 3 of its output: expected a Singer message"):
        send(bench, old + "{broken\n")
    with connect(bench.config()["coordination_url"]) as coordinator:
        assert coordinator.status().locks == ()
    assert names(bench) == {"EDU1-2": "Supplier 2"}  # what was whole before the broken line was delivered
    assert send(bench, old).delivered == 0
    with connect(bench.config()["coordination_url"]) as coordinator:
        assert coordinator.status().locks == ()


def test_a_replay_of_another_trail_is_sent_with_a_warning(bench, caplog):
    refuse(bench, 2)
    old = read_failures(bench)
    bench.folder.joinpath("other").mkdir()
    target = TargetAnaplan(config=bench.config(audit_url=f"sqlite:///{bench.folder}/other/audit.db"))
    target.listen(io.StringIO(old))
    assert names(bench) == {"EDU1-2": "Supplier 2"}
    assert "another audit trail" in caplog.text
