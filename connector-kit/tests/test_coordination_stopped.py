"""A holder that was stopped, lost its lock meanwhile and goes on: it changes nothing any more."""

from __future__ import annotations

import signal
import time

import psycopg
import pytest
from local_server import Answer

from connector_kit.coordination import connect


@pytest.fixture
def changed(serve):
    """A server that takes every change; `tokens` says whose they were, in their order."""
    server = serve(lambda asked: Answer(body=b"{}"))
    server.tokens = lambda: [int(asked.path.strip("/")) for asked in server.asked]
    return server


def started(workers, url, changed, seconds):
    worker = workers("change", url, "model", changed.url, seconds)
    worker.go()
    worker.read("held")
    end = time.monotonic() + 20
    while len(changed.asked) < 5:
        assert time.monotonic() < end
        time.sleep(0.01)
    return worker


def end_sessions(url):
    """What a server does that no longer hears from a host, and an administrator who wants the lock."""
    with psycopg.connect(url, autocommit=True) as administrator:
        administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'connector-kit' AND pid <> pg_backend_pid()"
        )


def test_a_stopped_holder_whose_session_ended_changes_nothing_after_it_goes_on(postgres_url, workers, changed):
    first = started(workers, postgres_url, changed, 60)
    first.process.send_signal(signal.SIGSTOP)
    end_sessions(postgres_url)
    second = workers("change", postgres_url, "model", changed.url, 1.5)
    second.go()
    assert second.read("held") == 2
    time.sleep(0.3)
    before = len(changed.asked)
    first.process.send_signal(signal.SIGCONT)
    assert "lock model" in first.read("error")
    assert second.read("ended")
    # One request may have been on its way when it was stopped: it had asked before.
    late = [token for token in changed.tokens()[before:] if token == 1]
    assert len(late) <= 1
    assert changed.tokens().count(2) > 10


def test_a_stopped_holder_keeps_a_lock_of_files_and_goes_on(tmp_path, workers, changed):
    url = f"sqlite:///{tmp_path}/coordination.db"
    first = started(workers, url, changed, 3)
    first.process.send_signal(signal.SIGSTOP)
    second = workers("change", url, "model", changed.url, 6)
    second.go()
    time.sleep(1.0)
    (lock,) = _status(url).locks
    assert (lock.holder.pid, [one.pid for one in lock.waiting]) == (first.process.pid, [second.process.pid])
    first.process.send_signal(signal.SIGCONT)
    assert first.read("ended")
    assert second.read("held") == 2
    assert second.read("ended")
    tokens = changed.tokens()
    assert tokens == sorted(tokens)


def test_a_holder_whose_session_breaks_while_it_works_stops_at_once(postgres_url, workers, changed):
    first = started(workers, postgres_url, changed, 60)
    end_sessions(postgres_url)
    assert "was lost, and that another job may hold it now" in first.read("error")


def test_a_waiter_whose_session_breaks_is_told_so(postgres_url, workers):
    holder = workers("hold", postgres_url, "model", "holds", 1, 60)
    holder.go()
    holder.read("held")
    waiter = workers("hold", postgres_url, "model", "waits", 60, 60)
    waiter.go()
    waiter.read_log("Waiting")
    end_sessions(postgres_url)
    assert "broke while this job waited for the lock: run it again" in waiter.read("error")


def _status(url):
    with connect(url) as coordinator:
        return coordinator.status()
