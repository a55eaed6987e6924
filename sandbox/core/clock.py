"""The sandbox's clock: real time that can be moved forward."""

from __future__ import annotations

import time


class Clock:
    """Seconds since the epoch, plus whatever was advanced.

    It starts at the machine's time because clients compare the expiry times they are handed with their own clock.
    All expiry and retention logic of the systems reads it, so that a test can let an hour pass.
    """

    def __init__(self) -> None:
        self._advanced = 0.0

    def now(self) -> float:
        """Epoch seconds."""
        return time.time() + self._advanced

    def advance(self, seconds: float) -> None:
        """Move forward by ``seconds``; ValueError when negative, for no server's clock runs backwards."""
        if seconds < 0:
            raise ValueError(f"the clock only moves forward, got {seconds}")
        self._advanced += seconds

    def reset(self) -> None:
        """Back to the machine's time; whoever remembers a moment has to forget it too."""
        self._advanced = 0.0
