"""Business days, periods and amounts as they are stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

TODAY = date(2026, 11, 20)
FIRST_DAY = date(2024, 11, 21)
FIRST_YEAR = 2024


@lru_cache(maxsize=8192)
def stored(day: date) -> str:
    """A date as the tables hold it: midnight, no zone."""
    return f"{day.isoformat()}T00:00:00"


@lru_cache(maxsize=65536)
def later(day: date, days: int) -> date:
    """``days`` calendar days after ``day``."""
    return day + timedelta(days=days)


@dataclass(frozen=True, slots=True)
class Day:
    """A business day: its place among all of them, its date, the period it belongs to."""

    index: int
    date: date
    year: int
    month: int
    text: str


def day_number(index: int, when: date) -> Day:
    """A ``Day`` from a date."""
    return Day(index, when, when.year, when.month, stored(when))


def business_days(first: date, last: date) -> list[Day]:
    """Monday to Friday, both ends included."""
    dates = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day_number(index, when) for index, when in enumerate(when for when in dates if when.weekday() < 5)]


DAYS = business_days(FIRST_DAY, TODAY)


def period_ends() -> list[Day]:
    """The last day of every month from the first year on, up to the last complete one."""
    ends = []
    when = date(FIRST_YEAR, 2, 1)
    while when <= TODAY:
        ends.append(day_number(-1, when - timedelta(days=1)))
        when = date(when.year + when.month // 12, when.month % 12 + 1, 1)
    return ends


def previous_month_end(months: int) -> date:
    """The last day of the month ``months`` before today's."""
    number = TODAY.year * 12 + TODAY.month - months
    return date(number // 12, number % 12 + 1, 1) - timedelta(days=1)


def money(cents: int) -> str:
    """Cents as decimal(14,2) is stored."""
    if cents < 0:
        return "-" + money(-cents)
    return f"{cents // 100}.{cents % 100:02d}"


def cents(amount: str) -> int:
    """A stored decimal(14,2) as cents."""
    return int(amount.replace(".", ""))


def fixed(value: int, scale: int) -> str:
    """A scaled integer as a stored decimal of that scale."""
    sign, digits = ("-", str(-value)) if value < 0 else ("", str(value))
    digits = digits.rjust(scale + 1, "0")
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}"
