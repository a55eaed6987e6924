"""Anaplan's token in the Authorization header.

Anaplan asks integrations to use a single token per session: "if you get a new auth token for every call, your
request might fail" (Anaplan help, authentication). A token is refreshed five minutes before its end, as Anaplan's own
client does.
"""

from __future__ import annotations

from connector_kit.http.tokens import Login, Token, TokenAuth

__all__ = ["AnaplanAuth", "Login", "Token"]


class AnaplanAuth(TokenAuth):
    """Signs requests with the run's token (see `TokenAuth`)."""

    def __init__(self, login: Login) -> None:
        super().__init__(login, scheme="AnaplanAuthToken")
