"""Connections to PostgreSQL, for the trail and for the coordination: what both ask of them."""

from __future__ import annotations

from types import ModuleType
from typing import Any

# A server's host that vanished (power, network) is noticed within half a minute, not when the kernel gives up.
_OPTIONS: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}


def connect(psycopg: ModuleType, url: str, name: str) -> Any:  # noqa: ANN401 - psycopg's connection
    """A new connection in autocommit mode. What the URL says itself, such as its own connect_timeout, goes before.

    psycopg: the module; callers say in their own words when it is missing. name: for the server's list of sessions.

    Raises:
        psycopg.Error: the URL can't be read, or nobody lets us in.
    """
    said = psycopg.conninfo.conninfo_to_dict(url)
    options = {"application_name": name, **_OPTIONS}
    return psycopg.connect(url, autocommit=True, **{key: value for key, value in options.items() if key not in said})
