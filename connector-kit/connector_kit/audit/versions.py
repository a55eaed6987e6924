"""What came under a source's open version: a full read may take several runs, and only its end says what is gone.

Of each scope one version is open: the one that its last records carried. Its keys stay here until it is closed or
another one begins, also in another process: who asks what is gone under a version that is not open any more hears of
nothing. A record whose key is unknown spoils it for good, because that record's key may be any that seems to
be gone. Everything here is on disk before the STATE that follows the records leaves the target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector_kit.audit import statements
from connector_kit.audit.delivered import scope_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector_kit.audit.database import Connection

_ROOM = 100_000
"""Keys that come again under a version that never closes are thinned when there are twice as many, and these."""


def begin(connection: Connection, scope: str, version: int) -> bool:
    """Say that records of this version come; whether it was open already, since an earlier run.

    Another version of the scope is forgotten, and what was spoiled before any version was known spoils this one.
    """
    number = scope_id(connection, scope, create=True)
    values: dict[str, object] = {"scope_id": number, "version": version}
    found = connection.rows("SELECT version, marked, kept FROM audit_versions WHERE scope_id = :scope_id", values)
    if found and found[0]["version"] == version:
        if found[0]["marked"] > 2 * found[0]["kept"] + _ROOM:
            _thin(connection, values)
        return True
    connection.execute("DELETE FROM audit_seen WHERE scope_id = :scope_id", values)
    connection.execute(
        "INSERT INTO audit_versions (scope_id, version, spoiled, marked, kept) VALUES (:scope_id, :version, 0, 0, 0) "
        "ON CONFLICT (scope_id) DO UPDATE SET version = excluded.version, marked = 0, kept = 0, "
        "spoiled = CASE WHEN audit_versions.version IS NULL THEN audit_versions.spoiled ELSE 0 END",
        values,
    )
    return False


def _thin(connection: Connection, values: dict[str, object]) -> None:
    once = "SELECT DISTINCT scope_id, -1, key_hash FROM audit_seen WHERE scope_id = :scope_id AND version = :version"
    kept = connection.execute(f"INSERT INTO audit_seen (scope_id, version, key_hash) {once}", values)
    connection.execute("DELETE FROM audit_seen WHERE scope_id = :scope_id AND version = :version", values)
    connection.execute(
        "UPDATE audit_seen SET version = :version WHERE scope_id = :scope_id AND version = -1",
        values,
    )
    connection.execute(
        "UPDATE audit_versions SET marked = :kept, kept = :kept WHERE scope_id = :scope_id", {**values, "kept": kept}
    )


def mark(connection: Connection, scope: str, version: int, hashes: Sequence[bytes]) -> None:
    """Note that the open version has shown these keys. After `begin`."""
    if hashes:
        values = {
            "scope_id": scope_id(connection, scope, create=True),
            "version": version,
            "last": len(hashes) - 1,
            "hashes": b"".join(hashes),
        }
        connection.execute(statements.mark_seen(postgres=connection.postgres), values)
        connection.execute(
            "UPDATE audit_versions SET marked = marked + :count WHERE scope_id = :scope_id",
            {**values, "count": len(hashes)},
        )


def spoil(connection: Connection, scope: str) -> None:
    """Note that a record came whose key is unknown: the open version, or the next to begin, proves nothing."""
    connection.execute(
        "INSERT INTO audit_versions (scope_id, version, spoiled, marked, kept) VALUES (:scope_id, NULL, 1, 0, 0) "
        "ON CONFLICT (scope_id) DO UPDATE SET spoiled = 1",
        {"scope_id": scope_id(connection, scope, create=True)},
    )


def spoil_open(connection: Connection, scope: str) -> None:
    """The same where a version is open, else nothing."""
    connection.execute(
        "UPDATE audit_versions SET spoiled = 1 WHERE scope_id = :scope_id AND version IS NOT NULL",
        {"scope_id": scope_id(connection, scope)},
    )


def is_open(connection: Connection, scope: str, version: int) -> bool:
    """Whether this version is the open one: another run may have begun another one, or closed its own, since."""
    values = {"scope_id": scope_id(connection, scope), "version": version}
    return bool(connection.value(statements.version_is_open("scope_id"), values))


def is_spoiled(connection: Connection, scope: str) -> bool:
    """Whether a record came whose key is unknown."""
    values = {"scope_id": scope_id(connection, scope)}
    return bool(connection.value("SELECT spoiled FROM audit_versions WHERE scope_id = :scope_id", values))


def close(connection: Connection, scope: str, version: int) -> None:
    """Forget a version: it proved what it could. One that another run has begun since stays open."""
    values = {"scope_id": scope_id(connection, scope), "version": version}
    if is_open(connection, scope, version):
        connection.execute("DELETE FROM audit_seen WHERE scope_id = :scope_id", values)
        connection.execute("DELETE FROM audit_versions WHERE scope_id = :scope_id", values)
