"""Files of a run: gone after it, also after a killed one, and never another's; and what others could do to files."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from connector_kit import private_files
from connector_kit.audit import Trail
from connector_kit.coordination import connect
from connector_kit.errors import ConfigurationError
from connector_kit.private_files import exposure, refuse_planted, run_folder

STRANGER = 54321


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("umask", [0, 0o77])
def test_a_runs_folder_is_its_owners_alone_and_gone_at_its_end(tmp_path, umask):
    before = os.umask(umask)
    try:
        with run_folder("target", str(tmp_path / "a" / "b")) as folder:
            (folder / "rows").write_text("x")
            made = [tmp_path / "a", tmp_path / "a" / "b", folder]
            assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o700}
    finally:
        os.umask(before)
    assert names(tmp_path / "a" / "b") == []


def test_it_is_gone_after_a_failure(tmp_path):
    with pytest.raises(KeyError), run_folder("target", str(tmp_path)):
        raise KeyError
    assert names(tmp_path) == []


KILLED = """
import os, sys
from connector_kit.private_files import run_folder
with run_folder("target", sys.argv[1]) as folder:
    (folder / "rows").write_text("secret rows")
    (folder / "more").mkdir()
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process with a folder of its own below `tmp_path`."""
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        process.folder = Path(process.stdout.readline().strip())
        yield process
        process.kill()


def test_what_a_killed_run_left_is_removed_by_the_next_and_a_living_ones_stays(tmp_path, other):
    with run_folder("target", str(tmp_path)):
        assert (other.folder / "rows").exists()
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    assert (other.folder / "rows").exists()
    with run_folder("target-other", str(tmp_path)), run_folder("targe", str(tmp_path)):
        pass
    with run_folder("target", str(tmp_path)) as folder:
        assert names(tmp_path) == [folder.name]


def test_nothing_else_is_taken_for_a_folder_that_was_left_behind(tmp_path, monkeypatch):
    """A link to another folder, a file, a folder without a lock, one of somebody else."""
    place, victim = tmp_path / "place", tmp_path / "victim"
    for folder in (place / "target-ours", place / "target-theirs", victim):
        folder.mkdir(parents=True)
        (folder / "rows").touch()
    (victim / ".lock").touch()
    (place / "target-theirs" / ".lock").touch()
    (place / "target-link").symlink_to(victim)
    (place / "target-file").touch()
    if os.geteuid() == 0:
        os.chown(place / "target-theirs", STRANGER, STRANGER)
    else:
        (place / "target-theirs" / ".lock").unlink()
    before = names(place)
    with run_folder("target", str(place)):
        pass
    assert names(place) == before
    assert names(victim) == [".lock", "rows"]


def test_a_folder_that_was_taken_for_one_left_behind_before_it_was_locked_is_private_again(tmp_path, monkeypatch):
    made = []
    mkdtemp = private_files.tempfile.mkdtemp

    def once_removed(**options):
        made.append(mkdtemp(**options))
        if len(made) == 1:
            Path(made[0]).rmdir()
        return made[-1]

    monkeypatch.setattr(private_files.tempfile, "mkdtemp", once_removed)
    before = os.umask(0)
    try:
        with run_folder("target", str(tmp_path)) as folder:
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        os.umask(before)


@pytest.mark.parametrize(
    ("mode", "folder", "said", "to_writers"),
    [
        (0o600, 0o755, "", ""),
        (0o640, 0o755, "", ""),
        (0o644, 0o755, "can be read by every user of this machine", ""),
        (0o644, 0o750, "", ""),
        (0o646, 0o755, *["can be changed by every user of this machine"] * 2),
    ],
)
def test_what_others_can_do_with_a_file_is_said(tmp_path, mode, folder, said, to_writers, monkeypatch):
    lets_in = private_files._lets_in
    monkeypatch.setattr(private_files, "_lets_in", lambda place: place != tmp_path / "f" or lets_in(place))
    (tmp_path / "f").mkdir()
    file = tmp_path / "f" / "key"
    file.touch()
    file.chmod(mode)
    file.parent.chmod(folder)
    assert (exposure(file), exposure(file, to_writers=True)) == (said, to_writers)


def test_a_file_of_somebody_else_is_said_to_be_his(tmp_path, monkeypatch):
    (tmp_path / "key").touch()
    (tmp_path / "key").chmod(0o600)
    owner = (tmp_path / "key").stat().st_uid
    if owner == 0:
        os.chown(tmp_path / "key", STRANGER, STRANGER)
    monkeypatch.setattr(os, "geteuid", lambda: STRANGER + 1)
    assert "belongs to another user (uid" in exposure(tmp_path / "key")


@pytest.fixture
def everybodys(tmp_path):
    """A folder like /tmp."""
    place = tmp_path / "everybodys"
    place.mkdir()
    place.chmod(0o1777)
    return place


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of somebody else")
@pytest.mark.parametrize("kind", ["file", "link to ours", "link of ours to his"])
def test_a_database_that_somebody_else_put_there_is_refused(everybodys, tmp_path, kind):
    """In /tmp he could read and change what is written to it: locks, what was posted, records."""
    planted, target = everybodys / "audit.db", tmp_path / "precious"
    target.write_text("ours")
    if kind == "file":
        planted.touch(0o666)
    else:
        planted.symlink_to(target)
    os.chown(target if kind == "link of ours to his" else planted, STRANGER, STRANGER, follow_symlinks=False)
    with pytest.raises(PermissionError):
        refuse_planted(planted)
    for use in (Trail.open, connect):
        with pytest.raises(ConfigurationError, match="put there by another user"):
            use(f"sqlite:///{planted}")
    assert target.read_text() == "ours"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of somebody else")
def test_a_trail_of_another_user_in_his_own_folder_is_read(tmp_path):
    """An auditor's, or root's, look at the service user's trail."""
    url = f"sqlite:///{tmp_path}/audit.db"
    Trail.open(url).close()
    os.chown(tmp_path / "audit.db", STRANGER, STRANGER)
    tmp_path.chmod(0o755)
    Trail.open(url, create=False).close()


def test_a_database_that_every_user_can_read_is_warned_about(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(private_files, "_lets_in", lambda folder: True)
    for make in (Trail.open, connect):
        path = tmp_path / f"{len(caplog.records)}.db"
        path.touch(0o644)
        path.chmod(0o644)
        make(f"sqlite:///{path}").close()
        assert f"The database {path} can be read by every user of this machine" in caplog.records[-1].getMessage()
