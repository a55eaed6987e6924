"""File data sources: private content per user in chunks on disk, default content, 48 hours of life.

Source of the rules: Anaplan's help on API uploads (private files, default file, chunk sizes).
"""

from __future__ import annotations

import itertools
import shutil
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from sandbox.anaplan.schema import FileDefinition

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sandbox.anaplan.schema import ModelDefinition
    from sandbox.core.clock import Clock

TTL_SECONDS = 48 * 3600.0
MAX_CHUNKS = 1000
MAX_CHUNK_BYTES = 50 * 1024 * 1024
UNKNOWN_COUNT = -1


class FileUnavailableError(Exception):
    """There is no content that this user may read."""


class IncompleteUploadError(Exception):
    """The upload has not been finished: a chunk is missing, or the completion of an upload of unknown length."""


@dataclass(slots=True)
class Content:
    """One upload: the declared number of chunks (-1 unknown) and the chunks that are there."""

    folder: Path
    declared: int
    accessed: float
    chunks: dict[int, Path] = field(default_factory=dict)
    completed: bool = False

    @property
    def count(self) -> int:
        """The number of chunks as the API lists it."""
        return len(self.chunks) if self.declared == UNKNOWN_COUNT else self.declared

    def paths(self) -> list[Path]:
        """The chunks in order; IncompleteUploadError when something is missing."""
        if self.declared == UNKNOWN_COUNT and not self.completed:
            raise IncompleteUploadError("the upload was not completed")
        missing = [number for number in range(self.count) if number not in self.chunks]
        if missing:
            raise IncompleteUploadError(f"chunks are missing: {missing[:10]}")
        return self.present()

    def present(self) -> list[Path]:
        """Those chunks that are there, in order."""
        return [self.chunks[number] for number in sorted(self.chunks)]


class Files:
    """The files of one model. Exports write theirs under the export's own id."""

    def __init__(self, folder: Path, model: ModelDefinition, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._serial = itertools.count(1)
        self.definitions = {file.id: file for file in model.files}
        for export in model.exports:
            self.definitions[export.id] = FileDefinition(export.id, export.name)
        self._private: dict[tuple[str, int], Content] = {}
        self._replacements: dict[int, Path] = {}
        self._defaults: dict[int, tuple[Content, Literal["everyone", "admins"]]] = {}

    def create(self, name: str) -> FileDefinition:
        """A file that no action refers to, as posting to an unknown id makes one."""
        number = 1 + max(
            (file.id for file in self.definitions.values() if file.id // 10**9 == 113), default=113 * 10**9
        )
        created = FileDefinition(number, name, header_row=-1, first_data_row=-1)
        self.definitions[created.id] = created
        return created

    def configure(self, file_id: int, settings: dict[str, str | int]) -> None:
        """Change the parsing settings (keys are those of FileDefinition)."""
        self.definitions[file_id] = replace(self.definitions[file_id], **settings)  # type: ignore[arg-type]  # checked by the route

    def new_path(self) -> Path:
        """An unused path in the model's upload folder."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / f"{next(self._serial)}.part"

    def begin(self, user: str, file_id: int, declared: int) -> Content:
        """Start an upload; what this user had uploaded before is gone."""
        self.discard(user, file_id)
        content = Content(self._folder, declared, self._clock.now())
        self._private[user, file_id] = content
        return content

    def private(self, user: str, file_id: int) -> Content | None:
        """What the user uploaded, when it has not expired."""
        content = self._private.get((user, file_id))
        if content is None:
            return None
        now = self._clock.now()
        if now - content.accessed > TTL_SECONDS:
            self.discard(user, file_id)
            return None
        content.accessed = now
        return content

    def put_chunk(self, content: Content, number: int, path: Path) -> None:
        """Add or replace a chunk with the file at ``path``."""
        old = content.chunks.get(number)
        content.chunks[number] = path
        content.accessed = self._clock.now()
        if old is not None:
            old.unlink(missing_ok=True)

    def publish(self, user: str, file_id: int, paths: Iterable[Path]) -> None:
        """Complete content at once: a whole-file upload, or an export's output."""
        chunks = dict(enumerate(paths))
        content = self.begin(user, file_id, len(chunks))
        content.chunks = chunks
        content.completed = True

    def plan_replacement(self, file_id: int, path: Path) -> None:
        """Before the next import reads the file, another client of the same user uploads this."""
        self._replacements[file_id] = path

    def replace_by_stranger(self, user: str, file_id: int) -> None:
        """Carry out what was planned for the file, if anything was."""
        path = self._replacements.pop(file_id, None)
        if path is not None:
            self.publish(user, file_id, [path])

    def set_default(self, file_id: int, path: Path, audience: Literal["everyone", "admins"]) -> None:
        """Content for users who have uploaded nothing; ``admins`` see it, others an empty file."""
        content = Content(self._folder, 1, self._clock.now(), {0: path}, completed=True)
        self._defaults[file_id] = (content, audience)

    def readable(self, user: str, file_id: int, *, admin: bool) -> Content:
        """What this user reads: the private upload, else the default; FileUnavailableError when there is neither."""
        content = self.private(user, file_id)
        if content is not None:
            return content
        if file_id not in self._defaults:
            raise FileUnavailableError(f"file {file_id} has no content")
        default, audience = self._defaults[file_id]
        return default if audience == "everyone" or admin else Content(self._folder, 0, 0.0, completed=True)

    def chunk_count(self, user: str, file_id: int, *, admin: bool) -> int:
        """The listed number of chunks; 0 when there is no content."""
        try:
            return self.readable(user, file_id, admin=admin).count
        except FileUnavailableError:
            return 0

    def discard(self, user: str, file_id: int) -> bool:
        """Remove the private content; whether there was any."""
        content = self._private.pop((user, file_id), None)
        for path in content.chunks.values() if content else ():
            path.unlink(missing_ok=True)
        return content is not None

    def clear(self) -> None:
        """Remove everything from disk."""
        shutil.rmtree(self._folder, ignore_errors=True)
