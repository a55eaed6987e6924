"""From a plugin's settings to a session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from connector_kit.http import Retry
from connector_kit.syspro.session import EnetSession

if TYPE_CHECKING:
    from connector_kit.coordination import Coordinator


def connect(config: Mapping[str, Any], coordinator: Coordinator) -> EnetSession:
    """The session that resolved settings describe (see `connection_properties`). Logs on with the first call.

    Raises:
        ConfigurationError: the address is none.
    """
    return EnetSession(
        config["enet_url"],
        config["operator"],
        str(config.get("operator_password") or ""),
        config["company"],
        str(config.get("company_password") or ""),
        coordinator=coordinator,
        wait_seconds=float(config["wait_seconds"]),
        per_minute=int(config["rate_per_minute"]) or None,
        timeout=(15.0, float(config["timeout"])),
        retry=Retry(tries=int(config["max_tries"])),
        verify=config.get("ca_bundle") or True,
        url_limit=int(config["longest_url"]),
        longest_get=int(config["longest_get"]),
    )


def place(session: EnetSession) -> str:
    """What names the session's company in the trail and in locks: host and company."""
    return f"{urlsplit(session.base_url).netloc.rpartition('@')[2].lower()}/{session.company}"
