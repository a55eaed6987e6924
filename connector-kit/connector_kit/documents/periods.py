"""Fiscal periods: which period a month or a day belongs to, and back. Fiscal years are of twelve calendar months.

Special periods (13 to 16) lie in the last month of their year.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from functools import lru_cache
from typing import Any

from connector_kit.errors import ConfigurationError
from connector_kit.mapping.values import Unmappable, iso_day
from connector_kit.numerals import whole

_MONTHS = 12
_LAST_PERIOD = 16


@dataclass(frozen=True, slots=True)
class FiscalYear:
    """start_month: calendar month of period 1. named_after_start: a year bears the number of the one it starts in."""

    start_month: int = 1
    named_after_start: bool = False

    @property
    def _back(self) -> int:
        return 1 if self.start_month > 1 and not self.named_after_start else 0

    def period_of(self, day: date) -> tuple[str, str]:
        """Fiscal year and period of a day: ("2026", "11")."""
        years, month = divmod(day.month - self.start_month, _MONTHS)
        return str(day.year + years + self._back), str(month + 1)

    def month_of(self, year: str, period: str) -> date:
        """The first day of the calendar month of a period. Unmappable when there is no such period."""
        number, of_year = whole(period), whole(year)
        if number is None or not 1 <= number <= _LAST_PERIOD:
            raise Unmappable(f"not a period from 1 to {_LAST_PERIOD}", period or "blank")
        if of_year is None or not 1900 <= of_year <= 9998:
            raise Unmappable("not a year of four digits", year or "blank")
        years, index = divmod(self.start_month - 1 + min(number, _MONTHS) - 1, _MONTHS)
        return date(of_year - self._back + years, index + 1, 1)


@dataclass(frozen=True, slots=True)
class FiscalYears:
    """The usual fiscal year, and that of companies which have another."""

    usual: FiscalYear = field(default_factory=FiscalYear)
    companies: Mapping[str, FiscalYear] = field(default_factory=dict)

    def of(self, company: str) -> FiscalYear:
        """A company's."""
        return self.companies.get(company, self.usual)


def read_settings(config: Mapping[str, Any], *, plugin: str) -> FiscalYears:
    """The settings `fiscal_year_start_month`, `fiscal_year_named_by` and `fiscal_years`.

    Raises:
        ConfigurationError: no such month or name.
    """
    usual = {"start_month": config["fiscal_year_start_month"], "named_by": config["fiscal_year_named_by"]}
    given = config.get("fiscal_years") or {}
    companies = {name: {**usual, **entry} if isinstance(entry, Mapping) else entry for name, entry in given.items()}
    for place, entry in {"fiscal_year_...": usual, **companies}.items():
        if not _is_fiscal_year(entry):
            raise ConfigurationError(
                system=plugin,
                subject=f"setting fiscal_years ({place})",
                expected="start_month from 1 to 12 and named_by: start or end",
                got=str(entry),
            )
    return FiscalYears(_year(usual), {name: _year(entry) for name, entry in companies.items()})


def _is_fiscal_year(entry: object) -> bool:
    if not isinstance(entry, Mapping) or set(entry) != {"start_month", "named_by"}:
        return False
    month = entry["start_month"]
    return type(month) is int and 1 <= month <= _MONTHS and entry["named_by"] in ("start", "end")


def _year(entry: Mapping[str, Any]) -> FiscalYear:
    return FiscalYear(entry["start_month"], entry["named_by"] == "start")


@lru_cache(maxsize=4096)
def parse_month(text: str, form: str) -> date:
    """The first day of a calendar month that is written by a strptime format. Unmappable when it is not.

    A format of dates takes date-times with fractions and zones too, as columns of dates do: a database's tap writes
    "2026-11-01T00:00:00.000000+00:00" for a day.
    """
    if form.startswith("%Y-%m-%d"):
        with suppress(Unmappable):
            return iso_day(text.strip()).replace(day=1)
    try:
        # The time zone is for form's sake: only the date is used.
        found = datetime.strptime(text.strip(), form).replace(tzinfo=timezone.utc)
    except ValueError:
        raise Unmappable(f"not a month as in '{form}'", text or "blank") from None
    return found.date().replace(day=1)


def last_day(month: date) -> date:
    """The last day of a month."""
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])
