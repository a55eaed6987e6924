"""When to try again, and after how long."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import timezone
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class Retry:
    """How often, and how patiently, a request is repeated.

    `tries` counts the first one. Waits grow from `first` to at most `cap` seconds, with full jitter, so that
    processes that failed together do not come back together. `longest` is the most that a server's Retry-After
    is obeyed for: beyond it the request fails with the server's wish in the message.
    """

    tries: int = 8
    first: float = 1.0
    cap: float = 60.0
    longest: float = 600.0

    def wait(self, failures: int, retry_after: float | None) -> float:
        """Seconds to wait after the `failures`-th failure (1 for the first)."""
        if retry_after is not None:
            return retry_after + random.uniform(0, min(self.first, 1.0))  # noqa: S311 - spreads load, hides nothing
        ceiling = min(self.cap, self.first * 2.0 ** (failures - 1))
        return random.uniform(ceiling / 4, ceiling)  # noqa: S311


def parse_retry_after(value: str | None) -> float | None:
    """Seconds from a Retry-After header, in either of its two forms (RFC 9110, 10.2.3); None when unreadable."""
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, moment.timestamp() - time.time())
