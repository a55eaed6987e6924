"""Send again what failed: the same Singer messages as the first time, in the same order, for the same target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from connector_kit.audit import payloads
from connector_kit.audit.failures import Selection, open_failures

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector_kit.audit.database import Connection, Row


@dataclass(slots=True)
class Replayed:
    """How many records went out; and of the chosen failures, how many can't be sent again, and why."""

    records: int = 0
    without_payload: int = 0
    deletions: int = 0
    unmatched: int = 0


def replay(connection: Connection, selection: Selection, write: Callable[[bytes], object]) -> Replayed:
    """Write SCHEMA and RECORD messages, one line each, for the chosen open failures.

    A record that failed in several places or batches goes out once, as it was last: its target's mappings send it
    everywhere. The failures close when a target has delivered the records. Deletions are not replayed: the keys stay
    known as delivered, so the next full read reports them again.
    """
    done = Replayed()
    spoken: dict[str, int] = {}
    for batch, seqs in _last_of_each_record(connection, selection, done):
        # Rows that were never in the file are numbered downwards, in the order in which they came.
        unsent = list(payloads.read(connection, batch["no"], sorted(seq for seq in seqs if seq < 0)))
        sent = payloads.read(connection, batch["no"], sorted(seq for seq in seqs if seq >= 0))
        before = done.records
        for records in (sent, reversed(unsent)):
            for _, record in records:
                if spoken.get(batch["stream"]) != batch["schema_id"]:
                    write(_schema(connection, batch["schema_id"]))
                    spoken[batch["stream"]] = batch["schema_id"]
                write(_record(batch["stream"], record))
                done.records += 1
        done.without_payload += len(seqs) - (done.records - before)
    return done


def _last_of_each_record(connection: Connection, selection: Selection, done: Replayed) -> list[tuple[Row, set[int]]]:
    chosen, values = open_failures(connection, selection)
    rows = connection.rows(
        "SELECT f.batch_no, f.seq, f.key_hash, b.no, b.system, b.stream, b.schema_id, b.deletes "
        f"{chosen} ORDER BY f.batch_no, f.seq",
        values,
    )
    last: dict[tuple[object, ...], Row] = {}
    for row in rows:
        if row["deletes"]:
            done.deletions += 1
        elif row["seq"] is None:
            done.unmatched += 1
        elif row["key_hash"] is None:
            last[row["batch_no"], row["seq"]] = row
        else:
            last[row["system"], row["stream"], bytes(row["key_hash"])] = row
    batches: dict[int, tuple[Row, set[int]]] = {}
    for row in last.values():
        batches.setdefault(row["batch_no"], (row, set()))[1].add(row["seq"])
    return [batches[number] for number in sorted(batches)]


def _schema(connection: Connection, number: int) -> bytes:
    message = connection.value("SELECT message FROM audit_schemas WHERE id = :id", {"id": number})
    return bytes(message) + b"\n"


def _record(stream: str, record: bytes) -> bytes:
    return b'{"type":"RECORD","stream":' + msgspec.json.encode(stream) + b',"record":' + record + b"}\n"
