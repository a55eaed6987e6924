"""A stream's JSON schema as other people's taps write it: drafts 3 and 4 are read as today's, nothing is fetched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from singer_sdk.exceptions import InvalidJSONSchema

_MAPS = ("properties", "patternProperties", "definitions", "$defs", "dependentSchemas")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems", "items")
_ONE = ("items", "additionalProperties", "additionalItems", "not", "if", "then", "else", "contains", "propertyNames")
_BOUNDS = (("exclusiveMaximum", "maximum"), ("exclusiveMinimum", "minimum"))
_OLD_DRAFTS = ("draft-03", "draft-04")


def modern(schema: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever came in a SCHEMA message
    """The schema with `exclusiveMaximum: true` and the like as they are written today.

    Drafts 3 and 4 had booleans beside `maximum` and `minimum`; taps for databases write them to this day.

    Raises:
        InvalidJSONSchema: it is no object with properties, has a type that is no name, or refers to a document
            elsewhere, which is not fetched.
    """
    if not isinstance(schema, dict):
        raise InvalidJSONSchema("the schema is no object")
    if not isinstance(schema.get("properties"), dict):
        raise InvalidJSONSchema("the schema has no properties")
    if strange := [name for name, part in schema["properties"].items() if not isinstance(part, (dict, bool))]:
        raise InvalidJSONSchema(f"the schema of field {strange[0]} is none")
    made = _part(schema, "")
    if any(draft in str(schema.get("$schema")) for draft in _OLD_DRAFTS):
        del made["$schema"]
    return made


def _part(part: Mapping[str, Any], place: str) -> dict[str, Any]:
    made = _without_old_words(part)
    if "$ref" in made and not str(made["$ref"]).startswith("#"):
        raise InvalidJSONSchema(f"{place or 'it'} refers to a document elsewhere ($ref), which is not fetched")
    kinds = made.get("type", [])
    if not all(isinstance(kind, str) for kind in (kinds if isinstance(kinds, list) else [kinds])):
        raise InvalidJSONSchema(f"the type of {place or 'the record'} is no name: {kinds!r}")
    for name, value in made.items():
        if name in _MAPS and isinstance(value, dict):
            made[name] = {key: _any(one, _under(place, key)) for key, one in value.items()}
        elif name in _LISTS and isinstance(value, list):
            made[name] = [_any(one, place) for one in value]
        elif name in _ONE:
            made[name] = _any(value, place)
    return made


def _without_old_words(part: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(part)
    for exclusive, bound in _BOUNDS:
        if isinstance(made.get(exclusive), bool) and made.pop(exclusive) and bound in made:
            made[exclusive] = made.pop(bound)
    if isinstance(made.get("required"), bool):  # draft 3: a property's own
        del made["required"]
    return made


def _any(value: Any, place: str) -> Any:  # noqa: ANN401 - a schema, or a boolean
    return _part(value, place) if isinstance(value, dict) else value


def _under(place: str, key: str) -> str:
    return f"{place}.{key}" if place else f"field {key}"
