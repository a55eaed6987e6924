"""What a simulated system is to the rest of the sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

    from sandbox.core.switches import Switches


@dataclass(frozen=True, slots=True)
class Options:
    """How the sandbox was started. ``data`` is an existing folder, ``task_seconds`` a base duration in seconds."""

    host: str
    seed: int
    size: str
    data: Path
    task_seconds: float


class System(Protocol):
    """One simulated system. Its package exposes ``build(options, clock) -> System``."""

    name: str
    app: ASGIApp
    switches: Switches

    def control_routes(self) -> list[BaseRoute]:
        """Routes of its own for the control API, mounted under ``/<name>``."""

    def reset(self) -> None:
        """Back to the seeded state, switches to their start values."""

    def revoke(self) -> None:
        """End all tokens and sessions that clients hold, and nothing else."""

    def describe(self, base_url: str) -> dict[str, object]:
        """Its part of the JSON line: addresses below ``base_url`` and sample credentials."""

    def report(self) -> dict[str, object]:
        """What it adds to its part of ``GET /report``."""
