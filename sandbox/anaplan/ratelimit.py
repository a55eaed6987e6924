"""The tenant's request budget: a token bucket (Anaplan, "Model busy behavior and retry strategy")."""

from __future__ import annotations

import math
from email.utils import formatdate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.core.clock import Clock
    from sandbox.core.switches import Switches


class TokenBucket:
    """One token per request; ``rate_capacity`` and ``rate_per_second`` are switches."""

    def __init__(self, clock: Clock, switches: Switches) -> None:
        self._clock = clock
        self._switches = switches
        self._tokens = float(switches.number("rate_capacity"))
        self._since = clock.now()
        self.refused = 0

    def _replenish(self) -> None:
        now = self._clock.now()
        gained = (now - self._since) * self._switches.seconds("rate_per_second")
        self._tokens = min(float(self._switches.number("rate_capacity")), self._tokens + gained)
        self._since = now

    def take(self) -> bool:
        """Take a token; False when there is none."""
        self._replenish()
        if self._tokens < 1:
            self.refused += 1
            return False
        self._tokens -= 1
        return True

    def drain(self, tokens: int) -> float:
        """Another client takes up to so many tokens; what is left."""
        self._replenish()
        self._tokens = max(0.0, self._tokens - tokens)
        return self._tokens

    def refill(self) -> None:
        """Full again, and nothing refused so far."""
        self._tokens = float(self._switches.number("rate_capacity"))
        self._since = self._clock.now()
        self.refused = 0

    def retry_after(self) -> dict[str, str]:
        """The header that a 429 carries, as the switch says."""
        rate = self._switches.seconds("rate_per_second")
        seconds = max(1, math.ceil((1 - self._tokens) / rate)) if rate else 60
        form = self._switches.text("retry_after")
        if form == "seconds":
            return {"Retry-After": str(seconds)}
        if form == "date":
            return {"Retry-After": formatdate(self._clock.now() + seconds, usegmt=True)}
        return {}
