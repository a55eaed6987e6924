"""How a stream finds what changed since its last run: pure functions from a bookmark to a condition, and on to the
next bookmark.

*date*: `ge` (bookmark − lookback) or null. Days are business dates: two changes on one day look alike, and old
documents change, so the overlap is read again. Rows come in the order of the key, not of the date: nulls have their
place, no page is sorted anew by the server, and a stopped read continues behind the last key. The bookmark moves when
all is read: to the highest day seen, at most to the day on which the read began, so that a future date neither hides
a row nor jumps over the ones to come.

*timestamp*: the same with moments, and a lookback in days.

*period*: the same with a fiscal year and period, for tables that have no date.

*row_version*: the versions of all rows are read, and the rows above the bookmark fetched.

*full_table*: everything; rows that vanished are reported with ACTIVATE_VERSION.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Literal

from connector_kit.odata.filters import AnyOf, Compare, Condition, since, since_period

Method = Literal["date", "timestamp", "period", "row_version", "full_table"]


@dataclass(frozen=True, slots=True)
class Capture:
    """A stream's change capture.

    Args:
        method: one of the five above.
        column: the replication key: the date, timestamp or row version column; for periods the computed one (YYYYMM).
        year, period: the columns that a fiscal period is made of.
        lookback_days: the overlap of dates and timestamps.
        lookback_periods: the overlap of periods.
        empty_date: what the server writes where there is no date, when that is not null.
    """

    method: Method = "full_table"
    column: str | None = None
    year: str = ""
    period: str = ""
    lookback_days: int = 0
    lookback_periods: int = 0
    empty_date: str = ""

    def condition(self, bookmark: str | int | None) -> Condition | None:
        """Which rows to read; None for all of them."""
        if bookmark is None or self.column is None:
            return None
        if self.method == "date":
            first = date.fromisoformat(str(bookmark)[:10]) - timedelta(days=self.lookback_days)
            return self._with_empty(since(self.column, first))
        if self.method == "timestamp":
            moment = _moment(str(bookmark)) - timedelta(days=self.lookback_days)
            return since(self.column, moment)
        if self.method == "period":
            year, period = earlier_period(int(bookmark), self.lookback_periods)
            return since_period(self.year, self.period, year, period)
        return None

    def next_bookmark(self, old: str | int | None, highest: str | int | None, began: str) -> str | int | None:
        """The bookmark after a complete read; `began` is the day or moment (UTC) at which it began.

        A fiscal period has no upper bound by the calendar: companies open the next one early. The overlap covers what
        is still posted to the one before.
        """
        if highest is None:
            return old
        if self.method == "period":
            return max(int(highest), int(old or 0))
        reached = min(str(highest), began[:10] if self.method == "date" else began, key=_order)
        return reached if old is None else max(str(old), reached, key=_order)

    def _with_empty(self, condition: Condition) -> Condition:
        if not self.empty_date or self.column is None:
            return condition
        return AnyOf((condition, Compare(self.column, "eq", date.fromisoformat(self.empty_date))))


def earlier_period(bookmark: int, lookback: int) -> tuple[int, int]:
    """A fiscal period (YYYYMM) less so many periods, as (year, period).

    Going back over a year's end counts twelve periods to a year. With thirteen the overlap is one period longer
    than asked there, never shorter.
    """
    year, period = divmod(bookmark, 100)
    months = year * 12 + (min(period, 12) - 1) - lookback
    return months // 12, months % 12 + 1


def periods_in(days: int) -> int:
    """How many periods an overlap of so many days touches."""
    return math.ceil(days / 28)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _order(text: str) -> datetime | str:
    return _moment(text) if "T" in text else text
