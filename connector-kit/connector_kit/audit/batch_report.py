"""One batch: what it was, the documents that it became, and its rows with their outcomes."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from connector_kit.audit.codec import stored_json
from connector_kit.audit.document_lines import DocumentLine, of_batch
from connector_kit.audit.export import ExportedRecord, export
from connector_kit.audit.report import outcome_of
from connector_kit.errors import ConfigurationError

if TYPE_CHECKING:
    from connector_kit.audit.database import Connection


class BatchReport(msgspec.Struct, frozen=True):
    """A batch. Counts are rows, times seconds since 1970; records: as many as were asked for, those chosen."""

    batch: str
    run: str
    plugin: str
    destination: str
    system: str
    stream: str
    action: str
    key_properties: list[str]
    outcome: str
    message: str
    rows: int
    delivered: int
    rejected: int
    tasks: list[str]
    counts: dict[str, Any]
    details: dict[str, Any]
    started: float
    sent: float | None
    settled: float | None
    documents: list[DocumentLine]
    records: list[ExportedRecord]


def batch_report(
    connection: Connection, batch_id: str, *, outcome: str = "", limit: int = 100, records: bool = False
) -> BatchReport:
    """What the trail knows of a batch.

    Args:
        connection: to the trail.
        batch_id: its id, or the beginning of it.
        outcome: only rows with this outcome, e.g. "rejected".
        limit: how many rows at most.
        records: whether the raw records come along.

    Raises:
        ConfigurationError: there is no such batch, or several; a record is asked for, and its key is not here.
    """
    pattern = batch_id.replace("%", "").replace("_", "") + "%"
    found = connection.rows(
        "SELECT b.*, r.id AS run, r.plugin, r.destination FROM audit_batches AS b JOIN audit_runs AS r "
        "ON r.no = b.run_no WHERE b.id LIKE :pattern ORDER BY b.no LIMIT 2",
        {"pattern": pattern},
    )
    if len(found) != 1:
        raise ConfigurationError(
            system="audit trail",
            subject=f'batch "{batch_id}"',
            expected="a batch's id, or the beginning of one",
            got="several with that beginning" if found else "none with that id",
            hint='"audit show", "audit record" and "audit failures" name batches.',
        )
    (batch,) = found
    rows = export(connection, batch=batch["id"], records=records)
    return BatchReport(
        batch=batch["id"],
        **{name: batch[name] for name in ("run", "plugin", "destination", "system", "stream", "action")},
        outcome=outcome_of(batch),
        **{name: batch[name] for name in ("message", "started", "sent", "settled")},
        **{name: stored_json(batch[name]) for name in ("key_properties", "tasks", "counts", "details")},
        rows=batch["row_count"],
        delivered=batch["delivered_count"],
        rejected=batch["rejected_count"],
        documents=of_batch(connection, batch["no"]) if batch["whole"] else [],
        records=list(islice((row for row in rows if outcome in {"", row.outcome}), limit)),
    )
