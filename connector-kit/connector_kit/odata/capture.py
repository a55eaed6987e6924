"""How a stream finds what changed since its last run: pure functions from a bookmark to a condition, and on to the
next bookmark.

*date*: `ge` (bookmark − lookback) or null. Days are business dates: two changes on one day look alike, and old
documents change, so the overlap is read again. Rows come in the order of the key, not of the date: nulls have their
place, no page is sorted anew by the server, and a stopped read continues behind the last key. The bookmark moves when
all is read: to the highest day seen, at most to the day on which the read began, so that a future date neither hides
a row nor jumps over the ones to come.

*timestamp*: the same with moments, and a lookback in seconds: clocks differ, and a transaction shows its rows later
than the moment that it writes into them.

*through*: rows have no date of their own, those of another set tell which rows changed (`connector_kit.odata.through`).

*period*: the same with a fiscal year and period, for tables that have no date.

*row_version*: the versions of all rows are read, and the rows above the bookmark fetched.

*full_table*: everything; rows that vanished are reported with ACTIVATE_VERSION.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from connector_kit.odata.filters import AnyOf, Compare, Condition, since, since_period
from connector_kit.odata.moments import parse_moment
from connector_kit.odata.rows import RowReader

Method = Literal["date", "timestamp", "period", "row_version", "through", "full_table"]


@dataclass(frozen=True, slots=True)
class Capture:
    """A stream's change capture.

    Args:
        method: one of those above.
        column: the replication key: the date, timestamp or row version column; for periods the computed one (YYYYMM).
        year, period: the columns that a fiscal period is made of.
        others: further columns of days that tell of a change, such as the creation where `column` stays empty until the
            first change.
        others_are_moments: whether these columns hold moments.
        lookback_days: the overlap of dates and timestamps.
        lookback_seconds: a further overlap of timestamps.
        lookback_periods: the overlap of periods.
        empty_date: what the server writes where there is no date, when that is not null.
        ask_nulls: whether rows without a date are asked for; not where there are others, or a null means nothing.
    """

    method: Method = "full_table"
    column: str | None = None
    year: str = ""
    period: str = ""
    others: tuple[str, ...] = ()
    others_are_moments: bool = False
    lookback_days: int = 0
    lookback_seconds: int = 0
    lookback_periods: int = 0
    empty_date: str = ""
    ask_nulls: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a row's place among the changes is read from."""
        return (self.column, *self.others) if self.column else ()

    def condition(self, bookmark: str | int | None) -> Condition | None:
        """Which rows to read; None for all of them."""
        if bookmark is None or self.column is None:
            return None
        if self.method == "date":
            first = _earlier(parse_moment(str(bookmark)), days=self.lookback_days).date()
            return self._with_empty(self._since(self.column, first))
        if self.method == "timestamp":
            moment = _earlier(parse_moment(str(bookmark)), days=self.lookback_days, seconds=self.lookback_seconds)
            # Whole seconds: columns of that precision refuse a literal with a fraction.
            return self._since(self.column, moment.replace(microsecond=0))
        if self.method == "period":
            year, period = earlier_period(int(bookmark), self.lookback_periods)
            return since_period(self.year, self.period, year, period)
        return None

    def expected_bookmark(self, value: object) -> str:
        """What a bookmark should be, in words, where this is none; else empty."""
        expected = {
            "date": "a day such as 2026-01-31",
            "timestamp": "a moment such as 2026-01-31T00:00:00Z",
            "period": "a fiscal period such as 202601",
            "row_version": "a row version in hexadecimal digits",
        }.get(self.method, "")
        try:
            if self.method in {"date", "timestamp"}:
                parse_moment(str(value))
            elif self.method == "period":
                date.fromisoformat(f"{int(str(value)) // 100:04}-01-01")
            elif self.method == "row_version":
                int(str(value), 16)
        except ValueError:
            return expected
        return ""

    def place_of(self, reader: RowReader) -> Callable[[Any], Any]:
        """A function that reads a row's place among the changes: the bookmark if it were the last one."""
        changed = reader.values_of([self.column or ""])
        if not self.others:
            return lambda row: changed(row)[0]
        others = reader.values_of(self.others)
        midnight = "T00:00:00Z" if self.method == "timestamp" and not self.others_are_moments else ""

        def place(row: Any) -> str | None:  # noqa: ANN401 - a struct made at run time
            told = [*changed(row), *(day and day + midnight for day in others(row))]
            return max(filter(None, told), default=None)

        return place

    def at(self, moment: str) -> str:
        """A moment as a bookmark."""
        return moment[:10] if self.method == "date" else moment

    def after_blind_read(self, began: str) -> str:
        """The bookmark of a read that began at this moment and saw everything, but not when each row changed.

        A day earlier: no row has told what the server's clock says.
        """
        before = parse_moment(began) - timedelta(days=1)
        return self.at(before.isoformat(timespec="seconds").replace("+00:00", "Z"))

    def next_bookmark(self, old: str | int | None, highest: str | int | None, began: str) -> str | int | None:
        """The bookmark after a complete read; `began` is the day or moment (UTC) at which it began.

        A fiscal period has no upper bound by the calendar: companies open the next one early. The overlap covers what
        is still posted to the one before.
        """
        if highest is None:
            return old
        if self.method == "period":
            return max(int(highest), int(old or 0))
        reached = min(str(highest), self.at(began), key=parse_moment)
        # A first read starts at a moment, also where bookmarks are days.
        return reached if old is None else max(self.at(str(old)), reached, key=parse_moment)

    def _since(self, column: str, start: date) -> Condition:
        if self.others:
            first = start if self.others_are_moments or not isinstance(start, datetime) else start.date()
            return AnyOf((Compare(column, "ge", start), *(Compare(name, "ge", first) for name in self.others)))
        return since(column, start) if self.ask_nulls else Compare(column, "ge", start)

    def _with_empty(self, condition: Condition) -> Condition:
        if not self.empty_date or self.column is None:
            return condition
        return AnyOf((condition, Compare(self.column, "eq", date.fromisoformat(self.empty_date))))


def _earlier(moment: datetime, *, days: int = 0, seconds: int = 0) -> datetime:
    """So much earlier, at most the first day of the calendar: databases write it where there is no date."""
    try:
        return moment - timedelta(days=days, seconds=seconds)
    except OverflowError:
        return datetime.min.replace(tzinfo=moment.tzinfo)


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
