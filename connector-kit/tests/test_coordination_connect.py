"""From a URL to a coordinator, and what happens when that can't be."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading

import pytest

from connector_kit.coordination import connect
from connector_kit.coordination.connect import default_file
from connector_kit.errors import BusyError, ConfigurationError, UnavailableError
from connector_kit.redaction import redact


def test_without_a_url_the_users_own_state_folder_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with connect(None) as coordinator:
        coordinator.limiter("anaplan", per_minute=600).acquire()
    assert (tmp_path / "state" / "connector-kit" / "coordination.db").exists()


def test_a_user_without_a_home_still_gets_a_private_file(tmp_path, monkeypatch, caplog):
    blocked = tmp_path / "a-file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(blocked))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with caplog.at_level(logging.WARNING):
        path = default_file()
    assert path.parent.parent == tmp_path
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert "can't be written" in caplog.text


@pytest.mark.parametrize("url", ["mysql://host/db", "coordination.db", "sqlite://", "sqlite://host/x.db", ""])
def test_another_kind_of_url_is_refused_with_the_two_that_work(url):
    with pytest.raises(ConfigurationError, match=r"sqlite:///PATH or postgresql://"):
        connect(url)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"file.*FileExistsError|file.*NotADirectoryError"):
        connect(f"sqlite:///{tmp_path}/file/x.db")


def test_a_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / "x.db").write_text("This is a letter, and a long one, not a database at all." * 30)
    with pytest.raises(ConfigurationError, match=r"x\.db: expected an SQLite file"):
        connect(f"sqlite:///{tmp_path}/x.db")


def test_a_rate_that_allows_nothing_is_refused(tmp_path):
    with connect(f"sqlite:///{tmp_path}/x.db") as coordinator:
        for figures in ({"per_minute": 0}, {"per_minute": 10, "burst": 0}):
            with pytest.raises(ConfigurationError, match="at least one request a minute"):
                coordinator.limiter("a", **figures)


def test_a_postgresql_that_does_not_answer_is_unavailable_and_its_password_stays_secret():
    with pytest.raises(UnavailableError) as caught, connect("postgresql://u:canary-pg-pw@127.0.0.1:9/x") as coordinator:
        coordinator.lock("a", purpose="test", wait_seconds=1).__enter__()
    assert "PostgreSQL" in str(caught.value)
    assert "canary" not in str(caught.value) + redact("canary-pg-pw")


def test_a_missing_driver_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigurationError, match=r"connector-kit\[postgres\]"):
        connect("postgresql://u@127.0.0.1:9/x").limiter("a", per_minute=1)


def test_nothing_keeps_a_process_alive_that_forgot_to_close(tmp_path):
    code = (
        "import threading; from connector_kit.coordination import connect;"
        f"c = connect('sqlite:///{tmp_path}/x.db'); c.limiter('a', per_minute=6000).acquire();"
        "assert threading.active_count() == 1"
    )
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code],
        check=False,
        timeout=20,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_child_by_fork_uses_a_connection_of_its_own(tmp_path):
    code = (
        "import os; from connector_kit.coordination import connect;"
        f"c = connect('sqlite:///{tmp_path}/x.db'); l = c.limiter('a', per_minute=6000); l.acquire();"
        "pid = os.fork(); l.acquire(); l.acquire(); pid == 0 and os._exit(0);"
        "os.waitpid(pid, 0)[1] == 0 or os._exit(3); c.close()"
    )
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code],
        check=False,
        timeout=20,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
def test_many_threads_share_one_coordinator(coordination_url):
    with connect(coordination_url) as coordinator:
        limiter = coordinator.limiter("threads", per_minute=60_000, burst=1000)
        taken = []

        def work():
            for _ in range(20):
                limiter.acquire()
                taken.append(1)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(taken) == 160


def test_a_writer_that_keeps_the_file_too_long_is_a_busy_error_not_a_database_message(tmp_path, monkeypatch):
    monkeypatch.setattr("connector_kit.coordination.sqlite_file._PATIENCE", 0.05)
    url = f"sqlite:///{tmp_path}/x.db"
    with connect(url) as one, connect(url) as other:
        limiter = other.limiter("a", per_minute=60)
        with one._file.transaction(), pytest.raises(BusyError, match="other writers"):
            limiter.acquire()
        limiter.acquire()
