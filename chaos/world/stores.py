"""The trail and the coordination of a world's hosts, and what becomes of databases: lost, restored, moved, gone."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Literal

from typing_extensions import Self

Part = Literal["audit", "coordination"]


class Stores:
    """SQLite files in `folder`."""

    def __init__(self, folder: Path, command: Callable[..., object]) -> None:
        self.folder = folder
        self._command = command
        folder.mkdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    @property
    def audit_url(self) -> str:
        """Of the trail."""
        return f"sqlite:///{self.folder}/audit.db"

    @property
    def coordination_url(self) -> str:
        """Of rates and leases."""
        return f"sqlite:///{self.folder}/coordination.db"

    def clear(self) -> None:
        """Both are new."""
        shutil.rmtree(self.folder)
        self.folder.mkdir()

    def lose(self, part: Part) -> None:
        """Nothing of it is left."""
        for file in self.folder.glob(f"{part}.db*"):
            file.unlink()

    def keep(self, part: Part) -> Path:
        """A copy as of now, for `restore`."""
        copy = self.folder / f"{part}-{len([*self.folder.iterdir()])}.copy"
        with closing(sqlite3.connect(self.folder / f"{part}.db")) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        return copy

    def restore(self, part: Part, copy: Path) -> None:
        """What came after the copy was made is forgotten."""
        self.lose(part)
        shutil.copy(copy, self.folder / f"{part}.db")
