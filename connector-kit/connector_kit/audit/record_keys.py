"""Which properties the records of a scope are known by, and how the trail follows when a tap makes its key of others.

What was delivered is known by the hashes of key texts. With another key nothing of it is recognized: every row would
seem new, and everything that was delivered gone. So another key is refused until `rekey` has named the records anew,
from their payloads.
"""

# ruff: noqa: S608 - only constants of this module are put together

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from connector_kit.audit import payloads
from connector_kit.audit.codec import stored_json
from connector_kit.audit.keys import HASH_SIZE, key_hash, key_text
from connector_kit.errors import ConfigurationError, RefusedError

if TYPE_CHECKING:
    from connector_kit.audit.database import Connection, Row

_HOLDS = (
    "SELECT 1 FROM audit_delivered WHERE scope_id = :id UNION ALL SELECT 1 FROM audit_cell_parts WHERE scope_id = :id "
    "LIMIT 1"
)


# Where a delivered record's payload is: beside it, or in `records`.
_LAST_PLACE = (
    "SELECT d.key_hash, CASE WHEN d.seq IS NULL THEN r.batch_no ELSE d.batch_no END AS batch_no, "
    "COALESCE(d.seq, r.seq) AS seq FROM audit_delivered AS d LEFT JOIN audit_records AS r ON d.seq IS NULL "
    "AND r.scope_id = d.scope_id AND r.key_hash = d.key_hash AND r.batch_no = d.batch_no WHERE d.scope_id = :scope_id "
    "ORDER BY d.key_hash, r.seq"
)
_OPEN = (
    "SELECT key_hash, batch_no, seq FROM audit_failures WHERE scope_id = :scope_id AND closed IS NULL "
    "AND key_hash IS NOT NULL AND seq IS NOT NULL"
)
_TABLES = ("audit_delivered", "audit_records", "audit_failures")


def bind(connection: Connection, scope_id: int, stream: str, key: Sequence[str]) -> None:
    """Say what the records of a scope are known by from now on; see `Trail.bind_key`."""
    told = msgspec.json.encode(list(key)).decode()
    values = {"id": scope_id, "key": told}
    known = connection.value("SELECT key_properties FROM audit_scopes WHERE id = :id", values)
    if known == told:
        return
    if known is not None and connection.value(_HOLDS, values):
        raise ConfigurationError(
            system="audit trail",
            subject=f"stream {stream}",
            expected=f"its key as before ({_named(stored_json(known))})",
            got=f"another one ({_named(key)})",
            hint="Nothing was sent. Where the key is right as it is now, name what was delivered by it: "
            f"audit rekey {' '.join([stream, *key])}",
        )
    connection.execute("UPDATE audit_scopes SET key_properties = :key WHERE id = :id", values)


def _named(key: Sequence[str]) -> str:
    return ", ".join(key) or "none"


@dataclass(slots=True)
class Rekeyed:
    """What `rekey` did: scopes and the records that have new names, and those that were forgotten."""

    scopes: int = 0
    records: int = 0
    forgotten: int = 0
    failures: int = 0

    def __str__(self) -> str:
        return (
            f"{self.records} records and {self.failures} open failures have the new key in {self.scopes} mappings, "
            f"{self.forgotten} were forgotten and are sent again when they come"
        )


@dataclass(slots=True)
class _Names:
    """Old hashes of a scope's records with their new key texts; and the records that have none."""

    new: dict[bytes, str] = field(default_factory=dict)
    lost: list[bytes] = field(default_factory=list)


def rekey(connection: Connection, stream: str, key: Sequence[str], *, forget: bool = False) -> Rekeyed:
    """Name everything that was delivered of a stream by another key.

    Args:
        connection: a writing one.
        stream: the Singer stream.
        key: the properties that its records are known by from now on.
        forget: forget the records whose payload is not kept or lacks the new key, instead of refusing.

    Raises:
        ConfigurationError: nothing of the stream has another key.
        RefusedError: a batch is on its way, some records can't be named, or two would have one name. Nothing is done.
    """
    found = connection.rows(
        "SELECT DISTINCT s.id, s.name, s.key_properties FROM audit_scopes AS s JOIN audit_batches AS b "
        "ON b.scope_id = s.id WHERE b.stream = :stream AND b.whole = 0 ORDER BY s.id",
        {"stream": stream},
    )
    wanted = msgspec.json.encode(list(key)).decode()
    # Rows that are known by columns of their mapping don't depend on the stream's key.
    scopes = [
        one for one in found if one["key_properties"] != wanted and (forget or _is_of_records(connection, one["id"]))
    ]
    if not scopes:
        raise ConfigurationError(
            system="audit trail",
            subject=f"stream {stream}",
            expected="something delivered under another key",
            got=f"nothing, or all of it under ({_named(key)})",
        )
    done = Rekeyed()
    for scope in scopes:
        _rekey_scope(connection, scope, key, done, forget=forget)
    return done


def _is_of_records(connection: Connection, scope_id: int) -> bool:
    """Whether the stream's own key names what is in a scope, as the last SCHEMA message had it: its rows or, where they
    are cells, their records.
    """
    last = connection.rows(
        "SELECT c.message, s.key_properties AS known, b.key_properties AS batch FROM audit_batches AS b "
        "JOIN audit_schemas AS c ON c.id = b.schema_id JOIN audit_scopes AS s ON s.id = b.scope_id "
        "WHERE b.scope_id = :id ORDER BY b.no DESC LIMIT 1",
        {"id": scope_id},
    )
    own = [stored_json(row["message"], dict[str, Any]).get("key_properties") for row in last]
    names = [stored_json(row[name] or "null") for row in last for name in ("known", "batch")]
    return bool(own) and own[0] in names


def _rekey_scope(connection: Connection, scope: Row, key: Sequence[str], done: Rekeyed, *, forget: bool) -> None:
    values = {"scope_id": scope["id"]}
    if connection.value("SELECT 1 FROM audit_batches WHERE scope_id = :scope_id AND indexed = 0 LIMIT 1", values):
        raise _refused(scope, "no batch on its way", "one", "Wait for the run that it belongs to, or run it again.")
    of_records = _is_of_records(connection, scope["id"])
    names = _names(connection, scope["id"], key if of_records else ())
    counted = connection.value("SELECT COUNT(*) FROM audit_cell_parts WHERE scope_id = :scope_id", values)
    lost = len(names.lost) + int(counted)
    if lost and not forget:
        raise _refused(
            scope,
            f"the records with ({_named(key)}) in the trail",
            f"{len(names.lost)} that are not kept or lack it"
            + (f", and {counted} that are added up, of which amounts alone are kept" if counted else ""),
            "With --forget they are forgotten: rows are sent again when they come; totals begin anew, so read "
            "everything once (--full-refresh). What vanished meanwhile stays in the system.",
        )
    if len(set(names.new.values())) < len(names.new):
        raise _refused(
            scope, "a key for each record", f"several records with the same ({_named(key)})", "Choose a longer key."
        )
    _apply(connection, scope["id"], names, done)
    done.scopes += 1
    done.forgotten += lost
    connection.execute("UPDATE audit_cells SET due = 1 WHERE scope_id = :scope_id", values)
    connection.execute("DELETE FROM audit_cell_parts WHERE scope_id = :scope_id", values)
    # Which record a cell belonged to (target-anaplan's claims) is told anew as the records come.
    connection.execute(
        "DELETE FROM audit_cell_parts WHERE scope_id IN (SELECT id FROM audit_scopes WHERE name = :name)",
        {"name": f"{scope['name']}#cells"},
    )
    for table in ("audit_seen", "audit_versions"):
        connection.execute(f"DELETE FROM {table} WHERE scope_id = :scope_id", values)
    connection.execute(
        "UPDATE audit_scopes SET key_properties = :key WHERE id = :scope_id",
        {**values, "key": msgspec.json.encode(list(key)).decode() if of_records else None},
    )


def _refused(scope: Row, expected: str, got: str, hint: str) -> RefusedError:
    return RefusedError(system="audit trail", subject=scope["name"], expected=expected, got=got, hint=hint)


def _names(connection: Connection, scope_id: int, key: Sequence[str]) -> _Names:
    """The new names of what was delivered, and of open failures of what never was."""
    names = _Names()
    values = {"scope_id": scope_id}
    if connection.value("SELECT 1 FROM audit_cells WHERE scope_id = :scope_id LIMIT 1", values):
        return names  # rows are cells, whatever the records' key
    delivered = {bytes(row["key_hash"]): row for row in connection.rows(_LAST_PLACE, values)}
    refused = {bytes(row["key_hash"]): row for row in connection.rows(_OPEN, values)}
    places: dict[int, dict[int, bytes]] = {}
    for old, row in {**refused, **delivered}.items():
        if row["batch_no"] is not None:
            places.setdefault(int(row["batch_no"]), {})[int(row["seq"])] = old
    for batch_no, rows in places.items() if key else ():
        known = dict(_texts(connection, batch_no, sorted(rows), key))
        names.new.update((old, known[seq]) for seq, old in rows.items() if seq in known)
    names.lost += [old for old in delivered if old not in names.new]
    return names


def _texts(connection: Connection, batch_no: int, seqs: Sequence[int], key: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The new key texts of rows of a batch, of those whose record is kept and has the key."""
    found = list(payloads.read(connection, batch_no, seqs))
    message = connection.value(
        "SELECT c.message FROM audit_batches AS b JOIN audit_schemas AS c ON c.id = b.schema_id WHERE b.no = :no",
        {"no": batch_no},
    )
    try:
        from connector_kit.singer.records import RecordReader  # noqa: PLC0415 - the trail alone needs no Singer SDK
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            system="audit trail",
            subject="audit rekey",
            expected="connector-kit[target], which reads records as targets do",
            got=f"no module {error.name}",
            hint="Run it where a target is installed.",
        ) from error
    schema: dict[str, Any] = stored_json(message, dict[str, Any])["schema"]
    records, bad = RecordReader(schema, list(key), check=False).read([raw for _, raw in found])
    places = [seq for at, (seq, _) in enumerate(found) if at not in {one.at for one in bad}]
    columns = [records.values(name) for name in key]
    for seq, row in zip(places, zip(*columns, strict=True), strict=True):
        if None not in row:
            yield seq, key_text(row)


def _apply(connection: Connection, scope_id: int, names: _Names, done: Rekeyed) -> None:
    for old in names.lost:
        connection.execute(
            "DELETE FROM audit_delivered WHERE scope_id = :scope_id AND key_hash = :old",
            {"scope_id": scope_id, "old": old},
        )
    # A new name may be the old one of another record: a byte in front keeps them apart until all are written.
    for old, text in names.new.items():
        values = {"scope_id": scope_id, "old": old, "new": b"\0" + key_hash(text), "text": text}
        connection.execute(
            "UPDATE audit_delivered SET key_hash = :new, key_text = :text WHERE scope_id = :scope_id "
            "AND key_hash = :old",
            values,
        )
        connection.execute(
            "UPDATE audit_records SET key_hash = :new WHERE scope_id = :scope_id AND key_hash = :old", values
        )
        done.failures += connection.execute(
            "UPDATE audit_failures SET key_hash = :new, key_text = :text WHERE scope_id = :scope_id "
            "AND key_hash = :old AND closed IS NULL",
            values,
        )
    for table in _TABLES:
        connection.execute(
            f"UPDATE {table} SET key_hash = substr(key_hash, 2) WHERE scope_id = :scope_id "
            f"AND length(key_hash) = {HASH_SIZE + 1}",
            {"scope_id": scope_id},
        )
    done.records += len(names.new)
