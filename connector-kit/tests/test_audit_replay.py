from __future__ import annotations

import tempfile

import msgspec
import pytest
from audit_rows import SCHEMA, SCOPE, begin_batch, begin_run, block, deliver, key, unchanged
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_kit.audit import Rejected, Trail
from connector_kit.audit.failures import Selection, dismiss, failed_batches, groups
from connector_kit.audit.replay import Replayed, replay
from connector_kit.audit.types import REPLAY_SEEN

UNKNOWN = Rejected(None, "", "no dump", "one row was refused")


@pytest.fixture
def trail(audit_url):
    with Trail.open(audit_url) as trail:
        yield trail


def bad(place, number):
    return Rejected(place, key(number), "Unknown parent", f"Unknown parent of {number}")


def replayed(trail, **selection):
    out = []
    with trail.database.reading() as connection:
        done = replay(connection, Selection(**selection), out.append)
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in out)
    return [msgspec.json.decode(line) for line in out], done


def sent_again(trail, **selection):
    return [
        int(message["record"]["Supplier"]) for message in replayed(trail, **selection)[0] if message["type"] == "RECORD"
    ]


def open_failures(trail):
    with trail.database.reading() as connection:
        return sum(group.records for group in groups(connection, Selection()))


def test_what_failed_goes_out_as_it_came_with_its_schema_in_the_original_order(trail):
    run = begin_run(trail)
    deliver(run, range(10), rejects=[bad(7, 7), bad(2, 2)])
    deliver(run, range(20, 25), rejects=[bad(0, 20)])
    messages, done = replayed(trail)
    assert "newest" in messages[0]["schema"].pop(REPLAY_SEEN)
    assert messages[0] == msgspec.json.decode(SCHEMA)
    assert messages[1] == {
        "type": "RECORD",
        "stream": "suppliers",
        "record": {"Company": "EDU1", "Supplier": "000000000000002", "Name": "a"},
    }
    assert [message["type"] for message in messages] == ["SCHEMA", "RECORD", "RECORD", "RECORD"]
    assert sent_again(trail) == [2, 7, 20]
    assert done == Replayed(records=3)


def test_the_schema_goes_out_again_when_stream_or_schema_change(trail):
    run = begin_run(trail)
    deliver(run, [1], rejects=[bad(0, 1)])
    deliver(
        run, [2], rejects=[bad(0, 2)], stream="customers", scope="c", schema=SCHEMA.replace(b"suppliers", b"customers")
    )
    deliver(run, [3], rejects=[bad(0, 3)], schema=SCHEMA.replace(b"object", b"objekt"))
    messages, _ = replayed(trail)
    assert [message["type"] for message in messages] == ["SCHEMA", "RECORD"] * 3
    assert [message["stream"] for message in messages if message["type"] == "SCHEMA"] == [
        "suppliers",
        "customers",
        "suppliers",
    ]


def test_a_replay_can_be_narrowed_by_run_stream_reason_and_key(trail):
    first, second = begin_run(trail), begin_run(trail)
    deliver(first, [1, 2], rejects=[bad(0, 1), Rejected(1, key(2), "Invalid date", "x")])
    deliver(second, [3], rejects=[bad(0, 3)], stream="customers", scope="c")
    assert sent_again(trail, run=first.id) == [1, 2]
    assert sent_again(trail, streams=["customers"]) == [3]
    assert sent_again(trail, streams=["customers", "suppliers"]) == [1, 2, 3]
    assert sent_again(trail, reason="invalid") == [2]
    assert sent_again(trail, key=("EDU1", "000000000000001")) == [1]


def test_a_delivery_closes_the_failure_of_its_record_and_says_so(trail):
    run = begin_run(trail)
    deliver(run, range(5), rejects=[bad(1, 1), bad(2, 2)])
    assert deliver(run, [1], version="b").repaired == 1
    assert sent_again(trail) == [2]
    assert deliver(run, [2]).repaired == 1
    assert open_failures(trail) == 0
    assert deliver(run, [2], version="c").repaired == 0


def test_a_record_that_looks_again_as_it_was_delivered_is_sent_all_the_same_to_close_its_failure(trail):
    run = begin_run(trail)
    deliver(run, [1, 2])
    batch = begin_batch(run)
    batch.reject_invalid([Rejected(None, key(1), "invalid", "not a date", b'{"Supplier":"1"}')])
    batch.settle(outcome="unchanged")
    assert unchanged(trail, [1, 2]) == {2}
    assert deliver(run, [1]).repaired == 1
    assert unchanged(trail, [1, 2]) == {1, 2}


def test_a_delivery_into_another_scope_repairs_nothing(trail):
    run = begin_run(trail)
    deliver(run, [1], rejects=[bad(0, 1)])
    assert deliver(run, [1], scope="other").repaired == 0
    assert open_failures(trail) == 1


def test_a_failed_batch_repairs_nothing(trail):
    run = begin_run(trail)
    deliver(run, [1], rejects=[bad(0, 1)])
    deliver(run, [1], version="b", outcome="failed")
    assert sent_again(trail) == [1]


def test_a_record_refused_again_is_one_open_failure_and_goes_out_as_it_was_last(trail):
    run = begin_run(trail)
    deliver(run, [1], rejects=[bad(0, 1)])
    deliver(run, [1], version="b", rejects=[bad(0, 1)])
    messages, done = replayed(trail)
    assert [message["record"]["Name"] for message in messages[1:]] == ["b"]
    assert (done.records, open_failures(trail)) == (1, 1)


def test_an_old_row_is_never_sent_after_a_newer_one_of_its_record(trail):
    run = begin_run(trail)
    batch = begin_batch(run)
    batch.add(block([1, 2]))
    batch.add(block([1], first_seq=2, version="b"))
    batch.sending()
    batch.settle(outcome="delivered", rejects=[bad(0, 1), bad(1, 2)])
    assert sent_again(trail) == [2]


def test_a_record_that_two_imports_refused_goes_out_once_and_closes_in_both(trail):
    run = begin_run(trail)
    for scope in ("list", "module"):
        deliver(run, [1], scope=scope, rejects=[bad(0, 1)])
    assert sent_again(trail) == [1]
    for scope in ("list", "module"):
        assert deliver(run, [1], version="b", scope=scope).repaired == 1
    assert open_failures(trail) == 0


def test_records_refused_before_sending_are_replayed_in_the_order_they_came(trail):
    run = begin_run(trail)
    batch = begin_batch(run)
    for number in (5, 3, 9):
        batch.reject_invalid(
            [Rejected(None, key(number), "invalid", "not a date", f'{{"Supplier":"{number:015d}"}}'.encode())]
        )
    batch.settle(outcome="unchanged")
    assert sent_again(trail) == [5, 3, 9]
    assert deliver(run, [3]).repaired == 1
    assert sent_again(trail) == [5, 9]


def test_a_record_without_key_that_comes_again_stays_one_open_failure_until_it_is_dismissed(trail):
    run = begin_run(trail)
    for _ in range(3):
        batch = begin_batch(run)
        batch.reject_invalid([Rejected(None, "", "no key", "Supplier is missing", b'{"Supplier":"0"}')])
        batch.settle(outcome="unchanged")
    assert open_failures(trail) == 1
    with trail.database.writing() as connection:
        assert dismiss(connection, Selection(reason="no key")) == 1
    assert sent_again(trail) == []


def test_what_cannot_be_replayed_is_counted(audit_url):
    with Trail.open(audit_url, payloads="none") as trail:
        run = begin_run(trail)
        deliver(run, [1, 2], rejects=[bad(0, 1), Rejected(None, "", "no dump", "one row refused")])
        deliver(run, [2], deletes=True, rejects=[bad(0, 2)])
        messages, done = replayed(trail)
        assert messages == []
        assert done == Replayed(records=0, without_payload=1, deletions=1)
        deliver(run, [7], rejects=[UNKNOWN])
        assert replayed(trail)[1] == Replayed(records=0, without_payload=2, deletions=1)
        trail.forget(SCOPE, [key(7)])
        assert replayed(trail)[1] == Replayed(records=0, without_payload=1, deletions=1, unmatched=1)


@pytest.mark.parametrize("payloads", ["all", "failed"])
def test_a_file_of_which_an_unknown_row_was_refused_goes_out_whole_and_closes_when_it_arrives(audit_url, payloads):
    with Trail.open(audit_url, payloads=payloads) as trail:
        run = begin_run(trail)
        deliver(run, range(6), rejects=[UNKNOWN, UNKNOWN, bad(4, 4)])
        assert sent_again(trail) == [0, 1, 2, 3, 4, 5]
        assert deliver(run, [0, 1], version="b").repaired == 0
        assert sent_again(trail) == [2, 3, 4, 5]  # what a later file has brought would be a step back
        assert open_failures(trail) == 3
        assert deliver(run, [2, 3, 5]).repaired == 2
        assert sent_again(trail) == [4]
        assert deliver(run, [4]).repaired == 1
        assert open_failures(trail) == 0


def test_a_file_that_is_unknown_again_takes_the_place_of_the_earlier_one(trail):
    run = begin_run(trail)
    for _ in range(3):
        assert deliver(run, range(3), rejects=[UNKNOWN]).repaired == 0
    assert open_failures(trail) == 1
    assert sent_again(trail) == [0, 1, 2]
    assert deliver(run, range(3)).repaired == 1
    assert open_failures(trail) == 0


def test_a_record_that_failed_later_than_its_unknown_file_goes_out_once_as_it_was_last(trail):
    run = begin_run(trail)
    deliver(run, range(3), rejects=[UNKNOWN])
    deliver(run, [1], version="b", rejects=[bad(0, 1)])
    messages, _ = replayed(trail)
    records = [message["record"] for message in messages if message["type"] == "RECORD"]
    assert [(int(record["Supplier"]), record["Name"]) for record in records] == [(0, "a"), (2, "a"), (1, "b")]


def test_deletions_of_which_some_are_unknown_are_not_forgotten(trail):
    run = begin_run(trail)
    deliver(run, range(3))
    deliver(run, [1, 2], deletes=True, rejects=[UNKNOWN])
    assert trail.count_known(SCOPE) == 3
    assert deliver(run, [1, 2], deletes=True).repaired == 1
    assert trail.count_known(SCOPE) == 1


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.sets(st.integers(0, 4), min_size=1), st.booleans()), min_size=1, max_size=5))
def test_no_row_of_an_unknown_file_is_lost_whatever_is_delivered_after_it(batches):
    """A model of the trail: of each key, whether its last file is one of which all is known."""
    with tempfile.TemporaryDirectory() as folder, Trail.open(f"sqlite:///{folder}/audit.db") as trail:
        run = begin_run(trail)
        certain = {}
        for numbers, known in batches:
            rows = sorted(numbers)
            deliver(run, rows, rejects=[] if known else [UNKNOWN])
            certain.update(dict.fromkeys(rows, known))
        doubtful = sorted(number for number, known in certain.items() if not known)
        assert sorted(sent_again(trail)) == doubtful
        assert (open_failures(trail) > 0) == bool(doubtful)
        assert unchanged(trail, sorted(certain)) == set(certain) - set(doubtful)


def test_with_only_failures_kept_they_can_be_replayed(audit_url):
    with Trail.open(audit_url, payloads="failed") as trail:
        deliver(begin_run(trail), range(100), rejects=[bad(40, 40), bad(60, 60)])
        assert sent_again(trail) == [40, 60]


def test_batches_that_failed_whole_are_listed_until_their_scope_is_delivered(trail):
    run = begin_run(trail)
    deliver(run, [1, 2, 3], outcome="failed")
    with trail.database.reading() as connection:
        (batch,) = failed_batches(connection, Selection())
        assert (batch.records, batch.outcome, batch.run) == (3, "failed", run.id)
    deliver(run, [1, 2, 3])
    with trail.database.reading() as connection:
        assert failed_batches(connection, Selection()) == []
