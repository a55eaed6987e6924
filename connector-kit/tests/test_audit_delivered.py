from __future__ import annotations

import pytest
from audit_rows import SCOPE, begin_batch, begin_run, block, deliver, key, unchanged

from connector_kit.audit import Rejected, Trail, key_hash, versions


@pytest.fixture
def trail(audit_url):
    with Trail.open(audit_url) as trail:
        yield trail


def test_rows_that_equal_what_was_delivered_are_unchanged(trail):
    deliver(begin_run(trail), range(10))
    assert unchanged(trail, range(12)) == set(range(10))
    assert unchanged(trail, range(12), version="b") == set()
    assert unchanged(trail, range(12), scope="another import") == set()
    assert trail.unchanged(SCOPE, [], []) == set()


def test_a_key_is_known_when_it_is_certain_what_was_delivered(trail):
    run = begin_run(trail)
    deliver(run, [1, 2])
    deliver(run, [2], version="b", outcome="failed")
    deliver(run, [3], version="b")
    hashes = [key_hash(key(number)) for number in (1, 2, 3, 4)]
    assert trail.known(SCOPE, hashes) == {0, 2}
    assert trail.known("another import", hashes) == trail.known(SCOPE, []) == set()


def test_only_what_was_delivered_last_counts(trail):
    run = begin_run(trail)
    deliver(run, [1, 2])
    deliver(run, [1], version="b")
    assert unchanged(trail, [1, 2]) == {2}
    assert unchanged(trail, [1, 2], version="b") == {1}


def test_of_rows_with_the_same_key_the_last_counts(trail):
    run = begin_run(trail)
    batch = begin_batch(run)
    batch.add(block([1, 2]))
    batch.add(block([1], first_seq=2, version="b"))
    batch.sending()
    batch.settle(outcome="delivered")
    assert unchanged(trail, [1, 2], version="b") == {1}
    assert unchanged(trail, [1, 2]) == {2}


def test_refused_rows_are_sent_again(trail):
    deliver(begin_run(trail), range(5), rejects=[Rejected(3, key(3), "bad", "bad")])
    assert unchanged(trail, range(5)) == {0, 1, 2, 4}


def test_from_sending_until_settled_nothing_of_the_batch_is_believed(trail):
    run = begin_run(trail)
    deliver(run, range(5))
    batch = begin_batch(run)
    batch.add(block([1]))
    trail.writer.flush()
    assert unchanged(trail, range(5)) == set(range(5))
    batch.sending()
    trail.writer.flush()
    assert unchanged(trail, range(5)) == {0, 2, 3, 4}
    batch.settle(outcome="delivered")
    assert unchanged(trail, range(5)) == set(range(5))


@pytest.mark.parametrize("sent", [True, False])
def test_a_failed_batch_leaves_its_keys_in_doubt_only_when_it_was_sent(trail, sent):
    run = begin_run(trail)
    deliver(run, range(5))
    batch = begin_batch(run)
    batch.add(block([1, 7], version="b"))
    if sent:
        batch.sending()
    batch.settle(outcome="failed", message="the task failed")
    assert unchanged(trail, range(5)) == ({0, 2, 3, 4} if sent else set(range(5)))
    assert unchanged(trail, [1, 7], version="b") == set()


def test_digests_can_be_reset_for_one_scope_or_all(trail):
    run = begin_run(trail)
    deliver(run, range(5))
    deliver(run, range(3), scope="other")
    assert trail.reset_digests("other") == 3
    assert unchanged(trail, range(5)) == set(range(5))
    assert unchanged(trail, range(5), scope="other") == set()
    assert trail.reset_digests() == 5
    assert unchanged(trail, range(5)) == set()
    assert trail.reset_digests("unknown") == 0


def test_keys_that_a_full_read_no_longer_shows_have_vanished(trail):
    run = begin_run(trail)
    deliver(run, range(10))
    deliver(run, range(5), scope="other")
    trail.begin_version(SCOPE, 20)
    for some in ([0, 1, 2, 3], [4, 5, 6, 6, 11]):
        trail.mark_seen(SCOPE, block(some).hashes, 20)
    assert sorted(trail.vanished(SCOPE, 20)) == [key(7), key(8), key(9)]
    assert trail.count_vanished(SCOPE, 20) == 3
    assert trail.count_known(SCOPE) == 10
    assert trail.count_vanished(SCOPE, 21) == 0
    assert trail.count_vanished("unknown", 1) == 0


def test_nothing_has_vanished_under_a_version_that_another_run_took_the_place_of(trail):
    run = begin_run(trail)
    deliver(run, range(10))
    trail.begin_version(SCOPE, 20)
    trail.mark_seen(SCOPE, block(range(5)).hashes, 20)
    trail.begin_version(SCOPE, 21)
    trail.mark_seen(SCOPE, block(range(5, 9)).hashes, 20)
    trail.mark_seen(SCOPE, block(range(8)).hashes, 21)
    assert not trail.is_version_open(SCOPE, 20)
    assert trail.count_vanished(SCOPE, 20) == 0
    assert list(trail.vanished(SCOPE, 20)) == []
    trail.close_version(SCOPE, 20)
    assert sorted(trail.vanished(SCOPE, 21)) == [key(8), key(9)]
    trail.close_version(SCOPE, 21)
    assert list(trail.vanished(SCOPE, 21)) == []


def test_a_new_key_that_was_refused_is_not_known_and_an_old_one_is(trail):
    run = begin_run(trail)
    deliver(run, [1])
    deliver(run, [1, 2], version="b", rejects=[Rejected(0, key(1), "bad", "bad"), Rejected(1, key(2), "bad", "bad")])
    trail.begin_version(SCOPE, 1)
    assert list(trail.vanished(SCOPE, 1)) == [key(1)]


def test_a_batch_of_deletions_makes_the_trail_forget_what_was_deleted_and_close_its_failures(trail):
    run = begin_run(trail)
    deliver(run, range(6), rejects=[Rejected(5, key(5), "bad", "bad")])
    deliver(run, [5], version="b")
    deliver(run, [4], version="b", rejects=[Rejected(0, key(4), "bad", "bad")])
    batch = begin_batch(run, deletes=True)
    batch.add(block([3, 4]))
    batch.sending()
    trail.writer.flush()
    assert unchanged(trail, [3]) == set()
    settled = batch.settle(outcome="delivered", rejects=[Rejected(0, key(3), "in use", "in use")])
    assert (settled.delivered, settled.rejected, settled.repaired) == (1, 1, 1)
    trail.begin_version(SCOPE, 1)
    assert sorted(trail.vanished(SCOPE, 1)) == [key(n) for n in (0, 1, 2, 3, 5)]


def test_forgotten_keys_are_no_longer_known_and_new_when_they_come_back(trail):
    deliver(begin_run(trail), range(10))
    assert trail.forget(SCOPE, [key(1), key(2), key(99)]) == 2
    assert trail.count_known(SCOPE) == 8
    assert unchanged(trail, range(4)) == {0, 3}


def seen_rows(trail):
    with trail.database.reading() as connection:
        return connection.value("SELECT COUNT(*) FROM audit_seen")


def test_what_came_under_an_open_version_is_known_to_the_next_run(trail):
    run = begin_run(trail)
    deliver(run, range(6))
    assert not trail.begin_version(SCOPE, 1)
    trail.mark_seen(SCOPE, block(range(3)).hashes, 1)
    trail.keep_versions()
    run.finish("failed")
    begin_run(trail)
    assert trail.begin_version(SCOPE, 1)
    trail.mark_seen(SCOPE, block([3]).hashes, 1)
    assert sorted(trail.vanished(SCOPE, 1)) == [key(4), key(5)]
    trail.close_version(SCOPE, 1)
    assert seen_rows(trail) == 0
    assert not trail.begin_version(SCOPE, 1)


def test_another_version_forgets_the_one_before(trail):
    begin_run(trail)
    trail.begin_version(SCOPE, 1)
    trail.mark_seen(SCOPE, block(range(3)).hashes, 1)
    trail.spoil_version(SCOPE)
    assert not trail.begin_version(SCOPE, 2)
    assert seen_rows(trail) == 0
    assert not trail.is_version_spoiled(SCOPE)


def test_a_version_is_spoiled_for_all_runs_also_by_what_came_before_it_was_known(trail):
    begin_run(trail)
    trail.spoil_version(SCOPE)
    trail.begin_version(SCOPE, 1)
    assert trail.is_version_spoiled(SCOPE)
    assert trail.begin_version(SCOPE, 1)
    assert trail.is_version_spoiled(SCOPE)
    trail.close_version(SCOPE, 1)
    trail.spoil_open_version(SCOPE)  # none is open
    trail.begin_version(SCOPE, 2)
    assert not trail.is_version_spoiled(SCOPE)


def test_keys_that_come_again_and_again_under_one_version_do_not_pile_up(trail, monkeypatch):
    monkeypatch.setattr(versions, "_ROOM", 4)
    begin_run(trail)
    for _ in range(10):
        trail.begin_version(SCOPE, 1)
        trail.mark_seen(SCOPE, block(range(3)).hashes, 1)
    trail.writer.flush()
    assert seen_rows(trail) <= 3 + 2 * 3 + 4
    assert trail.count_vanished(SCOPE, 1) == 0
