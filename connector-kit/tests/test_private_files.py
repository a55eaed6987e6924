"""What is made on disk is for the owner's eyes only, whatever the umask, and counts of rows rest on no locale."""

from __future__ import annotations

import os
import sqlite3
import stat

import pytest

from connector_kit.audit import Trail
from connector_kit.coordination import connect
from connector_kit.coordination.sqlite_rate import SqliteBook
from connector_kit.private_files import private_folder
from connector_kit.secrets.files import write_private
from connector_kit.sqlite import changed


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes(folder):
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode)
        for path in sorted(folder.rglob("*"))
        if path.exists()
    }


@pytest.mark.usefixtures("umask")
def test_files_of_trail_coordination_and_secrets_are_the_owners_alone(tmp_path):
    with connect(f"sqlite:///{tmp_path}/c/d/coordination.db") as coordinator:
        coordinator.limiter("x", per_minute=60).acquire()
        with (
            coordinator.lock("x", purpose="test", wait_seconds=0),
            Trail.open(f"sqlite:///{tmp_path}/a/b/audit.db") as trail,
        ):
            trail.begin_run(plugin="p", version="1", destination="d").finish("delivered")
            write_private(tmp_path / "s" / "t" / "secrets", b"x")
            found = modes(tmp_path)
    assert {"c/d/coordination.db-wal", "a/b/audit.db-wal", "s/t/secrets"} <= found.keys()
    assert any(name.endswith(".lock") for name in found)
    assert {mode for name, mode in found.items() if (tmp_path / name).is_dir()} == {0o700}
    assert {mode for name, mode in found.items() if not (tmp_path / name).is_dir()} == {0o600}


@pytest.mark.usefixtures("umask")
def test_a_folder_and_those_on_the_way_are_the_owners_alone(tmp_path):
    private_folder(tmp_path / "a" / "b")
    private_folder(tmp_path / "a" / "b" / "c")
    assert set(modes(tmp_path).values()) == {0o700}


def test_a_folder_that_is_there_keeps_its_mode_and_a_file_in_its_place_is_an_error(tmp_path):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o755)
    private_folder(tmp_path / "shared" / "own")
    assert modes(tmp_path) == {"shared": 0o755, "shared/own": 0o700}
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        private_folder(tmp_path / "file")


class Blind(sqlite3.Cursor):
    """As Python 3.10 to 3.12 have it in a Turkish locale: the statement's first word is not known."""

    rowcount = -1


class BlindConnection(sqlite3.Connection):
    def execute(self, *arguments):
        return super().cursor(Blind).execute(*arguments)


@pytest.fixture
def blind(monkeypatch):
    connect_to = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect_to(*a, **{"factory": BlindConnection, **k}))


@pytest.mark.usefixtures("blind")
def test_a_trail_works_where_the_database_does_not_count_rows(tmp_path):
    with Trail.open(f"sqlite:///{tmp_path}/audit.db") as trail, trail.database.writing() as connection:
        made = "INSERT INTO audit_scopes (name) VALUES (:name) ON CONFLICT DO NOTHING"
        assert [connection.execute(made, {"name": name}) for name in ("a", "b", "a")] == [1, 1, 0]
        assert connection.execute("UPDATE audit_scopes SET name = name") == 2
        assert connection.execute("DELETE FROM audit_scopes") == 2


@pytest.mark.usefixtures("blind")
def test_a_late_turn_is_moved_where_the_database_does_not_count_rows(tmp_path):
    with connect(f"sqlite:///{tmp_path}/coordination.db") as coordinator:
        limiter = coordinator.limiter("x", per_minute=600)
        book = limiter._book
        assert isinstance(book, SqliteBook)
        turn = book.reserve()
        assert book.confirm(turn, -1.0)


def test_rows_are_counted_whatever_the_statement_begins_with():
    db = sqlite3.connect(":memory:", isolation_level=None, factory=BlindConnection)
    assert changed(db, "CREATE TABLE t (a)") == 0
    assert changed(db, "WITH some AS (SELECT 1 AS a UNION ALL SELECT 2) INSERT INTO t SELECT a FROM some") == 2
    assert changed(db, "insert INTO t VALUES (?)", (3,)) == 1
    assert changed(db, "UPDATE t SET a = 0 WHERE a > :a", {"a": 1}) == 2
    db.close()
