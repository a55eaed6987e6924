"""Only a full read that is known to have come whole says what vanished; it may take several runs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector_kit.audit import Trail
from connector_kit.audit.keys import key_hash, key_text, row_digest
from connector_kit.audit.types import Block
from connector_kit.delivery.versions import StreamVersions
from target_anaplan.full_read import FullRead

DELETE = {
    "import": "Mark removed suppliers from removed_suppliers.csv",
    "columns": {"Code": {"template": "{CompanyId}-{Supplier|strip_zeros}"}, "Removed": {"constant": True}},
    "action": "Delete removed suppliers",
}


@pytest.fixture
def deleting(bench):
    bench.settings["mappings"] = [{**bench.supplier_mapping, "delete": DELETE}]
    bench.settings["max_vanished_share"] = 1.0
    return bench


def read(bench, numbers, version, *more, state="done"):
    rows = [{**bench.supplier(number), "version": version} for number in numbers]
    return [*bench.suppliers()[:1], *rows, *more, {"type": "STATE", "value": {"mark": state}}]


def active(version):
    return {"type": "ACTIVATE_VERSION", "stream": "suppliers", "version": version}


def test_a_full_read_that_goes_on_under_its_version_has_seen_what_came_before_it_broke_off(deleting):
    deleting.deliver(read(deleting, range(1, 21), 1, active(1)))
    deleting.deliver(read(deleting, range(1, 11), 2, state="half"))
    deleting.deliver(read(deleting, range(11, 20), 2, active(2)))
    assert len(deleting.items()) == 19
    assert "EDU1-20" not in deleting.items()


def test_a_version_that_is_announced_before_its_records_deletes_nothing_and_says_so_once(deleting, caplog):
    """As taps on the Singer SDK send it: for a child stream once per parent, so more may follow."""
    deleting.deliver(read(deleting, range(1, 11), 1, active(1)))
    caplog.set_level("INFO", "target-anaplan")
    messages = read(deleting, range(1, 4), 2)
    deleting.deliver([messages[0], active(2), *messages[1:4], active(2), messages[-1]])
    assert len(deleting.items()) == 10
    assert caplog.text.count("nothing was looked for that is gone") == 1


def test_records_behind_activate_version_withdraw_what_it_proved(deleting):
    deleting.deliver(read(deleting, range(1, 11), 1, active(1)))
    late = {**deleting.supplier(9), "version": 2}
    deleting.deliver(read(deleting, range(1, 4), 2, active(2), late))
    assert len(deleting.items()) == 10


@pytest.mark.parametrize(
    "bad",
    [
        {"Supplier": None},
        {"Supplier": 7},
        '"Supplier": "\\ud83d"',
        '"Supplier": NaN',
    ],
)
def test_a_record_whose_key_is_unknown_spoils_the_proof_of_its_version_also_in_later_runs(deleting, bad):
    deleting.deliver(read(deleting, range(1, 11), 1, active(1)))
    broken = (
        f'{{"type": "RECORD", "stream": "suppliers", "version": 2, "record": {{"CompanyId": "EDU1", {bad}}}}}'
        if isinstance(bad, str)
        else {**deleting.supplier(1, **bad), "version": 2}
    )
    deleting.deliver(read(deleting, range(1, 5), 2, broken, state="half"))
    deleting.deliver(read(deleting, range(5, 10), 2, active(2)))
    assert len(deleting.items()) == 10
    deleting.deliver(read(deleting, range(1, 10), 3, active(3)))
    assert len(deleting.items()) == 9


def test_a_record_that_is_broken_beside_its_key_is_refused_and_not_gone(deleting):
    deleting.deliver(read(deleting, range(1, 11), 1, active(1)))
    record = '{"CompanyId": "EDU1", "Supplier": "000000000000010", "Balance": NaN}'
    broken = f'{{"type": "RECORD", "stream": "suppliers", "version": 2, "record": {record}}}'
    deleting.deliver(read(deleting, range(2, 10), 2, broken, active(2)))
    assert sorted(deleting.items()) == sorted(f"EDU1-{number}" for number in range(2, 11))


class Story:
    """A source whose rows live for ever, read under versions by a tap that is interrupted, goes on and changes its
    ways; and a target that dies. Whatever was delivered must stay.
    """

    def __init__(self, folder):
        self.trail = Trail.open(f"sqlite:///{folder}/audit.db")
        self.live = list(range(6))
        self.delivered = set()
        self.version = 0
        self.position = 0

    def run(self, kind, reach, trouble):
        if kind != "resume" or self.position >= len(self.live):
            self.version, self.position = self.version + 1, 0
        version = None if kind == "incremental" else self.version
        keys = self.live[self.position :][:reach]
        whole = self.position + reach >= len(self.live)
        run = self.trail.begin_run(plugin="target-anaplan", version="1", destination="d")
        mapping = SimpleNamespace(title="t", key=())
        services = SimpleNamespace(trail=self.trail)
        outbox = SimpleNamespace(services=services, scope="s", mapping=mapping, vanished=lambda version: None)
        full, versions = FullRead(outbox), StreamVersions()
        if kind == "announced":
            versions.activate(version)
        for at, key in enumerate(keys):
            versions.records(version)
            if trouble == "key" and not at:
                full.version.seen([], version)
                full.version.spoil()
                keys = [one for one in keys if one != key]
            else:
                full.version.seen([key_hash(key_text([key]))], version)
        if (whole and kind != "incremental") or trouble == "early":
            versions.activate(version or 0)
        if trouble == "early" and keys:  # more comes behind it
            versions.records(version)
        if trouble != "dies":
            self.end(run, full, versions, keys)
            if kind != "incremental":
                self.position += reach
        run.finish("delivered")

    def end(self, run, full, versions, keys):
        batch = run.begin_batch(system="", stream="s", scope="s", action="a", schema=b"{}", key_properties=["k"])
        texts = [key_text([key]) for key in keys]
        batch.add(Block(0, texts, list(map(key_hash, texts)), [row_digest(b"x")] * len(keys), [b"{}"] * len(keys)))
        batch.sending()
        batch.settle(outcome="delivered")
        self.delivered |= set(keys)
        if versions.proven is not None:
            full.prove(versions.proven)
            assert list(full.vanished()) == []
            full.forget()
            full.version.close()
        full.version.keep()


runs = st.tuples(
    st.sampled_from(["full", "resume", "resume", "incremental", "announced"]),
    st.integers(1, 7),
    st.sampled_from(["no", "no", "no", "key", "dies", "early"]),
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(runs, max_size=8))
def test_nothing_that_lives_is_ever_deleted_whatever_comes_in_whatever_order(story):
    with tempfile.TemporaryDirectory() as folder:
        told = Story(Path(folder))
        try:
            for kind, reach, trouble in story:
                told.run(kind, reach, trouble)
            assert told.trail.count_known("s") == len(told.delivered)
        finally:
            told.trail.close()
