"""Anaplan's texts to values, a column at a time: exact numbers, booleans, days; an empty cell is null.

What an export or view writes for a date or a number is not documented: ISO dates and plain numbers are always
understood, others by what `Notation` says.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connector_kit.anaplan.errors import SYSTEM
from connector_kit.anaplan.line_items import ValueKind
from connector_kit.errors import ConfigurationError, RefusedError

log = logging.getLogger(__name__)

Column = Sequence[str]
Values = list[Any]

_NO_NUMBERS = frozenset({"NaN", "Infinity", "-Infinity"})
"""What a formula gives that divides by zero. In no file that was seen, but in no number of JSON either."""
_NUMBER = frozenset("0123456789+-.eE")
_BOOLEANS = {"": None, "true": True, "false": False, "yes": True, "no": False}
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_TOKENS = {"yyyy": "%Y", "yy": "%y", "MMM": "%b", "MM": "%m", "M": "%m", "dd": "%d", "d": "%d"}
_TOKEN = re.compile(r"[A-Za-z]+|%")


@dataclass(frozen=True, slots=True)
class Notation:
    """How numbers and dates are written. `date_format` as in Anaplan's own dialogs, e.g. dd/MM/yyyy."""

    decimal_separator: str = "."
    group_separator: str = ""
    date_format: str = "yyyy-MM-dd"


def converter(kind: ValueKind, notation: Notation, subject: str) -> Callable[[Column, int], Values]:
    """A function from a column's texts to values of its kind, None for empty ones.

    The second argument is how many rows came before, for messages. What it raises is a RefusedError that names the
    row.

    Raises:
        ConfigurationError: a date format that can't be read.
    """
    if kind == "number":
        noted: list[str] = []
        return lambda cells, before: _numbers(_without_nan(cells, before, subject, noted), before, notation, subject)
    if kind == "boolean":
        return lambda cells, before: _by_value(cells, before, _boolean, "a boolean, true or false", subject)
    if kind == "date":
        day = _day_reader(notation.date_format, subject)
        expected = f"a date as {notation.date_format}"
        return lambda cells, before: _by_value(cells, before, day, expected, subject)
    return lambda cells, _: [cell or None for cell in cells]


def _without_nan(cells: Column, before: int, subject: str, noted: list[str]) -> Column:
    """The cells with empty ones in place of NaN and infinities; the first one of a column is in the log."""
    if _NO_NUMBERS.isdisjoint(cells):
        return cells
    if not noted:
        at = next(at for at, cell in enumerate(cells) if cell in _NO_NUMBERS)
        noted.append(cells[at])
        row = before + at + 1
        log.warning("%s, row %d: expected a number, got %s: null in records, here and after", subject, row, cells[at])
    return ["" if cell in _NO_NUMBERS else cell for cell in cells]


def _numbers(cells: Column, before: int, notation: Notation, subject: str) -> Values:
    plain = cells
    if notation.group_separator:
        plain = [cell.replace(notation.group_separator, "") for cell in plain]
    if notation.decimal_separator != ".":
        if any("." in cell for cell in plain):
            at = next(at for at, cell in enumerate(plain) if "." in cell)
            raise _not_a_number(cells[at], before + at, notation, subject)
        plain = [cell.replace(notation.decimal_separator, ".") for cell in plain]
    # Decimal would take blanks, underscores and other scripts' digits as well.
    if _NUMBER.issuperset("".join(plain)):
        try:
            return [Decimal(cell) if cell else None for cell in plain]
        except InvalidOperation:
            pass
    raise _not_a_number(*_first_without_number(cells, plain, before), notation, subject)


def _first_without_number(cells: Column, plain: Column, before: int) -> tuple[str, int]:
    for at, cell in enumerate(plain):
        try:
            if _NUMBER.issuperset(cell):
                Decimal(cell or "0")
                continue
        except InvalidOperation:
            pass
        return cells[at], before + at
    raise AssertionError("every cell is a number")


def _not_a_number(cell: str, row: int, notation: Notation, subject: str) -> RefusedError:
    return _refused(
        f"a number with {notation.decimal_separator!r} before the decimals"
        + (f" and {notation.group_separator!r} between groups" if notation.group_separator else ""),
        cell,
        row,
        subject,
        "Set decimal_separator and group_separator to what Anaplan writes, or the column's type to text.",
    )


def _by_value(cells: Column, before: int, read: Callable[[str], object], expected: str, subject: str) -> Values:
    """Few different texts stand in such a column: each is read once."""
    try:
        known = {cell: read(cell) for cell in set(cells)}
    except (KeyError, ValueError):
        at = next(at for at, cell in enumerate(cells) if not _readable(cell, read))
        hint = "Set date_format to what Anaplan writes, or the column's type to text."
        raise _refused(expected, cells[at], before + at, subject, hint) from None
    return [known[cell] for cell in cells]


def _readable(cell: str, read: Callable[[str], object]) -> bool:
    try:
        read(cell)
    except (KeyError, ValueError):
        return False
    return True


def _boolean(cell: str) -> bool | None:
    return _BOOLEANS[cell.strip().lower()]


def _day_reader(form: str, subject: str) -> Callable[[str], str | None]:
    pattern = _strptime(form, subject)

    def day(cell: str) -> str | None:
        plain = cell.strip()
        if not plain:
            return None
        if _ISO.fullmatch(plain):
            return date.fromisoformat(plain).isoformat()
        return datetime.strptime(plain, pattern).date().isoformat()  # noqa: DTZ007 - a day has no time zone

    return day


def _strptime(form: str, subject: str) -> str:
    tokens = _TOKEN.findall(form)
    meant = [_TOKENS.get(each, "") for each in tokens]
    if not form or not all(meant) or len(set(meant)) != len(meant):
        raise ConfigurationError(
            system=SYSTEM,
            subject=f"{subject}, date_format",
            expected=f"made of {', '.join(_TOKENS)}, each day, month and year once",
            got=repr(form),
        )
    return _TOKEN.sub(lambda found: _TOKENS[found[0]], form)


def _refused(expected: str, cell: str, row: int, subject: str, hint: str) -> RefusedError:
    shown = repr(cell if len(cell) <= 40 else cell[:40] + "…")
    return RefusedError(system=SYSTEM, subject=f"{subject}, row {row + 1}", expected=expected, got=shown, hint=hint)
