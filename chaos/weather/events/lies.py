"""Servers that do otherwise than they are asked, or say of themselves what is not so: the sandbox's switches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.weather.events.base import Event

if TYPE_CHECKING:
    from chaos.weather.scene import Scene


class Lie(Event, frozen=True):
    """A switch of a system gets another value, until the weather clears."""

    system: str
    switch: str
    value: str | int | float | bool

    def apply(self, scene: Scene) -> None:
        """SwitchError's words come as HTTP 400 when there is no such position."""
        scene.control.switch(self.system, self.switch, self.value)


LieEvent = Lie
