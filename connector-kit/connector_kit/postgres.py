"""Connections to PostgreSQL, for the trail and for the coordination: what both ask of them."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any

from connector_kit.redaction import redact
from connector_kit.tls import is_here

log = logging.getLogger(__name__)

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
    _note_unproven(said)
    options = {"application_name": name, **_OPTIONS}
    made = psycopg.connect(url, autocommit=True, **{key: value for key, value in options.items() if key not in said})
    made.adapters.register_dumper(str, _dumper())
    return made


@cache
def _dumper() -> Any:  # noqa: ANN401 - a class of psycopg's
    from psycopg.types.string import StrDumperUnknown  # noqa: PLC0415 - psycopg is optional

    class WithoutNul(StrDumperUnknown):
        """Writes U+0000, which JSON can carry and PostgreSQL's texts can't, as JSON does: a record must not end all
        runs by it.
        """

        def dump(self, obj: str) -> Any:  # noqa: ANN401 - bytes, or a view of them
            return super().dump(obj.replace("\0", "\\u0000") if "\0" in obj else obj)

    return WithoutNul


@cache
def _warn(host: str) -> None:
    log.warning(
        "The database server at %s does not have to prove who it is: write ?sslmode=verify-full&sslrootcert=system, or "
        "the file of your own authority, at the end of its URL",
        host,
    )


def _note_unproven(said: Mapping[str, Any]) -> None:
    """Libpq's own default takes an unencrypted connection where the server, or somebody between, offers no other."""
    mode = said.get("sslmode") or os.environ.get("PGSSLMODE", "")
    hosts = str(said.get("host") or said.get("hostaddr") or os.environ.get("PGHOST", "")).split(",")
    for host in hosts:
        if mode not in {"verify-full", "verify-ca"} and host and not host.startswith(("/", "@")) and not is_here(host):
            _warn(redact(host))  # of a URL that is none, a part of the password
