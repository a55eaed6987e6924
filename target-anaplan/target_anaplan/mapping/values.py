"""Values of a record as the text of a cell: numbers exact, dates from ISO text, booleans, periods, lookups.

Every converter is made once per column and takes one value. None and blank text become blank text. What can't be
converted raises `Unmappable`, which makes a rejected row: never a crash, never a blank that nobody asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Literal

Converter = Callable[[Any], str]

_SHOWN = 40
_TIME = re.compile(r"[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?")
_MIDNIGHT = frozenset({"", "T00:00:00", "T00:00:00Z", " 00:00:00", "T00:00:00.000000Z"})
_EXACT = Context(prec=400)
_TRUE = frozenset({"true", "yes", "y", "1"})
_FALSE = frozenset({"false", "no", "n", "0"})


class Unmappable(Exception):  # noqa: N818 - a row's fate, not a failure of the program
    """A value without a place in its column. `reason` is the same for all such values, `got` names this one."""

    def __init__(self, reason: str, value: object = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.got = _shown(value)


def _shown(value: object) -> str:
    kinds = {str: "text", bool: "boolean", int: "number", Decimal: "number", list: "list", dict: "object"}
    if value is None:
        return ""
    text = str(value)
    short = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return kinds.get(type(value), type(value).__name__) + ("" if isinstance(value, (list, dict)) else f" {short!r}")


def as_text(value: Any) -> str:  # noqa: ANN401 - a JSON value
    """A JSON value as text: numbers without exponent, true/false, None as blank. Lists and objects are unmappable."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]  # its type was just looked at
    if value is None:
        return ""
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value)
    if kind is Decimal:
        text = str(value)
        return format(value, "f") if "E" in text else text
    raise Unmappable("a list or object has no place in a column", value)


def plain(decimal_separator: str) -> Converter:
    """Text as it is; numbers with the file's decimal separator."""
    if decimal_separator == ".":
        return as_text

    def convert(value: Any) -> str:  # noqa: ANN401 - a JSON value
        text = as_text(value)
        return text.replace(".", decimal_separator) if type(value) is Decimal else text

    return convert


def number(decimal_separator: str, *, decimals: int | None = None, negate: bool = False) -> Converter:
    """Numbers, also those that come as text; rounded half up to `decimals` digits, or untouched."""
    unit = None if decimals is None else Decimal(1).scaleb(-decimals)

    def convert(value: Any) -> str:  # noqa: ANN401 - a JSON value
        if value is None or value == "":
            return ""
        amount = _decimal(value)
        if negate:
            amount = amount.copy_negate()
        if unit is not None:
            amount = amount.quantize(unit, ROUND_HALF_UP, _EXACT)
        text = format(amount if amount else amount.copy_abs(), "f")
        return text if decimal_separator == "." else text.replace(".", decimal_separator)

    return convert


def _decimal(value: Any) -> Decimal:  # noqa: ANN401 - a JSON value
    if type(value) is Decimal:
        return value
    if isinstance(value, bool) or not isinstance(value, (int, str)) or "_" in str(value):
        raise Unmappable("not a number", value)
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise Unmappable("not a number", value) from None
    if not amount.is_finite() or abs(amount.adjusted()) > 300:
        raise Unmappable("not a number", value)
    return amount


def day(form: str) -> Converter:
    """Dates: "YYYY-MM-DD", or a date-time of which the date is kept as it stands, written by a strftime format."""

    @lru_cache(maxsize=8192)
    def write(text: str) -> str:
        return date.fromisoformat(text).strftime(form)

    def convert(value: Any) -> str:  # noqa: ANN401 - a JSON value
        if value is None or value == "":
            return ""
        if type(value) is not str or value[4:5] != "-" or value[7:8] != "-":
            raise Unmappable("not a date YYYY-MM-DD", value)
        rest = value[10:]
        if rest not in _MIDNIGHT and not _TIME.fullmatch(rest):
            raise Unmappable("not a date YYYY-MM-DD", value)
        try:
            return write(value[:10])
        except ValueError:
            raise Unmappable("not a date YYYY-MM-DD", value) from None

    return convert


def month(form: str, *, start_month: int, named_by: Literal["start", "end"]) -> Callable[[Any, Any], str]:
    """A fiscal year and a period number as the calendar month, written by a strftime format.

    `start_month`: the calendar month of period 1. `named_by`: whether the fiscal year bears the name of the calendar
    year in which it starts or ends (the same when it starts in January).
    """
    back = 1 if start_month > 1 and named_by == "end" else 0

    @lru_cache(maxsize=2048)
    def write(year: str, period: str) -> str:
        if not period.isdecimal() or not 1 <= int(period) <= 12:
            raise Unmappable("not a period from 1 to 12", period)
        if not year.isdecimal() or not 1900 <= int(year) <= 9999:
            raise Unmappable("not a year of four digits", year)
        years, index = divmod(start_month - 1 + int(period) - 1, 12)
        return date(int(year) - back + years, index + 1, 1).strftime(form)

    def convert(year: Any, period: Any) -> str:  # noqa: ANN401 - JSON values
        year_text, period_text = _whole(year), _whole(period)
        return write(year_text, period_text) if year_text or period_text else ""

    return convert


def _whole(value: Any) -> str:  # noqa: ANN401 - a JSON value
    if type(value) is Decimal and value == value.to_integral_value():
        return str(int(value))
    return as_text(value).strip()


def boolean(true: Collection[str] | None, false: Collection[str] | None) -> Converter:
    """Booleans. With `true` alone, everything else is false; with both, anything else is unmappable."""
    yes, no = frozenset(true or ()), frozenset(false or ())
    usual = not yes and not no

    def convert(value: Any) -> str:  # noqa: ANN401 - a JSON value
        text = as_text(value)
        if usual:
            text = text.strip().lower()
            if not text:
                return ""
            if text in _TRUE or text in _FALSE:
                return "true" if text in _TRUE else "false"
            raise Unmappable("not a boolean", value)
        if text in yes:
            return "true"
        if text in no or not no:
            return "false"
        if not yes:
            return "true"
        raise Unmappable("not one of the values for true and false", value)

    return convert


def lookup(values: Mapping[str, str], default: str | None) -> Converter:
    """The entry of a table; `default` for values that have none, otherwise they are unmappable."""

    def convert(value: Any) -> str:  # noqa: ANN401 - a JSON value
        text = as_text(value)
        found = values.get(text, default)
        if found is None:
            if not text:
                return ""
            raise Unmappable("no entry in values", value)
        return found

    return convert
