"""OAuth 2: access tokens from a refresh token, and the device grant that gives the first refresh token.

Source: Anaplan OAuth 2.0 API reference and the community OpenAPI specification (probed live). A client registered
as rotatable gets a new refresh token with every use and the old one dies, so the new one is stored before the
access token that came with it is used.

The reference and Anaplan Connect send JSON, other clients forms, and the service is said to take both: a body that it
can't read as the form of RFC 6749 is sent once more as JSON. No refresh token is used up by a body that isn't read.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import requests
from typing_extensions import override

from connector_kit.anaplan.auth import Login, Token
from connector_kit.anaplan.errors import SYSTEM, server_message
from connector_kit.anaplan.reading import mapping, share, text
from connector_kit.errors import AuthenticationError, ConnectorError
from connector_kit.http import HttpSession, Unreadable, common_error
from connector_kit.http.bodies import decoded
from connector_kit.redaction import register_secret

T = TypeVar("T")
log = logging.getLogger(__name__)

LOGIN_COMMAND = "connector-anaplan-login"
SCOPE = "openid profile email offline_access"
_USUAL_LIFE = 2100.0
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_REFUSED = frozenset({"access_denied", "expired_token", "invalid_client", "invalid_request", "unauthorized_client"})


@dataclass(frozen=True, slots=True)
class OAuthTokens:
    """What the token endpoint gives; `refresh_token` is empty when it gave none."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: float


class OAuthLogin(Login):
    """Access tokens by refresh token.

    Args:
        http: from `token_service.auth_session`.
        load: gives the present refresh token; asked before every use, because another process may have stored a
            newer one.
        store: keeps a rotated refresh token; called before anything else is done with the answer.
        guard: makes sure that no other process uses the same refresh token at the same time.
    """

    def __init__(
        self,
        http: HttpSession,
        oauth_url: str,
        *,
        client_id: str,
        client_secret: str | None = None,
        load: Callable[[], str],
        store: Callable[[str], None],
        guard: Callable[[], AbstractContextManager[object]] = contextlib.nullcontext,
    ) -> None:
        self._http = http
        self._url = f"{oauth_url}/oauth/token"
        self._client = {"client_id": client_id}
        if client_secret:
            register_secret(client_secret)
            self._client["client_secret"] = client_secret
        self._load = load
        self._store = store
        self._guard = guard

    @override
    def obtain(self) -> Token:
        with self._guard():
            present = self._load()
            register_secret(present)
            tokens = self._refresh(present)
            if tokens.refresh_token and tokens.refresh_token != present:
                self._store(tokens.refresh_token)
        return Token.lasting(tokens.access_token, tokens.expires_in)

    @override
    def extend(self, token: Token) -> Token:
        return self.obtain()

    def _refresh(self, refresh_token: str) -> OAuthTokens:
        return _posted(
            self._http,
            self._url,
            {"grant_type": "refresh_token", **self._client, "refresh_token": refresh_token},
            what="OAuth refresh token",
            read=_read_refresh,
            allow=(400, 401, 403),
        )


class RefreshTokenInMemory:
    """Keeps the refresh token for this run only: where the settings name no place to store a rotated one."""

    def __init__(self, token: str) -> None:
        self._token = token

    def load(self) -> str:
        """The present one."""
        return self._token

    def store(self, token: str) -> None:
        """Keep a rotated one, and say that the next run will not have it."""
        self._token = token
        log.warning(
            "Anaplan has replaced the OAuth refresh token, and there is no place to store the new one: the next run "
            "will be refused. Keep the token in the encrypted store, or make the OAuth client non-rotatable."
        )


def device_login(
    http: HttpSession,
    oauth_url: str,
    client_id: str,
    *,
    tell: Callable[[str], None],
    scope: str = SCOPE,
    sleep: Callable[[float], None] = time.sleep,
) -> OAuthTokens:
    """Let a person allow this client in a browser; returns the first tokens.

    Args:
        http: from `token_service.auth_session`.
        oauth_url: the OAuth host.
        client_id: of a client that is registered for the device grant.
        tell: shows the person one line: where to go and what to type.
        scope: what is asked for; without offline_access there is no refresh token.
        sleep: waits so many seconds between two looks.

    Raises:
        AuthenticationError: refused, or not allowed in time.
    """
    grant = _posted(
        http,
        f"{oauth_url}/oauth/device/code",
        {"client_id": client_id, "scope": scope},
        what=f"device login of client {client_id}",
        read=_read_grant,
        allow=(400, 401, 403),
    )
    code = text(grant.get("device_code"))
    register_secret(code)
    address = text(grant.get("verification_uri_complete")) or text(grant.get("verification_uri"))
    tell(f"Open {address} and confirm the code {text(grant.get('user_code'))}.")
    interval = share(grant.get("interval")) or 5.0
    left = share(grant.get("expires_in")) or 600.0
    while left > 0:
        sleep(interval)
        left -= interval
        answer = _posted(
            http,
            f"{oauth_url}/oauth/token",
            {"grant_type": _DEVICE_GRANT, "device_code": code, "client_id": client_id},
            what=f"device login of client {client_id}",
            read=_read_device,
            allow=(400, 401, 403, 404, 428),
        )
        if isinstance(answer, OAuthTokens):
            return answer
        # RFC 8628, 3.5: five seconds more from now on.
        interval += 5.0 if answer == "slow_down" else 0.0
    raise _refused("the code was not confirmed in time", "Start the login again.")


class _UnreadBody(Exception):  # noqa: N818 - no error: the same is said in another form
    """The service could not read the form."""


def _posted(
    http: HttpSession,
    url: str,
    fields: dict[str, str],
    *,
    what: str,
    read: Callable[[requests.Response], T],
    allow: Collection[int],
) -> T:
    """The answer to a POST of fields, as a form or, where the service can't read that, as JSON."""

    def read_form(response: requests.Response) -> T:
        if response.status_code == 415 or (not response.ok and _error_code(response) == "invalid_request"):
            raise _UnreadBody
        return read(response)

    ask = partial(http.request, "POST", url, what=what, repeatable=True, changes=False)
    try:
        return ask(read=read_form, allow={*allow, 415}, data=fields)
    except _UnreadBody:
        return ask(read=read, allow=allow, json=fields)


def _read_grant(response: requests.Response) -> dict[str, Any]:
    if response.ok:
        return _json(response)
    raise _refused(f"{_error_code(response)}: {server_message(response)}", "Check oauth_client_id.")


def _json(response: requests.Response) -> dict[str, Any]:
    try:
        return mapping(decoded(response.content))
    except ValueError as error:
        raise Unreadable(str(error)) from error


def _tokens(response: requests.Response) -> OAuthTokens:
    body = _json(response)
    access, refresh = text(body.get("access_token")), text(body.get("refresh_token"))
    if not access:
        raise Unreadable("no access_token")
    for secret in (access, refresh, text(body.get("id_token"))):
        register_secret(secret)
    return OAuthTokens(access, refresh, share(body.get("expires_in")) or _USUAL_LIFE)


def _read_refresh(response: requests.Response) -> OAuthTokens:
    if response.ok:
        return _tokens(response)
    code = _error_code(response)
    hint = {
        "invalid_grant": f"The refresh token is used up, expired or revoked: log in again with {LOGIN_COMMAND}.",
        "invalid_client": "Check oauth_client_id and oauth_client_secret.",
        "unauthorized_client": "Check that the OAuth client is of the kind (device or authorization code) that made "
        "the refresh token.",
    }.get(code, f"Check the OAuth client, or log in again with {LOGIN_COMMAND}.")
    raise _refused(f"{code or response.status_code}: {server_message(response)}", hint)


def _read_device(response: requests.Response) -> OAuthTokens | str:
    """The tokens, or the error code that says to go on waiting: the code for that is not documented by Anaplan."""
    if response.ok:
        return _tokens(response)
    code = _error_code(response)
    if code in _REFUSED:
        raise _refused(f"{code}: {server_message(response)}", "Start the login again and check oauth_client_id.")
    if not code and response.status_code in {403, 404}:
        raise common_error(SYSTEM, "device login", response)
    return code or "authorization_pending"


def _error_code(response: requests.Response) -> str:
    try:
        return text(_json(response).get("error"))
    except Unreadable:
        return ""


def _refused(got: str, hint: str) -> ConnectorError:
    return AuthenticationError(system=SYSTEM, subject="OAuth login", got=got, hint=hint)
