"""Values of records as the texts of cells: numbers exact, dates from ISO text, booleans, periods, lookups.

The unit of work is a column of a block. Every converter is made once per column of the mapping and turns a list of
values into a list of texts. None and blank text become blank text. A value that can't be converted raises
`Unmappable`: the block is then tried row by row, and that row is rejected. Never a crash, never a silent blank.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any, Generic, Literal, TypeVar

from connector_kit.numerals import whole

Converter = Callable[[list[Any]], list[str]]
K = TypeVar("K")

_SHOWN = 40
_REMEMBERED = 50_000
_TIME = re.compile(r"[T ]([01]\d|2[0-3]):[0-5]\d(:[0-6]\d([.,]\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?")
_DIRECTIVE = re.compile(r"%.")
_EXACT = Context(prec=400)
_TRUE = frozenset({"true", "yes", "y", "1"})
_FALSE = frozenset({"false", "no", "n", "0"})
_TEXT_ONLY = {str}
_WHOLE_ONLY = {int}


class Unmappable(Exception):  # noqa: N818 - a row's fate, not a failure of the program
    """A value without a place in its column. `reason` is the same for all such values, `got` names this one.

    `column` where whoever raises it knows.
    """

    def __init__(self, reason: str, value: object = None, column: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.column = column
        self.got = _shown(value)


def _shown(value: object) -> str:
    kinds = {str: "text", bool: "boolean", int: "number", Decimal: "number", list: "list", dict: "object"}
    if value is None:
        return ""
    text = str(value)
    short = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return kinds.get(type(value), type(value).__name__) + ("" if isinstance(value, (list, dict)) else f" {short!r}")


class _Memory(dict[K, str], Generic[K]):
    """Texts by value, each converted once: columns repeat themselves. It stops growing at some size."""

    def __init__(self, convert: Callable[[K], str]) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, value: K) -> str:
        text = self._convert(value)
        if len(self) < _REMEMBERED:
            self[value] = text
        return text


def as_text(value: Any) -> str:  # noqa: ANN401 - a JSON value
    """A JSON value as text: numbers without exponent, true/false, None as blank. Lists and objects are unmappable."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        text = str(value)
        return format(value, "f") if "E" in text else text
    raise Unmappable("a list or object has no place in a column", value)


def as_texts(values: list[Any]) -> list[str]:
    """A column of JSON values as texts."""
    kinds = set(map(type, values))
    if kinds == _TEXT_ONLY:
        return values
    if kinds == _WHOLE_ONLY:
        return list(map(str, values))
    return [value if type(value) is str else as_text(value) for value in values]


def plain(decimal_separator: str, *, numeric_texts: bool = False) -> Converter:
    """Text as it is; numbers with the file's decimal separator.

    numeric_texts: the field's texts are numbers too (`format: singer.decimal`); others are unmappable then. A file
    with decimal points takes them as they are.
    """
    if decimal_separator == ".":
        return as_texts
    if numeric_texts:
        return number(decimal_separator)

    def convert(values: list[Any]) -> list[str]:
        texts = as_texts(values)
        if texts is values:
            return texts
        return [
            text.replace(".", decimal_separator) if type(value) is Decimal else text
            for value, text in zip(values, texts, strict=True)
        ]

    return convert


def number(decimal_separator: str, *, decimals: int | None = None, negate: bool = False) -> Converter:
    """Numbers, also those that come as text; rounded half up to `decimals` digits, or untouched."""
    unit = None if decimals is None else Decimal(1).scaleb(-decimals)
    point = -1 - (decimals or 0)

    def one(value: Any) -> str:  # noqa: ANN401 - a JSON value
        if decimals and type(value) is Decimal and not negate:
            text = str(value)
            if text[point : point + 1] == "." and text[0] != "-":
                return text  # it has that many digits already: most amounts do
        if value is None or value == "":
            return ""
        amount = _decimal(value)
        if negate:
            amount = amount.copy_negate()
        if unit is not None:
            amount = amount.quantize(unit, ROUND_HALF_UP, _EXACT)
        return format(amount or amount.copy_abs(), "f")

    def convert(values: list[Any]) -> list[str]:
        texts = [one(value) for value in values]
        return texts if decimal_separator == "." else [text.replace(".", decimal_separator) for text in texts]

    return convert


def _decimal(value: Any) -> Decimal:  # noqa: ANN401 - a JSON value
    if type(value) is Decimal:
        amount = value
    else:
        if isinstance(value, bool) or not isinstance(value, (int, str)) or "_" in str(value):
            raise Unmappable("not a number", value)
        try:
            amount = Decimal(value)
        except InvalidOperation:
            raise Unmappable("not a number", value) from None
    if not amount.is_finite() or abs(amount.adjusted()) > 300:
        raise Unmappable("not a number", value)
    return amount


def checked_format(form: str) -> str:
    """A strftime format that writes dates. Raises ValueError for others, such as `dd/MM/yyyy`, which is a constant."""
    if date(2001, 2, 3).strftime(form) == date(2026, 11, 30).strftime(form):
        raise ValueError(f"{form!r} writes every date alike: a format such as %d/%m/%Y is needed")
    return form


def written(when: date, form: str) -> str:
    """A date by a strftime format, with years of four digits: C libraries write those before 1000 without zeros."""
    if when.year < 1000:
        digits = f"{when.year:04d}"
        years = {"%Y": digits, "%G": f"{when.isocalendar()[0]:04d}", "%F": f"{digits}-%m-%d", "%%": "%%"}
        form = _DIRECTIVE.sub(lambda found: years.get(found[0], found[0]), form)
    return when.strftime(form)


def iso_day(text: str) -> date:
    """The date of "YYYY-MM-DD" or of a date-time, as it stands there. Unmappable when it is neither."""
    rest = text[10:]
    if text[4:5] != "-" or text[7:8] != "-" or (rest and not _TIME.fullmatch(rest)):
        raise Unmappable("not a date YYYY-MM-DD", text)
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise Unmappable("not a date YYYY-MM-DD", text) from None


def day(form: str) -> Converter:
    """Dates: "YYYY-MM-DD", or a date-time of which the date is kept as it stands, written by a strftime format.

    24:00 is unmappable: some mean the day's end by it, ISO 8601 the next day's beginning.
    """

    def one(text: str) -> str:
        return written(iso_day(text), form) if text else ""

    known = _Memory(one)
    return lambda values: list(map(known.__getitem__, as_texts(values)))


def month(
    form: str, *, start_month: int, named_by: Literal["start", "end"]
) -> Callable[[list[Any], list[Any]], list[str]]:
    """Fiscal years and period numbers as calendar months, written by a strftime format.

    `start_month`: the calendar month of period 1. `named_by`: whether the fiscal year bears the name of the calendar
    year in which it starts or ends (the same when it starts in January).
    """
    back = 1 if start_month > 1 and named_by == "end" else 0

    def one(pair: tuple[str, str]) -> str:
        texts = [_bare(text) for text in pair]
        if not any(texts):
            return ""
        year, period = map(whole, texts)
        if period is None or not 1 <= period <= 12:
            raise Unmappable("not a period from 1 to 12", pair[1] or "blank")
        if year is None or not 1900 <= year <= 9998:
            raise Unmappable("not a year of four digits", pair[0] or "blank")
        years, index = divmod(start_month - 1 + period - 1, 12)
        return date(year - back + years, index + 1, 1).strftime(form)

    known = _Memory(one)
    return lambda years, periods: list(map(known.__getitem__, zip(as_texts(years), as_texts(periods), strict=True)))


def _bare(text: str) -> str:
    """Whole numbers may come as 2026.0 or with blanks around them."""
    plain_text = text.strip()
    whole, point, rest = plain_text.partition(".")
    return whole if point and not rest.strip("0") else plain_text


def boolean(true: Collection[str] | None, false: Collection[str] | None) -> Converter:
    """Booleans. With `true` alone, everything else is false; with both, anything else is unmappable."""
    yes, no = frozenset(true or ()), frozenset(false or ())

    def usual(text: str) -> str:
        word = text.strip().lower()
        if not word:
            return ""
        if word in _TRUE or word in _FALSE:
            return "true" if word in _TRUE else "false"
        raise Unmappable("not a boolean", text)

    def listed(text: str) -> str:
        if text in yes or (not yes and text not in no):
            return "true"
        if text in no or not no:
            return "false"
        raise Unmappable("not one of the values for true and false", text)

    known = _Memory(listed if yes or no else usual)
    return lambda values: list(map(known.__getitem__, as_texts(values)))


def lookup(table: Mapping[str, str], default: str | None) -> Converter:
    """The entry of a table; `default` for values that have none, otherwise they are unmappable. Blank stays blank."""

    def one(text: str) -> str:
        found = table.get(text, default)
        if found is None and text:
            raise Unmappable("no entry in values", text)
        return found or ""

    known = _Memory(one)
    return lambda values: list(map(known.__getitem__, as_texts(values)))
