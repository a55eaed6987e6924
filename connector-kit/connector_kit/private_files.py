"""Files and folders for the owner's eyes only, whatever the process's umask: records, states, secrets and locks are in
them. And what others can do with a file that is there already.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path

log = logging.getLogger(__name__)

_LOCK = ".lock"


def private_folder(path: Path) -> None:
    """Make a folder, and those on the way to it that are missing. What is there stays as it is.

    Raises:
        OSError: it can't be made.
    """
    # `parents=True` would give the folders on the way the umask's mode.
    missing = list(takewhile(lambda folder: not folder.exists(), path.parents))
    for folder in (*reversed(missing), path):
        folder.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def run_folder(name: str, parent: str | None = None) -> Iterator[Path]:
    """A folder for the files of this run, removed at its end; those of runs that were killed are removed before.

    Args:
        name: the plugin's.
        parent: where it lies; None: among the system's temporary files.

    Raises:
        OSError: it can't be made.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - most runs of taps need none

    place = Path(parent).expanduser() if parent else Path(tempfile.gettempdir())
    private_folder(place)
    _remove_left_behind(place, name)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=place))
        lock = FileLock(folder / _LOCK, mode=0o600)
        try:
            # Its files may be removed by whoever gets this lock.
            lock.acquire(timeout=0)
        except NotImplementedError:  # a file system without locks: nobody gets it, so nobody removes anything
            break
        except Timeout:
            continue  # another run takes it for one that was left behind
        if (folder / _LOCK).exists():
            break
    folder.chmod(0o700)  # also if the lock has made it anew
    try:
        yield folder
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left_behind(place: Path, name: str) -> None:
    from filelock import FileLock, Timeout  # noqa: PLC0415 - as above

    for folder in place.glob(f"{name}-*"):
        try:
            if not (_is_own_folder(folder) and (folder / _LOCK).is_file()):
                continue
            with FileLock(folder / _LOCK, timeout=0, mode=0o600):
                shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)
        except (OSError, Timeout, NotImplementedError):
            continue


def _is_own_folder(path: Path) -> bool:
    found = path.lstat()
    return stat.S_ISDIR(found.st_mode) and (os.name != "posix" or found.st_uid == os.geteuid())


def warn_of_exposure(what: str, path: Path, *, to_writers: bool = False) -> None:
    """Say so when other users of this machine can read a file, or change it.

    Args:
        what: the file, for the message: "The secrets' key file".
        path: where it is; nothing is said of a file that is not there.
        to_writers: it holds no secret, so that only what lets others change it counts.
    """
    with suppress(OSError):
        if words := exposure(path, to_writers=to_writers):
            log.warning("%s %s %s: make it yours alone (chmod 600)", what, path, words)


def exposure(path: Path, *, to_writers: bool = False) -> str:
    """What other users of this machine can do with a file, as the end of a sentence; "" when nothing.

    Raises:
        OSError: it can't be looked at.
    """
    if os.name != "posix":
        return ""
    place = path.expanduser().resolve()
    found = place.stat()
    if found.st_uid not in {os.geteuid(), 0} and os.geteuid() != 0:
        return f"belongs to another user (uid {found.st_uid})"
    mode = found.st_mode if all(map(_lets_in, place.parents)) else 0
    if mode & stat.S_IWOTH:
        return "can be changed by every user of this machine"
    return "can be read by every user of this machine" if mode & stat.S_IROTH and not to_writers else ""


def _lets_in(folder: Path) -> bool:
    return bool(folder.stat().st_mode & stat.S_IXOTH)


def refuse_planted(path: Path) -> None:
    """Refuse a file, or a link, that somebody else has put where every user may write: what is written there would be
    his. Nothing is said of a file that is not there.

    Raises:
        PermissionError: it is one.
    """
    if os.name != "posix":
        return
    own = {os.geteuid(), 0}
    with suppress(FileNotFoundError):
        link, found = path.lstat(), path.stat()
        open_to_all = (path.parent.stat().st_mode | found.st_mode) & stat.S_IWOTH
        if open_to_all and not {link.st_uid, found.st_uid} <= own:
            raise PermissionError(errno.EPERM, "put there by another user, where every user may write", str(path))
