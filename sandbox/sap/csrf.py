"""Tokens against cross-site request forgery: fetched by a read, good only with the cookies of the same answer."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.requests import Request

    from sandbox.core.clock import Clock
    from sandbox.core.switches import Switches

COOKIE = "SAP_SESSIONID_S4H_100"
_HEADER = "x-csrf-token"


@dataclass(slots=True)
class _Session:
    token: str
    end: float


class Csrf:
    """The sessions of all clients."""

    def __init__(self, switches: Switches, clock: Clock) -> None:
        self._switches = switches
        self._clock = clock
        self._sessions: dict[str, _Session] = {}

    def clear(self) -> None:
        """Forget all sessions."""
        self._sessions.clear()

    def head_refused(self, request: Request) -> bool:
        """Whether this is a HEAD that asks for a token, where the tenant wants a GET."""
        fetches = request.headers.get(_HEADER, "").lower() == "fetch"
        return request.method == "HEAD" and fetches and self._switches.text("csrf_head") == "refused"

    def hand_out(self, request: Request, response: Response) -> None:
        """The token and its cookies on a successful read that asked for them; a session keeps its token."""
        if request.headers.get(_HEADER, "").lower() != "fetch" or response.status_code >= 400:
            return
        session = self._alive(request)
        if session is None:
            session = _Session(base64.b64encode(secrets.token_bytes(16)).decode(), 0.0)
            name = quote(base64.b64encode(secrets.token_bytes(30)).decode(), safe="")
            self._sessions[name] = session
            response.headers.append("set-cookie", f"{COOKIE}={name}; path=/; HttpOnly")
            response.headers.append("set-cookie", "sap-usercontext=sap-client=100; path=/")
        session.end = self._clock.now() + self._switches.seconds("csrf_seconds")
        response.headers[_HEADER] = session.token

    def valid(self, request: Request) -> bool:
        """Whether the request carries a living token with the cookie that it came with."""
        session = self._alive(request)
        return session is not None and secrets.compare_digest(session.token, request.headers.get(_HEADER, ""))

    def _alive(self, request: Request) -> _Session | None:
        name = _raw_cookies(request).get(COOKIE)
        session = self._sessions.get(name) if name is not None else None
        return session if session is not None and self._clock.now() < session.end else None


def _raw_cookies(request: Request) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in request.headers.get("cookie", "").split(";"))
    return {name: value for name, _, value in pairs}


def refused() -> Response:
    """The answer to a change without a valid token."""
    return Response("CSRF token validation failed", 403, {_HEADER: "Required"}, "text/plain")
