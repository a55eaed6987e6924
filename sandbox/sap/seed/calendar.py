"""Days of business and amounts: whole cents inside, decimals to the thousandth in the database."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

TODAY = date(2026, 11, 20)
"""The last day that is seeded, a Friday."""
FIRST = date(2024, 12, 2)
FOREVER = "9999-12-31"
_ALL = [FIRST + timedelta(days) for days in range((TODAY - FIRST).days + 1)]
DAYS = [day for day in _ALL if day.weekday() < 5]


def working_days(rng: Random, count: int, latest: date = TODAY) -> list[date]:
    """``count`` days of business up to ``latest``, in order."""
    end = next(index for index in range(len(DAYS), 0, -1) if DAYS[index - 1] <= latest)
    return [DAYS[index] for index in sorted(rng.randrange(end) for _ in range(count))]


def moment(day: date, seconds: int, late: int = 0) -> datetime:
    """A time of that day in UTC, or so many days later, but never after the last seeded day."""
    created = day + timedelta(late)
    when = created if day > TODAY else min(created, TODAY)
    return datetime.combine(when, time(), timezone.utc) + timedelta(seconds=seconds)


def office_hours(rng: Random) -> int:
    """Seconds after midnight at which people work."""
    return rng.randint(7 * 3600, 18 * 3600)


def decimal(cents: int) -> Decimal:
    """An amount for the journal."""
    return Decimal(cents).scaleb(-2)


def money(cents: int) -> int:
    """An amount as it is stored, with three digits after the point."""
    return cents * 10
