"""What the weather needs of a world: `chaos.weather.worldly` gives it from `chaos.world`, tests from less."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from chaos.weather.events.base import Host, System
from chaos.weather.events.processes import DatabaseStruck, Struck
from chaos.weather.events.stores import LockFreed
from chaos.weather.seen import Part
from sandbox.testing import Control

Settings = dict[str, dict[str, Any]]
"""By "tap" and "target", what differs from the shipped settings."""


@dataclass
class Job:
    """A run as it is about to be started."""

    flow: str
    host: Host
    settings: Settings = field(default_factory=dict)
    strikes: list[Struck] = field(default_factory=list)
    pipe_breaks_after: int = 0
    disk_kilobytes: int = 0
    database: list[DatabaseStruck] = field(default_factory=list)
    locks_freed: list[LockFreed] = field(default_factory=list)


class Stores(Protocol):
    """Trail, coordination and state, between runs."""

    def lose_trail(self) -> None:
        """Its database is gone."""

    def save_trail(self) -> None:
        """A back-up."""

    def restore_trail(self) -> None:
        """The back-up is put back; NothingToActOnError when there is none."""

    def move_trail(self) -> None:
        """Into another database, by `audit copy`."""

    def lose_coordination(self) -> None:
        """Its database is gone."""

    def lose_state(self, flow: str) -> None:
        """The state of all taps of a flow is gone."""

    def older_state(self, flow: str, back: int) -> None:
        """The state that it had so many runs ago."""

    def state_of_another(self, flow: str, shape: str) -> None:
        """A state that it did not write."""


class Ground(Protocol):
    """A sandbox, a folder, flows as processes, stores, a clock."""

    @property
    def control(self) -> Control:
        """The sandbox's control API."""

    @property
    def info(self) -> Mapping[str, Any]:
        """What the sandbox says when it is ready."""

    @property
    def stores(self) -> Stores:
        """Trail, coordination and state."""

    @property
    def secrets(self) -> Sequence[str]:
        """Passwords and keys of the settings."""

    def reset(self, database: Literal["sqlite", "postgresql"]) -> None:
        """Seeded data, no state, an empty trail in such a database, clocks that agree."""

    def now(self) -> float:
        """The world's time."""

    def advance(self, seconds: float) -> None:
        """Time passes."""

    def set_apart(self, host: Host, seconds: float) -> None:
        """A host's clock stands apart from the world's."""

    def run(self, jobs: Sequence[Job]) -> list[Part]:
        """All jobs at the same time, to their end; a part per tap."""

    def replay(self, flow: str) -> list[Part]:
        """What failed is sent again from the trail."""

    def rejected(self, system: System) -> Mapping[tuple[str, str], str]:
        """Places in Anaplan of rows that were refused and are still open, with the reasons that the trail gives."""

    def differences(self, flow: str) -> list[str]:
        """Where the two sides of a flow differ, but for what the trail explains."""

    def written(self) -> Sequence[Path]:
        """Files that runs wrote: state, trail, coordination, spools."""

    def leftovers(self) -> Sequence[str]:
        """Temporary files and processes that are still there, in words."""
