"""Between a replay's look into the trail and its delivery, something newer may come."""

from __future__ import annotations

import pytest
from audit_rows import SCOPE, begin_batch, begin_run, block, deliver, key

from connector_kit.audit import Rejected, Trail, key_hash, overtaken
from connector_kit.audit.failures import Selection, groups

NUMBERS = (1, 2, 3)


@pytest.fixture
def trail(audit_url):
    with Trail.open(audit_url) as trail:
        yield trail


def bad(place, number):
    return Rejected(place, key(number), "Unknown parent", f"Unknown parent of {number}")


def never_sent(number):
    return Rejected(None, key(number), "Invalid date", "Invalid date", b"{}")


def look(trail):
    """A replay reads the trail; what its messages say about that."""
    with trail.database.reading() as connection:
        told = overtaken.mark(connection)
        found = overtaken.seen(connection, {"newest": told.newest, "unsettled": told.unsettled})
    assert found is not None
    return found


def late(trail, run, since, *, scope=SCOPE, shared=False):
    hashes = [key_hash(key(number)) for number in NUMBERS]
    with trail.database.writing() as connection:
        overtaken.close_outlived(connection, scope, hashes)
    with trail.database.reading() as connection:
        found = overtaken.overtaken(connection, run.id, scope, hashes, since, shared=shared)
    return {NUMBERS[at] for at in found}


def open_failures(trail):
    with trail.database.reading() as connection:
        return sum(group.records for group in groups(connection, Selection()))


@pytest.fixture
def refused(trail):
    """Three records that were refused."""
    deliver(begin_run(trail), NUMBERS, rejects=[bad(at, number) for at, number in enumerate(NUMBERS)])


def test_what_is_still_refused_is_not_overtaken(trail, refused):
    since = look(trail)
    run = begin_run(trail)
    deliver(begin_run(trail), [7, 8])
    assert late(trail, run, since) == late(trail, run, since, shared=True) == set()


def test_a_newer_delivery_or_refusal_or_deletion_overtakes_its_record_alone(trail, refused):
    since = look(trail)
    run = begin_run(trail)
    deliver(begin_run(trail), [1], version="b")
    assert late(trail, run, since) == late(trail, run, since, shared=True) == {1}
    deliver(begin_run(trail), [2, 8], version="b", rejects=[bad(0, 2)])
    assert late(trail, run, since) == {1, 2}
    deliver(begin_run(trail), [3], deletes=True)
    assert late(trail, run, since) == {1, 2, 3}
    assert late(trail, run, since, scope="another import") == set()


def test_a_newer_record_that_could_not_even_be_sent_overtakes_the_older_one(trail, refused):
    since = look(trail)
    batch = begin_batch(begin_run(trail))
    batch.reject_invalid([never_sent(2)])
    batch.settle(outcome="unchanged")
    assert late(trail, begin_run(trail), since) == {2}


def test_a_newer_batch_that_failed_overtakes_nothing_because_its_source_shows_it_again(trail, refused):
    since = look(trail)
    deliver(begin_run(trail), NUMBERS, version="b", outcome="failed")
    assert late(trail, begin_run(trail), since) == set()


def test_a_batch_that_had_begun_before_the_look_and_ended_after_it_is_newer(trail, refused):
    batch = begin_batch(begin_run(trail))
    batch.add(block([1, 2], version="b"))
    since = look(trail)
    batch.sending()
    batch.settle(outcome="delivered", rejects=[bad(1, 2)])
    assert late(trail, begin_run(trail), since) == {1, 2}


def test_what_stands_for_certain_needs_no_repair_unless_other_records_make_the_same_row(trail):
    deliver(begin_run(trail), NUMBERS)
    since = look(trail)
    assert late(trail, begin_run(trail), since) == {1, 2, 3}
    assert late(trail, begin_run(trail), since, shared=True) == set()


def test_what_a_replay_delivered_itself_does_not_overtake_its_other_records(trail, refused):
    since = look(trail)
    run = begin_run(trail)
    deliver(run, [1])
    assert late(trail, run, since, shared=True) == set()
    assert late(trail, begin_run(trail), since, shared=True) == {1}


def test_a_vain_replay_leaves_nothing_open_when_a_delivery_that_had_begun_before_it_succeeds(trail, refused):
    flow = begin_batch(begin_run(trail))
    flow.add(block([1], version="b"))
    deliver(begin_run(trail), [1, 2], rejects=[bad(0, 1), bad(1, 2)])
    flow.sending()
    flow.settle(outcome="delivered")
    since = look(trail)
    assert late(trail, begin_run(trail), since) == {1}
    assert open_failures(trail) == 2


def test_a_mark_of_another_trail_or_of_no_known_form_says_nothing(trail, refused):
    with trail.database.reading() as connection:
        for told in ({"newest": "elsewhere"}, {"unsettled": []}, "x", None):
            assert overtaken.seen(connection, told) is None
