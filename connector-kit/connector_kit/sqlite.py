"""SQLite, for the trail, the coordination and the spools: what all of them ask of it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from connector_kit.private_files import private_folder, refuse_planted, warn_of_exposure


def changed(db: sqlite3.Connection, statement: str, values: Sequence[object] | Mapping[str, object] = ()) -> int:
    """Run a statement; how many rows it changed.

    Not the cursor's `rowcount`: until Python 3.12 that is -1 where the locale's lower case of the statement's first
    word is another one than the module expects, as Turkish has for the I of INSERT.
    """
    before = db.total_changes
    db.execute(statement, values)
    return db.total_changes - before


def make_file(path: Path) -> None:
    """Make a database's file, and folders on the way, for the owner's eyes only; SQLite gives its side files its mode.

    Raises:
        OSError: it can't be made, or is a trap (`check_file`).
    """
    private_folder(path.parent)
    check_file(path)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def check_file(path: Path) -> None:
    """Look at a database's file that may be there already: a warning when every user of this machine can read it.

    Raises:
        PermissionError: another user put it where every user may write.
    """
    refuse_planted(path)
    warn_of_exposure("The database", path)
