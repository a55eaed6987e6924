"""The sandbox's clock: real time that can be moved forward, or the time that a test shares with it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.core.shared_time import SharedTime

_LOOK_SECONDS = 0.002


class Clock:
    """Seconds since the epoch, plus whatever was advanced.

    It starts at the machine's time because clients compare the expiry times they are handed with their own clock.
    All expiry and retention logic of the systems reads it, so that a test can let an hour pass. With ``shared`` it is
    that time, which the clients follow, too: it goes on when the sandbox is reset.
    """

    def __init__(self, shared: SharedTime | None = None) -> None:
        self._shared = shared
        self._advanced = 0.0

    def now(self) -> float:
        """Epoch seconds."""
        return self.clients() + self._advanced

    def clients(self) -> float:
        """What the clock of a client shows: it follows a shared time, but not what was advanced here alone."""
        return self._shared.now() if self._shared else time.time()

    def advance(self, seconds: float) -> None:
        """Move forward by ``seconds``; ValueError when negative, for no server's clock runs backwards."""
        if seconds < 0:
            raise ValueError(f"the clock only moves forward, got {seconds}")
        if self._shared:
            self._shared.move(round(seconds * 1_000_000))
        else:
            self._advanced += seconds

    def reset(self) -> None:
        """Back to the machine's time; whoever remembers a moment has to forget it too. A shared time goes on."""
        self._advanced = 0.0

    @contextlib.contextmanager
    def awaiting(self, moment: float) -> Iterator[None]:
        """Somebody looks again and again whether it is ``moment`` yet: a shared time is not moved past it meanwhile."""
        if not self._shared:
            yield
            return
        left = round((moment - self._shared.now()) * 1_000_000)
        with self._shared.awaiting(self._shared.monotonic() + left):
            yield

    async def sleep(self, seconds: float) -> None:
        """Wait without doing anything else: real seconds, or those of the shared time."""
        if not self._shared:
            await asyncio.sleep(seconds)
            return
        until = self.now() + seconds
        with self.awaiting(until):
            while (left := until - self.now()) > 0:
                await asyncio.sleep(min(left, _LOOK_SECONDS))
