from __future__ import annotations

import time

import pytest
from audit_rows import SCOPE, begin_batch, begin_run, block, deliver, key, unchanged

from connector_kit.audit import Rejected, Trail
from connector_kit.audit.export import export
from connector_kit.audit.failures import Selection
from connector_kit.audit.history import history
from connector_kit.audit.prune import prune
from connector_kit.audit.replay import replay
from connector_kit.errors import BusyError


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


def places(trail):
    """How many rows are found by their keys."""
    with trail.database.reading() as connection:
        delivered = connection.value("SELECT COUNT(*) FROM audit_delivered WHERE seq IS NOT NULL")
    return rows_in(trail, "records") + delivered


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
    assert [rows_in(trail, table) for table in ("blocks", "failures", "schemas", "staged")] == [0] * 4
    assert places(trail) == 0


def test_forgetting_history_makes_nothing_be_sent_again_and_believes_no_failed_batch(trail):
    prune(trail.database, before=time.time() + 1, open_failures_too=True)
    assert unchanged(trail, range(65)) == set(range(60)) - {53}
    run = begin_run(trail)
    deliver(run, range(3), version="b")
    assert unchanged(trail, range(5)) == {3, 4}
    assert block([1]).keys[0] in {record.key for record in exported(trail)}


def test_keys_that_vanish_are_named_also_when_the_batch_that_brought_them_is_forgotten(trail):
    run = begin_run(trail)
    deliver(run, range(2), version="b")
    prune(trail.database, before=time.time() + 1)
    deliver(run, [2], version="b")
    trail.begin_version(SCOPE, 7)
    trail.mark_seen(SCOPE, block(range(3, 65)).hashes, 7)
    assert set(trail.vanished(SCOPE, 7)) == {key(0), key(1), key(2)}
    assert trail.forget(SCOPE, [key(2)]) == 1
    with trail.database.reading() as connection:
        assert len(history(connection, "suppliers", ["EDU1", f"{2:015d}"])) == 1


def test_open_batches_are_never_pruned(trail):
    batch = begin_batch(begin_run(trail))
    batch.add(block([1]))
    trail.writer.flush()
    prune(trail.database, before=time.time() + 1, open_failures_too=True)
    batch.sending()
    assert batch.settle(outcome="delivered").delivered == 1


def test_a_run_forgets_what_is_older_than_the_retention_and_says_so(audit_url, caplog):
    caplog.set_level("INFO")
    with Trail.open(audit_url) as trail:
        run = begin_run(trail)
        deliver(run, range(50))
        deliver(run, range(50, 60), rejects=[Rejected(3, key(53), "bad", "bad")])
        run.finish("succeeded")
        with trail.database.writing() as connection:
            connection.execute("UPDATE audit_batches SET settled = settled - 10 * 86400")
            connection.execute("UPDATE audit_runs SET finished = finished - 10 * 86400")
    for days, left in ((11, 60), (9, 10)):
        with Trail.open(audit_url, retention_days=days) as trail:
            begin_run(trail).finish("succeeded")
            assert places(trail) == left
    with Trail.open(audit_url) as trail:
        assert [record.seq for record in exported(trail) if record.record] == [3]
        assert unchanged(trail, range(60)) == set(range(60)) - {53}
    assert "1 batches and 50 records older than 9 days were removed" in caplog.text


def test_pruning_goes_on_where_a_hurried_call_left_it(trail):
    hurried = prune(trail.database, before=time.time() + 1, open_failures_too=True, seconds=0)
    assert (hurried.finished, hurried.records) == (False, 0)
    done = prune(trail.database, before=time.time() + 1, open_failures_too=True)
    assert (done.finished, done.batches, done.records) == (True, 3, 65)


def test_a_retention_that_can_not_be_kept_fails_no_run(audit_url, caplog, monkeypatch):
    def refuse(*_, **__):
        raise BusyError(system="audit trail", subject="x", got="database is locked")

    monkeypatch.setattr("connector_kit.audit.prune.prune", refuse)
    with Trail.open(audit_url, retention_days=1) as trail:
        run = begin_run(trail)
        run.finish("succeeded")
        assert trail.summary(run.id).outcome == "succeeded"
    assert "nothing was removed" in caplog.text


def test_a_batch_that_keeps_open_failures_is_thinned_once(trail):
    assert prune(trail.database, before=time.time() + 1).thinned == 1
    assert prune(trail.database, before=time.time() + 1).thinned == 0
