"""What goes wrong on the wire and at the servers, once or many times, from the nth request on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.weather.events.base import Event

if TYPE_CHECKING:
    from chaos.weather.scene import Scene


class Fault(Event, frozen=True):
    """A rule of the sandbox (`sandbox.core.faults`): ``action`` for requests whose address matches ``path``."""

    system: str
    action: dict[str, object]
    path: str = ""
    method: str | None = None
    after: int = 0
    times: int = 1

    def apply(self, scene: Scene) -> None:
        """In force until it is used up, or the weather clears."""
        scene.control.fault(
            self.system, self.action, path=self.path, method=self.method, after=self.after, times=self.times
        )


class ForeignTask(Event, frozen=True):
    """Somebody else's import occupies the model."""

    system: str
    seconds: float

    def apply(self, scene: Scene) -> None:
        """The model of the flows of that ERP."""
        scene.foreign = True
        scene.control.foreign_task(self.seconds, scene.model(self.system))


class EatenRate(Event, frozen=True):
    """Another client eats the tenant's budget of requests."""

    tokens: int

    def apply(self, scene: Scene) -> None:
        """Anaplan answers 429 until some have come back."""
        scene.rate_eaten = True
        scene.control.consume_rate(self.tokens)


class ModelState(Event, frozen=True):
    """An administrator locks the model, takes it offline or deploys it."""

    system: str
    state: str

    def apply(self, scene: Scene) -> None:
        """Until the weather clears."""
        scene.control.model_state(self.state, scene.model(self.system))


class RefusedRows(Event, frozen=True):
    """Anaplan refuses rows of an import that match, until somebody puts it right."""

    system: str
    into: str
    pattern: str

    def apply(self, scene: Scene) -> None:
        """The trail has to explain each of them."""
        scene.control.refuse(self.into, self.pattern, "Invalid item (weather)", model=scene.model(self.system))
        scene.refusing = True


FaultEvent = Fault | ForeignTask | EatenRate | ModelState | RefusedRows
