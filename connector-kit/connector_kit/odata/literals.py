"""How a value of each Edm type is written in a URL (OData 4.0 part 2, 5.1.1.6.1; OData 2.0 "Overview", 6)."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime, time, timezone
from decimal import Decimal
from typing import Literal
from urllib.parse import quote
from uuid import UUID


class Exact(str):
    """A moment or time of day finer than microseconds, as ISO text."""

    __slots__ = ()


Value = str | int | Decimal | bool | date | datetime | time | UUID | bytes | None
Version = Literal["2.0", "4.0"]
DateStyle = Literal["offset", "date", "quoted"]
"""How V4 servers want a day: `2024-01-31T00:00:00Z`, `2024-01-31`, or `'2024-01-31'`."""

# Sub-delimiters that stay readable in a query. "+" is not among them: many servers read it as a blank.
_QUERY_SAFE = "$,()'/:@;="
_NUMERIC_V2 = {"Edm.Decimal": "M", "Edm.Int64": "L", "Edm.Double": "d", "Edm.Single": "f"}


# What only claims to be one, as a state or an answer may, is written as a text: in quotes, it can't change the filter.
_GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_MOMENT = re.compile(r"(\d{4,}-\d\d-\d\dT)?\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


def literal(value: Value, edm: str = "", *, version: Version = "4.0", dates: DateStyle = "offset") -> str:
    """`value` as a literal of the Edm type; without a type, of the one that the Python type suggests.

    Raises:
        TypeError: for a value that has no literal, such as a float: it could not be exact.
    """
    if value is None or isinstance(value, bool):
        text = {None: "null", True: "true", False: "false"}[value]
    elif isinstance(value, (int, Decimal)):
        text = _number(value, edm, version)
    elif isinstance(value, (date, datetime)):
        text = _moment(value, edm, version, dates)
    elif isinstance(value, Exact) and _MOMENT.fullmatch(value):
        text = _exact(value, edm, version, dates)
    elif isinstance(value, time):
        text = _time(value.isoformat(), version)
    elif isinstance(value, UUID) or (isinstance(value, str) and edm == "Edm.Guid" and _GUID.fullmatch(value)):
        text = f"guid'{value}'" if version == "2.0" else str(value)
    elif isinstance(value, bytes):
        text = f"binary'{value.hex()}'" if version == "2.0" else _base64url(value)
    elif isinstance(value, str):
        text = "'" + value.replace("'", "''") + "'"
    else:
        raise TypeError(f"no OData literal for {type(value).__name__}")
    return text


def encode_query(text: str) -> str:
    """A query option's value, percent-encoded: `+`, `&`, `%`, `#` and non-ASCII always, blanks as %20."""
    return quote(text, safe=_QUERY_SAFE)


def _number(value: int | Decimal, edm: str, version: Version) -> str:
    text = str(value) if isinstance(value, int) else format(value, "f")
    return text + _NUMERIC_V2.get(edm, "") if version == "2.0" else text


def _time(text: str, version: Version) -> str:
    if version == "4.0":
        return text
    hours, minutes, seconds = text.split(":")
    whole, point, fraction = seconds.partition(".")
    return f"time'PT{int(hours)}H{int(minutes)}M{int(whole)}{point}{fraction}S'"


def _exact(value: Exact, edm: str, version: Version, dates: DateStyle) -> str:
    if "T" not in value:
        return _time(value, version)
    if version == "2.0":
        return f"datetimeoffset'{value}'" if edm == "Edm.DateTimeOffset" else f"datetime'{value.rstrip('Z')}'"
    return f"'{value.rstrip('Z')}'" if dates == "quoted" else str(value)


def _moment(value: date, edm: str, version: Version, dates: DateStyle) -> str:
    moment = value if isinstance(value, datetime) else None
    if version == "2.0":
        clock = moment or datetime(value.year, value.month, value.day)  # noqa: DTZ001 - V2 date-times have no zone
        if edm == "Edm.DateTimeOffset":
            return f"datetimeoffset'{_utc(clock)}'"
        return f"datetime'{clock.replace(tzinfo=None).isoformat(timespec='auto')}'"
    if moment is not None and edm != "Edm.Date":
        return f"'{moment.replace(tzinfo=None).isoformat()}'" if dates == "quoted" else _utc(moment)
    day = value.isoformat()[:10]
    if edm == "Edm.Date" or dates == "date":
        return day
    return f"'{day}'" if dates == "quoted" else f"{day}T00:00:00Z"


def _utc(moment: datetime) -> str:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    with suppress(OverflowError):  # within hours of the calendar's first or last day: with its own offset
        aware = aware.astimezone(timezone.utc)
    return aware.isoformat().replace("+00:00", "Z")


def _base64url(value: bytes) -> str:
    from base64 import urlsafe_b64encode  # noqa: PLC0415 - no stream compares binary columns as a rule

    return f"binary'{urlsafe_b64encode(value).decode()}'"
