"""Days, moments and times of day: from the JSON of either OData version to the text of a record.

V2 writes `/Date(milliseconds)/` for Edm.DateTime, `/Date(milliseconds+minutes)/` for Edm.DateTimeOffset, where the
offset only says how to show the moment, and a duration (`PT08H30M00S`) for Edm.Time (OData 2.0, "JSON Format", 4).

The same few thousand days fill millions of rows, so what was read once is remembered.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache

from connector_kit.odata.literals import Value, Version
from connector_kit.odata.schema import Kind

_V2_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{1,4})?\)/")
_V2_TIME = re.compile(r"P(?:0*D)?T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(\.\d+)?S)?")
_FRACTION = re.compile(r"\.\d+")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def moment_reader(kind: Kind, version: Version) -> Callable[[str], str] | None:
    """The function that makes a record's text of a value of this kind; None where it is that text already."""
    if version == "4.0":
        return _day if kind == "date" else None
    return {"date": _v2_day, "timestamp": _v2_timestamp, "time": _v2_time}.get(kind)


def parse_moment(text: str) -> datetime:
    """A record's timestamp (or day) as a moment; UTC where it names no zone. Finer than microseconds is cut."""
    moment = _iso(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def key_value(value: Value, kind: Kind) -> Value:
    """A key's value as a literal needs it: a moment as one, or as a day when it is the day's beginning."""
    if not isinstance(value, str) or kind not in {"date", "timestamp", "time"}:
        return value
    if kind == "time":
        return time.fromisoformat(_v2_time(value))
    moment = _v2_moment(value) or _iso(value)
    return moment.date() if moment.time() == time.min else moment


def value_of_text(text: str, kind: Kind) -> Value:
    """The same value from the text that a state keeps."""
    if kind == "time":
        return time.fromisoformat(text)
    return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)


def _iso(text: str) -> datetime:
    """Python before 3.11 takes no Z, and fractions of three or six digits only."""
    return datetime.fromisoformat(_FRACTION.sub(lambda found: found[0][:7].ljust(7, "0"), text.replace("Z", "+00:00")))


def _day(text: str) -> str:
    return text[:10]


def _v2_moment(text: str) -> datetime | None:
    found = _V2_DATE.fullmatch(text)
    return _EPOCH + timedelta(milliseconds=int(found[1])) if found else None


@lru_cache(maxsize=20_000)
def _v2_timestamp(text: str) -> str:
    moment = _v2_moment(text)
    return text if moment is None else moment.isoformat().replace("+00:00", "Z")


@lru_cache(maxsize=20_000)
def _v2_day(text: str) -> str:
    moment = _v2_moment(text)
    return text[:10] if moment is None else moment.date().isoformat()


@lru_cache(maxsize=20_000)
def _v2_time(text: str) -> str:
    found = _V2_TIME.fullmatch(text)
    if found is None:
        return text
    hours, minutes, seconds, fraction = found.groups()
    return f"{int(hours or 0):02}:{int(minutes or 0):02}:{int(seconds or 0):02}{fraction or ''}"
