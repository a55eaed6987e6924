"""What V2 and V4 put around entities: ``d``, counts, links to the next page, contexts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from sandbox.sap.odata.shapes import ENCODER

if TYPE_CHECKING:
    from sandbox.sap.odata.call import Call
    from sandbox.sap.odata.options import Query
    from sandbox.sap.odata.paging import Page
    from sandbox.sap.odata.resource import Resource


def next_link(call: Call, query: Query, token: str, *, absolute: bool) -> str:
    """The request's own address with the continuation. Relative ones are relative to the service."""
    options = urlencode([*query.options, ("$skiptoken", token)], quote_via=quote, safe="$,()'")
    if absolute:
        return f"{call.base}/{call.path}?{options}"
    path = call.path if "/" not in call.path else f"{call.service.path}/{call.path}"
    return f"{path}?{options}"


def collection_v2(page: Page, link: str | None) -> bytes:
    """``{"d": {"__count": "5", "results": [...], "__next": "..."}}``."""
    body: dict[str, object] = {} if page.count is None else {"__count": str(page.count)}
    body["results"] = page.rows
    if link is not None:
        body["__next"] = link
    return ENCODER.encode({"d": body})


def collection_v4(resource: Resource, query: Query, page: Page, link: str | None) -> bytes:
    """``{"@odata.context": "...", "@odata.count": 5, "value": [...], "@odata.nextLink": "..."}``."""
    body: dict[str, object] = {"@odata.context": f"$metadata#{_context(resource, query)}"}
    if page.count is not None:
        body["@odata.count"] = page.count
    body["value"] = page.rows
    if link is not None:
        body["@odata.nextLink"] = link
    return ENCODER.encode(body)


def _context(resource: Resource, query: Query) -> str:
    selected = "(" + ",".join(each.name for each in query.node.properties) + ")" if query.node.selected else ""
    return resource.entity_set.name + selected


def single_v2(entity: object) -> bytes:
    """``{"d": {...}}``."""
    return ENCODER.encode({"d": entity})


def single_v4(resource: Resource, entity: object) -> bytes:
    """The entity with its context in front."""
    written = ENCODER.encode(entity)
    context = json.dumps(f"$metadata#{resource.entity_set.name}/$entity").encode()
    comma = b"," if written != b"{}" else b""
    return b'{"@odata.context":' + context + comma + written[1:]
