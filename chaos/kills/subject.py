"""What is killed: a plugin with the settings and the data of one kind of object, and what proves that all is well."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, ClassVar, Literal

from chaos.kills.trail import Trail
from sandbox.testing import Running

LOST_ANSWERS: tuple[dict[str, object], ...] = (
    {"reset": "before_request"},
    {"reset": "before_response"},
    {"reset": "mid_body"},
    {"truncate": 200},
    {"html": 502},
    {"status": 503},
    {"status": 504},
)
LATE = {"reset": "late", "delay": 0.15}
"""The answer is lost and the work is done later: what is not there now may be there in a moment."""


class Subject(ABC):
    """One kind of object, in a folder of its own and a sandbox that was reset.

    Attributes:
        name: "sap/journal_entry".
        system: of the sandbox, and its size.
        command: the plugin's.
        posts: requests that write, as the sandbox's faults name them: (method, regular expression of the path).
        trail_can_go: whether a lost or older trail is made good by the next run alone.
    """

    name: ClassVar[str]
    system: ClassVar[Literal["syspro", "anaplan", "sap"]]
    size: ClassVar[str | int] = "tiny"
    command: ClassVar[str]
    posts: ClassVar[tuple[str, str]]
    trail_can_go: ClassVar[bool] = True

    def __init__(self, sandbox: Running, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.plan = 0
        self.amounts: Mapping[Any, Any] = {}
        """The plan, where it is one that is delivered whole and may lose documents."""

    @property
    def audit_url(self) -> str:
        """The trail's database."""
        return f"sqlite:///{self.trail}"

    @property
    def trail(self) -> Path:
        """The trail's file."""
        return self.folder / "audit.db"

    def shared_settings(self) -> dict[str, Any]:
        """What every target's settings have."""
        return {
            "audit_url": self.audit_url,
            "coordination_url": f"sqlite:///{self.folder}/coordination.db",
            "spool_dir": str(self.folder / "spool"),
            "wait_seconds": 30,
            "timeout": 10,
            "max_tries": 3,
        }

    def change(self, rng: Random) -> None:
        """The source has something else to say from now on."""
        self.plan += 1
        self.revise(rng)

    @abstractmethod
    def revise(self, rng: Random) -> None:
        """Draw the next plan."""

    @abstractmethod
    def draw_settings(self, rng: Random) -> dict[str, Any]:
        """Settings that may differ from one delivery to the next."""

    @abstractmethod
    def config(self, settings: dict[str, Any]) -> dict[str, Any]:
        """All settings."""

    def arguments(self) -> list[str]:
        """Of the command, beside its settings."""
        return []

    @abstractmethod
    def messages(self, version: int) -> str:
        """The plan as a tap writes it that read it whole, as a version; its STATE is {"plan": its number}."""

    @abstractmethod
    def differences(self) -> list[str]:
        """Where the system's own books hold something else than the plan, or hold it twice."""

    def standing(self) -> dict[str, str] | None:
        """Documents in the books by reference, with their numbers; None: this object has none."""
        return None

    def undone(self) -> set[str]:
        """References of documents that together say nothing, because they took each other back: a trail that was lost
        meanwhile need not know them.
        """
        return set()

    def took(self, out: Sequence[str]) -> None:  # noqa: B027 - targets write nothing that anybody reads
        """What a run wrote to standard output, line by line."""

    def confirmed(self, out: Sequence[str], code: int) -> list[int]:  # noqa: ARG002 - for those that judge by it
        """The numbers of the plans that a run says are delivered whole; code: its exit code."""
        return [int(json.loads(line)["plan"]) for line in out if line.endswith("}")]

    def disagreements(self) -> list[str]:
        """Where the trail says something else than the books, and what it leaves open."""
        return Trail(self.audit_url).disagreements(self.standing(), self.undone)
