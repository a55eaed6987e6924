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


class FullDisk(Event, frozen=True):
    """No file of the next run may grow beyond so many kilobytes."""

    kilobytes: int
    host: Host = "a"

    def apply(self, scene: Scene) -> None:
        """As a full disk: what does not fit is refused by the system."""
        scene.fill_disk(self.host, self.kilobytes)


ProcessEvent = Struck | BrokenPipe | FullDisk
