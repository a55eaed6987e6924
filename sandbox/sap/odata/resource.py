"""The resource path of a request: set, key, navigations, ``$count`` or a property at its end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from sandbox.core.odata.errors import ODataError, bad_request
from sandbox.core.odata.seek import Sql
from sandbox.sap.odata.errors import not_found
from sandbox.sap.odata.literals import LEXICONS, literal, stored
from sandbox.sap.odata.translate import property_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from sandbox.sap.schema import EntitySet, Navigation, Property, Service, Stored

_SEGMENT = re.compile(r"([A-Za-z_][\w.]*)(?:\((.*)\))?", re.DOTALL)
_NAME = re.compile(r"\s*([A-Za-z_]\w*)\s*=")


@dataclass(frozen=True, slots=True)
class Resource:
    """What the path leads to.

    Args:
        where: which rows of the set.
        single: one entity; a missing one is 404 unless ``optional`` (a navigation to none or one).
        tail: empty, ``$count``, ``$value`` or empty again with ``shown`` for a property.
    """

    entity_set: EntitySet
    where: Sql
    single: bool
    segment: str
    shown: Property | None = None
    tail: str = ""


def key_of(text: str, entity_set: EntitySet, version: str) -> dict[str, Stored]:
    """The key between brackets as stored; ODataError 400 when it is not this set's."""
    found: dict[str, Stored] = {}
    if _NAME.match(text) is None:
        if len(entity_set.key) != 1:
            raise bad_request(f"Invalid key predicate for {entity_set.type_name}: {text}")
        text = f"{entity_set.key[0]}={text}"
    at = 0
    while at < len(text):
        name = _NAME.match(text, at)
        token = LEXICONS[version].token.match(text, name.end()) if name is not None else None
        if name is None or token is None or token.lastgroup is None or name[1] not in entity_set.key:
            raise bad_request(f"Invalid key predicate for {entity_set.type_name}: {text}")
        value = literal(token.lastgroup, token[token.lastgroup])
        found[name[1]] = stored(value, property_of(entity_set, name[1]))
        at = token.end() + 1
        if token.end() < len(text) and text[token.end()] != ",":
            raise bad_request(f"Invalid key predicate for {entity_set.type_name}: {text}")
    if set(found) != set(entity_set.key):
        raise bad_request(f"Invalid key predicate for {entity_set.type_name}: {text}")
    return found


def where_key(entity_set: EntitySet, key: Mapping[str, Stored]) -> Sql:
    """The row with this key."""
    names = [property_of(entity_set, name).stored_as for name in key]
    return Sql(" AND ".join(f'"{name}" IS ?' for name in names), tuple(key.values()))


def resolve(connection: sqlite3.Connection, service: Service, path: str) -> Resource:
    """The resource at a raw (percent-encoded) path below the service; ODataError 404 when it leads nowhere."""
    segments = [unquote(segment) for segment in path.split("/")]
    name, key = _parts(segments[0])
    entity_set = service.set_called(name)
    if entity_set is None:
        raise not_found(segments[0])
    resource = _at(entity_set, key, Sql("1"), service, segments[0])
    for place, segment in enumerate(segments[1:], 1):
        if resource.tail or (resource.shown is not None and segment != "$value"):
            raise not_found(segment)
        if segment == "$count" and not resource.single and place == len(segments) - 1:
            return Resource(resource.entity_set, resource.where, single=False, segment=segment, tail="$count")
        if segment == "$value" and resource.shown is not None:
            where = resource.where
            resource = Resource(resource.entity_set, where, True, segment, resource.shown, "$value")
            continue
        resource = _step(connection, service, resource, segment)
    return resource


def _parts(segment: str) -> tuple[str, str | None]:
    match = _SEGMENT.fullmatch(segment)
    if match is None:
        raise not_found(segment)
    return match[1], match[2]


def _at(entity_set: EntitySet, key: str | None, where: Sql, service: Service, segment: str) -> Resource:
    if not key:
        return Resource(entity_set, where, single=False, segment=segment)
    if entity_set.aggregate:
        raise ODataError(404, f"Resource not found for segment '{entity_set.type_name}'")
    found = where_key(entity_set, key_of(key, entity_set, service.version))
    both = Sql(f"({where.text}) AND {found.text}", (*where.parameters, *found.parameters))
    return Resource(entity_set, both, single=True, segment=segment)


def _step(connection: sqlite3.Connection, service: Service, resource: Resource, segment: str) -> Resource:
    if not resource.single:
        raise not_found(segment)
    name, key = _parts(segment)
    shown = resource.entity_set.property_called(name)
    if shown is not None and key is None:
        return Resource(resource.entity_set, resource.where, single=True, segment=segment, shown=shown)
    navigation = resource.entity_set.navigation_called(name)
    target = service.set_called(navigation.target) if navigation is not None else None
    if navigation is None or target is None:
        raise not_found(segment)
    values = _parent(connection, resource, navigation)
    names = [(one.stored_as if (one := target.property_called(other)) else other) for _, other in navigation.on]
    where = Sql(" AND ".join(f'"{each}" IS ?' for each in names), values)
    if navigation.many:
        return _at(target, key, where, service, segment)
    return Resource(target, where, single=True, segment=segment)


def _parent(connection: sqlite3.Connection, resource: Resource, navigation: Navigation) -> tuple[Stored, ...]:
    own = resource.entity_set
    names = [(one.stored_as if (one := own.property_called(name)) else name) for name, _ in navigation.on]
    shown = ", ".join(f'"{name}"' for name in names)
    sql = f'SELECT {shown} FROM "{own.table}" WHERE {resource.where.text}'
    row = connection.execute(sql, resource.where.parameters).fetchone()
    if row is None:
        raise not_found(resource.segment)
    return tuple(row)
