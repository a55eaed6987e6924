from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from audit_rows import begin_batch, begin_run, block, deliver, unchanged

from connector_kit.audit import Trail, process
from connector_kit.audit.export import export
from connector_kit.audit.history import history

WORKER = Path(__file__).with_name("audit_worker.py")


@pytest.fixture
def trail(audit_url):
    with Trail.open(audit_url) as trail:
        yield trail


def start(url, *arguments):
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(WORKER), url, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("mode", ["open", "sending"])
def test_a_process_killed_in_mid_batch_leaves_no_record_without_an_answer_after_the_next_run(trail, audit_url, mode):
    deliver(begin_run(trail), range(5))
    worker = start(audit_url, mode)
    out, error = worker.communicate(timeout=60)
    assert worker.returncode == -9, error
    begin_run(trail)
    trail.writer.flush()
    killed = trail.summary(out.strip())
    assert (killed.outcome, killed.actions[0].outcome) == ("abandoned", "abandoned")
    with trail.database.reading() as connection:
        found = history(connection, "suppliers", ["EDU1", f"{1:015d}"])
        assert [one.outcome for one in found] == ["delivered", "abandoned"]
        assert found[1].message == "its process ended without a word"
        assert connection.value("SELECT COUNT(*) FROM audit_staged") == 0
    # What was never sent is still known; what may have been sent is in doubt and goes again.
    assert unchanged(trail, range(5)) == ({0, 4} if mode == "sending" else set(range(5)))


def test_rows_of_a_killed_process_are_in_doubt_even_before_anybody_tidied_up(trail, audit_url):
    deliver(begin_run(trail), range(5))
    start(audit_url, "sending").communicate(timeout=60)
    assert not unchanged(trail, range(5)) & {1, 2, 3}


def test_runs_that_begin_together_after_a_death_with_many_batches_wait_for_each_other_and_index_each_once(
    trail, audit_url
):
    dead = start(audit_url, "many")
    run_id = dead.communicate(timeout=60)[0].strip()
    followers = [start(audit_url, "write", first) for first in (10_000, 20_000, 30_000)]
    for one in followers:
        _, error = one.communicate(timeout=60)
        assert one.returncode == 0, error
    begin_run(trail)
    trail.writer.flush()
    assert trail.summary(run_id).outcome == "abandoned"
    with trail.database.reading() as connection:
        assert connection.value("SELECT COUNT(*) FROM audit_batches WHERE indexed = 0") == 0
        for number in (0, 250, 399):
            found = history(connection, "suppliers", ["EDU1", f"{number:015d}"])
            assert [one.outcome for one in found if one.run == run_id] == ["abandoned"]


def test_a_run_of_this_process_is_alive(trail):
    run = begin_run(trail)
    begin_batch(run).add(block([1]))
    begin_run(trail)
    assert trail.summary(run.id).outcome == "running"


def test_a_run_of_another_host_is_dead_when_it_was_silent_for_minutes(trail):
    quiet, lively = begin_run(trail), begin_run(trail)
    with trail.database.writing() as connection:
        connection.execute("UPDATE audit_runs SET host = 'elsewhere'")
        connection.execute("UPDATE audit_runs SET heartbeat = heartbeat - 400 WHERE id = :id", {"id": quiet.id})
    begin_run(trail)
    assert trail.summary(quiet.id).outcome == "abandoned"
    assert trail.summary(quiet.id).message == "no sign of life from its host"
    assert trail.summary(lively.id).outcome == "running"


def test_a_sign_of_life_is_written_for_the_runs_of_this_process(trail):
    run = begin_run(trail)
    with trail.database.writing() as connection:
        connection.execute("UPDATE audit_runs SET heartbeat = 0")
    trail.writer._heartbeat()
    with trail.database.writing() as connection:
        assert connection.value("SELECT heartbeat FROM audit_runs WHERE id = :id", {"id": run.id}) > 1.7e9


def test_hosts_that_share_a_trail_go_by_its_databases_clock(trail, monkeypatch):
    real = time.time()
    monkeypatch.setattr(time, "time", lambda: real + 3600)
    if not trail.database.postgres:
        assert trail.database.now() == real + 3600  # of a file, its one host's
        return
    assert trail.database.now() == pytest.approx(real, abs=60)
    run = begin_run(trail)
    deliver(run, range(2))
    run.finish("delivered")
    with trail.database.reading() as connection:
        stamps = connection.rows(
            "SELECT r.started, r.finished, r.heartbeat, b.started AS begun, b.sent, b.settled "
            "FROM audit_runs AS r JOIN audit_batches AS b ON b.run_no = r.no"
        )[0]
    assert all(stamp == pytest.approx(real, abs=60) for stamp in stamps.values()), stamps


def test_a_process_number_that_is_used_again_is_another_process():
    assert process.is_alive(process.process())
    assert not process.is_alive(f"{os.getpid()}:12345")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert not process.is_alive(f"{ended.pid}:1")


def test_eight_processes_make_and_write_one_trail_at_once_and_nobody_hears_of_locks(audit_url):
    workers = [start(audit_url, "write", first * 600) for first in range(8)]
    for worker in workers:
        _, error = worker.communicate(timeout=100)
        assert (worker.returncode, error) == (0, "")
    with Trail.open(audit_url) as trail, trail.database.reading() as connection:
        records = list(export(connection))
    assert len({record.key for record in records}) == len(records) == 4_800
    assert sum(record.outcome == "rejected" for record in records) == 48
