"""What a coordinator can tell of itself: who holds what, who waits for it, and how much of each rate is used."""

from __future__ import annotations

from dataclasses import dataclass

from connector_kit.coordination.base import Holder
from connector_kit.coordination.pacing import MARGIN

MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class LockStatus:
    """A lock that somebody holds or waits for. `waiting`: the next one first."""

    name: str
    holder: Holder | None
    waiting: tuple[Holder, ...] = ()


@dataclass(frozen=True, slots=True)
class RateStatus:
    """A rate's use.

    used: turns taken in the last `seconds`, of `allowed`. waiting: turns that are given, but for later. held_seconds:
    so long nobody gets a turn, because the system said that it was too much.
    """

    name: str
    per_minute: int
    used: int
    allowed: int
    seconds: float
    waiting: int
    held_seconds: float


@dataclass(frozen=True, slots=True)
class Status:
    """All locks and rates, by name."""

    locks: tuple[LockStatus, ...]
    rates: tuple[RateStatus, ...]


def rate_status(name: str, turns: int, span: float, held_until: float, used_at: list[float], now: float) -> RateStatus:
    """From a rate's book (see `pacing`): `used_at` are the times of its slots."""
    window = span / (1 + MARGIN)
    seconds = min(MINUTE, window)
    return RateStatus(
        name=name,
        per_minute=round(turns * MINUTE / window),
        used=sum(now - seconds < at <= now for at in used_at),
        allowed=round(turns * seconds / window),
        seconds=seconds,
        waiting=sum(at > now for at in used_at) if held_until <= now else 0,
        held_seconds=max(0.0, held_until - now),
    )
