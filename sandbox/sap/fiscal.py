"""Fiscal years: which year and period a day belongs to."""

from __future__ import annotations

from datetime import date

_FIRST_MONTH = {"K4": 1, "V3": 4}


def fiscal_year_and_period(variant: str, day: date) -> tuple[str, str]:
    """(FiscalYear, FiscalPeriod) of a fiscal year variant: K4 is the calendar year, V3 begins in April.

    A year is named after the calendar year in which it begins. ValueError for another variant.
    """
    months = day.year * 12 + day.month - _first_month(variant)
    return f"{months // 12:04d}", f"{months % 12 + 1:03d}"


def first_day(variant: str, year: int, period: int) -> date:
    """The day on which a period begins; special periods (013 to 016) begin with the last one."""
    months = year * 12 + _first_month(variant) - 1 + min(period, 12) - 1
    return date(months // 12, months % 12 + 1, 1)


def _first_month(variant: str) -> int:
    try:
        return _FIRST_MONTH[variant]
    except KeyError:
        raise ValueError(f"fiscal year variant {variant!r}: expected one of {', '.join(_FIRST_MONTH)}") from None
