"""The OData service over HTTP: authentication, addresses, headers, bodies."""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from sandbox.core.odata import habits
from sandbox.core.odata.errors import ODataError
from sandbox.syspro.odata.metadata import edmx, service_document
from sandbox.syspro.odata.options import pairs, read_query
from sandbox.syspro.odata.page import Page, count_rows, read_page
from sandbox.syspro.odata.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Receive, Scope, Send

    from sandbox.core.switches import Switches
    from sandbox.syspro.odata.options import Query
    from sandbox.syspro.store import CompanyStore

BASE = "/SYSPRO8Odata/SYSPROOData"
PATHS = ("/{company}", "/{company}/$metadata", "/$metadata", "/{company}/{table}", "/{company}/{table}/$count")
_JSON = "application/json; odata.metadata=minimal; odata.streaming=true"
_IEEE754 = re.compile(r"(?i)ieee754compatible\s*=\s*true")
_PAGE_SIZE = re.compile(r"(?i)(?:odata\.)?maxpagesize\s*=\s*(\d+)")


class ODataService:
    """Handles everything below ``BASE``.

    ``passwords`` gives the accepted password of a user, ``served`` hears of each page (company, table).
    """

    def __init__(
        self,
        stores: Mapping[str, CompanyStore],
        switches: Switches,
        passwords: Callable[[str], str | None],
        served: Callable[[str, str], None],
    ) -> None:
        self._stores = stores
        self._switches = switches
        self._passwords = passwords
        self._served = served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        response = self.respond(Request(scope, receive))
        response.headers["OData-Version"] = "4.0"
        response.headers["Server"] = "Microsoft-IIS/10.0"
        await response(scope, receive, send)

    def respond(self, request: Request) -> Response:
        """The answer; every failure is an OData error body."""
        try:
            self._authenticate(request.headers.get("authorization", ""))
            _check_method(request.method)
            return self._route(request)
        except ODataError as error:
            headers = {401: {"WWW-Authenticate": 'Basic realm="SYSPRO OData"'}, 405: {"Allow": "GET"}}.get(error.status)
            body = json.dumps({"error": {"code": "", "message": error.message}})
            return Response(body, error.status, headers, _JSON)

    def _authenticate(self, header: str) -> None:
        scheme, _, encoded = header.partition(" ")
        refused = ODataError(401, "Authorization has been denied for this request.")
        if scheme.lower() != "basic":
            raise refused
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise refused from None
        if password != self._passwords(user) or not user:
            raise refused

    def _route(self, request: Request) -> Response:
        path = unquote(request.scope["raw_path"].decode("latin-1")).removeprefix(BASE).strip("/")
        site = Site.of(self._switches, ieee754=bool(_IEEE754.search(request.headers.get("accept", ""))))
        base = str(request.base_url).rstrip("/") + BASE
        if path == "$metadata" and site.metadata_place == "root":
            return Response(edmx(site), media_type="application/xml")
        company, _, rest = path.partition("/")
        store = self._stores.get(company)
        if store is None:
            raise ODataError(404, f"The company '{company}' was not found.")
        context = f"{base}/$metadata" if site.metadata_place == "root" else f"{base}/{quote(company)}/$metadata"
        if rest == "":
            return Response(service_document(site, context), media_type=_JSON)
        if rest == "$metadata" and site.metadata_place == "company":
            return Response(edmx(site), media_type="application/xml")
        name, slash, segment = rest.partition("/")
        table = site.tables.get(name)
        if table is None or (slash and segment != "$count"):
            raise ODataError(404, f"Resource not found for the segment '{segment or name}'.")
        options = habits.kept(pairs(request.scope["query_string"].decode("latin-1")), self._switches)
        query = read_query(options, table, site)
        if segment == "$count":
            return Response(str(count_rows(store, table, query.filter, site)), media_type="text/plain")
        preferred = _PAGE_SIZE.search(request.headers.get("prefer", ""))
        page_size = int(preferred[1]) if preferred and self._switches.flag("maxpagesize") else None
        page = read_page(store, table, query, site, page_size)
        page = replace(page, count=habits.told(page.count, len(page.rows), self._switches))
        own_address = f"{base}/{quote(company)}/{quote(name)}"
        body = _body(page, query, f"{context}#{name}", own_address).encode()
        response = self._compressed(request, body)
        if page_size:
            response.headers["Preference-Applied"] = f"odata.maxpagesize={page_size}"
        self._served(company, table.name)
        return response

    def _compressed(self, request: Request, body: bytes) -> Response:
        if self._switches.flag("compression") and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(gzip.compress(body, 1), headers={"Content-Encoding": "gzip"}, media_type=_JSON)
        return Response(body, media_type=_JSON)


def _check_method(method: str) -> None:
    if method != "GET":
        raise ODataError(405, f"The requested resource does not support http method '{method}'.")


def _body(page: Page, query: Query, context: str, address: str) -> str:
    if query.selected:
        context += "(" + ",".join(column.name for column in query.columns) + ")"
    head = f'{{"@odata.context":{json.dumps(context)},'
    if page.count is not None:
        head += f'"@odata.count":{page.count},'
    tail = "]}"
    if page.next_token is not None:
        options = urlencode([*query.options, ("$skiptoken", page.next_token)], quote_via=quote, safe="$")
        tail = f'],"@odata.nextLink":{json.dumps(f"{address}?{options}")}}}'
    return head + '"value":[' + ",".join(page.rows) + tail
