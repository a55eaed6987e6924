"""The authentication service: basic and certificate logon, refresh, validate, logout.

Sources: Anaplan's authentication API as probed live by the community OpenAPI project, Anaplan Connect for the
certificate protocol, Anaplan's help for version 2 of the nonce.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from starlette.responses import Response
from starlette.routing import Route

from sandbox.anaplan.envelope import encoded
from sandbox.anaplan.tasks import milliseconds
from sandbox.anaplan.tenant import secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

    from sandbox.anaplan.tenant import Tenant, User

_NONCE_BYTES = 100
_STAMP_BYTES = 8


@dataclass(slots=True)
class Token:
    """An issued token; ``expires`` in epoch seconds."""

    value: str
    user: User
    expires: float
    id: str
    refresh_id: str


class Tokens:
    """Tokens in force, of the authentication service and of OAuth alike."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._tokens: dict[str, Token] = {}
        self.logons = 0

    def issue(self, user: User) -> Token:
        """A new token."""
        self.logons += 1
        parts = [base64.urlsafe_b64encode(uuid.uuid4().bytes + uuid.uuid4().bytes).decode() for _ in range(3)]
        token = Token(".".join(parts), user, self._expiry(), str(uuid.uuid4()), str(uuid.uuid4()))
        self._tokens[token.value] = token
        return token

    def _expiry(self) -> float:
        return self._tenant.clock.now() + self._tenant.switches.number("token_seconds")

    def find(self, value: str) -> Token | None:
        """The token, unless it has expired or was revoked."""
        token = self._tokens.get(value)
        if token is not None and token.expires <= self._tenant.clock.now():
            del self._tokens[value]
            return None
        return token

    def extend(self, token: Token) -> None:
        """Give it a new lifetime."""
        token.expires = self._expiry()

    def revoke(self, token: Token) -> None:
        """It is no longer good."""
        del self._tokens[token.value]

    def revoke_all(self) -> None:
        """None is good any more."""
        self._tokens.clear()

    def clear(self) -> None:
        """Revoke all of them, and count anew."""
        self._tokens.clear()
        self.logons = 0


class _RefusedError(Exception):
    def __init__(self, http_status: int, status: str, message: str) -> None:
        super().__init__(message)
        self.answer = encoded({"status": status, "statusMessage": message}, http_status)


def _bad_credential() -> _RefusedError:
    return _RefusedError(401, "FAILURE_BAD_CREDENTIAL", "Failed to authenticate. Verify the credentials.")


def _bad_header(status: int = 400) -> _RefusedError:
    return _RefusedError(status, "FAILURE_BAD_HEADER", "Invalid header. Verify the header.")


class AuthService:
    """The routes below /token."""

    def __init__(self, tenant: Tenant, tokens: Tokens, certificate: x509.Certificate) -> None:
        self._tenant = tenant
        self._tokens = tokens
        self._certificate = certificate

    def routes(self) -> Sequence[Route]:
        """The service's routes."""
        return (
            Route("/token/authenticate", self._authenticate, methods=["POST"]),
            Route("/token/refresh", self._refresh, methods=["POST"]),
            Route("/token/validate", self._validate, methods=["GET"]),
            Route("/token/logout", self._logout, methods=["POST"]),
        )

    async def _authenticate(self, request: Request) -> Response:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        try:
            if scheme.lower() == "basic":
                user = self._basic(value)
            elif scheme.lower() == "cacertificate":
                user = self._by_certificate(value, await request.body())
            else:
                raise _bad_header()
        except _RefusedError as refusal:
            return refusal.answer
        token = self._tokens.issue(user)
        return self._granted(token, "Login successful", 201, self._refresh_token_of(token))

    def _refresh_token_of(self, token: Token) -> dict[str, object]:
        """What the help announces for 2026 as optional; nobody is told what it is good for."""
        if not self._tenant.switches.flag("login_refresh_token"):
            return {}
        return {"refreshToken": secret(self._tenant.seed, f"refresh-{token.id}", 48)}

    def _basic(self, value: str) -> User:
        email, _, password = _decoded(value).decode("utf-8", "replace").partition(":")
        for user in self._tenant.users:
            if user.email == email and password == self._password(user):
                return user
        raise _bad_credential()

    def _password(self, user: User) -> str:
        changed = self._tenant.switches.text("new_password") if user is self._tenant.users[0] else ""
        return changed or user.password

    def _registered(self) -> x509.Certificate:
        renewed = self._tenant.switches.text("new_certificate")
        return x509.load_pem_x509_certificate(renewed.encode()) if renewed else self._certificate

    def _is_valid(self, certificate: x509.Certificate) -> bool:
        now = datetime.fromtimestamp(self._tenant.clock.clients(), timezone.utc)
        return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc

    def _by_certificate(self, value: str, body: bytes) -> User:
        try:
            presented = x509.load_pem_x509_certificate(_decoded(value))
        except ValueError:
            raise _bad_header() from None
        try:
            proof = msgspec.json.decode(body, type=dict[str, str])
            nonce = base64.b64decode(proof["encodedData"], validate=True)
            signature = base64.b64decode(proof["encodedSignedData"], validate=True)
        except (msgspec.DecodeError, KeyError, binascii.Error):
            raise _bad_credential() from None
        key = presented.public_key()
        known = presented == self._registered() and self._is_valid(presented)
        if not known or not isinstance(key, RSAPublicKey):
            raise _bad_credential()
        try:
            key.verify(signature, nonce, PKCS1v15(), hashes.SHA512())
        except InvalidSignature:
            raise _bad_credential() from None
        self._check_nonce(nonce, proof.get("encodedDataFormat", "v1"))
        return self._tenant.users[0]

    def _check_nonce(self, nonce: bytes, version: str) -> None:
        switches = self._tenant.switches
        if version not in {"v1", "v2"} or (version == "v1" and switches.text("certificate") == "v2_only"):
            raise _bad_credential()
        if len(nonce) < _NONCE_BYTES:
            raise _bad_credential()
        tolerated = switches.number("certificate_skew_seconds")
        if version == "v2" and tolerated:
            stamp = int.from_bytes(nonce[:_STAMP_BYTES], "big")
            if abs(self._tenant.clock.clients() - stamp) > tolerated:
                raise _bad_credential()

    def _presented(self, request: Request, wrong_scheme: int) -> Token:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "anaplanauthtoken" or not value:
            raise _bad_header(wrong_scheme)
        token = self._tokens.find(value)
        if token is None:
            raise _bad_credential()
        return token

    async def _refresh(self, request: Request) -> Response:
        try:
            token = self._presented(request, 400)
        except _RefusedError as refusal:
            return refusal.answer
        self._tokens.extend(token)
        return self._granted(token, "Token refreshed", 200)

    async def _validate(self, request: Request) -> Response:
        try:
            token = self._presented(request, 400)
        except _RefusedError as refusal:
            return refusal.answer
        user = token.user
        info = {"userGuid": user.id, "userId": user.email, "customerGuid": self._tenant.customer_id}
        return self._granted(token, "Token validated", 200, userInfo=info)

    async def _logout(self, request: Request) -> Response:
        try:
            token = self._presented(request, 401)
        except _RefusedError as refusal:
            return refusal.answer
        self._tokens.revoke(token)
        return Response(status_code=204)

    @staticmethod
    def _granted(
        token: Token, message: str, status: int, also: Mapping[str, object] | None = None, **more: object
    ) -> Response:
        body = {
            "meta": {"validationUrl": "https://auth.anaplan.com/token/validate"},
            "status": "SUCCESS",
            "statusMessage": message,
            "tokenInfo": {
                "tokenId": token.id,
                "tokenValue": token.value,
                "expiresAt": milliseconds(token.expires),
                "refreshTokenId": token.refresh_id,
                **(also or {}),
            },
            **more,
        }
        return encoded(body, status)


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        raise _bad_header() from None
