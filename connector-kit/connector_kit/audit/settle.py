"""How a batch ends: its rows become findable, its failures stand beside them, what the system holds is known again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from connector_kit.audit import payloads, statements
from connector_kit.audit.keys import HASH_SIZE
from connector_kit.audit.payloads import insert_block, keep_failed, seal_payload
from connector_kit.audit.types import DELETED, DELIVERED, OPEN, SENDING, Settled
from connector_kit.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector_kit.audit.database import Connection, Database
    from connector_kit.audit.rejects import Chunk
    from connector_kit.audit.types import Payloads


_STAGED = "SELECT first_seq, hashes, digests FROM audit_staged WHERE batch_no = :batch_no AND first_seq = :first_seq"


@dataclass(frozen=True, slots=True)
class BatchRow:
    """What identifies a batch in the trail. deletes: its rows are deletions."""

    no: int
    id: str
    scope_id: int
    action: str
    deletes: bool

    def lost(self) -> BusyError:
        """The error of a process that finds its batch closed by another."""
        return BusyError(
            system="audit trail",
            subject=f"batch {self.id} ({self.action})",
            expected="that this process still owns it",
            got="it was closed, because its process seemed dead",
            hint="The next run sends its records again.",
        )


def insert_failures(connection: Connection, row: BatchRow, chunk: Chunk, *, keep_payloads: bool) -> None:
    """Write refused records, and the payloads of those that are in no block."""
    connection.execute(
        statements.fail(postgres=connection.postgres),
        {
            "batch_no": row.no,
            "scope_id": row.scope_id,
            "created": time.time(),
            "hashes": chunk.hashes,
            "rows": chunk.json(),
        },
    )
    if chunk.payloads and keep_payloads:
        seqs = sorted(chunk.payloads)
        payload = seal_payload(connection.codec, [chunk.payloads[seq] for seq in seqs])
        insert_block(connection, row.no, seqs, keys=None, payload=payload)


def index(database: Database, batch_no: int) -> None:
    """Move a batch's rows from where they were appended to where they are found by key; once."""
    with database.writing() as connection:
        # Several processes may find the same dead one's batches: the first moves the rows, the others find it done.
        alone = " FOR UPDATE" if connection.postgres else ""
        found = connection.rows(
            "SELECT scope_id, sent, deletes, whole FROM audit_batches "  # noqa: S608 - one of two fixed texts
            f"WHERE no = :batch_no AND indexed = 0{alone}",
            {"batch_no": batch_no},
        )
        if not found:
            return
        batch = found[0]
        values = {"batch_no": batch_no, "scope_id": batch["scope_id"]}
        rows = _gather(connection, batch_no)
        # What rows came to that mean something together only is not known by their keys.
        if batch["sent"] is not None and not batch["whole"]:
            _index_delivered(connection, {**values, "keep": 0 if batch["deletes"] else 1}, rows)
        else:
            connection.execute(statements.INDEX_RECORDS, values)
        for table in (statements.SORTING, statements.SORTED):
            # Nobody vacuums temporary tables: what is deleted there, PostgreSQL would read past at every batch.
            connection.execute(f"TRUNCATE {table}" if connection.postgres else f"DELETE FROM {table}")  # noqa: S608 - fixed names
        connection.execute("DELETE FROM audit_staged WHERE batch_no = :batch_no", {"batch_no": batch_no})
        connection.execute("UPDATE audit_batches SET indexed = 1 WHERE no = :batch_no", {"batch_no": batch_no})


def _gather(connection: Connection, batch_no: int) -> int:
    """The batch's rows, each with its number; how many."""
    for statement in statements.make_sorting(postgres=connection.postgres):
        connection.execute(statement)
    rows = 0
    counted = connection.value(statements.COUNTED) if not connection.postgres else inf
    for first in payloads.starts(connection, batch_no):
        for staged in connection.rows(_STAGED, {"batch_no": batch_no, "first_seq": first}):
            count = len(staged["hashes"]) // HASH_SIZE
            if count > counted:
                connection.execute(statements.COUNT_ON, {"counted": counted, "last": count - 1})
                counted = count
            connection.execute(statements.sorting(postgres=connection.postgres), {**staged, "last": count - 1})
            rows += count
    return rows


def _index_delivered(connection: Connection, values: Mapping[str, object], rows: int) -> None:
    """The last place of each key is in `delivered`, what it takes the place of in `records`."""
    table = statements.SORTING
    if connection.value("SELECT 1 FROM audit_delivered WHERE scope_id = :scope_id LIMIT 1", values):
        table = statements.SORTED  # twice through the same order: worth a table
        connection.execute(statements.SORT)
        connection.execute(statements.KEEP_EARLIER_PLACES, values)
    keys = connection.execute(statements.index_delivered(table, postgres=connection.postgres), values)
    if keys < rows:
        connection.execute(statements.KEEP_REPEATED_PLACES, values)


def settle(
    database: Database, row: BatchRow, chunks: Sequence[Chunk], closing: Mapping[str, str], keep: Payloads
) -> Settled:
    """End a batch. closing: outcome, and tasks, counts and message as they are stored. keep: which records."""
    index(database, row.no)
    values = {"batch_no": row.no, "scope_id": row.scope_id, "now": time.time()}
    arrived = closing["outcome"] in {DELIVERED, DELETED}
    with database.writing(durable=True) as connection:
        _close(connection, row, {**closing, **values})
        for chunk in chunks:
            insert_failures(connection, row, chunk, keep_payloads=keep != "none")
        settled, sent = _count(connection, values, arrived=arrived)
        connection.execute(statements.CLOSE_SUPERSEDED, values)
        repaired = 0
        if arrived and sent:
            connection.execute(statements.CLOSE_OVERTAKEN, values)
            repaired = connection.execute(statements.CLOSE_REPAIRED, {**values, "how": closing["outcome"]})
            for statement in (*statements.DROP_REFUSED, statements.DOUBT_REFUSED):
                connection.execute(statement, values)
            for statement in statements.FORGET_DELETED if row.deletes else ():
                connection.execute(statement, values)
        if keep == "failed":
            keep_failed(connection, row.no)
    return Settled(
        rows=settled.rows,
        delivered=settled.delivered,
        rejected=settled.rejected,
        unmatched=settled.unmatched,
        repaired=repaired,
    )


def _close(connection: Connection, row: BatchRow, values: Mapping[str, object]) -> None:
    changed = connection.execute(
        "UPDATE audit_batches SET outcome = :outcome, tasks = :tasks, counts = :counts, message = :message, "
        "settled = :now WHERE no = :batch_no AND outcome IN (:open, :sending)",
        {**values, "open": OPEN, "sending": SENDING},
    )
    if changed != 1:
        raise row.lost()


def _count(connection: Connection, values: Mapping[str, object], *, arrived: bool) -> tuple[Settled, bool]:
    found = connection.rows("SELECT row_count, sent FROM audit_batches WHERE no = :batch_no", values)[0]
    refused = connection.rows(
        "SELECT COUNT(DISTINCT CASE WHEN seq >= 0 THEN seq END) AS sent, "
        "COUNT(DISTINCT CASE WHEN seq < 0 THEN seq END) AS unsent, "
        "COUNT(CASE WHEN seq IS NULL THEN 1 END) AS unmatched FROM audit_failures WHERE batch_no = :batch_no",
        values,
    )[0]
    rows, sent = int(found["row_count"]), found["sent"] is not None
    if arrived and rows and not sent:
        raise ValueError("a batch with rows is delivered only after sending() was called")
    delivered = max(rows - refused["sent"] - refused["unmatched"], 0) if arrived else 0
    rejected = refused["sent"] + refused["unsent"] + refused["unmatched"]
    # A refusal of an unknown row makes every row's fate unknown: all of them are sent again when they come again.
    trusted = not sent or (arrived and refused["unmatched"] == 0)
    connection.execute(
        "UPDATE audit_batches SET delivered_count = :delivered, rejected_count = :rejected, trusted = :trusted "
        "WHERE no = :batch_no",
        {**values, "delivered": delivered, "rejected": rejected, "trusted": 1 if trusted else 0},
    )
    return Settled(rows=rows, delivered=delivered, rejected=rejected, unmatched=refused["unmatched"], repaired=0), sent
