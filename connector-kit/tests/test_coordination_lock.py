"""A lock over processes: one holder at a time, freed by death, waiting that is visible and fair."""

from __future__ import annotations

import itertools
import logging
import time

import psycopg
import pytest

from connector_kit.coordination import Lease, LockLostError, connect
from connector_kit.errors import BusyError


def test_only_one_process_at_a_time_holds_the_lock(coordination_url, workers):
    started = [workers("hold", coordination_url, "model", f"job {i}", 20, 0.15) for i in range(5)]
    for worker in started:
        worker.go()
    spans = sorted(worker.read("span") for worker in started)
    assert len(spans) == 5
    assert all(earlier[1] <= later[0] for earlier, later in itertools.pairwise(spans))


def test_different_locks_are_held_side_by_side(coordination_url):
    with (
        connect(coordination_url) as coordinator,
        coordinator.lock("a", purpose="one", wait_seconds=0),
        coordinator.lock("b", purpose="two", wait_seconds=0) as second,
    ):
        second.assert_held()


def test_a_killed_holder_frees_the_lock_at_once(coordination_url, workers):
    holder = workers("hold", coordination_url, "killed", "a job that dies", 1, 60)
    holder.go()
    holder.read("held")
    holder.process.kill()
    start = time.monotonic()
    with connect(coordination_url) as coordinator, coordinator.lock("killed", purpose="next", wait_seconds=5) as lease:
        lease.assert_held()
    assert time.monotonic() - start < 2


def test_the_next_holder_learns_of_one_that_died_and_of_no_other(coordination_url, workers):
    holder = workers("hold", coordination_url, "orphaned", "a job that dies", 1, 60)
    holder.go()
    holder.read("held")
    holder.process.kill()
    with connect(coordination_url) as coordinator:
        with coordinator.lock("orphaned", purpose="next", wait_seconds=5) as lease:
            assert (lease.orphaned.purpose, lease.orphaned.pid) == ("a job that dies", holder.process.pid)
        with pytest.raises(ZeroDivisionError), coordinator.lock("orphaned", purpose="fails", wait_seconds=0):
            raise ZeroDivisionError
        with coordinator.lock("orphaned", purpose="last", wait_seconds=0) as lease:
            assert lease.orphaned is None


def test_a_killed_waiter_holds_up_nobody_for_long(coordination_url, workers, monkeypatch):
    monkeypatch.setattr("connector_kit.coordination.sqlite_lock.GONE_AFTER", 1.0)
    with connect(coordination_url) as coordinator:
        with coordinator.lock("queue", purpose="first", wait_seconds=0):
            waiter = workers("hold", coordination_url, "queue", "a waiter that dies", 60, 60)
            waiter.go()
            waiter.read_log("Waiting")
            waiter.process.kill()
            waiter.process.wait()
        start = time.monotonic()
        with coordinator.lock("queue", purpose="third", wait_seconds=20):
            assert time.monotonic() - start < 3


def test_after_the_time_to_wait_the_error_names_the_holder_and_its_purpose(coordination_url, workers):
    holder = workers("hold", coordination_url, "busy", "import Suppliers of target-anaplan", 1, 60)
    holder.go()
    holder.read("held")
    start = time.monotonic()
    with (
        connect(coordination_url) as coordinator,
        pytest.raises(BusyError) as caught,
        coordinator.lock("busy", purpose="other", wait_seconds=0.5),
    ):
        pass
    assert 0.4 < time.monotonic() - start < 3
    message = str(caught.value)
    assert "lock busy" in message
    assert "import Suppliers of target-anaplan" in message
    assert f"process {holder.process.pid}" in message


def test_a_lock_is_not_reentrant_even_in_one_process(coordination_url):
    with (
        connect(coordination_url) as coordinator,
        coordinator.lock("once", purpose="outer", wait_seconds=0),
        pytest.raises(BusyError, match="outer"),
        coordinator.lock("once", purpose="inner", wait_seconds=0.1),
    ):
        pass


def test_waiting_is_logged_once_with_what_it_waits_for(coordination_url, workers, caplog):
    holder = workers("hold", coordination_url, "visible", "nightly load", 1, 1.0)
    holder.go()
    holder.read("held")
    with (
        caplog.at_level(logging.INFO),
        connect(coordination_url) as coordinator,
        coordinator.lock("visible", purpose="close", wait_seconds=20),
    ):
        pass
    (line,) = [message for message in caplog.messages if "Waiting" in message]
    assert "nightly load" in line
    assert "lock visible" in line


def test_those_who_wait_get_the_lock_in_the_order_in_which_they_came(coordination_url, workers):
    started = []
    with connect(coordination_url) as coordinator, coordinator.lock("fair", purpose="first", wait_seconds=0):
        for i in range(4):
            worker = workers("hold", coordination_url, "fair", f"waiter {i}", 30, 0.05)
            worker.go()
            worker.read_log("Waiting")
            started.append(worker)
    begins = [worker.read("span")[0] for worker in started]
    assert begins == sorted(begins)


def test_an_error_inside_frees_the_lock(coordination_url):
    with connect(coordination_url) as coordinator:
        with pytest.raises(ZeroDivisionError), coordinator.lock("error", purpose="fails", wait_seconds=0):
            raise ZeroDivisionError
        with coordinator.lock("error", purpose="next", wait_seconds=0) as lease:
            lease.assert_held()


def test_tokens_grow_so_that_a_former_holder_can_be_refused(coordination_url):
    tokens = []
    with connect(coordination_url) as coordinator:
        for _ in range(3):
            with coordinator.lock("token", purpose="x", wait_seconds=0) as lease:
                tokens.append(lease.token)
    assert tokens == sorted(set(tokens))


def test_a_lease_that_is_over_says_so(coordination_url):
    with connect(coordination_url) as coordinator:
        with coordinator.lock("over", purpose="x", wait_seconds=0) as lease:
            lease.assert_held()
        with pytest.raises(LockLostError, match="lock over"):
            lease.assert_held()


def test_a_holder_that_lost_its_lock_file_notices_when_somebody_else_got_the_lock(tmp_path):
    url = f"sqlite:///{tmp_path}/x.db"
    with connect(url) as one, connect(url) as other, one.lock("a", purpose="one", wait_seconds=0) as lease:
        for path in tmp_path.glob("*.lock"):
            path.unlink()  # a tidy administrator
        with other.lock("a", purpose="two", wait_seconds=0) as theirs:
            theirs.assert_held()
            with pytest.raises(LockLostError, match="was lost"):
                lease.assert_held()


def test_a_holder_whose_database_session_ended_notices(postgres_url):
    with connect(postgres_url) as coordinator, coordinator.lock("session", purpose="x", wait_seconds=0) as lease:
        lease.assert_held()
        with psycopg.connect(postgres_url, autocommit=True) as administrator:
            administrator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )
        with pytest.raises(LockLostError, match="was lost"):
            lease.assert_held()
        with coordinator.lock("session", purpose="next", wait_seconds=2) as theirs:
            theirs.assert_held()


def test_rates_survive_a_database_session_that_ends(postgres_url):
    with connect(postgres_url) as coordinator:
        limiter = coordinator.limiter("reconnect", per_minute=600)
        limiter.acquire()
        with psycopg.connect(postgres_url, autocommit=True) as administrator:
            administrator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'connector-kit'"
            )
        limiter.acquire()


def test_a_lease_asks_each_time():
    answers = iter([True, False])
    lease = Lease("a", 1, lambda: next(answers))
    lease.assert_held()
    with pytest.raises(LockLostError):
        lease.assert_held()
