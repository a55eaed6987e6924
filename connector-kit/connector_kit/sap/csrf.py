"""Writing to OData V2 services: a CSRF token with the cookies of its session, and answers whose fate is known.

Facts: SAP Gateway gives a token to a GET with `X-CSRF-Token: Fetch` and binds it to the session's cookies; a POST with
an old or missing one is refused with 403 and `x-csrf-token: Required` before anything is done. Some handlers refuse
HEAD, and query options on the fetching request can end in errors, so it is a plain GET of the service's root.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from connector_kit.errors import ConnectorError, RefusedError
from connector_kit.http import NotSentError, Unreadable, common_error
from connector_kit.http.bodies import decoded
from connector_kit.odata.client import PageTimeout
from connector_kit.sap.errors import CSRF_HEADER, CsrfTokenError, SapMessage, in_words, messages_of, own_words

if TYPE_CHECKING:
    import requests

    from connector_kit.sap.connecting import SapConnection

log = logging.getLogger(__name__)


class RefusedByRulesError(RefusedError):
    """HTTP 400: SAP's rules forbid it. `messages`: all that SAP says."""

    def __init__(self, *, system: str, subject: str, messages: Sequence[SapMessage]) -> None:
        self.messages = tuple(messages)
        super().__init__(system=system, subject=subject, got=f"HTTP 400: {in_words(messages)}", status=400, own=True)


class ODataWriter:
    """Posts JSON to one service. For one thread: tokens and cookies that threads share fail now and then.

    Args:
        connection: the tenant; its session keeps the cookies.
        service: the service's path, e.g. /sap/opu/odata/sap/API_SUPPLIERINVOICE_PROCESS_SRV.
    """

    def __init__(self, connection: SapConnection, service: str) -> None:
        self._connection = connection
        self._service = service.rstrip("/")
        self._token: str | None = None

    def post(self, path: str, body: object = None, *, what: str) -> dict[str, Any]:
        """POST to `path` below the service; the `d` of the answer, which has something in it.

        The request is sent once, and once more only when the token was refused: then SAP has done nothing.

        Raises:
            RefusedByRulesError: SAP's rules forbid it.
            ConnectorError: refused otherwise, or no answer that can be read: after a `TransientError` the request may
                have been carried out all the same.
        """
        fresh = self._token is None
        try:
            return self._post(path, body, what)
        except CsrfTokenError:
            if fresh:
                raise
            log.info("%s: the CSRF token was refused, fetching another one", self._connection.system)
            self._token = None
        return self._post(path, body, what)

    def _post(self, path: str, body: object, what: str) -> dict[str, Any]:
        if self._token is None:
            self._token = self._fetch()

        def content(response: requests.Response) -> dict[str, Any]:
            if own_words(response) and (messages := messages_of(response)):
                raise RefusedByRulesError(system=self._connection.system, subject=what, messages=messages)
            if response.status_code >= 400:
                raise common_error(self._connection.system, what, response)
            return _content(response)

        return self._connection.session.request(
            "POST",
            self._connection.url(f"{self._service}/{path}"),
            what=what,
            read=content,
            repeatable=False,
            allow=(400,),
            data=b"" if body is None else msgspec.json.encode(body),
            headers={
                **self._connection.headers,
                "Accept": "application/json",
                "Content-Type": "application/json",
                CSRF_HEADER: self._token,
            },
        )

    def _fetch(self) -> str:
        headers = {**self._connection.headers, "Accept": "application/json", CSRF_HEADER: "Fetch"}
        address = self._connection.url(f"{self._service}/")
        try:
            token = self._connection.session.request("GET", address, what="CSRF token", read=_token, headers=headers)
        except (ConnectorError, PageTimeout) as failed:  # the post that wants it was not sent
            error = failed.error if isinstance(failed, PageTimeout) else failed
            raise NotSentError(
                system=error.system, subject=error.subject, expected=error.expected, got=error.got, hint=error.hint
            ) from failed
        if not token:
            raise RefusedError(
                system=self._connection.system,
                subject="CSRF token",
                expected=f"a header {CSRF_HEADER} from {self._service}/",
                got="none",
                hint="A proxy in between may remove the header.",
            )
        return token


def _token(response: requests.Response) -> str:
    return str(response.headers.get(CSRF_HEADER, ""))


def _content(response: requests.Response) -> dict[str, Any]:
    # A create answers 201 with what it made. An empty 2xx may be a gateway's own, and says nothing of the request.
    if not response.content:
        raise Unreadable(f"HTTP {response.status_code} without a body")
    try:
        answer: Any = decoded(response.content)
    except ValueError as error:
        raise Unreadable(f"no JSON: {error}") from error
    inner = answer.get("d") if isinstance(answer, Mapping) else None
    if not isinstance(inner, Mapping) or not inner:
        raise Unreadable("JSON without d, or with nothing in it")
    return dict(inner)
