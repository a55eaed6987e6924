"""How a communication user logs on: basic, an OAuth 2.0 token, or a client certificate.

Source: SAP Help on communication arrangements (inbound: user and password, certificate, OAuth 2.0) and SAP's sample
code for the token endpoint `/sap/bc/sec/oauth2/token`. Whether a tenant grants client credentials to inbound
communication is open, and identity services have their token endpoint elsewhere: hence the setting `token_url`.
"""

from __future__ import annotations

import re
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from urllib.parse import quote

import msgspec
import requests
from requests.auth import AuthBase, HTTPBasicAuth

from connector_kit.errors import AuthenticationError, ConfigurationError, ConnectorError
from connector_kit.http import HttpSession, Unreadable
from connector_kit.http.bodies import decoded
from connector_kit.http.credentials import chosen_method
from connector_kit.http.tokens import Token, TokenAuth
from connector_kit.private_files import warn_of_exposure
from connector_kit.redaction import register_secret, shortened
from connector_kit.sap.errors import SYSTEM, in_words, messages_of
from connector_kit.tls import client_context

DEFAULT_ENDPOINT = "/sap/bc/sec/oauth2/token"
EARLY = 60.0
"""Seconds before a token's end at which the next one is fetched."""
_USUAL_LIFE = 3600.0

_NEEDED = {
    "basic": ("username", "password"),
    "oauth": ("client_id", "client_secret"),
    "certificate": ("certificate",),
}


class _Grant(msgspec.Struct):
    access_token: str
    expires_in: float | None = None


class ClientCredentials:
    """The OAuth 2.0 client credentials grant (RFC 6749, 4.4), the client in the Authorization header.

    Args:
        http: a session without auth, see `token_session`.
        token_url: the token endpoint.
        scope: asked for when not empty.
    """

    def __init__(self, http: HttpSession, token_url: str, client_id: str, client_secret: str, scope: str = "") -> None:
        register_secret(client_secret)
        self._http = http
        self._url = token_url
        self._client = HTTPBasicAuth(client_id.encode(), client_secret.encode())
        self._form = "grant_type=client_credentials" + (f"&scope={quote(scope, safe='')}" if scope else "")

    def obtain(self) -> Token:
        """A new token.

        Raises:
            AuthenticationError: the client is not known or may not have one.
        """
        return self._http.request(
            "POST",
            self._url,
            what="OAuth token",
            read=_token,
            repeatable=True,
            changes=False,
            auth=self._client,
            data=self._form,
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
        )

    def extend(self, token: Token) -> Token:  # noqa: ARG002 - this grant has no refresh token (RFC 6749, 4.4.3)
        """The next token."""
        return self.obtain()


def auth_of(settings: Mapping[str, Any], *, base_url: str, http: HttpSession) -> AuthBase | None:
    """The requests auth that resolved settings describe; None for a client certificate, which TLS shows.

    Raises:
        ConfigurationError: incomplete credentials, or several to choose from.
    """
    method = chosen_method(settings, _NEEDED, system=SYSTEM)
    if method == "basic":
        register_secret(str(settings["password"]))
        return HTTPBasicAuth(str(settings["username"]).encode(), str(settings["password"]).encode())
    if method == "oauth":
        url = str(settings.get("token_url") or base_url + DEFAULT_ENDPOINT)
        scope = str(settings.get("scope") or "")
        login = ClientCredentials(http, url, str(settings["client_id"]), str(settings["client_secret"]), scope)
        return TokenAuth(login)
    return None


def tls_of(settings: Mapping[str, Any]) -> ssl.SSLContext | None:
    """The TLS context with the client certificate, where the settings log on with one.

    `certificate` and `private_key` are paths of PEM files or PEM texts; a missing key is in the certificate's file.

    Raises:
        ConfigurationError: unreadable, wrong password, or the two don't belong together.
    """
    if chosen_method(settings, _NEEDED, system=SYSTEM) != "certificate":
        return None
    context = client_context()
    # OpenSSL takes files only. A text lies in a private folder for this moment, its key encrypted: what a process that
    # is killed leaves there is of use to nobody.
    with tempfile.TemporaryDirectory() as folder:
        # Never None: OpenSSL would ask at the terminal.
        files = _Files(folder, str(settings.get("private_key_password") or ""))
        certificate = files.path("certificate", str(settings["certificate"]))
        key = files.path("private_key", str(settings["private_key"])) if settings.get("private_key") else None
        try:
            context.load_cert_chain(certificate, key, files.password)
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                system=SYSTEM,
                subject="client certificate",
                expected="a certificate in PEM format with its private key, and the key's password if it has one",
                got=getattr(error, "strerror", None) or getattr(error, "reason", None) or type(error).__name__,
            ) from error
    return context


def token_error(response: requests.Response, what: str) -> ConnectorError | None:
    """The token endpoint's refusal. Without an HTTP status: no session shall take it for an expired token."""
    if response.status_code not in {400, 401, 403}:
        return None
    words = in_words(messages_of(response))
    return AuthenticationError(
        system=SYSTEM,
        subject=what,
        expected="a known client",
        got=f"HTTP {response.status_code}" + (f": {words}" if words else ""),
        hint="Check token_url, client_id and client_secret, and that the tenant grants client credentials.",
    )


def _token(response: requests.Response) -> Token:
    try:
        grant = decoded(response.content, _Grant)
    except ValueError as error:
        raise Unreadable(f"no token: {type(error).__name__}") from error  # its words could quote the token
    return Token.lasting(grant.access_token, grant.expires_in or _USUAL_LIFE, early=EARLY)


class _Files:
    """Certificate and key as files: where they are, or written for a moment.

    Attributes:
        password: of the key as it lies there.
    """

    def __init__(self, folder: str, password: str) -> None:
        self._folder = Path(folder)
        self.password = password

    def path(self, name: str, value: str) -> str:
        """The file of a setting that is a path or a text. Raises ConfigurationError: there is none."""
        if "-----BEGIN" not in value:
            return _readable(name, value)
        path = self._folder / name
        # Environment variables often carry the line breaks as two characters.
        path.write_text(_PLAIN_KEY.sub(self._sealed, value.replace("\\n", "\n")), encoding="utf-8")
        return str(path)

    def _sealed(self, found: re.Match[str]) -> str:
        """The key in a text, encrypted with a password that nobody keeps."""
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - slow to import, and rarely needed
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - slow to import, and rarely needed

        if "ENCRYPTED" in found[0]:
            return found[0]
        try:
            key = serialization.load_pem_private_key(found[0].encode(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            return ""  # OpenSSL says that there is none
        self.password = token_urlsafe(32)
        encryption = serialization.BestAvailableEncryption(self.password.encode())
        return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode()


_PLAIN_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----\n?", re.DOTALL)


def _readable(name: str, value: str) -> str:
    place = Path(value).expanduser()
    try:
        content = place.read_bytes()
    except (OSError, ValueError) as error:
        got = getattr(error, "strerror", None) or "no path"
        # The key's path may be half of a key by mistake.
        shown = f"{shortened(value, 200)}: {got}" if name == "certificate" else got
        raise ConfigurationError(
            system=SYSTEM, subject=f"setting {name}", expected="a readable PEM file or PEM text", got=shown
        ) from error
    if b"PRIVATE KEY-----" in content:
        warn_of_exposure("The file with the private key", place)
    return str(place)
