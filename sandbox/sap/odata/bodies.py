"""Bodies of creates: JSON by the metadata to Python values, strict about types as each version is.

V2 wants decimals as strings (a JSON number is refused, as SAP's own SDK had to learn), dates as /Date(ms)/ or ISO
without a zone; V4 wants decimals as JSON numbers, or strings when the body is IEEE754Compatible.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import msgspec

from sandbox.core.odata.errors import ODataError, bad_request
from sandbox.sap.odata import literals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.sap.schema import EntitySet, Property, Service

_TICKS = re.compile(r"/Date\((-?\d+)(?:[+-]\d{1,4})?\)/")
_DECIMAL = re.compile(r"-?\d+(\.\d+)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_RANGES = {"int16": 2**15, "int32": 2**31, "int64": 2**63}


def read_body(body: bytes) -> dict[str, object]:
    """The JSON object of a request; ODataError 400 when it is none."""
    try:
        found = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, InvalidOperation) as error:
        raise bad_request(f"Error while parsing the JSON body: {error}") from None
    if not isinstance(found, dict):
        raise bad_request("The body must be one JSON object.")
    inner = found.get("d")
    return inner if isinstance(inner, dict) and len(found) == 1 else found


def decoded(
    body: Mapping[str, object], entity_set: EntitySet, service: Service, *, strings: bool = False
) -> dict[str, object]:
    """Property and navigation values by name; ODataError 400 for unknown names and values of the wrong type."""
    values: dict[str, object] = {}
    for name, value in body.items():
        if name.startswith("__") or "@" in name or name == "SAP__Messages":
            continue
        each = entity_set.property_called(name)
        if each is not None:
            values[name] = None if value is None else _value(value, each, service.version, strings=strings)
            continue
        navigation = entity_set.navigation_called(name)
        target = service.set_called(navigation.target) if navigation is not None else None
        if navigation is None or target is None:
            raise bad_request(f"Property '{name}' is invalid for type {entity_set.type_name}")
        values[name] = _deep(value, target, service, name, many=navigation.many, strings=strings)
    return values


def _deep(value: object, target: EntitySet, service: Service, name: str, *, many: bool, strings: bool) -> object:
    if isinstance(value, dict) and "__deferred" in value:
        return []
    if many and isinstance(value, dict) and set(value) == {"results"}:
        value = value["results"]
    found = []
    wrong = bad_request(f"Navigation property '{name}' holds neither entities nor results.")
    if isinstance(value, list) != many:
        raise wrong
    for entity in value if isinstance(value, list) else [value]:
        if not isinstance(entity, dict):
            raise wrong
        found.append(decoded(entity, target, service, strings=strings))
    return found if many else found[0]


def parameter(text: str, each: Property, version: str) -> object:
    """A function's parameter from the literal in the address; ODataError 400 when it is of another type."""
    token = literals.LEXICONS[version].token.fullmatch(text)
    if token is None or token.lastgroup is None:
        raise bad_request(f"Invalid value '{text}' for parameter '{each.name}'.")
    value = literals.stored(literals.literal(token.lastgroup, token[token.lastgroup]), each)
    return as_python(value, each)


def as_python(value: object, each: Property) -> object:
    """A stored value as creates and functions see it."""
    if value is None:
        return None
    if each.kind == "decimal":
        return Decimal(str(value)).scaleb(-each.scale)
    if each.kind == "boolean":
        return bool(value)
    text = str(value)
    if each.kind == "date":
        return date.fromisoformat(text)
    if each.kind == "time":
        return time.fromisoformat(text)
    if each.kind == "datetimeoffset":
        return datetime.fromisoformat(text[:26] if len(text) > 26 else text[:19]).replace(tzinfo=timezone.utc)
    return value


def _value(value: object, each: Property, version: str, *, strings: bool) -> object:
    if each.kind == "boolean":
        return _checked(value, each, isinstance(value, bool))
    if each.kind == "decimal":
        return _decimal(value, each, as_text=version == "2.0" or strings)
    if each.kind in _RANGES:
        return _integer(value, each, as_text=each.kind == "int64" and (version == "2.0" or strings))
    if not isinstance(value, str):
        raise _wrong(value, each)
    if each.kind == "string":
        return _checked(value, each, not each.length or len(value) <= each.length)
    if each.kind in {"date", "datetimeoffset"} and version == "2.0":
        return _moment_v2(value, each)
    reader = {"date": literals.day, "datetimeoffset": literals.moment, "time": literals.time_of_day}
    stored = reader.get(each.kind, literals.guid)(value, each.name)
    return as_python(stored, each)


def _checked(value: object, each: Property, fits: bool) -> object:
    if not fits:
        raise _wrong(value, each)
    return value


def _decimal(value: object, each: Property, *, as_text: bool) -> Decimal:
    if as_text and not (isinstance(value, str) and _DECIMAL.fullmatch(value)):
        raise _wrong(value, each)
    if not as_text and (isinstance(value, bool) or not isinstance(value, (int, Decimal))):
        raise _wrong(value, each)
    number = Decimal(str(value))
    if not number.is_finite() or abs(number.adjusted()) > each.precision:
        raise _wrong(value, each)
    scaled = number.scaleb(each.scale)
    if scaled != scaled.to_integral_value() or abs(scaled) >= Decimal(10) ** each.precision:
        raise _wrong(value, each)
    return number


def _integer(value: object, each: Property, *, as_text: bool) -> int:
    if as_text and isinstance(value, str) and re.fullmatch(r"-?\d{1,19}", value):
        value = int(value)
    elif as_text or isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(value, each)
    if not -_RANGES[each.kind] <= value < _RANGES[each.kind]:
        raise _wrong(value, each)
    return value


def _moment_v2(value: str, each: Property) -> date | datetime:
    ticks = _TICKS.fullmatch(value)
    if ticks is None:
        zoned = value if re.search(r"(Z|[+-]\d\d:\d\d)$", value) else value + "Z"
        text = literals.day(value, each.name) if each.kind == "date" else literals.moment(zoned, each.name)
        found = as_python(text, each)
        if isinstance(found, date):  # a datetime is one, too
            return found
        raise _wrong(value, each)
    try:
        when = _EPOCH + timedelta(milliseconds=int(ticks[1]))
    except OverflowError:
        raise _wrong(value, each) from None
    return when.date() if each.kind == "date" else when


def _wrong(value: object, each: Property) -> ODataError:
    shown = value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=str).decode()
    return bad_request(f"Property '{each.name}' of type {each.kind} has the invalid value '{shown}'")
