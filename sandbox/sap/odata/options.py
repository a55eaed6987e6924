"""The system query options of a request, checked, as a tree of what to read: ``$expand`` is a level below."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict
from urllib.parse import parse_qsl

from sandbox.core.odata.errors import ODataError, bad_request
from sandbox.core.odata.syntax import Condition, parse
from sandbox.sap.odata.literals import LEXICONS
from sandbox.sap.odata.translate import property_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sandbox.sap.schema import EntitySet, Navigation, Property, Service

_COMMON = {"$filter", "$select", "$expand", "$orderby", "$top", "$skip", "$skiptoken", "$format"}
_KNOWN = {"2.0": _COMMON | {"$inlinecount"}, "4.0": _COMMON | {"$count"}}
_NESTED = {"$filter", "$select", "$expand", "$orderby", "$top", "$skip", "$count"}
_OPENED = re.compile(r"'(?:[^']|'')*'|[(),;]")


@dataclass(frozen=True, slots=True)
class Node:
    """One level of the answer.

    Args:
        properties: what was selected, in the order of the metadata; everything when nothing was.
        deferred: navigations that V2 shows as a link.
        filter, order, top, skip: of the request, or of an expand in V4.
    """

    entity_set: EntitySet
    properties: tuple[Property, ...]
    selected: bool = False
    deferred: tuple[Navigation, ...] = ()
    expands: tuple[tuple[Navigation, Node], ...] = ()
    filter: Condition | None = None
    order: tuple[tuple[Property, bool], ...] = ()
    top: int | None = None
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Query:
    """A request for entities. ``options`` are as they came, without the continuation, for the next link."""

    node: Node
    count: bool
    skiptoken: str | None
    options: tuple[tuple[str, str], ...] = field(default=())


def pairs(query_string: str) -> tuple[tuple[str, str], ...]:
    """Names and values of a raw query string; ODataError 400 when it is not UTF-8."""
    try:
        return tuple(parse_qsl(query_string, keep_blank_values=True, errors="strict"))
    except ValueError:
        raise bad_request("The query string is not valid UTF-8.") from None


def read_query(options: tuple[tuple[str, str], ...], entity_set: EntitySet, service: Service) -> Query:
    """The query; ODataError 400 when an option is malformed, unknown or given twice."""
    given = _system_options(options, service.version)
    if service.version == "2.0":
        node = _Two(service).node(entity_set, given)
        wanted = given.get("$inlinecount", "none")
        if wanted not in {"allpages", "none"}:
            raise bad_request(f"Invalid value '{wanted}' for $inlinecount.")
        count = wanted == "allpages"
    else:
        node = _Four(service).node(entity_set, given)
        count = _boolean(given)
    own = tuple(pair for pair in options if pair[0] != "$skiptoken")
    return Query(node, count, given.get("$skiptoken"), own)


def _system_options(options: Iterable[tuple[str, str]], version: str) -> Mapping[str, str]:
    given: dict[str, str] = {}
    for name, value in options:
        if not name.startswith("$"):
            continue  # sap-client, sap-language and custom options
        if name not in _KNOWN[version]:
            raise bad_request(f"The query option '{name}' is not supported.")
        if name in given:
            raise bad_request(f"Query option '{name}' was specified more than once.")
        given[name] = value
    return given


class _Level(TypedDict):
    """The part of a node that V2 has below the top, too."""

    entity_set: EntitySet
    properties: tuple[Property, ...]
    selected: bool
    deferred: tuple[Navigation, ...]
    expands: tuple[tuple[Navigation, Node], ...]


class _Reader:
    """What both versions read in the same way."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def target(self, navigation: Navigation) -> EntitySet:
        """The set behind a navigation."""
        found = self.service.set_called(navigation.target)
        if found is None:
            raise ValueError(f"{navigation.name} leads to no set of {self.service.name}")
        return found

    def condition(self, given: Mapping[str, str]) -> Condition | None:
        if "$filter" not in given:
            return None
        if not given["$filter"].strip():
            raise bad_request("The value of $filter is empty.")
        return parse(given["$filter"], LEXICONS[self.service.version])

    def order(self, given: Mapping[str, str], entity_set: EntitySet) -> tuple[tuple[Property, bool], ...]:
        order = []
        for part in given["$orderby"].split(",") if "$orderby" in given else ():
            name, *direction = part.split()[:2] or [""]
            if len(part.split()) > 2 or direction not in ([], ["asc"], ["desc"]):
                raise bad_request(f"Syntax error in $orderby '{given['$orderby']}'.")
            each = property_of(entity_set, name)
            if not each.sortable:
                raise bad_request(f"Property {name} of type {entity_set.type_name} is not sortable")
            order.append((each, direction == ["desc"]))
        return tuple(order)


def _navigation(entity_set: EntitySet, name: str) -> Navigation:
    found = entity_set.navigation_called(name)
    if found is None:
        raise bad_request(f"Navigation property {name} not found in type {entity_set.type_name}")
    return found


def _chosen(entity_set: EntitySet, names: set[str]) -> tuple[Property, ...]:
    """The properties called so in the order of the metadata; all for none or a star."""
    if not names or "*" in names:
        return entity_set.properties
    return tuple(each for each in entity_set.properties if each.name in names)


class _Two(_Reader):
    """V2: paths of names, alike in $select and $expand."""

    def node(self, entity_set: EntitySet, given: Mapping[str, str]) -> Node:
        select = [path.strip().split("/") for path in given["$select"].split(",")] if "$select" in given else []
        expand = [path.strip().split("/") for path in given["$expand"].split(",")] if given.get("$expand") else []
        return Node(
            **self._level(entity_set, select, expand),
            filter=self.condition(given),
            order=self.order(given, entity_set),
            top=_natural(given, "$top"),
            skip=_natural(given, "$skip") or 0,
        )

    def _level(self, entity_set: EntitySet, select: list[list[str]], expand: list[list[str]]) -> _Level:
        names, wanted = set(), set()
        for path in select:
            if path[0] != "*" and entity_set.navigation_called(path[0]) is not None:
                wanted.add(path[0])
            elif len(path) == 1 and path[0] != "*":
                names.add(property_of(entity_set, path[0]).name)
            elif path != ["*"]:
                _navigation(entity_set, path[0])
        everything = not select or ["*"] in select
        expanded = {path[0]: _navigation(entity_set, path[0]) for path in expand}
        shown = {name: each for name, each in expanded.items() if not select or name in wanted}
        return _Level(
            entity_set=entity_set,
            properties=entity_set.properties if everything else _chosen(entity_set, names or {""}),
            selected=not everything,
            deferred=tuple(
                each
                for each in entity_set.navigations
                if each.name not in shown and (not select or ["*"] in select or each.name in wanted)
            ),
            expands=tuple((each, self._below(each, select, expand)) for each in shown.values()),
        )

    def _below(self, navigation: Navigation, select: list[list[str]], expand: list[list[str]]) -> Node:
        inside = [path[1:] for path in select if path[0] == navigation.name and len(path) > 1]
        if [navigation.name] in select:
            inside = []
        further = [path[1:] for path in expand if path[0] == navigation.name and len(path) > 1]
        return Node(**self._level(self.target(navigation), inside, further))


class _Four(_Reader):
    """V4: every $expand carries its own options in brackets."""

    def node(self, entity_set: EntitySet, given: Mapping[str, str]) -> Node:
        names = {name.strip() for name in given["$select"].split(",")} if "$select" in given else set()
        for name in names - {"*"}:
            if entity_set.navigation_called(name) is None:
                property_of(entity_set, name)
        return Node(
            entity_set,
            _chosen(entity_set, names),
            selected=bool(names) and "*" not in names,
            expands=tuple(self._expanded(entity_set, item) for item in _split(given.get("$expand", ""), ",")),
            filter=self.condition(given),
            order=self.order(given, entity_set),
            top=_natural(given, "$top"),
            skip=_natural(given, "$skip") or 0,
        )

    def _expanded(self, entity_set: EntitySet, item: str) -> tuple[Navigation, Node]:
        name, bracket, rest = item.strip().partition("(")
        if bracket and not rest.endswith(")"):
            raise bad_request(f"Syntax error in $expand '{item}'.")
        inside: dict[str, str] = {}
        for option in _split(rest[:-1], ";") if bracket else ():
            key, equals, value = option.strip().partition("=")
            if not equals or key not in _NESTED:
                raise bad_request(f"The option '{option}' is not possible in $expand.")
            inside[key] = value
        navigation = _navigation(entity_set, name.strip())
        return navigation, self.node(self.target(navigation), inside)


def _split(text: str, mark: str) -> list[str]:
    """Cut at the marks that are in neither brackets nor quotes."""
    parts, depth, start = [], 0, 0
    for match in _OPENED.finditer(text):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if match[0] == mark and depth == 0:
            parts.append(text[start : match.start()])
            start = match.end()
    return [*parts, text[start:]] if text else []


def _natural(given: Mapping[str, str], name: str) -> int | None:
    if name not in given:
        return None
    if not given[name].isdecimal() or not given[name].isascii():
        raise bad_request(f"Invalid value '{given[name]}' for {name}.")
    return min(int(given[name]), 2**31)


def _boolean(given: Mapping[str, str]) -> bool:
    value = given.get("$count", "false")
    if value not in {"true", "false"}:
        raise bad_request(f"Invalid value '{value}' for $count.")
    return value == "true"


def read_format(options: Iterable[tuple[str, str]]) -> str:
    """The value of $format, empty without one; ODataError 400 for a format that there is not."""
    value = next((value for name, value in options if name == "$format"), "")
    if value.partition(";")[0] not in {"", "json", "atom", "xml", "application/json"}:
        raise ODataError(400, f"Invalid format '{value}'.")
    return value
