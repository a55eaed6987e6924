"""Addresses that lead nowhere, or to a server that can't show who it is: rows of the matrix without a request."""

from __future__ import annotations

import socket
from collections.abc import Callable
from urllib.parse import urlsplit

from chaos.matrix.abilities import Site
from chaos.matrix.abilities.base import Settings
from chaos.matrix.endpoints import Endpoint
from sandbox.core.certificate import SERVER_CERTIFICATES

CONNECT = "CONNECT"
_SETTINGS = {
    "tap-syspro": ("syspro", "api_url"),
    "tap-syspro e.net": ("syspro", "enet_url"),
    "tap-sap-s4hana": ("sap", "api_url"),
    "tap-sap-s4hana OAuth": ("sap", "token_url"),
    "tap-anaplan": ("anaplan", "api_url", "auth_url"),
    "tap-anaplan OAuth": ("anaplan", "oauth_url"),
    "target-anaplan imports": ("anaplan", "api_url", "auth_url"),
    "target-sap-s4hana journals": ("sap", "api_url"),
    "target-sap-s4hana OAuth": ("sap", "token_url"),
    "target-syspro journals": ("syspro", "enet_url"),
}
ROWS = [
    (ability, Endpoint(system, CONNECT, setting))
    for ability, (system, *settings) in _SETTINGS.items()
    for setting in settings
]
"""Abilities and the settings that say where their systems are."""

Wrong = Callable[[Site, str, str], Settings]
"""From a site, a system and the right address to settings: the wrong one."""


def _elsewhere(url: str, netloc: str, scheme: str = "") -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=netloc, scheme=scheme or parts.scheme).geturl()


def _no_such_name(_: Site, __: str, url: str) -> Settings:
    return {"": _elsewhere(url, "nowhere.invalid", "https")}


def _nobody_listens(_: Site, __: str, url: str) -> Settings:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return {"": _elsewhere(url, f"127.0.0.1:{port}")}


def _no_tls(_: Site, __: str, url: str) -> Settings:
    return {"": _elsewhere(url, urlsplit(url).netloc, "https")}


def _behind(certificate: str) -> Wrong:
    def wrong(site: Site, system: str, url: str) -> Settings:
        gate, bundle = site.control.tls(system, certificate)
        return {"": _elsewhere(url, urlsplit(gate).netloc, "https"), "ca_bundle": bundle}

    return wrong


ADDRESSES: dict[str, Wrong] = {
    "no such name": _no_such_name,
    "nobody listens": _nobody_listens,
    "no TLS": _no_tls,
    **{f"certificate {kind.replace('_', ' ')}": _behind(kind) for kind in SERVER_CERTIFICATES},
}


def settings(site: Site, endpoint: Endpoint, fault: str, config: Settings) -> Settings:
    """The config with the setting that the row names pointing wrong."""
    changed = ADDRESSES[fault](site, endpoint.system, str(config[endpoint.pattern]))
    return {**config, **{name or endpoint.pattern: value for name, value in changed.items()}}
