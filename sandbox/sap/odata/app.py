"""The OData services over HTTP: who may call, which service is meant, tokens for changes, errors as bodies."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from sandbox.core.odata.errors import ODataError, bad_request
from sandbox.sap.csrf import Csrf, refused
from sandbox.sap.odata import errors
from sandbox.sap.odata.batch import Changeset, Part, Reply, read_batch, write_batch
from sandbox.sap.odata.call import CHANGES, Answer, Call
from sandbox.sap.odata.handling import Books, Handler
from sandbox.sap.odata.options import pairs
from sandbox.sap.odata.writes import BusinessError, Create, Function

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.types import Receive, Scope, Send

    from sandbox.core.clock import Clock
    from sandbox.core.switches import Switches
    from sandbox.sap.auth import Auth
    from sandbox.sap.schema import Service

ROOT = "/sap/opu/odata"
PATHS = (
    "/{service}/",
    "/{service}/$metadata",
    "/{service}/{set}",
    "/{service}/{set}/$count",
    "/{service}/{set}({key})",
    "/{service}/{set}({key})/{navigation}",
    "/{service}/{function}",
    "/{service}/$batch",
)


def _shuffle(seed: int, key: str) -> int:
    return zlib.crc32(f"{seed}/{key}".encode())


class ODataApp:
    """Everything below ``ROOT`` (ASGI).

    Args:
        on_page: hears the entity set's name after each page of it.
        creates: by name of the entity set; functions by name of the function import.
    """

    def __init__(
        self,
        services: Sequence[Service],
        store: Books,
        switches: Switches,
        clock: Clock,
        auth: Auth,
        on_page: Callable[[str], None],
        creates: Mapping[str, Create] | None = None,
        functions: Mapping[str, Function] | None = None,
    ) -> None:
        self._services = {service.path: service for service in services}
        self._store = store
        self._switches = switches
        self._clock = clock
        self._auth = auth
        self._csrf = Csrf(switches, clock)
        self._handler = Handler(store, switches, on_page, creates or {}, functions or {}, clock.now)
        store.connection.create_function("sap_shuffle", 2, _shuffle, deterministic=True)

    def clear(self) -> None:
        """Forget all sessions."""
        self._csrf.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        request = Request(scope, receive)
        body = await request.body()
        response = self.respond(request, body)
        await response(scope, receive, send)

    def respond(self, request: Request, body: bytes) -> Response:
        """The answer to one request, whatever it is."""
        unknown = self._auth.refusal(request)
        if unknown is not None:
            return unknown
        path = request.scope["raw_path"].decode("latin-1")
        service = self._service(path)
        if service is None:
            return self._no_service(path)
        if self._csrf.head_refused(request):
            return Response(status_code=403)
        base = str(request.base_url).rstrip("/") + service.path
        rest = path[len(service.path) :].strip("/")
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            options = pairs(request.scope["query_string"].decode("latin-1"))
        except ODataError as error:
            return self._response(self._refusal(Call("GET", service, base, rest, (), headers), error), service.version)
        call = Call(request.method, service, base, rest, options, headers, body)
        if rest == "$batch" and request.method == "POST":
            return self._batch(call, allowed=self._csrf.valid(request))
        if call.verb in CHANGES and not self._csrf.valid(request):
            return refused()
        answer = self._safely(call)
        if request.method not in {"GET", "HEAD"}:
            return self._response(answer, service.version)
        response = self._response(self._compressed(call, answer), service.version)
        self._csrf.hand_out(request, response)
        return response

    def _compressed(self, call: Call, answer: Answer) -> Answer:
        if not self._switches.flag("compression") or "gzip" not in call.headers.get("accept-encoding", ""):
            return answer
        headers = {**answer.headers, "Content-Encoding": "gzip"}
        return replace(answer, body=gzip.compress(answer.body, 1), headers=headers)

    def _service(self, path: str) -> Service | None:
        decoded = unquote(path)
        found = [each for each in self._services if decoded == each or decoded.startswith(each + "/")]
        service = self._services[max(found, key=len)] if found else None
        closed = {name.strip() for name in self._switches.text("not_arranged").split(",")}
        return None if service is None or service.name in closed else service

    def _no_service(self, path: str) -> Response:
        """As the Gateway hub answers when no arrangement activates the service: 403, or 401 by switch, in XML."""
        name = unquote(path.removeprefix(ROOT).strip("/").partition("/")[2].partition("/")[0])
        text = f"No service found for namespace '', name '{name}', version '0001'"
        status = int(self._switches.text("not_arranged_status"))
        return Response(errors.xml_v2(errors.UNKNOWN_SERVICE, text), status, media_type="application/xml")

    def _safely(self, call: Call) -> Answer:
        try:
            return self._handler.answer(call)
        except (ODataError, BusinessError) as error:
            return self._refusal(call, error)

    def _refusal(self, call: Call, error: ODataError | BusinessError) -> Answer:
        problem = errors.Problem.of(error)
        if call.service.version == "4.0":
            return Answer(problem.status, errors.json_v4(problem))
        if "json" in call.headers.get("accept", "") or ("$format", "json") in call.options:
            return Answer(problem.status, errors.json_v2(problem, call.service, self._clock.now()))
        return Answer(problem.status, errors.xml_v2(problem.code, problem.text), "application/xml")

    @staticmethod
    def _response(answer: Answer, version: str) -> Response:
        headers = {"dataserviceversion": "2.0"} if version == "2.0" else {"OData-Version": "4.0"}
        media_type = None if answer.status == 204 else answer.media_type
        return Response(answer.body, answer.status, {**headers, **answer.headers}, media_type)

    def _batch(self, call: Call, *, allowed: bool) -> Response:
        version = call.service.version
        try:
            parts = read_batch(call.headers.get("content-type", ""), call.body)
        except ODataError as error:
            return self._response(self._refusal(call, error), version)
        if not allowed and any(isinstance(part, Changeset) for part in parts):
            text = "X-CSRF token is needed for Batch Processing with modifying operation"
            refusal = ODataError(403, text, errors.BATCH_WITHOUT_TOKEN)
            return self._response(self._refusal(call, refusal), version)
        media_type, body = write_batch(
            [self._changeset(call, part) if isinstance(part, Changeset) else self._alone(call, part) for part in parts]
        )
        return self._response(Answer(202 if version == "2.0" else 200, body, media_type), version)

    def _alone(self, call: Call, part: Part) -> Reply:
        inner = self._inner(call, part)
        if inner.verb in CHANGES:
            return _reply(self._refusal(inner, bad_request("Changes belong into a changeset.")))
        return _reply(self._safely(inner))

    def _changeset(self, call: Call, changeset: Changeset) -> list[Reply] | Reply:
        """All of its answers, or the one error that undid everything."""
        answers = []
        inner = call
        try:
            with self._store.transaction():
                for part in changeset.parts:
                    inner = self._inner(call, part)
                    answers.append(self._handler.answer(inner))
        except (ODataError, BusinessError) as error:
            return _reply(self._refusal(inner, error))
        return [_reply(answer) for answer in answers]

    @staticmethod
    def _inner(call: Call, part: Part) -> Call:
        address = part.address.removeprefix(call.base).removeprefix(call.service.path).lstrip("/")
        path, _, query = address.partition("?")
        headers = {"accept": call.headers.get("accept", ""), **part.headers}
        return Call(part.method, call.service, call.base, path, pairs(query), headers, part.body)


def _reply(answer: Answer) -> Reply:
    headers = {"Content-Type": answer.media_type, "dataserviceversion": "2.0", **answer.headers}
    return Reply(answer.status, headers, answer.body)
