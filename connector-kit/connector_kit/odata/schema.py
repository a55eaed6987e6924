"""Columns as Singer sees them: one kind each, from an Edm type or back from a catalog's JSON schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from connector_kit.odata.metadata import EntityType, Property

Kind = Literal["string", "decimal", "integer", "boolean", "date", "timestamp", "time", "binary", "guid", "json"]

_KINDS: Mapping[str, Kind] = {
    "Edm.Boolean": "boolean",
    "Edm.Byte": "integer",
    "Edm.SByte": "integer",
    "Edm.Int16": "integer",
    "Edm.Int32": "integer",
    "Edm.Int64": "integer",
    "Edm.Decimal": "decimal",
    "Edm.Double": "decimal",
    "Edm.Single": "decimal",
    "Edm.Date": "date",
    "Edm.DateTime": "timestamp",
    "Edm.DateTimeOffset": "timestamp",
    "Edm.Time": "time",
    "Edm.TimeOfDay": "time",
    "Edm.Binary": "binary",
    "Edm.Guid": "guid",
}
_TYPES: Mapping[Kind, Mapping[str, Any]] = {
    "string": {"type": "string"},
    "decimal": {"type": "number"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "timestamp": {"type": "string", "format": "date-time"},
    "time": {"type": "string", "format": "time"},
    "binary": {"type": "string", "contentEncoding": "base64"},
    "guid": {"type": "string", "format": "uuid"},
    "json": {"type": ["object", "array", "string", "number", "boolean"]},
}


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a stream; `edm` is the type for literals, empty where it is not known."""

    name: str
    kind: Kind = "string"
    edm: str = ""
    label: str = ""


def kind_of(prop: Property) -> Kind:
    """The kind of a property. Decimals without decimal places are integers; V2 date-times marked as dates are dates."""
    if prop.collection or prop.fields or not prop.type.startswith("Edm."):
        return "json"
    kind = _KINDS.get(prop.type, "string")
    if kind == "decimal" and prop.type == "Edm.Decimal" and prop.scale == 0:
        return "integer"
    if prop.type == "Edm.DateTime" and prop.display == "Date":
        return "date"
    return kind


def fields_of(entity: EntityType) -> tuple[Field, ...]:
    """The columns of an entity type; media streams have no value in a row."""
    return tuple(
        Field(prop.name, kind_of(prop), prop.type if prop.type.startswith("Edm.") else "", prop.label)
        for prop in entity.properties
        if prop.type != "Edm.Stream"
    )


def json_schema(fields: Iterable[Field], keys: Sequence[str], description: str = "") -> dict[str, Any]:
    """A stream's schema. Every column but the key's may be null; columns that it does not name are not forbidden."""
    properties: dict[str, Any] = {}
    for field in fields:
        part = dict(_TYPES[field.kind])
        if field.name not in keys:
            kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
            part["type"] = [*kinds, "null"]
        if field.label:
            part["description"] = field.label
        properties[field.name] = part
    schema: dict[str, Any] = {"type": "object", "properties": properties, "required": list(keys)}
    if description:
        schema["description"] = description
    return schema


def fields_of_schema(schema: Mapping[str, Any]) -> tuple[Field, ...]:
    """The columns that a catalog's schema describes: `json_schema` the other way round."""
    return tuple(Field(name, _kind_of_schema(part)) for name, part in schema.get("properties", {}).items())


def as_declared(fields: Iterable[Field], schema: Mapping[str, Any]) -> tuple[Field, ...]:
    """The columns with the kinds of a catalog's schema, where it has them: its owner may have corrected one."""
    kinds = {field.name: field.kind for field in fields_of_schema(schema)}
    return tuple(replace(field, kind=kinds.get(field.name, field.kind)) for field in fields)


def _kind_of_schema(part: Mapping[str, Any]) -> Kind:
    declared = part.get("type", "string")
    kinds = {declared} if isinstance(declared, str) else set(declared)
    kinds.discard("null")
    if len(kinds) != 1:
        return "json"
    only = kinds.pop()
    for kind, template in _TYPES.items():
        same = (template.get(name) == part.get(name) for name in ("format", "contentEncoding"))
        if template["type"] == only and all(same):
            return kind
    return "string" if only == "string" else "json"
