"""Wherever the trail keeps a row's place, everything that ever happened to a key is found."""

from __future__ import annotations

import time
import uuid
from collections import Counter

import pytest
from audit_rows import SCOPE, begin_batch, begin_run, block, deliver, key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector_kit.audit import Rejected, Trail, key_hash
from connector_kit.audit.history import history
from connector_kit.audit.prune import prune

NUMBERS = range(5)
BATCHES = st.lists(
    st.fixed_dictionaries(
        {
            "numbers": st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=8),
            "split": st.integers(0, 8),
            "version": st.sampled_from("ab"),
            "fate": st.sampled_from(["delivered", "failed", "never sent"]),
            "deletes": st.booleans(),
            "refused": st.sets(st.integers(0, 7), max_size=3),
        }
    ),
    min_size=1,
    max_size=6,
)


@pytest.fixture
def trail(audit_url):
    with Trail.open(audit_url) as trail:
        yield trail


def put_through(run, stream, one):
    """A batch in two blocks, to its end."""
    numbers, split = one["numbers"], min(one["split"], len(one["numbers"]))
    batch = begin_batch(run, stream=stream, scope=stream, deletes=one["deletes"])
    batch.add(block(numbers[:split], version=one["version"]))
    batch.add(block(numbers[split:], first_seq=split, version=one["version"]))
    if one["fate"] == "never sent":
        batch.settle(outcome="failed", message="stopped")
        return
    batch.sending()
    refused = [Rejected(at, key(numbers[at]), "bad", "bad") for at in sorted(one["refused"]) if at < len(numbers)]
    batch.settle(outcome=one["fate"], rejects=refused if one["fate"] == "delivered" else ())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES)
def test_every_place_of_every_key_is_found_whatever_became_of_its_batches(trail, batches):
    run, stream = begin_run(trail), uuid.uuid4().hex
    for one in batches:
        put_through(run, stream, one)
    expected = Counter(number for one in batches for number in one["numbers"])
    with trail.database.reading() as connection:
        found = {number: history(connection, stream, ["EDU1", f"{number:015d}"]) for number in NUMBERS}
    assert {number: len(places) for number, places in found.items()} == {n: expected[n] for n in NUMBERS}
    assert all(one.record is not None for places in found.values() for one in places)


def test_places_that_an_older_version_wrote_are_found_and_counted_once(trail):
    run = begin_run(trail)
    deliver(run, [1, 2])
    with trail.database.writing() as connection:  # as it was before the last place stood in `delivered`
        connection.execute(
            "INSERT INTO audit_records (scope_id, key_hash, batch_no, seq) "
            "SELECT scope_id, key_hash, batch_no, seq FROM audit_delivered"
        )
        for number in (1, 2):
            connection.execute(
                "UPDATE audit_delivered SET seq = NULL, key_text = :text WHERE key_hash = :hash",
                {"text": key(number), "hash": key_hash(key(number))},
            )
    deliver(run, [2], version="b")
    with trail.database.reading() as connection:
        found = [len(history(connection, "suppliers", ["EDU1", f"{number:015d}"])) for number in (1, 2)]
    assert found == [1, 2]
    trail.begin_version(SCOPE, 1)
    trail.mark_seen(SCOPE, block([9]).hashes, 1)
    assert sorted(trail.vanished(SCOPE, 1)) == [key(1), key(2)]
    assert prune(trail.database, before=time.time() + 1).records == 3
    assert sorted(trail.vanished(SCOPE, 1)) == [key(1), key(2)]
