"""How a batch ends: its failures stand beside its rows, and what the system holds is known again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector_kit.audit import statements
from connector_kit.audit.indexing import index
from connector_kit.audit.payloads import insert_block, keep_failed, seal_payload
from connector_kit.audit.types import DELETED, DELIVERED, OPEN, SENDING, Settled
from connector_kit.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector_kit.audit.database import Connection, Database
    from connector_kit.audit.rejects import Chunk
    from connector_kit.audit.types import Payloads


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
            "created": connection.now(),
            "hashes": chunk.hashes,
            "rows": chunk.json(connection.codec),
        },
    )
    if chunk.payloads and keep_payloads:
        seqs = sorted(chunk.payloads)
        payload = seal_payload(connection.codec, [chunk.payloads[seq] for seq in seqs])
        insert_block(connection, row.no, seqs, keys=None, payload=payload)


def settle(
    database: Database, row: BatchRow, chunks: Sequence[Chunk], closing: Mapping[str, str], keep: Payloads
) -> Settled:
    """End a batch. closing: outcome, and tasks, counts and message as they are stored. keep: which records."""
    index(database, row.no)
    outcome = closing["outcome"]
    arrived = outcome in {DELIVERED, DELETED}
    with database.writing(durable=True) as connection:
        values = {"batch_no": row.no, "scope_id": row.scope_id, "now": connection.now()}
        _close(connection, row, {**closing, **values, "message": database.codec.seal_text(closing["message"])})
        for chunk in chunks:
            insert_failures(connection, row, chunk, keep_payloads=keep != "none")
        settled, sent = _count(connection, values, arrived=arrived)
        connection.execute(statements.CLOSE_SUPERSEDED, values)
        repaired = 0
        if arrived and sent:
            connection.execute(statements.CLOSE_OVERTAKEN, values)
            repaired = connection.execute(statements.CLOSE_REPAIRED, {**values, "how": outcome})
            for statement in (*statements.DROP_REFUSED, statements.DOUBT_REFUSED):
                connection.execute(statement, values)
            # Deletions of which some are unknown are tried again.
            for statement in statements.FORGET_DELETED if row.deletes and not settled.unmatched else ():
                connection.execute(statement, values)
            how = "superseded" if settled.unmatched else outcome
            closed = _close_unknown_files(connection, {**values, "how": how}, keep)
            repaired += 0 if settled.unmatched else closed
        if keep == "failed":
            keep_failed(connection, row.no)
    return Settled(
        rows=settled.rows,
        delivered=settled.delivered,
        rejected=settled.rejected,
        unmatched=settled.unmatched,
        repaired=repaired,
    )


def _close_unknown_files(connection: Connection, values: Mapping[str, object], keep: Payloads) -> int:
    """Close refusals of unknown rows of the scope whose files were sent again since; how many."""
    closed = 0
    for file in connection.rows(statements.UNKNOWN_FILES, values):
        closed += connection.execute(statements.CLOSE_FILE, {**values, **file})
        if keep == "failed":
            keep_failed(connection, file["no"])
    return closed


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
