"""Whom connections trust, and what never goes over one that is not encrypted."""

from __future__ import annotations

import ipaddress
import logging
import ssl
from urllib.parse import urlsplit

from connector_kit.errors import ConfigurationError

log = logging.getLogger(__name__)


def client_context() -> ssl.SSLContext:
    """The context of TLS connections: the server's certificate and name are checked, TLS 1.2 is the least.

    Whom it trusts is left to the session. The standard library's own default would trust the system's certificates
    beside a company's own authority, and write the keys of all connections to a file that SSLKEYLOGFILE names.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.post_handshake_auth = True  # servers may ask for a client's certificate when they know what it wants
    return context


def is_open(url: str) -> bool:
    """Whether what is sent to the address can be read on its way: without TLS, and not within this machine.

    Raises:
        ValueError: it is no address.
    """
    parts = urlsplit(url.strip())
    return parts.scheme == "http" and not is_here(parts.hostname or "")


def is_here(host: str) -> bool:
    """Whether a host is this machine, by its own name for itself."""
    name = host.rstrip(".").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def refuse_open(system: str, subject: str, url: str) -> None:
    """Refuse an address that takes credentials and records without TLS; within this machine is none to read them.

    Raises:
        ConfigurationError: it is one, or none at all.
    """
    if _is_open(system, subject, url):
        raise ConfigurationError(
            system=system,
            subject=subject,
            expected="an address with https://",
            got="one with http://, over which everybody between reads password and records",
        )


def warn_of_open(system: str, subject: str, url: str) -> None:
    """As `refuse_open`, for a system that many sites run without TLS: a warning.

    Raises:
        ConfigurationError: it is no address.
    """
    if _is_open(system, subject, url):
        log.warning(
            "%s: %s: the address has http://, over which everybody between reads passwords and records. "
            "Give the service a certificate, and the address https://",
            system,
            subject,
        )


def _is_open(system: str, subject: str, url: str) -> bool:
    try:
        return is_open(url)
    except ValueError as error:
        raise ConfigurationError(
            system=system, subject=subject, expected="an address", got=f"one that can't be read: {error}"
        ) from error
