"""Values between people, JSON and the database: exact decimals, dates, points in time."""

from __future__ import annotations

import re
from datetime import date, datetime, timezone
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.sap.schema import Property, Stored

MONEY = 3
"""Digits after the point of stored amounts."""
_FORMS = {
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "time": re.compile(r"\d\d:\d\d:\d\d"),
    "datetimeoffset": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z"),
    "guid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
}


def stored(column: Property, value: object) -> Stored:
    """A value from JSON as the database holds it; ValueError when it does not fit."""
    if value is None or column.kind in _FORMS:
        if value is not None and not _FORMS[column.kind].fullmatch(str(value)):
            raise ValueError(f"{column.name}: expected {column.kind} as it is stored, got {value!r}")
        return None if value is None else str(value)
    if column.kind == "string":
        if column.length and len(str(value)) > column.length:
            raise ValueError(f"{column.name}: expected at most {column.length} characters, got {value!r}")
        return str(value)
    if column.kind == "decimal":
        return scaled(str(value), column.scale, column.name)
    return int(str(int(value))) if isinstance(value, bool) else int(str(value))


def scaled(value: Decimal | str, scale: int = MONEY, name: str = "amount") -> int:
    """A decimal times ten to its scale; ValueError when it has more digits or is none."""
    try:
        number = Decimal(value).scaleb(scale)
    except InvalidOperation:
        raise ValueError(f"{name}: expected a decimal, got {value!r}") from None
    if number != number.to_integral_value():
        raise ValueError(f"{name}: expected at most {scale} digits after the point, got {value}")
    return int(number)


def shown(column: Property, value: Stored) -> object:
    """A stored value for JSON: decimals as exact strings, booleans as such."""
    if column.kind == "decimal" and isinstance(value, int):
        return exact(value, column.scale)
    return bool(value) if column.kind == "boolean" else value


def exact(value: int, scale: int = MONEY) -> str:
    """A stored decimal as a string with all its digits."""
    return f"{Decimal(value).scaleb(-scale):f}"


def timestamp(moment: datetime) -> str:
    """A point in time as it is stored."""
    return f"{moment.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%S.%f}0Z"


def second(moment: datetime) -> str:
    """The same in whole seconds, as most of SAP's time stamps are."""
    return f"{timestamp(moment)[:19]}.0000000Z"


def moment_of(seconds: float) -> datetime:
    """Epoch seconds as a point in time in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc)


def day_of(text: str) -> date:
    """A stored date."""
    return date.fromisoformat(text)
