"""A rate that several processes share: never exceeded, nearly all of it used, and all of them pause together."""

from __future__ import annotations

import bisect
import itertools
import logging
import signal
import statistics
import threading
import time

import pytest

from connector_kit.coordination import connect

# A busy machine lets a process write down its turn some milliseconds after it had it.
NOISE = 0.04


def most_in_any(window, times):
    """The largest number of turns in any half-open window of that length."""
    return max(bisect.bisect_left(times, start + window) - at for at, start in enumerate(times))


def test_four_processes_never_exceed_the_rate_in_any_window_and_use_nearly_all_of_it(coordination_url, workers):
    per_minute, burst, seconds = 3000, 100, 3.6
    window = 60 * burst / per_minute
    started = [workers("take", coordination_url, "tenant", per_minute, burst, seconds) for _ in range(4)]
    for worker in started:
        worker.go()
    turns = [worker.read("turns") for worker in started]
    times = sorted(at for each in turns for at in each if at < min(map(min, turns)) + seconds)
    assert most_in_any(window - NOISE, times) <= burst
    assert len(times) >= 0.95 * per_minute / 60 * seconds
    # Beyond the first burst, those who wait are served in the order in which they asked.
    later = [sum(at > times[0] + window for at in each) for each in turns]
    assert min(later) > 0.6 * sum(later) / len(later)


def test_a_burst_of_a_whole_minutes_turns_costs_no_waiting(tmp_path):
    with connect(f"sqlite:///{tmp_path}/x.db") as coordinator:
        limiter = coordinator.limiter("anaplan", per_minute=600)
        start = time.monotonic()
        for _ in range(600):
            limiter.acquire()
        assert time.monotonic() - start < 5
        assert limiter._book.reserve().delay > 50


def test_a_turn_that_is_free_costs_less_than_a_millisecond(tmp_path):
    with connect(f"sqlite:///{tmp_path}/x.db") as coordinator:
        limiter = coordinator.limiter("anaplan", per_minute=100_000)
        costs = []
        for _ in range(500):
            start = time.perf_counter()
            limiter.acquire()
            costs.append(time.perf_counter() - start)
    assert statistics.median(costs) < 0.001


def test_a_run_that_starts_later_finds_the_rate_as_others_left_it(coordination_url):
    with connect(coordination_url) as first:
        limiter = first.limiter("tenant-later", per_minute=60, burst=3)
        for _ in range(3):
            limiter.acquire()
    with connect(coordination_url) as second:
        assert second.limiter("tenant-later", per_minute=60, burst=3)._book.reserve().delay > 2


def test_changed_figures_count_what_was_used_before(coordination_url):
    with connect(coordination_url) as coordinator:
        old = coordinator.limiter("changed", per_minute=60, burst=3)
        for _ in range(3):
            old.acquire()
        wider = coordinator.limiter("changed", per_minute=60, burst=5)
        delays = [wider._book.reserve().delay for _ in range(3)]
        assert delays[0] <= 0
        assert delays[1] <= 0
        assert delays[2] > 3
        narrower = coordinator.limiter("changed", per_minute=60, burst=1)
        assert narrower._book.reserve().delay > 0.9
        assert old._book.reserve().delay > 1.9


def test_different_names_do_not_share(coordination_url):
    with connect(coordination_url) as coordinator:
        coordinator.limiter("one", per_minute=60, burst=1).acquire()
        coordinator.limiter("one", per_minute=60, burst=1).hold_off(30)
        assert coordinator.limiter("two", per_minute=60, burst=1)._book.reserve().delay <= 0


def test_a_hold_off_stops_every_process_also_those_that_sleep_already(coordination_url, workers):
    started = [workers("take", coordination_url, "held", 6000, 20, 2.2) for _ in range(3)]
    for worker in started:
        worker.go()
    time.sleep(0.5)
    with connect(coordination_url) as coordinator:
        coordinator.limiter("held", per_minute=6000, burst=20).hold_off(1.0)
        pause_began = time.time()
    times = sorted(at for worker in started for at in worker.read("turns"))
    # A turn that was given just before the pause may be noted just after it.
    assert not [at for at in times if pause_began + 0.05 < at < pause_began + 0.95]
    assert [at for at in times if at < pause_began]
    after = [at for at in times if at > pause_began + 0.95]
    assert len(after) > 20
    assert most_in_any(0.2 - NOISE, after) <= 20


def test_after_a_hold_off_turns_come_evenly_because_the_systems_budget_is_spent(coordination_url):
    with connect(coordination_url) as coordinator:
        limiter = coordinator.limiter("evenly", per_minute=600, burst=600)
        limiter.hold_off(1.0)
        delays = [limiter._book.reserve().delay for _ in range(20)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(delays)]
    assert delays[0] == pytest.approx(1.0, abs=0.2)
    assert all(0.05 < gap < 0.15 for gap in gaps)


def test_a_shorter_hold_off_does_not_shorten_a_longer_one(coordination_url):
    with connect(coordination_url) as coordinator:
        limiter = coordinator.limiter("longer", per_minute=600)
        limiter.hold_off(30)
        limiter.hold_off(1)
        assert limiter._book.reserve().delay > 25


def test_a_process_that_was_stopped_while_it_waited_does_not_use_its_old_turn_beside_newer_ones(
    coordination_url, workers
):
    started = [workers("take", coordination_url, "stopped", 600, 5, 2.2) for _ in range(2)]
    for worker in started:
        worker.go()
    time.sleep(0.7)
    started[0].process.send_signal(signal.SIGSTOP)
    time.sleep(0.8)
    started[0].process.send_signal(signal.SIGCONT)
    times = sorted(at for worker in started for at in worker.read("turns"))
    assert (
        most_in_any(0.5 - NOISE, times) <= 5 + 1
    )  # the one that was between its turn and its note when it was stopped


def test_a_killed_process_costs_the_others_no_more_than_its_turn(coordination_url, workers):
    started = [workers("take", coordination_url, "killed", 6000, 10, 1.6) for _ in range(3)]
    for worker in started:
        worker.go()
    time.sleep(0.5)
    started[0].process.kill()
    times = sorted(at for worker in started[1:] for at in worker.read("turns"))
    # Half of the rate even where the machine is busy; one that waited for the dead would have none.
    assert len([at for at in times if at > times[-1] - 0.8]) >= 0.8 * 100 * 0.5


def test_a_clock_that_is_set_back_stops_nobody(tmp_path, monkeypatch):
    with connect(f"sqlite:///{tmp_path}/x.db") as coordinator:
        limiter = coordinator.limiter("clock", per_minute=60, burst=2)
        for _ in range(2):
            limiter.acquire()
        limiter.hold_off(1)
        real = time.time
        monkeypatch.setattr("connector_kit.coordination.sqlite_rate.time.time", lambda: real() - 3600)
        assert limiter._book.reserve().delay < 3


def test_a_long_wait_is_logged_once_with_what_it_waits_for(tmp_path, monkeypatch, caplog):
    slept = []
    with connect(f"sqlite:///{tmp_path}/x.db") as coordinator:
        limiter = coordinator.limiter("anaplan:tenant", per_minute=60, burst=1)
        limiter.acquire()
        limiter.hold_off(3)
        book = limiter._book
        monkeypatch.setattr("connector_kit.coordination.pacing.time.sleep", slept.append)
        monkeypatch.setattr(type(book), "confirm", lambda self, turn, tolerance: True)
        with caplog.at_level(logging.INFO):
            for _ in range(5):
                limiter.acquire()
    assert len(slept) == 5
    (line,) = caplog.messages
    assert line.startswith("Waiting 3 s for a turn at anaplan:tenant")


def test_waiting_takes_no_processor_time(tmp_path):
    with connect(f"sqlite:///{tmp_path}/x.db") as coordinator:
        limiter = coordinator.limiter("idle", per_minute=60, burst=1)
        limiter.acquire()
        before = time.thread_time()
        waiting = threading.Thread(target=limiter.acquire)
        waiting.start()
        waiting.join()
        assert time.thread_time() - before < 0.1
