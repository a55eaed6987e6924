"""Who may call: a communication user by password, access token or client certificate.

Basic and certificates as SAP documents them for inbound calls; client credentials at the two token paths that clients
in the field use (unsure for inbound on the public cloud, hence the switch). The certificate arrives in a header, as a
proxy in front that ends TLS hands it on.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from sandbox.core.clock import Clock
    from sandbox.core.switches import Switches

TOKEN_PATHS = ("/sap/bc/sec/oauth2/token", "/oauth/token")
CERTIFICATE_HEADER = "x-ssl-client-cert"
_REALM = 'realm="SAP NetWeaver Application Server [S4H/100]"'
_LOGON_FAILED = (
    "<html><head><title>Logon Error Message</title></head>\n"
    "<body><h1>Anmeldung fehlgeschlagen</h1><p>Logon failed: {reason}</p></body></html>\n"
)


@dataclass(frozen=True, slots=True)
class CommunicationUser:
    """The sample user of the communication system, with everything it may log on with."""

    username: str
    password: str
    client_id: str
    client_secret: str
    certificate: x509.Certificate


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _basic(encoded: str) -> tuple[str, str] | None:
    """User and password; clients write other than ASCII in UTF-8 or in Latin-1."""
    try:
        raw = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return None
    try:
        user, colon, password = raw.decode("utf-8").partition(":")
    except UnicodeDecodeError:
        user, colon, password = raw.decode("latin-1").partition(":")
    return (user, password) if colon else None


class Auth:
    """Checks every request and hands out tokens. ``refusal`` and ``token`` are all that the services need of it."""

    def __init__(self, user: CommunicationUser, switches: Switches, clock: Clock) -> None:
        self._user = user
        self._switches = switches
        self._clock = clock
        self._tokens: dict[str, float] = {}
        """Access token to the end of its life."""

    def clear(self) -> None:
        """Forget all tokens."""
        self._tokens.clear()

    def refusal(self, request: Request) -> Response | None:
        """The 401 page when the caller is not known, else None."""
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            given = _basic(credentials.strip())
            password = self._switches.text("new_password") or self._user.password
            known = given is not None and _same(given[0], self._user.username) and _same(given[1], password)
            return None if known else self._unauthorized("name or password is incorrect")
        if scheme.lower() == "bearer":
            return None if self._token_lives(credentials.strip()) else self._invalid_token()
        if self._switches.flag("client_certificate") and self._certified(request.headers.get(CERTIFICATE_HEADER, "")):
            return None
        return self._unauthorized("no logon data")

    async def token(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The token endpoint (ASGI), under each of TOKEN_PATHS."""
        request = Request(scope, receive)
        response = self._grant(request, await request.body())
        await response(scope, receive, send)

    def _grant(self, request: Request, body: bytes) -> Response:
        if request.method != "POST":
            return Response(status_code=405, headers={"Allow": "POST"})
        form = dict(parse_qsl(body.decode("latin-1")))
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        given = _basic(encoded.strip()) if scheme.lower() == "basic" else None
        client, secret = given or (form.get("client_id", ""), form.get("client_secret", ""))
        if not (_same(client, self._user.client_id) and _same(secret, self._user.client_secret)):
            challenge = {"WWW-Authenticate": f"Basic {_REALM}"}
            return JSONResponse({"error": "invalid_client"}, 401, {**challenge, "Cache-Control": "no-store"})
        if not self._switches.flag("oauth_client_credentials"):
            return JSONResponse({"error": "unauthorized_client"}, 400)
        if form.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        life = self._switches.number("token_seconds")
        access = secrets.token_urlsafe(32)
        self._tokens[access] = self._clock.now() + life
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": life, "scope": form.get("scope", "")}
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    def _token_lives(self, access: str) -> bool:
        end = self._tokens.get(access)
        return end is not None and self._clock.now() < end

    def _certified(self, header: str) -> bool:
        try:
            if "BEGIN" in header:
                shown = x509.load_pem_x509_certificate(unquote(header).encode())
            else:
                shown = x509.load_der_x509_certificate(base64.b64decode(header, validate=True))
        except ValueError:
            return False
        return shown.public_bytes(Encoding.DER) == self._user.certificate.public_bytes(Encoding.DER)

    @staticmethod
    def _unauthorized(reason: str) -> Response:
        headers = {"WWW-Authenticate": f"Basic {_REALM}"}
        return Response(_LOGON_FAILED.format(reason=reason), 401, headers, "text/html")

    @staticmethod
    def _invalid_token() -> Response:
        headers = {"WWW-Authenticate": f'Bearer {_REALM}, error="invalid_token"'}
        page = _LOGON_FAILED.format(reason="the access token is invalid or expired")
        return Response(page, 401, headers, "text/html")
