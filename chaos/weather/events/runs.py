"""How the next run is started: with other settings, as a sweep, and replays of what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.weather.events.base import Event

if TYPE_CHECKING:
    from chaos.weather.scene import Scene


class Sweep(Event, frozen=True):
    """The next run reads everything once more, as it does every night."""

    flow: str

    def apply(self, scene: Scene) -> None:
        """For one run."""
        scene.with_settings(self.flow, "tap", {"full_sweep": True})


class SmallPages(Event, frozen=True):
    """The tap reads in small pages, so that things happen between them."""

    flow: str
    rows: int

    def apply(self, scene: Scene) -> None:
        """For one run."""
        scene.with_settings(self.flow, "tap", {"page_size": self.rows})


class SmallBatches(Event, frozen=True):
    """The target sends few rows at a time."""

    flow: str
    rows: int

    def apply(self, scene: Scene) -> None:
        """For one run."""
        scene.with_settings(self.flow, "target", {"batch_rows": self.rows})


class Narrow(Event, frozen=True):
    """One company alone is read; the next run without this event lets in the others again."""

    flow: str

    def apply(self, scene: Scene) -> None:
        """Settings that widen have to bring the history of what is new."""
        scene.narrow(self.flow)


class Replay(Event, frozen=True):
    """What failed is sent again from the trail, before the next run."""

    flow: str

    def apply(self, scene: Scene) -> None:
        """Nothing to replay is no error."""
        scene.replay(self.flow)


RunEvent = Sweep | SmallPages | SmallBatches | Narrow | Replay
