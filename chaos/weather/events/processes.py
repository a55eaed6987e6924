"""What happens to the processes of a run: signals, stops, a closed pipe, a full disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from chaos.weather.events.base import Event, Host

if TYPE_CHECKING:
    from chaos.weather.scene import Scene


class Struck(Event, frozen=True):
    """A signal hits a process at a step. SIGSTOP lasts ``seconds``, then SIGCONT.

    ``at``: its nth request (``path``: of those alone) ``when`` it is about to be sent, sent, or answered; the nth
    record in the pipe; the nth call of a function of the plugins. ``pipeline``: the job's, counted from 0.
    """

    process: Literal["tap", "target"]
    signal: Literal["SIGTERM", "SIGKILL", "SIGSTOP"]
    at: Literal["request", "record", "call"]
    nth: int
    when: Literal["before", "sent", "answered"] = "sent"
    path: str = ""
    seconds: float = 0.0
    pipeline: int = 0
    host: Host = "a"

    def apply(self, scene: Scene) -> None:
        """In the next run on that host."""
        scene.strike(self)


class BrokenPipe(Event, frozen=True):
    """Nobody reads any longer what the tap writes, after so many records."""

    nth: int
    host: Host = "a"

    def apply(self, scene: Scene) -> None:
        """In the next run on that host."""
        scene.break_pipe(self.host, self.nth)


class DatabaseStruck(Event, frozen=True):
    """The server of trail and locks goes and comes back, or stands still for ``seconds``, after so many records."""

    how: Literal["goes", "hangs"]
    nth: int
    seconds: float = 0.2

    def apply(self, scene: Scene) -> None:
        """In the next run; only where a server carries them."""
        scene.strike_database(self)


class FullDisk(Event, frozen=True):
    """The disk of trail, locks and spools has so many kilobytes left in the next run."""

    kilobytes: int
    host: Host = "a"

    def apply(self, scene: Scene) -> None:
        """What does not fit is refused by the system."""
        scene.fill_disk(self.host, self.kilobytes)


ProcessEvent = Struck | BrokenPipe | DatabaseStruck | FullDisk
