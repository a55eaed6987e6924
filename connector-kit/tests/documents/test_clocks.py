"""No document is sent again because a clock was set, and nobody waits for an hour because it was set back."""

from __future__ import annotations

import pytest
from plans import expected, row
from world import SETTLE, World

PLAN = [row("1010", "Jan 26")]


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.erp.late_by = SETTLE - 1
    return world


def die_with_a_request_under_way(world):
    for step in range(1, 50):
        world.run(PLAN, faults=["late"], crash_at=step)
        if world.erp.seen:
            return
    raise AssertionError("nothing was sent")


def stands_once(world):
    return world.erp.sums() == expected(PLAN) and not world.erp.twice() and world.erp.seen == 1


@pytest.mark.parametrize("ahead", [700, 86_400, -700, -3600])
def test_after_the_hosts_clock_was_set_the_whole_time_is_waited_for_and_no_more(world, ahead, caplog):
    world.erp.ahead = 0.0
    die_with_a_request_under_way(world)
    world.host_ahead, begun = ahead, world.time
    world.run(PLAN)
    assert stands_once(world)
    assert world.time - begun == pytest.approx(SETTLE)
    assert any(f"differ by {abs(ahead)} s" in line for line in caplog.messages)


@pytest.mark.parametrize("ahead", [700, -700, -3600])
def test_a_clock_that_was_wrong_when_a_document_was_sent_and_is_right_now_ends_no_wait_early(world, ahead):
    world.erp.ahead, world.host_ahead = 0.0, ahead
    die_with_a_request_under_way(world)
    world.host_ahead, begun = 0.0, world.time
    world.run(PLAN)
    assert stands_once(world)
    assert world.time - begun <= SETTLE + 1


def test_a_moment_to_come_counts_as_now_where_the_erp_tells_no_time(world):
    die_with_a_request_under_way(world)
    world.host_ahead, begun = -3600.0, world.time
    world.run(PLAN)
    assert stands_once(world)
    assert world.time - begun == pytest.approx(SETTLE)


def test_clocks_that_agree_shorten_the_wait_by_what_has_passed(world):
    world.erp.ahead = 1.0
    die_with_a_request_under_way(world)
    world.wait(SETTLE - 50)
    begun = world.time
    world.run(PLAN)
    assert stands_once(world)
    # The trail's moments are real time, which goes on between the runs, more so on a busy host.
    assert world.time - begun < SETTLE / 2


@pytest.mark.parametrize("gains", [1000, -1000])
def test_a_clock_that_is_set_during_a_run_changes_none_of_its_waits(world, gains):
    world.host_gains, begun = gains, world.time
    world.run(PLAN, faults=["dropped"])
    assert world.erp.sums() == expected(PLAN)
    assert not world.erp.twice()
    assert world.time - begun == pytest.approx(SETTLE)
