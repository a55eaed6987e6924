"""How much room the files of a world have: a disk of their own that fills up, where this user may mount one."""

from __future__ import annotations

import shutil
from pathlib import Path

from testkit.disk import Disk, NoDiskError


class Room:
    """The disks of some folders; they are mounted when it is first asked for."""

    def __init__(self, *folders: Path) -> None:
        self._disks = [Disk(folder) for folder in folders]
        self._mounted: list[Disk] = []
        self._limited = False

    def leave(self, size: int | None) -> int | None:
        """Room for so many bytes more in each folder, or as much as they want when None. Where that can't be done: the
        number of bytes that a file may have instead, None otherwise.
        """
        if size is None:
            return None
        try:
            for disk in self._disks if not self._mounted else ():
                disk.mount_over("200m")
                self._mounted.append(disk)
        except NoDiskError:
            sizes = [file.stat().st_size for disk in self._disks for file in disk.folder.rglob("*") if file.is_file()]
            return size + max(sizes, default=0)
        self._limited = True
        for disk in self._mounted:
            disk.leave(size)
        return None

    def grow(self) -> None:
        """As much room as they want."""
        for disk in self._mounted if self._limited else ():
            disk.grow()
        self._limited = False

    def close(self) -> None:
        """The disks go, with what is on them."""
        for disk in self._mounted:
            disk.unmount()


def empty(folder: Path) -> None:
    """Nothing is left in it; it may be a disk of its own."""
    for file in folder.iterdir() if folder.exists() else ():
        shutil.rmtree(file) if file.is_dir() else file.unlink()
