"""V2 as Atom, Gateway's own default: what a client gets that forgets to ask for JSON."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

import msgspec

from sandbox.sap.odata.metadata_v2 import EDM

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sandbox.sap.odata.options import Node
    from sandbox.sap.odata.paging import Page
    from sandbox.sap.schema import Property

_DATA = "http://schemas.microsoft.com/ado/2007/08/dataservices"
_SPACES = f'xmlns="http://www.w3.org/2005/Atom" xmlns:m="{_DATA}/metadata" xmlns:d="{_DATA}"'
_START = '<?xml version="1.0" encoding="utf-8"?>'
FEED, ENTRY, XML = "application/atom+xml;type=feed", "application/atom+xml;type=entry", "application/xml"


def feed(page: Page, node: Node, base: str, link: str | None, now: float) -> bytes:
    """A page of entities."""
    count = "" if page.count is None else f"<m:count>{page.count}</m:count>"
    following = "" if link is None else f'<link href={quoteattr(link)} rel="next"/>'
    entries = "".join(_entry(msgspec.to_builtins(row), node, now) for row in page.rows)
    name = node.entity_set.name
    return (
        f'{_START}<feed {_SPACES} xml:base="{base}/"><id>{base}/{name}</id><title type="text">{name}</title>'
        f"<updated>{_moment(now)}</updated>{count}{entries}{following}</feed>"
    ).encode()


def entry(entity: object, node: Node, now: float) -> bytes:
    """One entity."""
    return (_START + _entry(msgspec.to_builtins(entity), node, now, _SPACES)).encode()


def one_property(value: object, each: Property) -> bytes:
    """One property alone."""
    return (_START + _element(value, each).replace(">", f' xmlns:d="{_DATA}" xmlns:m="{_DATA}/metadata">', 1)).encode()


def service_document(base: str, names: Iterable[str]) -> bytes:
    """The sets of the service."""
    collections = "".join(
        f'<app:collection href="{name}"><atom:title>{name}</atom:title></app:collection>' for name in names
    )
    return (
        f'{_START}<app:service xml:base="{base}/" xmlns:app="http://www.w3.org/2007/app" '
        'xmlns:atom="http://www.w3.org/2005/Atom"><app:workspace><atom:title>Data</atom:title>'
        f"{collections}</app:workspace></app:service>"
    ).encode()


def _moment(now: float) -> str:
    return f"{datetime.fromtimestamp(now, timezone.utc):%Y-%m-%dT%H:%M:%SZ}"


def _entry(row: Mapping[str, object], node: Node, now: float, spaces: str = "") -> str:
    identity = row["__metadata"]
    address, kind = (identity["uri"], identity["type"]) if isinstance(identity, dict) else ("", "")
    title = node.entity_set.name
    links = "".join(
        f'<link href={quoteattr(f"{address}/{each.name}")} rel="{_DATA}/related/{each.name}" title="{each.name}"/>'
        for each in node.deferred
    )
    expanded = "".join(_inline(row[each.name], below, each.name, address, now) for each, below in node.expands)
    properties = "".join(_element(row[each.name], each) for each in node.properties)
    return (
        f"<entry{' ' + spaces if spaces else ''}><id>{escape(address)}</id>"
        f'<title type="text">{title}</title><updated>{_moment(now)}</updated>'
        f'<category term="{kind}" scheme="{_DATA}/scheme"/>{links}{expanded}'
        f'<content type="application/xml"><m:properties xmlns:m="{_DATA}/metadata" xmlns:d="{_DATA}">'
        f"{properties}</m:properties></content></entry>"
    )


def _inline(value: object, below: Node, name: str, address: object, now: float) -> str:
    start = f'<link href={quoteattr(f"{address}/{name}")} rel="{_DATA}/related/{name}" title="{name}"><m:inline>'
    inner = ""
    if isinstance(value, dict) and "results" in value:
        inner = f"<feed>{''.join(_entry(row, below, now) for row in value['results'])}</feed>"
    elif isinstance(value, dict):
        inner = _entry(value, below, now)
    return f"{start}{inner}</m:inline></link>"


def _element(value: object, each: Property) -> str:
    name, kind = each.name, EDM[each.kind]
    attribute = "" if kind == "Edm.String" else f' m:type="{kind}"'
    if value is None:
        return f'<d:{name}{attribute} m:null="true"></d:{name}>'
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<d:{name}{attribute}>{escape(text)}</d:{name}>"
