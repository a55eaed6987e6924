"""Who holds what, who waits, and how much of a rate is used: seen from outside, and true also after deaths."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from connector_kit.coordination import connect
from connector_kit.coordination.command import cli, lines
from connector_kit.redaction import redact


@pytest.fixture
def coordinator(coordination_url):
    with connect(coordination_url) as opened:
        yield opened


def soon(ask, seconds=10):
    """What `ask` says as soon as it says something."""
    end = time.monotonic() + seconds
    while not (said := ask()) and time.monotonic() < end:
        time.sleep(0.05)
    return said


def test_nothing_is_held_in_the_beginning(coordinator):
    found = coordinator.status()
    assert (found.locks, found.rates) == ((), ())
    assert list(lines(found, time.time())) == ["Locks: none is held", "Rates: none is known"]


def test_holder_and_waiters_are_told_apart_in_their_order(coordinator, coordination_url, workers):
    holder = workers("hold", coordination_url, "model", "load suppliers", 1, 60)
    holder.go()
    holder.read("held")
    waiters = []
    for number in range(2):
        waiters.append(workers("hold", coordination_url, "model", f"waiter {number}", 60, 60))
        waiters[-1].go()
        waiters[-1].read_log("Waiting")
    (lock,) = soon(lambda: [one for one in coordinator.status().locks if len(one.waiting) == 2])
    assert (lock.name, lock.holder.purpose, lock.holder.pid) == ("model", "load suppliers", holder.process.pid)
    assert [(one.purpose, one.pid) for one in lock.waiting] == [
        (f"waiter {number}", waiter.process.pid) for number, waiter in enumerate(waiters)
    ]
    assert abs(lock.holder.since - time.time()) < 30
    text = "\n".join(lines(coordinator.status(), time.time()))
    assert "load suppliers (process" in text
    assert text.index("held ") < text.index("waiter 0") < text.index("waiter 1")


def test_a_holder_and_a_waiter_that_were_killed_are_not_shown(coordinator, coordination_url, workers):
    holder = workers("hold", coordination_url, "model", "a job that dies", 1, 60)
    holder.go()
    holder.read("held")
    waiter = workers("hold", coordination_url, "model", "a waiter that dies", 60, 60)
    waiter.go()
    waiter.read_log("Waiting")
    waiter.process.kill()
    waiter.process.wait()
    holder.process.kill()
    holder.process.wait()
    assert soon(lambda: coordinator.status().locks == ())


def test_a_lock_that_was_given_back_is_not_shown(coordinator):
    with coordinator.lock("model", purpose="x", wait_seconds=0):
        assert [lock.name for lock in coordinator.status().locks] == ["model"]
    assert coordinator.status().locks == ()


def test_a_rate_tells_how_much_of_it_was_used_in_the_last_minute(coordinator):
    limiter = coordinator.limiter("anaplan:acme", per_minute=600)
    for _ in range(42):
        limiter.acquire()
    (rate,) = coordinator.status().rates
    assert (rate.name, rate.per_minute, rate.used, rate.allowed) == ("anaplan:acme", 600, 42, 600)
    assert (rate.waiting, rate.held_seconds) == (0, 0)


def test_a_rate_of_small_bursts_tells_the_use_of_its_window(coordinator):
    limiter = coordinator.limiter("small", per_minute=600, burst=10)
    for _ in range(10):
        limiter.acquire()
    limiter._book.reserve()
    (rate,) = coordinator.status().rates
    assert (rate.per_minute, rate.seconds) == (600, pytest.approx(1.0))
    assert (rate.used, rate.waiting) == (9, 1)  # the eleventh turn took the first one's place in the book


def test_a_hold_off_is_shown_with_its_end(coordinator):
    coordinator.limiter("held", per_minute=600).hold_off(30)
    (rate,) = coordinator.status().rates
    assert rate.held_seconds == pytest.approx(30, abs=5)
    assert rate.waiting == 0
    assert "nobody for" in "\n".join(lines(coordinator.status(), time.time()))


def test_the_command_says_it_for_scripts_and_takes_nothing(coordinator, coordination_url):
    coordinator.limiter("anaplan:acme", per_minute=600).acquire()
    with coordinator.lock("model", purpose="load", wait_seconds=0) as lease:
        done = CliRunner().invoke(cli, ["--json"], env={"COORDINATION_URL": coordination_url})
        lease.assert_held()
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert told["locks"][0]["holder"]["purpose"] == "load"
    assert told["locks"][0]["holder"]["pid"] == os.getpid()
    assert told["rates"][0]["used"] == 1
    assert coordinator.status().rates[0].used == 1


def test_the_command_takes_its_address_from_the_encrypted_store_and_hides_it(tmp_path, monkeypatch):
    monkeypatch.setenv("HIDDEN_URL", f"sqlite:///{tmp_path}/canary-place.db")
    done = CliRunner().invoke(cli, ["--url", "env:HIDDEN_URL"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "canary-place.db").exists()
    assert "canary-place" not in redact(f"sqlite:///{tmp_path}/canary-place.db")


def test_a_wrong_address_is_one_line(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "connector_kit.coordination.command", "--url", "mysql://x"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "sqlite:///PATH or postgresql://" in done.stderr
