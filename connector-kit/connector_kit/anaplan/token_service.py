"""Anaplan's token service: log in with a password or a certificate, extend a token.

Source: Anaplan authentication service API (basic, CA certificate, refresh), its answers as in Anaplan Connect's
recorded fixtures and as probed live: 201 for a login, `expiresAt` in epoch milliseconds, an error envelope of its
own with a `status` that begins with FAILURE.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any, Literal

import requests
from typing_extensions import override

from connector_kit.anaplan.auth import Login, Token
from connector_kit.anaplan.errors import SYSTEM, server_message
from connector_kit.anaplan.reading import mapping, share, text
from connector_kit.errors import AuthenticationError, ConnectorError
from connector_kit.http import HttpSession, Limiter, Retry, Unreadable
from connector_kit.http.bodies import decoded
from connector_kit.http.retry import moment
from connector_kit.redaction import register_secret

_USUAL_LIFE = 1800.0
"""Seconds to trust a token whose end the server doesn't tell: the shortest life that the documents name."""

_CLOCKS_AGREE = 5.0
"""Seconds by which two clocks may differ."""

_ADVICE = {
    "Basic": "Check username and password; with single sign-on, the user must be an exception user.",
    "CACertificate": "Check that the certificate is registered for an active user of this tenant and has not expired; "
    "certificate_version v1 or v2 chooses the older or the present format of the proof.",
}


def auth_session(
    limiter: Limiter | None = None, *, retry: Retry | None = None, verify: Literal[True] | str = True
) -> HttpSession:
    """A session for the token service or the OAuth service: unsigned, with their kind of errors."""
    return HttpSession(SYSTEM, limiter=limiter, classify=classify_login, retry=retry, verify=verify, pool_size=2)


def classify_login(response: requests.Response, what: str) -> ConnectorError | None:
    """The error for a refused login or refresh; None leaves the others to the common table."""
    if response.status_code not in {400, 401, 403}:
        return None
    scheme = text(response.request.headers.get("Authorization")).partition(" ")[0]
    return AuthenticationError(
        system=SYSTEM,
        subject=what,
        got=f"HTTP {response.status_code}: {server_message(response)}",
        hint=_ADVICE.get(scheme, ""),
    )


class TokenServiceLogin(Login):
    """Tokens from the token service.

    Args:
        http: from `auth_session`.
        auth_url: the service's base address.
        who: for messages, e.g. "user integration@example.com".
        prove: makes the Authorization header's value and the JSON body (None: no body) of a login; called for
            every login, because a certificate's proof carries the time.
    """

    def __init__(
        self,
        http: HttpSession,
        auth_url: str,
        *,
        who: str,
        prove: Callable[[], tuple[str, dict[str, str] | None]],
    ) -> None:
        self._http = http
        self._url = f"{auth_url}/token"
        self._who = who
        self._prove = prove

    @override
    def obtain(self) -> Token:
        authorization, body = self._prove()
        return self._post("authenticate", f"login of {self._who}", authorization, body)

    @override
    def extend(self, token: Token) -> Token:
        return self._post("refresh", f"token refresh for {self._who}", f"AnaplanAuthToken {token.value}", None)

    def _post(self, verb: str, what: str, authorization: str, body: dict[str, str] | None) -> Token:
        return self._http.request(
            "POST",
            f"{self._url}/{verb}",
            what=what,
            read=lambda response: read_token(response, what),
            repeatable=True,
            changes=False,
            headers={"Authorization": authorization},
            json=body,
        )


def password_proof(username: str, password: str) -> Callable[[], tuple[str, None]]:
    """The proof of a basic login."""
    credentials = b64encode(f"{username}:{password}".encode()).decode()
    for secret in (password, credentials):
        register_secret(secret)
    return lambda: (f"Basic {credentials}", None)


def read_token(response: requests.Response, what: str) -> Token:
    """The token in an answer of the token service.

    Raises:
        AuthenticationError: the service says that it failed, whatever its HTTP status.
    """
    try:
        body: Any = decoded(response.content)
    except ValueError as error:
        raise Unreadable(str(error)) from error
    info = mapping(mapping(body).get("tokenInfo"))
    status = text(mapping(body).get("status"))
    if status.startswith("FAILURE"):
        raise AuthenticationError(system=SYSTEM, subject=what, got=f"{status}: {text(body.get('statusMessage'))}")
    value = text(info.get("tokenValue"))
    # Announced for 2026 as optional. It is not used: a token is renewed by itself.
    register_secret(text(info.get("refreshToken")))
    if not value:
        raise Unreadable("no tokenValue")
    end = share(info.get("expiresAt")) / 1000
    return Token.lasting(value, end - server_time(response) if end else _USUAL_LIFE)


def server_time(response: requests.Response) -> float:
    """Epoch seconds on the server's clock, which is the one that ends tokens.

    Ours when it doesn't tell, and when the two agree: a Date header has whole seconds only.
    """
    ours = time.time()
    theirs = moment(response.headers.get("Date", ""))
    if theirs is None:
        return ours
    return theirs if abs(theirs - ours) > _CLOCKS_AGREE else ours
