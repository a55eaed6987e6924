"""Folders for the owner's eyes only, whatever the process's umask: records, states, secrets and locks are in them."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path


def private_folder(path: Path) -> None:
    """Make a folder, and those on the way to it that are missing. What is there stays as it is.

    Raises:
        OSError: it can't be made.
    """
    # `parents=True` would give the folders on the way the umask's mode.
    missing = list(takewhile(lambda folder: not folder.exists(), path.parents))
    for folder in (*reversed(missing), path):
        folder.mkdir(mode=0o700, exist_ok=True)
