"""Partitions that are read by several threads and written by one."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_kit.singer.crew import Crew


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(min_value=0, max_value=4), min_size=1, max_size=6), st.integers(min_value=1, max_value=4))
def test_every_page_of_every_partition_comes_once_and_in_its_order(sizes, crew_size):
    def read(context):
        for number in range(sizes[context["n"]]):
            yield [number]

    contexts = [{"n": n} for n in range(len(sizes))]
    seen = {n: [] for n in range(len(sizes))}
    finished = []
    crew = Crew(read, contexts, crew_size)
    for context, page in crew:
        if page is None:
            finished.append(context["n"])
        else:
            assert context["n"] not in finished
            seen[context["n"]] += page
    crew.stop()
    assert seen == {n: list(range(size)) for n, size in enumerate(sizes)}
    assert sorted(finished) == list(range(len(sizes)))


def test_partitions_are_read_at_once_but_no_more_than_asked_for():
    busy, most = 0, 0
    guard = threading.Lock()

    def read(context):
        nonlocal busy, most
        with guard:
            busy += 1
            most = max(most, busy)
        time.sleep(0.02)
        with guard:
            busy -= 1
        yield [context]

    assert len([page for _, page in Crew(read, [{"n": n} for n in range(12)], 3) if page]) == 12
    assert most == 3


def test_a_thread_goes_on_only_when_its_page_is_written():
    written, recorded = [], []

    def read(context):
        for number in range(5):
            yield [(context["n"], number)]
            assert (context["n"], number) in written
            recorded.append((context["n"], number))

    for _, page in Crew(read, [{"n": n} for n in range(3)], 3):
        if page is not None:
            time.sleep(0.002)
            written.extend(page)
    assert sorted(recorded) == sorted(written)
    assert len(written) == 15


def test_one_that_fails_stops_the_others_behind_what_is_written():
    written, recorded = [], []

    def read(context):
        for number in range(1000):
            if context["n"] == 1 and number == 3:
                raise ValueError("stopped by the test")
            yield [(context["n"], number)]
            recorded.append((context["n"], number))

    crew = Crew(read, [{"n": n} for n in range(3)], 3)

    def write():
        try:
            for _, page in crew:
                written.extend(page or [])
        finally:
            crew.stop()

    with pytest.raises(ValueError, match="stopped by the test"):
        write()
    for thread in threading.enumerate():
        if thread.name.startswith("partition-"):
            thread.join(5)
            assert not thread.is_alive()
    assert set(recorded) <= set(written)
    assert (1, 2) in written


def test_a_writer_that_fails_leaves_no_thread_behind_and_no_page_recorded():
    recorded = []

    def read(context):
        for number in range(1000):
            yield [number]
            recorded.append(number)

    crew = Crew(read, [{"n": n} for n in range(4)], 4)
    iterator = iter(crew)
    next(iterator)
    iterator.close()
    crew.stop()
    for thread in threading.enumerate():
        if thread.name.startswith("partition-"):
            thread.join(5)
            assert not thread.is_alive()
    assert recorded == []
