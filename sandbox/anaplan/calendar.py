"""The model calendar: months with fiscal years above them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

TIME = "Time"
TIME_ID = 20000000003
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True, eq=False)
class Period:
    """A month (``month`` 1..12) or a whole year (``month`` 0). Compared by identity: a calendar holds each once."""

    id: int
    name: str
    year: int
    month: int

    @property
    def is_aggregate(self) -> bool:
        """Years sum up their months; nobody writes into them."""
        return self.month == 0

    @property
    def last_day(self) -> date:
        """The last calendar day."""
        year, month = (self.year + 1, 1) if self.month in {0, 12} else (self.year, self.month + 1)
        return date(year, month, 1) - timedelta(days=1)


class Calendar:
    """Months of whole calendar years, called "Jan 24", under years called "FY24"."""

    def __init__(self, first_year: int, last_year: int, current: date) -> None:
        self.first_year = first_year
        self.last_year = last_year
        self.years = tuple(Period(20000000 + year, f"FY{year % 100:02}", year, 0) for year in self._range())
        self.months = tuple(
            Period(year * 10000 + month, f"{name} {year % 100:02}", year, month)
            for year in self._range()
            for month, name in enumerate(_MONTHS, 1)
        )
        self._index()
        self.current = self.month_of(current)
        self.fiscal_year = self.current.year

    def extend(self, last_year: int) -> None:
        """More years behind the last one; ValueError when there are no more."""
        if last_year <= self.last_year:
            raise ValueError(f"the calendar goes to {self.last_year} already")
        more = Calendar(self.last_year + 1, last_year, date(last_year, 1, 1))
        self.last_year = last_year
        self.years += more.years
        self.months += more.months
        self._index()

    def _range(self) -> range:
        return range(self.first_year, self.last_year + 1)

    def _index(self) -> None:
        self.by_name = {period.name: period for period in (*self.months, *self.years)}
        self.by_id = {period.id: period for period in (*self.months, *self.years)}

    def month_of(self, day: date) -> Period:
        """The month that ``day`` falls in; ValueError, in the API's words, outside the calendar."""
        if not self.first_year <= day.year <= self.last_year:
            span = f"{self.first_year}-01-01 - {self.last_year}-12-31"
            raise ValueError(f"Specified date '{day}' is out of timescale range {span}")
        return self.months[(day.year - self.first_year) * 12 + day.month - 1]
