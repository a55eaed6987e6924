"""When to try again, and after how long."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import timezone
from email.utils import parsedate_to_datetime

import requests


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


def wanted_pause(response: requests.Response) -> float | None:
    """Seconds that an answer's Retry-After asks for, by the answer's own clock; None when it asks for nothing."""
    return parse_retry_after(response.headers.get("Retry-After"), response.headers.get("Date"))


def parse_retry_after(value: str | None, date: str | None = None) -> float | None:
    """Seconds from a Retry-After header, in either of its two forms (RFC 9110, 10.2.3); None when unreadable.

    `date` is the answer's own Date header: a moment is meant on the server's clock, which may differ from ours.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    until = moment(text)
    if until is None:
        return None
    now = moment(date or "")
    return max(0.0, until - (time.time() if now is None else now))


def moment(text: str) -> float | None:
    """Seconds since 1970 of an HTTP date."""
    try:
        found = parsedate_to_datetime(text)
        return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
