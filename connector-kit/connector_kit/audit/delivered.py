"""What the system holds, per scope and key: which rows need not be sent again, and which keys have vanished."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from connector_kit.audit import payloads, statements
from connector_kit.audit.codec import stored_json
from connector_kit.audit.keys import key_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connector_kit.audit.database import Connection

_FORGET_AT_ONCE = 5_000


def scope_id(connection: Connection, scope: str, *, create: bool = False) -> int | None:
    """The number of a scope."""
    values = {"name": scope}
    if create:
        connection.execute("INSERT INTO audit_scopes (name) VALUES (:name) ON CONFLICT (name) DO NOTHING", values)
    found = connection.value("SELECT id FROM audit_scopes WHERE name = :name", values)
    return None if found is None else int(found)


def unchanged(connection: Connection, scope: str, hashes: Sequence[bytes], digests: Sequence[bytes]) -> set[int]:
    """Indices of the rows whose digest is that of the row last delivered for their key."""
    number = scope_id(connection, scope)
    if number is None or not hashes:
        return set()
    found = connection.value(
        statements.unchanged(postgres=connection.postgres),
        {"scope_id": number, "last": len(hashes) - 1, "hashes": b"".join(hashes), "digests": b"".join(digests)},
    )
    return stored_json(found, set[int]) if found else set()


def known(connection: Connection, scope: str, hashes: Sequence[bytes]) -> set[int]:
    """Indices of the keys of which it is certain what was delivered last."""
    number = scope_id(connection, scope)
    if number is None or not hashes:
        return set()
    found = connection.value(
        statements.known(postgres=connection.postgres),
        {"scope_id": number, "last": len(hashes) - 1, "hashes": b"".join(hashes)},
    )
    return stored_json(found, set[int]) if found else set()


# The join's inner side is a list without repetition, which both databases hash or sort once.
_VANISHED = (
    "FROM audit_delivered AS d LEFT JOIN "  # noqa: S608 - fixed texts
    "(SELECT DISTINCT key_hash FROM audit_seen WHERE scope_id = :scope_id AND version = :version) AS s "
    "ON s.key_hash = d.key_hash WHERE d.scope_id = :scope_id AND s.key_hash IS NULL AND EXISTS "
    f"({statements.version_is_open('scope_id')})"
)


def vanished(connection: Connection, scope: str, version: int) -> list[str]:
    """Key texts of what the system may hold and did not come under a version."""
    values = {"scope_id": scope_id(connection, scope), "version": version}
    found = connection.rows(f"SELECT d.key_text, d.batch_no, d.seq {_VANISHED} ORDER BY d.batch_no, d.seq", values)
    named = [row["key_text"] for row in found if row["key_text"]]
    places = [row for row in found if not row["key_text"]]
    for batch_no, rows in groupby(places, key=itemgetter("batch_no")):
        named += payloads.key_texts(connection, batch_no, [row["seq"] for row in rows])
    return named


def count_vanished(connection: Connection, scope: str, version: int) -> int:
    """How many keys `vanished` would name."""
    values = {"scope_id": scope_id(connection, scope), "version": version}
    return int(connection.value(f"SELECT COUNT(*) {_VANISHED}", values))


def count_known(connection: Connection, scope: str) -> int:
    """How many keys the system may hold."""
    values = {"scope_id": scope_id(connection, scope)}
    return int(connection.value("SELECT COUNT(*) FROM audit_delivered WHERE scope_id = :scope_id", values))


def forget(connection: Connection, scope: str, keys: Iterable[str]) -> int:
    """Say that the system no longer holds these keys; how many it was thought to hold."""
    hashes = [key_hash(key) for key in keys]
    number = scope_id(connection, scope)
    gone = 0
    for start in range(0, len(hashes), _FORGET_AT_ONCE):
        some = hashes[start : start + _FORGET_AT_ONCE]
        values = {"scope_id": number, "last": len(some) - 1, "hashes": b"".join(some)}
        keep_places, remove = statements.forget(postgres=connection.postgres)
        connection.execute(keep_places, values)
        gone += connection.execute(remove, values)
    return gone


def reset_digests(connection: Connection, scope: str | None) -> int:
    """Make every row of a scope (None: of all) count as changed; how many there are."""
    where = " AND scope_id = :scope_id" if scope is not None else ""
    values = {"scope_id": scope_id(connection, scope)} if scope is not None else {}
    return connection.execute(f"UPDATE audit_delivered SET digest = NULL WHERE digest IS NOT NULL{where}", values)  # noqa: S608 - two fixed texts
