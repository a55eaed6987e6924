"""Wherever the trail keeps a row's place, everything that ever happened to a key is found."""

from __future__ import annotations

import uuid
from collections import Counter

import pytest
from audit_rows import begin_batch, begin_run, block, key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector_kit.audit import Rejected, Trail
from connector_kit.audit.history import history

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
