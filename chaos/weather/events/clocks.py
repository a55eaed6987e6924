"""Time: it passes, and a host's clock is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.weather.events.base import Event, Host

if TYPE_CHECKING:
    from chaos.weather.scene import Scene


class TimePasses(Event, frozen=True):
    """For everybody: tokens, sessions and leases run out."""

    seconds: float

    def apply(self, scene: Scene) -> None:
        """At once."""
        scene.pass_time(self.seconds)


class ClockJump(Event, frozen=True):
    """A host's clock stands apart from the world's by so many seconds, until the weather clears."""

    seconds: float
    host: Host = "a"

    def apply(self, scene: Scene) -> None:
        """Forward, or back."""
        scene.set_apart(self.host, self.seconds)


ClockEvent = TimePasses | ClockJump
