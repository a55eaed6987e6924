"""Send again what failed: the same Singer messages as the first time, in the same order, for the same target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from connector_kit.audit import overtaken, payloads
from connector_kit.audit.codec import stored_json
from connector_kit.audit.failures import Selection, open_failures
from connector_kit.audit.statements import LAST_SENT
from connector_kit.audit.types import REPLAY_MARK, REPLAY_SEEN
from connector_kit.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector_kit.audit.database import Connection, Row


@dataclass(slots=True)
class Replayed:
    """How many records went out; and of the chosen failures, how many can't be sent again, and why.

    whole: of the records, those of deliveries that go out whole, refused or not.
    """

    records: int = 0
    whole: int = 0
    without_payload: int = 0
    deletions: int = 0
    unmatched: int = 0

    def __str__(self) -> str:
        said = [f"{self.records} records written" if self.records else "nothing to replay"]
        if self.whole:
            said.append(f"{self.whole} of them are whole plans, of which the target posts what does not stand")
        for count, why in (
            (self.without_payload, "without a kept record (audit_payloads)"),
            (self.deletions, "deletions, which the next full read reports again"),
            (self.unmatched, "files with refusals of unknown rows, which were sent again since"),
        ):
            if count:
                said.append(f"not replayed: {count} {why}")
        return "; ".join(said)


def replay(connection: Connection, selection: Selection, write: Callable[[bytes], object]) -> Replayed:
    """Write SCHEMA and RECORD messages, one line each, for the chosen open failures.

    A record that failed in several places or batches goes out once, as it was last: its target's mappings send it
    everywhere. The failures close when a target has delivered the records. Deletions are not replayed: the keys stay
    known as delivered, so the next full read reports them again.

    The schema says how much of the trail was seen (`REPLAY_SEEN`), so that a target that understands it leaves out what
    something newer overtakes on the way; to others it is an annotation, which JSON Schema allows.

    Of a file of which some rows were refused that can't be told, all rows go out that no later file has brought.

    Of a batch whose rows mean something together only, all rows go out, in their order, with the batch's id in the
    schema (`REPLAY_MARK`) and ACTIVATE_VERSION at their end: the target compares them with what stands, and leaves
    out what was delivered again since.

    Raises:
        ConfigurationError: the failures are of several targets or destinations, and the selection does not say which.
    """
    _must_be_of_one_target(connection, selection)
    done = Replayed()
    seen = overtaken.mark(connection)
    spoken: dict[str, int] = {}
    for batch, seqs in _last_of_each_record(connection, selection, done):
        if batch["whole"]:
            before = done.records
            _whole(connection, batch, done, write)
            done.whole += done.records - before
            spoken.pop(batch["stream"], None)
            continue
        # Rows that were never in the file are numbered downwards, in the order in which they came.
        unsent = list(payloads.read(connection, batch["no"], sorted(seq for seq in seqs if seq < 0)))
        sent = payloads.read(connection, batch["no"], sorted(seq for seq in seqs if seq >= 0))
        before = done.records
        for records in (sent, reversed(unsent)):
            for _, record in records:
                if spoken.get(batch["stream"]) != batch["schema_id"]:
                    write(_schema(connection, batch, REPLAY_SEEN, seen))
                    spoken[batch["stream"]] = batch["schema_id"]
                write(_record(batch["stream"], record))
                done.records += 1
        done.without_payload += len(seqs) - (done.records - before)
    return done


def _must_be_of_one_target(connection: Connection, selection: Selection) -> None:
    """What one model or ERP refused must not end up in another."""
    chosen, values = open_failures(connection, selection)
    found = connection.rows(f"SELECT DISTINCT r.plugin, r.destination {chosen} ORDER BY 1, 2", values)
    plugins = {row["plugin"] for row in found}
    if len(plugins) > 1 or (len(found) > 1 and not selection.destination):
        raise ConfigurationError(
            system="audit trail",
            subject="replay",
            expected="failures of one target and one destination",
            got=", ".join(f"{row['plugin']} into {row['destination']}" for row in found),
            hint="Say which: --plugin and --destination of audit replay, or the settings target and destination of "
            "tap-audit-trail; a part of the destination's name is enough.",
        )


def _whole(connection: Connection, batch: Row, done: Replayed, write: Callable[[bytes], object]) -> None:
    """All rows of a batch, those that were refused before it was sent included; nothing when some are not kept."""
    firsts = payloads.starts(connection, batch["no"])
    blocks = [payloads.block(connection, batch["no"], first) for first in firsts if first < 0]
    unsent = {seq: record for stored in blocks for seq, record in payloads.records_of(connection.codec, stored).items()}
    wanted = _records_without_document(connection, batch["no"])
    counted = int(connection.value("SELECT row_count FROM audit_batches WHERE no = :no", batch))
    kept = sum(
        len(payloads.records_of(connection.codec, payloads.block(connection, batch["no"], first)))
        for first in firsts
        if first >= 0
    )
    if kept < counted or len(unsent) < wanted:
        done.without_payload += counted + wanted
        return
    write(_schema(connection, batch, REPLAY_MARK, batch["id"]))
    for seq in sorted(unsent, reverse=True):
        write(_record(batch["stream"], unsent[seq]))
        done.records += 1
    for first in (one for one in firsts if one >= 0):
        for record in payloads.records_of(connection.codec, payloads.block(connection, batch["no"], first)).values():
            write(_record(batch["stream"], record))
            done.records += 1
    end = {"type": "ACTIVATE_VERSION", "stream": batch["stream"], "version": batch["no"]}
    write(msgspec.json.encode(end) + b"\n")


def _records_without_document(connection: Connection, batch_no: int) -> int:
    """Refused records that were never rows: they have a key or text of their own, and no document's title."""
    return int(
        connection.value(
            "SELECT COUNT(DISTINCT f.seq) FROM audit_failures AS f WHERE f.batch_no = :no AND f.seq < 0 "
            "AND f.key_text NOT IN (SELECT title FROM audit_documents WHERE batch_no = :no)",
            {"no": batch_no},
        )
    )


def _last_of_each_record(connection: Connection, selection: Selection, done: Replayed) -> list[tuple[Row, set[int]]]:
    chosen, values = open_failures(connection, selection)
    rows = connection.rows(
        "SELECT f.batch_no, f.seq, f.key_hash, b.no, b.scope_id, b.system, b.stream, b.schema_id, b.deletes, b.id, "
        "b.whole "
        f"{chosen} ORDER BY f.batch_no, f.seq",
        values,
    )
    last: dict[tuple[object, ...], Row] = {}
    unknown: dict[int, Row] = {}
    for row in rows:
        if row["whole"]:
            last[row["batch_no"],] = row
        elif row["deletes"]:
            done.deletions += 1
        elif row["seq"] is None:
            unknown.setdefault(row["batch_no"], row)
        elif row["key_hash"] is None:
            last[row["batch_no"], row["seq"]] = row
        else:
            last[row["system"], row["stream"], bytes(row["key_hash"])] = row
    for row in unknown.values():
        _add_file(connection, row, last, done)
    batches: dict[int, tuple[Row, set[int]]] = {}
    for row in last.values():
        batches.setdefault(row["batch_no"], (row, set()))[1].add(row["seq"])
    return [batches[number] for number in sorted(batches)]


def _add_file(connection: Connection, batch: Row, last: dict[tuple[object, ...], Row], done: Replayed) -> None:
    """The rows of a file of which some were refused that can't be told, as far as no later file has them."""
    rows = connection.rows(
        f"SELECT d.seq, d.key_hash {LAST_SENT} AND d.seq IS NOT NULL ORDER BY d.seq",
        batch,
    )
    if not rows:
        done.unmatched += 1
    for row in rows:
        name = (batch["system"], batch["stream"], bytes(row["key_hash"]))
        if name not in last or last[name]["batch_no"] < batch["batch_no"]:
            last[name] = {**batch, **row}


def _schema(connection: Connection, batch: Row, name: str, mark: object) -> bytes:
    """A stored SCHEMA message, with a mark in its schema."""
    stored = connection.value("SELECT message FROM audit_schemas WHERE id = :id", {"id": batch["schema_id"]})
    message = stored_json(stored, dict[str, Any])
    message["schema"][name] = mark
    keys = connection.rows(
        "SELECT b.key_properties AS old, s.key_properties AS new FROM audit_batches AS b JOIN audit_scopes AS s "
        "ON s.id = b.scope_id WHERE b.no = :no AND b.key_properties <> s.key_properties",
        {"no": batch["no"]},
    )
    for row in keys:  # named by another key since, see `record_keys`
        if message.get("key_properties") == stored_json(row["old"]):
            message["key_properties"] = stored_json(row["new"])
    return msgspec.json.encode(message) + b"\n"


def _record(stream: str, record: bytes) -> bytes:
    return b'{"type":"RECORD","stream":' + msgspec.json.encode(stream) + b',"record":' + record + b"}\n"
