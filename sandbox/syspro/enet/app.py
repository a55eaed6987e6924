"""The e.net REST service over HTTP: paths, parameters, and HTTP 200 for everything that is about business."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response

from sandbox.syspro.books import company_day
from sandbox.syspro.enet import inventory, invoices, journals, setup, tables
from sandbox.syspro.enet.calls import Call, Method, Registry
from sandbox.syspro.enet.errors import EnetError
from sandbox.syspro.enet.profile import logon_profile
from sandbox.syspro.enet.xml import encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Receive, Scope, Send

    from sandbox.core.switches import Switches
    from sandbox.syspro.enet.sessions import Sessions
    from sandbox.syspro.store import CompanyStore

BASE = "/sysprowcfservice/rest"
_NAMESPACE = "http://SYSPROWcfService"
_SERVER = {"Server": "Microsoft-HTTPAPI/2.0"}
# path -> (method of the business object, its code when the path implies one)
_OBJECT_PATHS: dict[str, tuple[Method, str | None]] = {
    "query/query": ("query", None),
    "query/fetch": ("fetch", "COMFCH"),
    "query/browse": ("browse", "COMBRW"),
    "setup/add": ("add", None),
    "setup/update": ("update", None),
    "setup/delete": ("delete", None),
    "transaction/post": ("post", None),
    "transaction/build": ("build", None),
    "transaction/postld": ("post", None),
}
UTILITIES = ("logon", "logoff", "getversion", "getlogonprofile")
LARGE_POST = "transaction/postld"
PATHS = (*UTILITIES, *_OBJECT_PATHS)
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]*")


def business_objects() -> Registry:
    """Every object that this site has."""
    registry = Registry()
    for module in (tables, inventory, setup, journals, invoices):
        module.register(registry)
    return registry


class EnetService:
    """Handles everything below ``BASE``, in any case of letters."""

    def __init__(
        self,
        stores: Mapping[str, CompanyStore],
        switches: Switches,
        sessions: Sessions,
        served: Callable[[str, str], None],
    ) -> None:
        self._stores = stores
        self._switches = switches
        self._sessions = sessions
        self._served = served
        self._objects = business_objects()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        request = Request(scope, receive)
        body = await request.body()
        await self.respond(request, body)(scope, receive, send)

    def respond(self, request: Request, body: bytes) -> Response:
        """The answer: text or XML with HTTP 200, or what the HTTP stack itself refuses."""
        query = request.scope["query_string"].decode("latin-1")
        if len(request.scope["raw_path"]) + len(query) > self._switches.number("longest_url"):
            status = int(self._switches.text("long_url_status"))
            return Response("<h2>Request URL Too Long</h2>", status, _SERVER, "text/html; charset=us-ascii")
        path = request.scope["path"].lower().removeprefix(BASE).strip("/")
        if self._switches.flag("utilities_path"):
            path = re.sub(r"^utilities/", "", path)
        if path not in PATHS:
            return Response("<p>Endpoint not found.</p>", 404, _SERVER, "text/html; charset=UTF-8")
        if request.method != ("POST" if path == LARGE_POST else "GET"):
            return Response("<p>Method not allowed.</p>", 405, _SERVER, "text/html; charset=UTF-8")
        try:
            given = _from_xml(body) if path == LARGE_POST else _from_query(query)
            answer = self._answer(path, given)
        except EnetError as error:
            answer = error.body
        return Response(encoded(answer), 200, _SERVER, "application/octet-stream")

    def _answer(self, path: str, given: Mapping[str, str]) -> str:
        if path == "getversion":
            return self._switches.text("version")
        if path == "logon":
            return self._log_on(given)
        user_id = given.get("userid", "")
        if path == "logoff":
            self._sessions.log_off(user_id)
            return "0"
        session = self._sessions.use(user_id)
        if path == "getlogonprofile":
            today = company_day(self._stores[session.company.company]).date.isoformat()
            return logon_profile(session, self._switches.text("version"), today)
        method, code = _OBJECT_PATHS[path]
        call = Call(
            method=method,
            session=session,
            store=self._stores[session.company.company],
            switches=self._switches,
            served=self._served,
            document=given.get("xmlin", ""),
            parameters=given.get("xmlparameters", ""),
        )
        reply = self._objects.answer(code or given.get("businessobject", ""), call)
        lower = self._switches.text("element_case") == "lower"
        return _TAG.sub(lambda tag: tag[0].lower(), reply) if lower else reply

    def _log_on(self, given: Mapping[str, str]) -> str:
        if "companypassword" not in given and self._switches.flag("company_password_required"):
            raise EnetError("CompanyPassword parameter is missing")
        session = self._sessions.log_on(
            given.get("operator", ""),
            given.get("operatorpassword", ""),
            given.get("companyid", ""),
            given.get("companypassword", ""),
        )
        text = session.id + "  "
        return f'"{text}"' if self._switches.flag("json_quoted_session") else text


def _from_query(query: str) -> dict[str, str]:
    """Parameters by lower-case name: WCF matches them without regard to case."""
    return {name.lower(): value for name, value in parse_qsl(query, keep_blank_values=True)}


def _from_xml(body: bytes) -> dict[str, str]:
    """The parameters of a large post."""
    try:
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise EnetError(f"The request is not valid XML: {error.msg}") from None
    if root.tag != f"{{{_NAMESPACE}}}TransactionPostLD":
        raise EnetError("The request is not a TransactionPostLD document")
    return {etree.QName(child).localname.lower(): child.text or "" for child in root if isinstance(child.tag, str)}
