"""One token per run: made once, refreshed before it expires, made anew once after a 401.

All threads of a process share it, and only one of them ever renews it.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import Protocol

import requests
from requests.auth import AuthBase
from typing_extensions import override

from connector_kit.errors import ConnectorError
from connector_kit.redaction import register_secret

log = logging.getLogger(__name__)

EARLY_SHARE = 1 / 7
"""The share of a token's life before its end at which it is refreshed at the earliest, for servers with short lives."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token with its life on this process's monotonic clock, in seconds; made by `Token.lasting`."""

    value: str = field(repr=False)
    refresh_at: float
    expires_at: float

    @classmethod
    def lasting(cls, value: str, seconds: float, *, early: float = 300.0) -> Token:
        """A token that the server has just made or extended for so many seconds; refreshed `early` seconds before."""
        register_secret(value)
        now = time.monotonic()
        return cls(value, now + seconds - min(early, seconds * EARLY_SHARE), now + seconds)


class Login(Protocol):
    """A way to get a token."""

    def obtain(self) -> Token:
        """A new token from the credentials."""

    def extend(self, token: Token) -> Token:
        """A token that follows `token`, which is still valid; may be the same with a later end."""


class TokenAuth(AuthBase):
    """Signs requests with the run's token. Safe to use from many threads.

    Errors of the login are raised by `ensure` and while a request is being prepared: AuthenticationError without
    an HTTP status, so that no session takes them for an expired token and tries a wrong password twice.

    Args:
        login: how a token is had.
        scheme: the word before the token in the Authorization header.
    """

    def __init__(self, login: Login, *, scheme: str = "Bearer") -> None:
        self._login = login
        self._scheme = scheme
        self._token: Token | None = None
        self._renewing = threading.Lock()
        self._signed_with = threading.local()

    @override
    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        token = self.ensure()
        self._signed_with.value = token.value
        r.headers["Authorization"] = f"{self._scheme} {token.value}"
        return r

    def ensure(self) -> Token:
        """The token for the next request, after whatever it takes to have one."""
        token = self._token
        if token is not None and time.monotonic() < token.refresh_at:
            return token
        with self._renewing:
            self._token = token = self._next(self._token)
            return token

    def renew(self) -> None:
        """The server has refused the token of this thread's last request: don't use that one again."""
        refused = getattr(self._signed_with, "value", None)
        with self._renewing:
            # Another thread may have renewed it already, and its token must live.
            if self._token is not None and self._token.value == refused:
                self._token = None

    def _next(self, token: Token | None) -> Token:
        now = time.monotonic()
        if token is not None and now < token.refresh_at:
            return token
        if token is not None and now < token.expires_at:
            try:
                return self._login.extend(token)
            except ConnectorError as error:
                log.info("The token can't be extended, logging in anew: %s", error)
        return self._login.obtain()
