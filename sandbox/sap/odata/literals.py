"""Literals of both versions: how each type is written in an address, and the stored value that it stands for.

V2: datetime'...', datetimeoffset'...', time'PT...', guid'...', numbers with a suffix (SAP's page on date and time in
the Gateway foundation; OData 2.0). V4: bare (OData 4.0 part 2). Gateway refuses more than seven digits of a second.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.core.odata.errors import ODataError, bad_request
from sandbox.core.odata.syntax import V4, Lexicon, Value, lexicon

if TYPE_CHECKING:
    from sandbox.sap.schema import Property, Stored

V2 = lexicon(
    r"""
      (?P<datetimeoffset>datetimeoffset'[^']*')
    | (?P<datetime>datetime'[^']*')
    | (?P<duration>time'[^']*')
    | (?P<guid>guid'[^']*')
    """,
    {
        "substringof": 2, "startswith": 2, "endswith": 2, "tolower": 1, "toupper": 1, "trim": 1, "length": 1,
        "year": 1, "month": 1, "day": 1,
    },
    "datetimeoffset", "datetime", "duration", "guid",
    number_suffix="[MmLlDdFf]?",
)  # fmt: skip
LEXICONS: dict[str, Lexicon] = {"2.0": V2, "4.0": V4}

_ACCEPTED = {
    "string": {"string"},
    "guid": {"guid"},
    "boolean": {"boolean"},
    "date": {"datetime", "date"},
    "datetimeoffset": {"datetimeoffset", "offset"},
    "time": {"duration", "time"},
}
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?(Z|z|[+-]\d\d:\d\d)?")
_DURATION = re.compile(r"PT(?:(\d{1,2})H)?(?:(\d{1,2})M)?(?:(\d{1,2})(?:\.\d{1,7})?S)?")
_TIME = re.compile(r"(\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?")
_LARGEST = 2**63
_PREFIXED = re.compile(r"[A-Za-z]*'(.*)'", re.DOTALL)
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def literal(kind: str, text: str) -> Value:
    """A token of a lexicon as a literal."""
    if kind == "name":
        kind = "null" if text == "null" else "boolean"
    quoted = _PREFIXED.fullmatch(text)
    return Value(kind, text if quoted is None else quoted[1].replace("''", "'"))


def stored(value: Value, each: Property) -> Stored:
    """A literal as the property stores it; ODataError 400 when its type is another."""
    number = number_of(value, each)
    if number is not None:
        if number != number.to_integral_value():
            raise _mismatch(value, each)
        return int(number)
    text = value.text
    if value.kind not in _ACCEPTED[each.kind]:
        raise _mismatch(value, each)
    if each.kind == "date":
        return day(text, each.name)
    if each.kind == "datetimeoffset":
        return moment(text, each.name)
    if each.kind == "time":
        return time_of_day(text, each.name)
    if each.kind == "guid":
        return guid(text, each.name)
    return int(text == "true") if each.kind == "boolean" else text


def number_of(value: Value, each: Property) -> Decimal | None:
    """A number in the unit that the property stores (ten to its scale); None for properties that hold none."""
    if each.kind not in {"decimal", "int16", "int32", "int64"}:
        return None
    if value.kind != "number":
        raise _mismatch(value, each)
    try:
        number = Decimal(value.text).scaleb(each.scale)
        whole = number == number.to_integral_value()
    except ArithmeticError:
        raise _invalid(value.text, each.name) from None
    if abs(number) >= _LARGEST or (each.kind != "decimal" and not whole):
        raise _invalid(value.text, each.name)
    return number


def day(text: str, name: str) -> str:
    """The date of a V2 moment without zone or of a V4 date."""
    match = _MOMENT.fullmatch(text)
    if match is not None and match[5] is None:
        text = match[1]
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise _invalid(text, name) from None


def moment(text: str, name: str) -> str:
    """A point in time with its zone, in UTC with seven digits of the second."""
    match = _MOMENT.fullmatch(text)
    if match is None or match[5] is None:
        raise _invalid(text, name)
    try:
        when = datetime.fromisoformat(f"{match[1]}T{match[2]}:{match[3] or '00'}").replace(tzinfo=timezone.utc)
        if match[5] not in {"Z", "z"}:
            hours, minutes = int(match[5][1:3]), int(match[5][4:])
            shift = timedelta(hours=hours, minutes=minutes)
            when = when - shift if match[5][0] == "+" else when + shift
    except (ValueError, OverflowError):
        raise _invalid(text, name) from None
    return f"{when:%Y-%m-%dT%H:%M:%S}.{(match[4] or '').ljust(7, '0')}Z"


def time_of_day(text: str, name: str) -> str:
    """PT8H30M0S or 08:30:00."""
    match = _DURATION.fullmatch(text) or _TIME.fullmatch(text)
    if match is None or text == "PT":
        raise _invalid(text, name)
    parts = [int(part or 0) for part in match.groups()]
    if parts[0] > 23 or parts[1] > 59 or parts[2] > 59:
        raise _invalid(text, name)
    return ":".join(f"{part:02d}" for part in parts)


def guid(text: str, name: str) -> str:
    """A GUID in lower case."""
    if _GUID.fullmatch(text) is None:
        raise _invalid(text, name)
    return text.lower()


def _mismatch(value: Value, each: Property) -> ODataError:
    return bad_request(f"Property '{each.name}' ({each.kind}) does not compare with '{value.text}' ({value.kind}).")


def _invalid(text: str, name: str) -> ODataError:
    return bad_request(f"Invalid literal '{text}' for property '{name}'.")
