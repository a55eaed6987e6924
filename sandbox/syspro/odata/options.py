"""The system query options of a request, checked."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from sandbox.core.odata.errors import ODataError, bad_request
from sandbox.core.odata.syntax import Condition, parse
from sandbox.syspro.odata.translate import column_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.syspro.odata.site import Site
    from sandbox.syspro.tables import Column, Stored, Table

_KNOWN = {"$filter", "$select", "$orderby", "$top", "$skip", "$count", "$format", "$skiptoken"}


@dataclass(frozen=True, slots=True)
class Continuation:
    """What a next link carries: the last row's order values, what is left of $top, the seed of a shuffled order."""

    after: tuple[Stored, ...]
    left: int | None
    shuffle: int

    @property
    def token(self) -> str:
        """Opaque text for ``$skiptoken``."""
        packed = json.dumps([self.after, self.left, self.shuffle]).encode()
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")

    @classmethod
    def read(cls, token: str) -> Continuation:
        """The continuation from its token; ODataError 400 when it is none of ours."""
        try:
            after, left, shuffle = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        except (binascii.Error, ValueError, TypeError):
            raise bad_request("The skiptoken is invalid.") from None
        return cls(tuple(after), left, shuffle)


@dataclass(frozen=True, slots=True)
class Query:
    """A request for rows. ``columns`` are all visible ones when nothing was selected."""

    columns: tuple[Column, ...]
    selected: bool
    filter: Condition | None
    order: tuple[tuple[Column, bool], ...]
    top: int | None
    skip: int
    count: bool
    continuation: Continuation | None
    options: tuple[tuple[str, str], ...]
    """As they came, for the next link."""


def pairs(query_string: str) -> tuple[tuple[str, str], ...]:
    """Names and values of a raw query string; ODataError 400 when it is not UTF-8."""
    try:
        return tuple(parse_qsl(query_string, keep_blank_values=True, errors="strict"))
    except ValueError:
        raise bad_request("The query string is not valid UTF-8.") from None


def read_query(options: tuple[tuple[str, str], ...], table: Table, site: Site) -> Query:
    """The query; ODataError 400 when an option is malformed, unknown or given twice."""
    given = _system_options(options)
    columns, selected = _columns(given, table, site)
    token = given.get("$skiptoken")
    return Query(
        columns=columns,
        selected=selected,
        filter=_filter(given),
        order=_order(given.get("$orderby"), table, site),
        top=_natural(given, "$top"),
        skip=_natural(given, "$skip") or 0,
        count=_boolean(given, "$count"),
        continuation=Continuation.read(token) if token is not None else None,
        options=tuple(pair for pair in options if pair[0] != "$skiptoken"),
    )


def _system_options(options: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    given: dict[str, str] = {}
    for name, value in options:
        if not name.startswith("$"):
            continue  # custom options are ignored
        if name not in _KNOWN:
            raise bad_request(f"The query option '{name}' is not supported.")
        if name in given:
            raise bad_request(f"Query option '{name}' was specified more than once.")
        given[name] = value
    if given.get("$format", "json") not in {"json", "application/json"}:
        raise ODataError(415, f"The value '{given['$format']}' of $format is not supported.")
    return given


def _filter(given: Mapping[str, str]) -> Condition | None:
    if "$filter" not in given:
        return None
    if not given["$filter"].strip():
        raise bad_request("The value for OData query '$filter' cannot be empty.")
    return parse(given["$filter"])


def _columns(given: Mapping[str, str], table: Table, site: Site) -> tuple[tuple[Column, ...], bool]:
    hidden = site.dialect.hidden
    names = [name.strip() for name in given.get("$select", "*").split(",")]
    if "*" in names:
        return tuple(column for column in table.columns.values() if column.name not in hidden), False
    return tuple({name: column_of(table, name, hidden) for name in names}.values()), True


def _order(text: str | None, table: Table, site: Site) -> tuple[tuple[Column, bool], ...]:
    if text is None:
        return ()
    order = []
    for part in text.split(","):
        name, *direction = part.split()[:2] or [""]
        if len(part.split()) > 2 or direction not in ([], ["asc"], ["desc"]):
            raise bad_request(f"Syntax error in $orderby '{text}'.")
        order.append((column_of(table, name, site.dialect.hidden), direction == ["desc"]))
    return tuple(order)


def _natural(given: Mapping[str, str], name: str) -> int | None:
    if name not in given:
        return None
    if not given[name].isdigit():
        raise bad_request(f"Invalid value '{given[name]}' for {name} query option found.")
    return int(given[name])


def _boolean(given: Mapping[str, str], name: str) -> bool:
    value = given.get(name, "false")
    if value not in {"true", "false"}:
        raise bad_request(f"Invalid value '{value}' for {name} query option found.")
    return value == "true"
