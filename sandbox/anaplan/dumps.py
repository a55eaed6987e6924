"""Failure dumps: the rejected rows with their messages, kept for the last failing task of a user and import."""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sandbox.anaplan.importing import Message
    from sandbox.core.clock import Clock

RETENTION_SECONDS = 48 * 3600.0


class DumpWriter:
    """Collects rejected rows on disk: the source's columns, _Line_, _Error_1_, _Error_2_, ..., every field quoted.

    When a header cell is blank the header as a whole is not usable, and generic names stand in for it.
    """

    def __init__(self, path: Path, header: Sequence[str], separator: str, encoding: str, line_offset: int = 0) -> None:
        usable = all(name.strip() for name in header)
        self._header = list(header) if usable else [f"Column {index}" for index in range(1, len(header) + 1)]
        self.path = path
        self._body_path = path.with_suffix(".body")
        self._encoding = encoding
        self._separator = separator or ","
        self._body = self._body_path.open("w", encoding=encoding, newline="")
        self._writer = csv.writer(self._body, delimiter=self._separator, quoting=csv.QUOTE_ALL, lineterminator="\n")
        self._errors = 1
        self._line_offset = line_offset
        self.rows = 0

    def add(self, line: int, fields: Sequence[str], messages: Sequence[Message]) -> None:
        """One rejected row."""
        width = len(self._header)
        padded = [*fields[:width], *[""] * (width - len(fields))]
        self._writer.writerow([*padded, line + self._line_offset, *[message.text for message in messages]])
        self._errors = max(self._errors, len(messages))
        self.rows += 1

    def finish(self) -> Path | None:
        """The complete dump, or None when no row was rejected."""
        self._body.close()
        if self.rows:
            with self.path.open("w", encoding=self._encoding, newline="") as dump:
                writer = csv.writer(dump, delimiter=self._separator, quoting=csv.QUOTE_ALL, lineterminator="\n")
                columns = [f"_Error_{number}_" for number in range(1, self._errors + 1)]
                writer.writerow([*self._header, "_Line_", *columns])
                with self._body_path.open(encoding=self._encoding, newline="") as body:
                    if self._errors == 1:
                        shutil.copyfileobj(body, dump)
                    else:
                        width = len(self._header) + 1 + self._errors
                        for row in csv.reader(body, delimiter=self._separator):
                            writer.writerow(row + [""] * (width - len(row)))
        self._body_path.unlink()
        return self.path if self.rows else None

    def abandon(self) -> None:
        """Throw it away: the task was cancelled or failed."""
        self._body.close()
        self._body_path.unlink(missing_ok=True)


@dataclass(slots=True)
class _Kept:
    task_id: str
    path: Path
    accessed: float


@dataclass(slots=True)
class Dumps:
    """The dumps of one model: one per user and import, gone 48 hours after the last access."""

    clock: Clock
    _kept: dict[tuple[str, int], _Kept] = field(default_factory=dict)

    def replace(self, user: str, import_id: int, task_id: str, path: Path | None) -> None:
        """A task of this user and import ended with this dump, or without rejected rows."""
        old = self._kept.pop((user, import_id), None)
        if old is not None and old.path != path:
            old.path.unlink(missing_ok=True)
        if path is not None:
            self._kept[user, import_id] = _Kept(task_id, path, self.clock.now())

    def drop_earlier(self, user: str, task_id: str) -> None:
        """A task of this user runs: whatever dumps its earlier ones left are gone."""
        for key, kept in list(self._kept.items()):
            if key[0] == user and kept.task_id != task_id:
                del self._kept[key]
                kept.path.unlink(missing_ok=True)

    def find(self, user: str, import_id: int, task_id: str) -> Path | None:
        """The dump of a task, when it still exists."""
        kept = self._kept.get((user, import_id))
        now = self.clock.now()
        if kept is None or kept.task_id != task_id or now - kept.accessed > RETENTION_SECONDS:
            return None
        kept.accessed = now
        return kept.path
