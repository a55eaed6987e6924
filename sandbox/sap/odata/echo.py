"""Python values of a create or a function as JSON, one entity at a time."""

from __future__ import annotations

from datetime import date, datetime, time, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sandbox.sap.odata.columns import Form
    from sandbox.sap.odata.writes import Values
    from sandbox.sap.schema import EntitySet, Property, Service

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def properties(values: Values, declared: Iterable[Property], form: Form) -> dict[str, object]:
    """The declared properties; what has no value is initial."""
    return {each.name: _written(values.get(each.name), each, form) for each in declared}


def entity(values: Values, entity_set: EntitySet, service: Service, form: Form) -> dict[str, object]:
    """An entity with whatever was created below it."""
    written = properties(values, entity_set.properties, form)
    for navigation in entity_set.navigations:
        below, target = values.get(navigation.name), service.set_called(navigation.target)
        if below is None or target is None:
            continue
        if isinstance(below, dict):
            written[navigation.name] = entity(below, target, service, form)
        elif isinstance(below, list):
            found = [entity(each, target, service, form) for each in below]
            written[navigation.name] = {"results": found} if form.version == "2.0" else found
    return written


def _written(value: object, each: Property, form: Form) -> object:
    if value is None:
        return _initial(each, form)
    if isinstance(value, Decimal):
        text = f"{value:.{each.scale}f}"
        return text if form.version == "2.0" or form.strings else msgspec.Raw(text)
    if form.version == "2.0":
        return _written_v2(value, each, form)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat() if isinstance(value, (date, time)) else value


def _written_v2(value: object, each: Property, form: Form) -> object:
    if isinstance(value, datetime):
        ticks = int((value - _EPOCH).total_seconds() * 1000)
        return f"/Date({ticks})/" if form.bare else f"/Date({ticks}+0000)/"
    if isinstance(value, date):
        return f"/Date({(value - _EPOCH.date()).days * 86_400_000})/"
    if isinstance(value, time):
        return value.strftime("PT%HH%MM%SS")
    return str(value) if each.kind == "int64" else value


def _initial(each: Property, form: Form) -> object:
    if each.kind == "string":
        return "0" * each.length if each.numc else ""
    if each.kind == "decimal":
        return _written(Decimal(0), each, form)
    if each.kind == "boolean":
        return False
    return 0 if each.kind.startswith("int") else None


def message_type(values: Mapping[str, object], name: str) -> dict[str, object]:
    """A V2 complex value with its type."""
    return {"__metadata": {"type": name}, **values}
