"""How stored values become JSON: SQL writes dates and decimals, what is left is done a column at a time, never a field.

V2: /Date(ms)/, /Date(ms+0000)/, PT..H..M..S, decimals and 64-bit integers as strings. V4: ISO forms, decimals as JSON
numbers with their scale, or strings for clients that ask for IEEE754Compatible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sandbox.sap.schema import EntitySet, Property, Stored

_SAFE_IN_KEY = "='(),"


@dataclass(frozen=True, slots=True)
class Form:
    """How this answer is written.

    Args:
        base: absolute address of the service, without a slash at the end.
        bare: V2 points in time come without their offset.
        strings: V4 decimals and 64-bit integers come as strings.
        with_id: V2 ``__metadata`` has the member ``id``.
        atom: V2 dates are for XML.
    """

    version: str
    base: str
    bare: bool = False
    strings: bool = False
    with_id: bool = True
    atom: bool = False


def written(each: Property, form: Form) -> str:
    """The SQL that writes a property; null stays NULL."""
    name = f'"{each.stored_as}"'
    if each.kind == "decimal":
        return _decimal(name, each.scale)
    if form.version == "2.0":
        return _written_v2(name, each, form)
    if each.kind == "datetimeoffset" and not each.precision:
        return f"substr({name}, 1, 19) || 'Z'"
    return f"CAST({name} AS TEXT)" if each.kind == "int64" and form.strings else name


def _written_v2(name: str, each: Property, form: Form) -> str:
    if form.atom and each.kind in {"date", "datetimeoffset"}:
        return f"{name} || 'T00:00:00'" if each.kind == "date" else name
    if each.kind == "date":
        return f"'/Date(' || (strftime('%s', {name}) * 1000) || ')/'"
    if each.kind == "datetimeoffset":
        ticks = f"strftime('%s', substr({name}, 1, 19)) * 1000 + CAST(substr({name}, 21, 3) AS INTEGER)"
        return f"'/Date(' || ({ticks}) || '{'' if form.bare else '+0000'})/'"
    if each.kind == "time":
        return f"'PT' || substr({name}, 1, 2) || 'H' || substr({name}, 4, 2) || 'M' || substr({name}, 7, 2) || 'S'"
    return f"CAST({name} AS TEXT)" if each.kind == "int64" else name


def _decimal(name: str, scale: int) -> str:
    if not scale:
        return f"CAST({name} AS TEXT)"
    one = 10**scale  # printf would write the same at three times the cost
    sign = f"CASE WHEN {name} < 0 THEN '-' ELSE '' END"
    return f"{sign} || (abs({name}) / {one}) || '.' || substr({one} + abs({name}) % {one}, 2)"


def _truths(column: Sequence[Stored]) -> list[object]:
    return list(map({0: False, 1: True, None: None}.get, column))  # type: ignore[arg-type]  # of a boolean's column


def _numbers(column: Sequence[Stored]) -> list[object]:
    return [None if text is None else msgspec.Raw(text) for text in column]  # type: ignore[arg-type]  # SQL wrote text


def finish(each: Property, form: Form) -> Callable[[Sequence[Stored]], list[object]] | None:
    """What remains to be done to a column that SQL wrote; None when it can go out as it is."""
    if each.kind == "boolean":
        return _truths
    return _numbers if each.kind == "decimal" and form.version == "4.0" and not form.strings else None


def key_sql(entity_set: EntitySet) -> str:
    """The SQL that writes ``Set(key)`` of V2, before percent-encoding."""
    properties = [_key_property(entity_set, name) for name in entity_set.key]
    parts = [_key_part(each) for each in properties]
    if len(parts) > 1:
        parts = [f"'{each.name}=' || {part}" for each, part in zip(properties, parts, strict=True)]
    return f"'{entity_set.name}(' || " + " || ',' || ".join(parts) + " || ')'"


def _key_property(entity_set: EntitySet, name: str) -> Property:
    found = entity_set.property_called(name)
    if found is None:
        raise ValueError(f"{entity_set.name}: the key {name} is no property")
    return found


def _key_part(each: Property) -> str:
    name = f'"{each.stored_as}"'
    if each.kind == "string":
        return f"'''' || replace({name}, '''', '''''') || ''''"
    if each.kind == "date":
        return f"'datetime''' || {name} || 'T00:00:00'''"
    if each.kind == "datetimeoffset":
        return f"'datetimeoffset''' || {name} || ''''"
    return f"'guid''' || {name} || ''''" if each.kind == "guid" else name


def key_text(entity_set: EntitySet, key: Mapping[str, Stored], version: str) -> str:
    """``(key)`` of one entity, percent-encoded, for a Location."""
    parts = []
    for name in entity_set.key:
        kind, value = _key_property(entity_set, name).kind, key[name]
        text = str(value).replace("'", "''")
        quoted = {"string": f"'{text}'"}
        if version == "2.0":
            quoted |= {"date": f"datetime'{text}T00:00:00'", "guid": f"guid'{text}'"}
            quoted["datetimeoffset"] = f"datetimeoffset'{text}'"
        parts.append((name, quoted.get(kind, text)))
    inner = parts[0][1] if len(parts) == 1 else ",".join(f"{name}={value}" for name, value in parts)
    return f"({encoded(inner)})"


def encoded(key: str) -> str:
    """A key percent-encoded as Gateway does it."""
    return quote(key, safe=_SAFE_IN_KEY)
