"""Fiscal years: which year and period a day belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

_FIRST_MONTH = {"K4": 1, "V3": 4}


def fiscal_year_and_period(variant: str, day: date) -> tuple[str, str]:
    """(FiscalYear, FiscalPeriod) of a fiscal year variant: K4 is the calendar year, V3 begins in April.

    A year is named after the calendar year in which it begins. ValueError for another variant.
    """
    try:
        first = _FIRST_MONTH[variant]
    except KeyError:
        raise ValueError(f"fiscal year variant {variant!r}: expected one of {', '.join(_FIRST_MONTH)}") from None
    months = day.year * 12 + day.month - first
    return f"{months // 12:04d}", f"{months % 12 + 1:03d}"
