"""What happened to records between the moment when a replay read them in the trail and the moment when it sends them.

A replay says in its SCHEMA messages how much of the trail it had seen. Whoever is about to send its rows, and holds the
lock that every delivery needs, finds out here which of them something newer has overtaken. No clock is asked: a batch
that a replay had not seen settled is newer than all that the replay has read.
"""

# ruff: noqa: S608 - only constants of the trail's modules are put together

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from connector_kit.audit.codec import stored_json
from connector_kit.audit.delivered import scope_id
from connector_kit.audit.statements import hash_at, numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector_kit.audit.database import Connection


_KEY = hash_at("n.i")


class Mark(msgspec.Struct, frozen=True):
    """How much of a trail a replay had seen: the newest batch, and those that were not settled. Ids of batches."""

    newest: str
    unsettled: list[str] = []


@dataclass(frozen=True, slots=True)
class Seen:
    """A mark by the numbers that its batches have in this trail."""

    newest: int
    unsettled: tuple[int, ...]


def mark(connection: Connection) -> Mark:
    """What is to be seen of the trail now."""
    newest = connection.value("SELECT id FROM audit_batches ORDER BY no DESC LIMIT 1", {})
    unsettled = connection.rows("SELECT id FROM audit_batches WHERE trusted = 0 AND settled IS NULL ORDER BY no", {})
    return Mark(newest or "", [row["id"] for row in unsettled])


def seen(connection: Connection, value: object) -> Seen | None:
    """What a mark says, by this trail; None when it is of another one.

    value: the mark as it stood in a message.
    """
    try:
        told = msgspec.convert(value, Mark)
    except msgspec.ValidationError:
        return None
    find = "SELECT no FROM audit_batches WHERE id = :id"
    newest = connection.value(find, {"id": told.newest})
    unsettled = [connection.value(find, {"id": one}) for one in told.unsettled]
    if newest is None:
        return None
    return Seen(int(newest), tuple(int(number) for number in unsettled if number is not None))


def overtaken(
    connection: Connection, run_id: str, scope: str, hashes: Sequence[bytes], since: Seen, *, shared: bool
) -> set[int]:
    """Indices of the keys for which a replayed row would be a step back. Ask behind the lock that deliveries take.

    Something newer has come: a delivery, a deletion or a refusal that the replay had not seen. Or there is nothing to
    repair: it is certain what was delivered last, and nothing of the key is open.

    Args:
        connection: to the trail.
        run_id: the run that asks; what it did itself does not count.
        scope: as in `Run.begin_batch`.
        hashes: `key_hash` of the rows.
        since: what the replay had seen.
        shared: several records make one row, so that a delivery of the key may have been another record's.
    """
    number = scope_id(connection, scope)
    if number is None or not hashes:
        return set()
    found = connection.value(
        _overtaken(postgres=connection.postgres),
        {
            **_keys(number, hashes),
            "run_id": run_id,
            "newest": since.newest,
            "unsettled": msgspec.json.encode(since.unsettled).decode(),
            "shared": 1 if shared else 0,
        },
    )
    return stored_json(found, set[int]) if found else set()


def close_outlived(connection: Connection, scope: str, hashes: Sequence[bytes]) -> int:
    """Close failures whose key was delivered later by a batch that began earlier; how many.

    Such a batch waits for the lock with its rows while a replay tries an older row of the key in vain.
    """
    number = scope_id(connection, scope)
    if number is None or not hashes:
        return 0
    values = {**_keys(number, hashes), "now": connection.now()}
    return connection.execute(_close_outlived(postgres=connection.postgres), values)


def _keys(number: int, hashes: Sequence[bytes]) -> Mapping[str, object]:
    return {"scope_id": number, "last": len(hashes) - 1, "hashes": b"".join(hashes)}


def _overtaken(*, postgres: bool) -> str:
    gather = "json_agg(found.i)" if postgres else "json_group_array(found.i)"
    listed = "json_array_elements_text(CAST(:unsettled AS json))" if postgres else "json_each(:unsettled)"
    newer = (
        f"(b.no > :newest OR b.no IN (SELECT CAST(value AS BIGINT) FROM {listed})) "
        "AND b.run_no NOT IN (SELECT no FROM audit_runs WHERE id = :run_id)"
    )
    arrived = "b.outcome IN ('delivered', 'deleted')"
    # Joins, and not EXISTS: for these PostgreSQL would read the whole scope. A record's places stand in `records`, its
    # last one maybe in `delivered` alone.
    found = [
        f"SELECT n.i FROM n JOIN {table} AS p ON p.scope_id = :scope_id AND p.key_hash = {_KEY} "
        f"JOIN audit_batches AS b ON b.no = p.batch_no WHERE {condition} AND {newer}"
        for table, condition in (("audit_records", arrived), ("audit_delivered", arrived), ("audit_failures", "true"))
    ]
    stands = (
        f"SELECT n.i FROM n JOIN audit_delivered AS d ON d.scope_id = :scope_id AND d.key_hash = {_KEY} "
        "WHERE :shared = 0 AND d.digest IS NOT NULL AND d.batch_no NOT IN "
        "(SELECT no FROM audit_batches WHERE scope_id = :scope_id AND trusted = 0) AND NOT EXISTS "
        "(SELECT 1 FROM audit_failures AS f WHERE f.scope_id = :scope_id AND f.key_hash = d.key_hash "
        "AND f.closed IS NULL)"
    )
    union = " UNION ".join([*found, stands])
    return f"{numbers(postgres=postgres)} SELECT CAST({gather} AS TEXT) FROM ({union}) AS found"


def _close_outlived(*, postgres: bool) -> str:
    later = (
        "SELECT d.batch_no FROM audit_delivered AS d JOIN audit_batches AS b ON b.no = d.batch_no "
        "JOIN audit_batches AS own ON own.no = audit_failures.batch_no "
        "WHERE d.scope_id = audit_failures.scope_id AND d.key_hash = audit_failures.key_hash "
        "AND d.digest IS NOT NULL AND b.trusted = 1 AND b.no < own.no AND b.settled > own.settled"
    )
    some = f"{numbers(postgres=postgres)} SELECT {_KEY} FROM n"
    return (
        f"UPDATE audit_failures SET closed = :now, closed_how = 'superseded', closed_by = ({later}) "
        f"WHERE scope_id = :scope_id AND closed IS NULL AND key_hash IN ({some}) AND EXISTS ({later})"
    )
