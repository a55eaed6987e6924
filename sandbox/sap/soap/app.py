"""The endpoint of the journal entry service: one operation over SOAP 1.1 and 1.2, and its WSDL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from sandbox.sap.catalogue.values import moment_of
from sandbox.sap.soap import confirmation, reading
from sandbox.sap.soap.faults import SOAP11, SOAP12, SoapError
from sandbox.sap.soap.poster import Poster
from sandbox.sap.soap.request import bulk_request
from sandbox.sap.soap.wsdl import ACTION, wsdl

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from sandbox.core.clock import Clock
    from sandbox.core.switches import Switches
    from sandbox.sap.auth import Auth
    from sandbox.sap.journal import Journal
    from sandbox.sap.store import Store

PATH = "/sap/bc/srt/scs_ext/sap/journalentrycreaterequestconfi"
SERVICE = "JOURNALENTRYCREATEREQUESTCONFI"


class SoapApp:
    """ASGI application for ``PATH``. It is called ``SERVICE`` in the switch of services that are not arranged."""

    def __init__(
        self,
        store: Store,
        journal: Journal,
        switches: Switches,
        clock: Clock,
        auth: Auth,
    ) -> None:
        self._switches = switches
        self._clock = clock
        self._auth = auth
        self._poster = Poster(store, journal, switches)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        request = Request(scope, receive)
        body = await request.body()
        await (self._auth.refusal(request) or self._respond(request, body))(scope, receive, send)

    def clear(self) -> None:
        """Forget which message ids were used."""
        self._poster.clear()

    def _respond(self, request: Request, body: bytes) -> Response:
        if SERVICE in self._switches.text("not_arranged").split(","):
            return Response(status_code=int(self._switches.text("not_arranged_status")))
        if request.method == "GET" and any(name.lower() == "wsdl" for name in request.query_params):
            return Response(wsdl(str(request.url.replace(query=""))), media_type="text/xml")
        if request.method != "POST":
            return Response(status_code=405, headers={"Allow": "POST"})
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in {"text/xml", "application/soap+xml"}:
            return Response("Unsupported Media Type", 415, media_type="text/plain")
        style = confirmation.Style(
            self._switches.text("soap_prefix"),
            self._switches.flag("confirmation_origin_name"),
            self._switches.flag("log_lines"),
        )
        version = SOAP12 if kind == "application/soap+xml" else SOAP11
        now = moment_of(self._clock.now())
        try:
            self._check_action(request)
            version, payload = reading.envelope(body)
            message = bulk_request(reading.request(payload, self._leniency()))
        except SoapError as error:
            reason = str(error) if self._switches.text("soap_fault_text") == "detailed" else ""
            content = confirmation.fault(version, reason, now, style)
            return Response(content, 500, media_type=confirmation.MEDIA[version])
        outcomes, general = self._poster.post(message)
        text = confirmation.confirmation(message.message_id, outcomes, general, now, style)
        content = confirmation.in_envelope(text, version, style)
        return Response(content, media_type=confirmation.MEDIA[version])

    def _leniency(self) -> reading.Leniency:
        return reading.Leniency(
            unknown=self._switches.text("soap_unknown_element") == "ignored",
            too_long=self._switches.text("soap_too_long") == "cut",
            later=self._switches.flag("soap_later_elements"),
        )

    def _check_action(self, request: Request) -> None:
        action = request.headers.get("soapaction", "").strip('"')
        if action and action != ACTION and self._switches.text("soap_action") == "checked":
            raise SoapError(f"SOAPAction {action!r} is no operation of this service")
