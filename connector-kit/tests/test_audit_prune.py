from __future__ import annotations

import time

import pytest
from audit_rows import begin_batch, begin_run, block, deliver, key, unchanged

from connector_kit.audit import Rejected, Trail
from connector_kit.audit.export import export
from connector_kit.audit.failures import Selection
from connector_kit.audit.history import history
from connector_kit.audit.prune import prune
from connector_kit.audit.replay import replay


@pytest.fixture
def trail(audit_url):
    with Trail.open(audit_url) as trail:
        run = begin_run(trail)
        deliver(run, range(50))
        deliver(run, range(50, 60), rejects=[Rejected(3, key(53), "bad", "bad")])
        deliver(run, range(60, 65), outcome="failed")
        run.finish("succeeded")
        yield trail


def exported(trail):
    with trail.database.reading() as connection:
        return list(export(connection, records=True))


def rows_in(trail, table):
    with trail.database.reading() as connection:
        return connection.value(f"SELECT COUNT(*) FROM audit_{table}")


def test_what_is_younger_stays(trail):
    done = prune(trail.database, before=time.time() - 3_600)
    assert (done.runs, done.batches, done.records) == (0, 0, 0)
    assert len(exported(trail)) == 65


def test_what_is_older_goes_and_open_failures_stay_to_be_replayed(trail):
    done = prune(trail.database, before=time.time() + 1)
    assert (done.runs, done.batches, done.records) == (0, 2, 55)
    left = exported(trail)
    assert [record.seq for record in left if record.record] == [3]
    out = []
    with trail.database.reading() as connection:
        assert replay(connection, Selection(), out.append).records == 1
        assert history(connection, "suppliers", ["EDU1", f"{1:015d}"]) == []
        assert len(history(connection, "suppliers", ["EDU1", f"{53:015d}"])) == 1
    assert b"000000000000053" in out[1]


def test_open_failures_go_too_when_asked_and_their_runs_with_them(trail):
    done = prune(trail.database, before=time.time() + 1, open_failures_too=True, compact=True)
    assert (done.runs, done.batches, done.records, done.thinned) == (1, 3, 65, 0)
    assert [rows_in(trail, table) for table in ("blocks", "records", "failures", "schemas", "staged")] == [0] * 5


def test_forgetting_history_makes_nothing_be_sent_again_and_believes_no_failed_batch(trail):
    prune(trail.database, before=time.time() + 1, open_failures_too=True)
    assert unchanged(trail, range(65)) == set(range(60)) - {53}
    run = begin_run(trail)
    deliver(run, range(3), version="b")
    assert unchanged(trail, range(5)) == {3, 4}
    assert block([1]).keys[0] in {record.key for record in exported(trail)}


def test_open_batches_are_never_pruned(trail):
    batch = begin_batch(begin_run(trail))
    batch.add(block([1]))
    trail.writer.flush()
    prune(trail.database, before=time.time() + 1, open_failures_too=True)
    batch.sending()
    assert batch.settle(outcome="delivered").delivered == 1
