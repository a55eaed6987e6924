"""The OAuth service: device grant and refresh, with JSON and form bodies.

Sources: the community OpenAPI project's live probes, Anaplan Connect's device flow, Anaplan's community articles on
rotatable tokens.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import msgspec
from starlette.routing import Route

from sandbox.anaplan.envelope import encoded
from sandbox.anaplan.tenant import secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from sandbox.anaplan.auth import Tokens
    from sandbox.anaplan.tenant import Tenant, User

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_DEVICE_SECONDS = 600


@dataclass(slots=True)
class _Device:
    user_code: str
    scope: str
    expires: float
    polls: int = 0
    approved: bool = False


@dataclass(slots=True)
class _Grant:
    user: User
    scope: str
    expires: float


class _OAuthError(Exception):
    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


class OAuthService:
    """The routes below /oauth for one registered device client."""

    def __init__(self, tenant: Tenant, tokens: Tokens) -> None:
        self._tenant = tenant
        self._tokens = tokens
        self.client_id = secret(tenant.seed, "oauth-client")
        self.first_refresh_token = secret(tenant.seed, "oauth-refresh-token", 48)
        self._devices: dict[str, _Device] = {}
        self._grants: dict[str, _Grant] = {}
        self.reset()

    def reset(self) -> None:
        """Only the sample refresh token is left."""
        self._devices.clear()
        scope = "openid email offline_access"
        self._grants = {self.first_refresh_token: _Grant(self._tenant.users[0], scope, self._refresh_expiry())}

    def routes(self) -> Sequence[Route]:
        """The service's routes."""
        return (
            Route("/oauth/device/code", self._device_code, methods=["POST"]),
            Route("/oauth/token", self._token, methods=["POST"]),
        )

    def approve(self, user_code: str) -> bool:
        """The user enters the code and consents; False when there is no such code."""
        found = [device for device in self._devices.values() if device.user_code == user_code]
        for device in found:
            device.approved = True
        return bool(found)

    async def _device_code(self, request: Request) -> Response:
        try:
            fields = await self._fields(request)
            self._check_client(fields)
        except _OAuthError as error:
            return self._refused(error)
        device_code, user_code = secrets.token_urlsafe(24), secrets.token_hex(4).upper()
        scope = fields.get("scope", "openid")
        self._devices[device_code] = _Device(user_code, scope, self._tenant.clock.now() + _DEVICE_SECONDS)
        place = f"{request.base_url}activate"
        body = {
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": place,
            "verification_uri_complete": f"{place}?user_code={user_code}",
            "expires_in": _DEVICE_SECONDS,
            "interval": 5,
        }
        return encoded(body)

    async def _token(self, request: Request) -> Response:
        try:
            fields = await self._fields(request)
            self._check_client(fields)
            grant, refresh_token = self._granted(fields)
        except _OAuthError as error:
            return self._refused(error)
        body = {
            "access_token": self._tokens.issue(grant.user).value,
            "token_type": "Bearer",
            "expires_in": self._tenant.switches.number("token_seconds"),
            "scope": grant.scope,
            "id_token": secrets.token_urlsafe(24),
        }
        if refresh_token:
            body["refresh_token"] = refresh_token
        return encoded(body)

    def _granted(self, fields: dict[str, str]) -> tuple[_Grant, str]:
        kind = fields.get("grant_type")
        if kind == DEVICE_GRANT:
            grant = self._device_grant(fields.get("device_code", ""))
            return grant, self._new_refresh_token(grant)
        if kind == "refresh_token":
            return self._refreshed(fields.get("refresh_token", ""))
        raise _OAuthError("unsupported_grant_type", "Unsupported grant type")

    def _check_client(self, fields: dict[str, str]) -> None:
        if not fields.get("client_id"):
            raise _OAuthError("invalid_request", "Missing required parameter: client_id")
        if fields["client_id"] != self.client_id:
            raise _OAuthError("unauthorized_client", "Unknown client")

    def _device_grant(self, device_code: str) -> _Grant:
        device = self._devices.get(device_code)
        if device is None:
            raise _OAuthError("invalid_grant", "Invalid or expired device code")
        if device.expires <= self._tenant.clock.now():
            raise _OAuthError("expired_token", "The device code has expired")
        device.polls += 1
        if device.polls > 1 and self._tenant.switches.text("device_approval") == "automatic":
            device.approved = True
        if not device.approved:
            raise _OAuthError("authorization_pending", "User has yet to authorize device code")
        del self._devices[device_code]
        scope = " ".join(word for word in device.scope.split() if word != "profile")
        return _Grant(self._tenant.users[0], scope, 0.0)

    def _refresh_expiry(self) -> float:
        return self._tenant.clock.now() + self._tenant.switches.number("refresh_token_seconds")

    def _new_refresh_token(self, grant: _Grant) -> str:
        if "offline_access" not in grant.scope.split():
            return ""
        token = secrets.token_urlsafe(36)
        self._grants[token] = _Grant(grant.user, grant.scope, self._refresh_expiry())
        return token

    def _refreshed(self, refresh_token: str) -> tuple[_Grant, str]:
        grant = self._grants.get(refresh_token)
        rotating = self._tenant.switches.text("refresh_tokens") == "rotating"
        if grant is None or (rotating and grant.expires <= self._tenant.clock.now()):
            raise _OAuthError("invalid_grant", "Unknown or invalid refresh token")
        if not rotating:
            return grant, refresh_token
        del self._grants[refresh_token]
        return grant, self._new_refresh_token(grant)

    async def _fields(self, request: Request) -> dict[str, str]:
        """The body's fields, of those forms that the switch lets through."""
        body, taken = await request.body(), self._tenant.switches.text("oauth_body")
        if taken != "json" and request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return dict(parse_qsl(body.decode("utf-8", "replace")))
        try:
            if taken != "form":
                return msgspec.json.decode(body, type=dict[str, str])
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
        raise _OAuthError("invalid_request", "The body can't be read")

    def _refused(self, error: _OAuthError) -> Response:
        body = {"error": error.error, "error_description": error.description}
        return encoded(body, int(self._tenant.switches.text("oauth_error_status")))
