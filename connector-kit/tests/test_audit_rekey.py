"""Records are named by another key in both databases, also where a new name is another record's old one."""

from __future__ import annotations

import msgspec
import pytest
from audit_rows import begin_run

from connector_kit.audit import Block, Trail, key_hash, key_text, row_digest
from connector_kit.audit.record_keys import rekey
from connector_kit.errors import ConfigurationError, RefusedError

SCHEMA = msgspec.json.encode(
    {
        "type": "SCHEMA",
        "stream": "lines",
        "schema": {"properties": {"A": {"type": "string"}, "B": {"type": "string"}, "N": {"type": "number"}}},
        "key_properties": ["A", "B"],
    }
)
RECORDS = [{"A": "1", "B": "2", "N": 7}, {"A": "2", "B": "1", "N": 8.50}, {"A": "3", "B": "1", "N": 7}]


@pytest.fixture
def trail(audit_url):
    with Trail.open(audit_url) as trail:
        trail.bind_key("scope", "lines", ["A", "B"])
        batch = begin_run(trail).begin_batch(
            system="ERP", stream="lines", scope="scope", action="import", schema=SCHEMA, key_properties=["A", "B"]
        )
        raws = [msgspec.json.encode(record) for record in RECORDS]
        keys = [key_text([record["A"], record["B"]]) for record in RECORDS]
        batch.add(Block(0, keys, list(map(key_hash, keys)), list(map(row_digest, raws)), raws))
        batch.sending()
        batch.settle(outcome="delivered")
        yield trail


def named(trail, key):
    """Whether each record is known by a key, with what was delivered of it."""
    hashes = [key_hash(key_text([record[name] for name in key])) for record in RECORDS]
    return trail.unchanged("scope", hashes, [row_digest(msgspec.json.encode(record)) for record in RECORDS])


def do(trail, key, **options):
    with trail.database.writing(durable=True) as connection:
        return rekey(connection, "lines", key, **options)


def test_each_record_has_its_new_name_alone(trail):
    assert named(trail, ["B", "A"]) == set()
    assert do(trail, ["B", "A"]).records == 3
    assert (named(trail, ["B", "A"]), named(trail, ["A", "B"])) == ({0, 1, 2}, set())
    assert do(trail, ["A", "N"]).records == 3
    assert named(trail, ["A", "N"]) == {0, 1, 2}
    trail.begin_version("scope", 1)
    assert sorted(trail.vanished("scope", 1)) == ['["1",7]', '["2",8.5]', '["3",7]']


def test_one_name_for_two_records_and_missing_properties_are_refused(trail):
    for key, told in ((["N"], "several records with the same"), (["A", "C"], "3 that are not kept or lack it")):
        with pytest.raises(RefusedError, match=told):
            do(trail, key)
    assert named(trail, ["A", "B"]) == {0, 1, 2}
    assert do(trail, ["A", "C"], forget=True).forgotten == 3
    assert trail.count_known("scope") == 0


def test_another_key_is_refused_as_long_as_something_is_known_by_the_old_one(trail):
    trail.bind_key("scope", "lines", ["A", "B"])
    with pytest.raises(ConfigurationError, match=r"as before \(A, B\), got another one \(none\)"):
        trail.bind_key("scope", "lines", [])
    trail.bind_key("another", "lines", ["A"])
    trail.bind_key("another", "lines", ["B"])
    with pytest.raises(ConfigurationError, match="got nothing, or all of it under"):
        do(trail, ["A", "B"])
