"""The open version of one scope: what came under it, in this run and before, and whether it proves anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector_kit.audit import Trail


class OpenVersion:
    """What a full read of the source has shown so far.

    scope: as in the trail's batches. dry: a test run, which leaves nothing in the trail.
    """

    def __init__(self, trail: Trail, scope: str, *, dry: bool = False) -> None:
        self._trail = trail
        self._scope = scope
        self._dry = dry
        self._unversioned = False
        self._spoiled = False
        self.number: int | None = None
        self.continued = False
        """Whether an earlier run has begun it."""

    def seen(self, hashes: Sequence[bytes], version: int | None) -> None:
        """The source still has these keys. version: of their records; those without one belong to no full read."""
        if version is None:
            if not self._unversioned and not self._dry:
                self._trail.spoil_open_version(self._scope)
            self._unversioned = True
            return
        if version != self.number:
            self.number, self._spoiled = version, False
            self.continued = not self._dry and self._trail.begin_version(self._scope, version)
            if self._unversioned:
                self.spoil()
        if not self._dry:
            self._trail.mark_seen(self._scope, hashes, version)

    def spoil(self) -> None:
        """A record came whose key is unknown: it may be any that seems to be gone."""
        if not self._spoiled and not self._dry:
            self._trail.spoil_version(self._scope)
        self._spoiled = True

    def proves(self, version: int) -> bool:
        """Whether a version that came whole says what is gone."""
        if version != self.number or self._spoiled:
            return False
        return self._dry or not (self.overtaken() or self._trail.is_version_spoiled(self._scope))

    def overtaken(self) -> bool:
        """Whether another run has begun to read the same since: what came here before that is not known any more."""
        return not self._dry and self.number is not None and not self._trail.is_version_open(self._scope, self.number)

    def keep(self) -> None:
        """What was seen is on disk when this returns: STATE may leave."""
        if self.number is not None and not self._dry:
            self._trail.keep_versions()

    def close(self) -> None:
        """The version came whole, and what it proved is done."""
        if not self._dry and self.number is not None:
            self._trail.close_version(self._scope, self.number)
        self.number = None
