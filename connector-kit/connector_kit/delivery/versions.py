"""What the versions of a stream prove in one run: whether what did not come is gone.

STATE is a checkpoint and proves nothing. ACTIVATE_VERSION proves that a version came whole when it stands behind the
records of that version, as pipelinewise taps and ours send it. Taps on the Singer SDK send it before them, once for
each parent of a child stream, where it says nothing of what follows. So a version that was announced before its records
proves nothing in that run, nor does one after whose ACTIVATE_VERSION more records came.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class StreamVersions:
    """The versions of one stream in one run, message by message."""

    current: int | None = None
    proven: int | None = None
    announced: set[int] = field(default_factory=set)
    """Versions whose ACTIVATE_VERSION came before any record of theirs."""

    def records(self, version: int | None) -> None:
        """Records came; version: None when they carried none."""
        self.proven = None
        if version is None:
            self.current = None
        elif version != self.current:
            self.current = version

    def activate(self, version: int) -> None:
        """ACTIVATE_VERSION came."""
        if version != self.current:
            self.announced.add(version)
        elif version not in self.announced:
            self.proven = version

    @property
    def unproven(self) -> str:
        """Why nothing of the stream can be looked for that is gone; "" when it can, or when no version came."""
        if self.proven is not None or (self.current is None and not self.announced):
            return ""
        if self.announced:
            return "ACTIVATE_VERSION came before its records"
        return "no ACTIVATE_VERSION came behind its last record"
