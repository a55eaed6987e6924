"""Values of a source file's cells: how each format reads its text, and how a value is written out again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.anaplan.calendar import Period
from sandbox.anaplan.data import Item, ListData, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.anaplan.calendar import Calendar
    from sandbox.anaplan.schema import Format
    from sandbox.core.switches import Switches

    Convert = Callable[[str], Value]

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")
_BOOLEANS = {"true": True, "yes": True, "false": False, "no": False}
_REMEMBERED = 20_000


class BadValueError(ValueError):
    """A text that a format does not take: the row-level message ``type`` of the API and its words."""

    def __init__(self, type_: str, text: str) -> None:
        super().__init__(text)
        self.type = type_


class AggregateError(ValueError):
    """A dimension item that is calculated from its children and takes no input."""


def number_reader(decimal: str = ".") -> Convert:
    """Numbers in plain notation, kept as exact text with a full stop."""
    match = _NUMBER.fullmatch

    def read(text: str) -> Value:
        plain = text.strip()
        if decimal != ".":
            plain = plain.replace(".", " ").replace(decimal, ".")
        if not plain:
            return None
        if match(plain) is None:
            raise BadValueError("moduleImportNumberFormat", f"Invalid number: {text}")
        return plain[1:] if plain[0] == "+" else plain

    return read


def read_boolean(text: str) -> Value:
    """true, false, yes or no in any case."""
    if not text:
        return None
    try:
        return _BOOLEANS[text.strip().lower()]
    except KeyError:
        raise BadValueError("moduleImportBooleanFormat", f"Invalid boolean: {text}") from None


def text_reader() -> Convert:
    """Texts; a limited number of distinct ones is shared, for codes and the like repeat."""
    seen: dict[str, str] = {}

    def read(text: str) -> Value:
        if not text:
            return None
        known = seen.get(text)
        if known is not None:
            return known
        if len(seen) < _REMEMBERED:
            seen[text] = text
        return text

    return read


def date_reader(pattern: str) -> Convert:
    """Dates as ``pattern`` says (d, M, y runs with separators between them)."""
    groups = {"d": r"(?P<d>\d{1,2})", "M": r"(?P<M>\d{1,2})", "y": r"(?P<y>\d{4})"}
    expression = re.compile(re.sub(r"d+|M+|y+", lambda run: groups[run.group()[0]], pattern.replace(".", r"\.")))
    seen: dict[str, date] = {}

    def read(text: str) -> Value:
        known = seen.get(text)
        if known is not None:
            return known
        if not text:
            return None
        found = expression.fullmatch(text.strip())
        if found is None:
            raise BadValueError("dateFormatInvalid", f"Expected separator in date/period: {text}")
        try:
            day = date(int(found["y"]), int(found["M"]), int(found["d"]))
        except ValueError:
            raise BadValueError("moduleImportDateFormat", f"Invalid date: {text}") from None
        seen[text] = day
        return day

    return read


def period_reader(calendar: Calendar) -> Convert:
    """Months by name, as in "Jan 24"."""
    names = calendar.by_name

    def read(text: str) -> Value:
        period = names.get(text)
        if period is not None and not period.is_aggregate:
            return period
        if not text:
            return None
        raise BadValueError("moduleImportInvalidTimeEntityIdentifier", f"Invalid time period: {text}")

    return read


def member_reader(data: ListData) -> Convert:
    """List items by code, else by name."""
    by_code, find, name = data.by_code, data.find, data.definition.name

    def read(text: str) -> Value:
        item = by_code.get(text) or find(text)
        if item is not None:
            return item
        if not text:
            return None
        raise BadValueError("moduleImportInvalidListIdentifier", f"Item not located in {name} list: {text}")

    return read


def reader(form: Format, lists: Mapping[str, ListData], calendar: Calendar, decimal: str, date_format: str) -> Convert:
    """The reader of a format."""
    if form.kind == "NUMBER":
        return number_reader(decimal)
    if form.kind == "BOOLEAN":
        return read_boolean
    if form.kind == "DATE":
        return date_reader(date_format)
    if form.kind == "TIME PERIOD":
        return period_reader(calendar)
    if form.kind == "LIST":
        return member_reader(lists[form.list_name])
    return text_reader()


@dataclass(frozen=True, slots=True)
class Writing:
    """How values leave a model: ``dates`` as a pattern of dd, MM and yyyy, ``numbers`` exact or shortest."""

    dates: str = "yyyy-MM-dd"
    numbers: str = "exact"

    @classmethod
    def of(cls, switches: Switches) -> Writing:
        """As the switches stand now."""
        return known if (known := cls(switches.text("date_text"), switches.text("number_text"))) != EXACT else EXACT

    def date(self, day: date) -> str:
        """A date in the pattern."""
        parts = {"dd": f"{day.day:02}", "MM": f"{day.month:02}", "yyyy": f"{day.year:04}"}
        return re.sub("dd|MM|yyyy", lambda part: parts[part.group()], self.dates)

    def number(self, text: str) -> str:
        """A number's text without zeros at its end, as a binary number would be written."""
        if self.numbers == "exact" or "." not in text:
            return text
        return text.rstrip("0").rstrip(".") or "0"


#: As the values came in: what the sandbox's own comparisons read.
EXACT = Writing()


def written(value: Value) -> str:
    """A value as the API writes it; blank for none and for deleted items. Lists items are written by name."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Item):
        return value.name if value.alive else ""
    if isinstance(value, Period):
        return value.name
    return value.isoformat()


def same(left: Value, right: Value, kind: str) -> bool:
    """Whether two values of a format are equal; blank numbers are zero and blank booleans false."""
    if left == right:
        return True
    if kind == "NUMBER":
        return Decimal(str(left or 0)) == Decimal(str(right or 0))
    if kind == "BOOLEAN":
        return bool(left) == bool(right)
    return False
