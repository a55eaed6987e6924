"""What every event is: a small frozen value that does one thing to a scene, and is JSON both ways."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from chaos.weather.scene import Scene

System = Literal["syspro", "sap"]
Host = Literal["a", "b"]


class NothingToActOnError(Exception):
    """The event finds nothing in this scene: it is skipped, and counted as that."""


def words(name: str) -> str:
    """A class's name as it stands in JSON: ``BusinessDay`` is ``business_day``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag=words, tag_field="event"):
    """One thing that happens before a run, or is armed to happen in it. Numbers choose: the ``nth`` of what is there,
    counted round, so that an event still fits when others were left out.
    """

    @property
    def kind(self) -> str:
        """Its name in JSON and in tables."""
        return words(type(self).__name__)

    def apply(self, scene: Scene) -> None:
        """Let it happen; NothingToActOnError when there is nothing that it could happen to."""
        raise NotImplementedError
