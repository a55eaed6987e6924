"""Days, moments and times of day: from the JSON of either OData version to the text of a record.

V2 writes `/Date(milliseconds)/` for Edm.DateTime, `/Date(milliseconds+minutes)/` for Edm.DateTimeOffset, where the
offset only says how to show the moment, and a duration (`PT08H30M00S`) for Edm.Time (OData 2.0, "JSON Format", 4).
Services also send what their database has in place of a date: nothing, zeros, eight digits (ABAP's DATS), a date in no
calendar. What is written like a date and names no day is no value; any other text is an error.

The same few thousand days fill millions of rows, so what was read once is remembered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache

from connector_kit.odata.literals import Exact, Value
from connector_kit.odata.schema import Kind

_V2_DATE = re.compile(r"/Date\((-?\d+|NaN)(?:[+-]\d{1,4})?\)/")
_V2_TIME = re.compile(r"P(?:0*D)?T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(\.\d+)?S)?")
_DATE = re.compile(r"(-?\d{4,})-(\d\d)-(\d\d)(?:([T ].*))?|(\d{4})(\d\d)(\d\d)", re.ASCII)
_CLOCK = re.compile(r"(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?", re.ASCII)
_ZONED = re.compile(r"[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?", re.ASCII)
_MOMENTS = re.compile(
    r"(?:(?!0000)\d{4}-"
    r"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
    r"T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?\n)*",
    re.ASCII,
)
_FRACTION = re.compile(r"\.\d+")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def are_moments(texts: Iterable[str | None]) -> bool:
    """Whether all that are there are moments in ISO form, as records have them: one look at a whole column.

    29 February is left to `record_text`.
    """
    present = [text for text in texts if text is not None]
    return not present or _MOMENTS.fullmatch("\n".join(present) + "\n") is not None


def record_text(kind: Kind) -> Callable[[str], str | None]:
    """The function that makes a record's text of a date or time; None for what names no day or time of day.

    It raises ValueError, with the text, for one that is not written like a date or time.
    """
    return _READERS[kind]


def parse_moment(text: str) -> datetime:
    """A record's timestamp (or day) as a moment; UTC where it names no zone. Finer than microseconds is cut."""
    moment = datetime.fromisoformat(_six_digits(text))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def key_value(value: Value, kind: Kind) -> Value:
    """A key's value as a literal needs it: a moment as one, or as a day when it is the day's beginning.

    Finer than microseconds (OData allows twelve digits, SQL Server sends seven) it stays a text: cut, the filter behind
    it would bring the same row again. None for a date that names no day; ValueError for a text that is none.
    """
    if not isinstance(value, str) or kind not in {"date", "timestamp", "time"}:
        return value
    if kind == "time":
        clock = _clock(value)
        return None if clock is None else _exactly(clock, time.fromisoformat)
    found = _timestamp(value)
    if found is None:
        return None
    moment = _exactly(found, datetime.fromisoformat)
    return moment.date() if isinstance(moment, datetime) and moment.time() == time.min else moment


def value_of_text(text: str, kind: Kind) -> Value:
    """The same value from the text that a state keeps."""
    if kind == "time":
        return _exactly(text, time.fromisoformat)
    return date.fromisoformat(text) if len(text) == 10 else _exactly(text, datetime.fromisoformat)


def sortable_moment(value: Value, kind: Kind) -> object:
    """A key's day, moment or time of day, as a row or a literal has it, in a form that sorts as it passes.

    A text that is neither sorts as a text.
    """
    try:
        found, rest = key_value(value, kind), ""
        if isinstance(found, Exact):
            rest, text = _rest(found), _six_digits(found)
            found = time.fromisoformat(text) if kind == "time" else datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        found, rest = (time.min if kind == "time" else _EPOCH), str(value)
    if found is None:
        found, rest = (time.min if kind == "time" else _EPOCH), str(value)
    if isinstance(found, date) and not isinstance(found, datetime):
        found = datetime(found.year, found.month, found.day, tzinfo=timezone.utc)
    if isinstance(found, datetime) and found.tzinfo is None:
        found = found.replace(tzinfo=timezone.utc)
    return found, rest


def _exactly(text: str, read: Callable[[str], datetime | time]) -> datetime | time | Exact:
    return Exact(text) if _rest(text) else read(_six_digits(text))


def _rest(text: str) -> str:
    """What is finer than microseconds."""
    found = _FRACTION.search(text)
    return found[0][7:].rstrip("0") if found else ""


def _six_digits(text: str) -> str:
    """Python before 3.11 takes no Z, and fractions of three or six digits only."""
    return _FRACTION.sub(lambda found: found[0][:7].ljust(7, "0"), text.replace("Z", "+00:00"))


def _day_of(text: str) -> str | None:
    """The day that a date in ISO form or in eight digits names; None where no calendar has it."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError(text)
    year, month, day = found.group(1, 2, 3) if found[1] else found.group(5, 6, 7)
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except (ValueError, OverflowError):
        return None


def _time_of_day(text: str) -> str | None:
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError(text)
    hours, minutes, seconds, fraction = found.groups()
    return _in_a_day(int(hours), int(minutes), int(seconds or 0), fraction)


def _in_a_day(hours: int, minutes: int, seconds: int, fraction: str | None) -> str | None:
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    return f"{hours:02}:{minutes:02}:{seconds:02}{fraction or ''}"


def _v2_moment(text: str) -> tuple[bool, datetime | None]:
    """Whether it is written as V2 writes a moment, and the moment, where there is one."""
    found = _V2_DATE.fullmatch(text)
    if found is None:
        return False, None
    try:
        return True, _EPOCH + timedelta(milliseconds=int(found[1]))
    except (ValueError, OverflowError):
        return True, None


@lru_cache(maxsize=20_000)
def _timestamp(text: str) -> str | None:
    v2, moment = _v2_moment(text)
    if v2:
        return None if moment is None else moment.isoformat().replace("+00:00", "Z")
    if not text.strip():
        return None
    day = _day_of(text)
    clock = text[text.find("-", 1) + 6 :] if "-" in text else ""
    zoned = _ZONED.fullmatch(clock or "T00:00:00Z")
    if zoned is None:
        raise ValueError(text)
    if day is None or _time_of_day(zoned[1]) is None:
        return None
    return f"{day}T{zoned[1]}{zoned[2] or ''}"


@lru_cache(maxsize=20_000)
def _day(text: str) -> str | None:
    v2, moment = _v2_moment(text)
    if v2:
        return None if moment is None else moment.date().isoformat()
    return _day_of(text) if text.strip() else None


@lru_cache(maxsize=20_000)
def _clock(text: str) -> str | None:
    found = _V2_TIME.fullmatch(text)
    if found is None:
        return _time_of_day(text) if text.strip() else None
    hours, minutes, seconds, fraction = found.groups()
    return _in_a_day(int(hours or 0), int(minutes or 0), int(seconds or 0), fraction)


_READERS: Mapping[Kind, Callable[[str], str | None]] = {"date": _day, "timestamp": _timestamp, "time": _clock}
MOMENTS = frozenset(_READERS)
"""The kinds that are read here."""
