"""From a plugin's settings to its `AnaplanAuth`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from connector_kit.anaplan.auth import AnaplanAuth, Login
from connector_kit.anaplan.certificate import load as load_certificate
from connector_kit.anaplan.errors import SYSTEM
from connector_kit.anaplan.oauth import OAuthLogin, RefreshTokenInMemory
from connector_kit.anaplan.regions import Hosts
from connector_kit.anaplan.token_service import TokenServiceLogin, password_proof
from connector_kit.errors import ConfigurationError
from connector_kit.http import HttpSession
from connector_kit.http.credentials import chosen_method

_NEEDED = {
    "basic": ("username", "password"),
    "certificate": ("certificate",),
    "oauth": ("oauth_client_id", "oauth_refresh_token"),
}


def auth_method(settings: Mapping[str, Any]) -> str:
    """The method that the settings name, else the one that they are complete for.

    Raises:
        ConfigurationError: an unknown method, a part of it missing, none at all, or several to choose from.
    """
    return chosen_method(settings, _NEEDED, system=SYSTEM)


def from_settings(
    settings: Mapping[str, Any],
    *,
    hosts: Hosts,
    http: HttpSession,
    load: Callable[[], str] | None = None,
    store: Callable[[str], None] | None = None,
    guard: Callable[[], AbstractContextManager[object]] | None = None,
) -> AnaplanAuth:
    """The auth for resolved settings (see `auth_method`, and the plugins' READMEs for their names).

    Args:
        http: from `token_service.auth_session`.
        settings: of the plugin, references to secrets resolved.
        hosts: of the region.
        load: gives the present OAuth refresh token, when it lives outside the settings.
        store: keeps a rotated one.
        guard: held while the refresh token is used, so that processes don't rotate it away from each other.

    Raises:
        ConfigurationError: as `auth_method`, or a certificate that can't be used.
    """
    logins = {"basic": _basic, "certificate": _certificate}
    method = auth_method(settings)
    if method in logins:
        return AnaplanAuth(logins[method](settings, hosts, http))
    memory = RefreshTokenInMemory(str(settings["oauth_refresh_token"]))
    return AnaplanAuth(
        OAuthLogin(
            http,
            hosts.oauth_url,
            client_id=str(settings["oauth_client_id"]),
            client_secret=str(settings.get("oauth_client_secret") or "") or None,
            load=load or memory.load,
            store=store or memory.store,
            guard=guard or nullcontext,
        )
    )


def _basic(settings: Mapping[str, Any], hosts: Hosts, http: HttpSession) -> Login:
    user = str(settings["username"])
    prove = password_proof(user, str(settings["password"]))
    return TokenServiceLogin(http, hosts.auth_url, who=f"user {user}", prove=prove)


def _certificate(settings: Mapping[str, Any], hosts: Hosts, http: HttpSession) -> Login:
    version = str(settings.get("certificate_version") or "v2")
    if version not in {"v1", "v2"}:
        raise ConfigurationError(system=SYSTEM, subject="certificate_version", expected="v1 or v2", got=repr(version))
    key = load_certificate(
        str(settings["certificate"]), settings.get("private_key") or None, settings.get("private_key_password") or None
    )
    prove = key.prover("v1" if version == "v1" else "v2")
    return TokenServiceLogin(http, hosts.auth_url, who=f"certificate {key.subject}", prove=prove)
