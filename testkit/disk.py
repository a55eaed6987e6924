"""A disk with little room: a file system in memory, of a size that changes while it is in use."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path


class NoDiskError(Exception):
    """A user who may not mount a file system here."""


class Disk:
    """Mounted on `folder`, an existing one, by `mount`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def mount(self, size: str | int, *options: str) -> None:
        """Mount it, or with the option "remount" give it another size. NoDiskError: see there."""
        command = ["mount", "-t", "tmpfs", "-o", ",".join([f"size={size}", *options]), "none", str(self.folder)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
        except OSError as error:
            raise NoDiskError(str(error)) from error
        if done.returncode:
            raise NoDiskError(f"this user may not mount a file system: {done.stderr.strip()}")

    def mount_over(self, size: str | int) -> None:
        """Mount it, with what is in the folder."""
        with tempfile.TemporaryDirectory(dir=self.folder.parent) as aside:
            shutil.copytree(self.folder, aside, dirs_exist_ok=True)
            self.mount(size)
            shutil.copytree(aside, self.folder, dirs_exist_ok=True)

    def leave(self, size: int) -> None:
        """Room for `size` bytes more."""
        self.mount(shutil.disk_usage(self.folder).used + size, "remount")

    def grow(self) -> None:
        """Room enough."""
        self.mount("200m", "remount")

    def unmount(self) -> None:
        """It goes with what is on it."""
        subprocess.run(["umount", "-l", str(self.folder)], capture_output=True, check=False)  # noqa: S603, S607
