"""The trail, the coordination and the state: lost, older, moved, of another version; a database that goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from chaos.weather.events.base import Event

if TYPE_CHECKING:
    from chaos.weather.scene import Scene

SETTLED = 700.0
"""Seconds behind which no system works on a lost request any more (settle_seconds is 660)."""


class TrailLost(Event, frozen=True):
    """The audit trail's database is gone."""

    def apply(self, scene: Scene) -> None:
        """Nobody works on a request any more: no trail could tell of it, as the page on operations says."""
        scene.pass_time(SETTLED)
        scene.stores.lose_trail()
        scene.stale = True


class TrailSaved(Event, frozen=True):
    """A back-up of the trail is made."""

    def apply(self, scene: Scene) -> None:
        """The latest one counts."""
        scene.stores.save_trail()


class TrailRestored(Event, frozen=True):
    """The trail is put back as it was backed up."""

    def apply(self, scene: Scene) -> None:
        """Nobody works on a request any more, as above."""
        scene.pass_time(SETTLED)
        scene.stores.restore_trail()
        scene.stale = True


class TrailMoved(Event, frozen=True):
    """The trail moves into another database."""

    def apply(self, scene: Scene) -> None:
        """By `audit copy`."""
        scene.stores.move_trail()


class CoordinationLost(Event, frozen=True):
    """The database of rates and locks is gone, while nobody runs."""

    def apply(self, scene: Scene) -> None:
        """It is made anew by whoever comes first."""
        scene.stores.lose_coordination()


class LockFreed(Event, frozen=True):
    """An administrator frees the locks that are held, when a server has seen so many requests of the next runs."""

    system: Literal["syspro", "sap", "anaplan"]
    nth: int

    def apply(self, scene: Scene) -> None:
        """Who held one has to notice; a request that was on its way may still arrive beside the other's."""
        scene.foreign = True
        scene.free_locks(self)


class StateLost(Event, frozen=True):
    """The state of a flow is gone: it reads everything once more."""

    flow: str

    def apply(self, scene: Scene) -> None:
        """Of all its taps."""
        scene.stores.lose_state(self.flow)


class StateOlder(Event, frozen=True):
    """A flow goes on from a state that it had some runs ago."""

    flow: str
    back: int

    def apply(self, scene: Scene) -> None:
        """Or from its first, when it has not so many."""
        scene.stores.older_state(self.flow, self.back)


class StateOfAnother(Event, frozen=True):
    """A flow finds a state that it did not write: of an earlier release, of another tap, or cut."""

    flow: str
    shape: Literal["empty", "null_bookmarks", "singer_sdk", "unknown_streams", "no_version", "other_types"]

    def apply(self, scene: Scene) -> None:
        """Whether it reads more or refuses in words, nothing may be lost."""
        scene.stores.state_of_another(self.flow, self.shape)


StoreEvent = (
    TrailLost
    | TrailSaved
    | TrailRestored
    | TrailMoved
    | CoordinationLost
    | LockFreed
    | StateLost
    | StateOlder
    | StateOfAnother
)
