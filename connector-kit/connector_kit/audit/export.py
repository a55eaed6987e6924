"""Every record of the trail with its outcome, one after another, for other tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from connector_kit.audit import payloads
from connector_kit.audit.codec import stored_json
from connector_kit.audit.document_lines import of_rows
from connector_kit.audit.report import find_run
from connector_kit.audit.types import DELETED, DELIVERED, REJECTED, VALIDATED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_kit.audit.database import Connection, Row


class ExportedRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One record on one of its ways. seq: row in the file, negative when it was never in one. Times: since 1970.

    documents: the numbers of the posted documents that it went into.
    """

    run: str
    batch: str
    system: str
    stream: str
    action: str
    seq: int | None
    key: str
    outcome: str
    when: float
    tasks: list[str]
    reason: str = ""
    message: str = ""
    closed_how: str = ""
    record: msgspec.Raw | None = None
    documents: list[str] = []


def export(
    connection: Connection,
    *,
    run: str = "",
    stream: str = "",
    batch: str = "",
    since: float = 0.0,
    records: bool = False,
) -> Iterator[ExportedRecord]:
    """All records of the chosen batches, in the order in which they were sent; one block in memory at a time.

    Args:
        connection: to the trail.
        run: id, its beginning, or "last".
        stream: only this one.
        batch: only the one with this id.
        since: batches begun after, seconds since 1970.
        records: whether the raw records come along.
    """
    values: dict[str, object] = {"since": since, "stream": stream, "batch": batch}
    where = "b.started >= :since AND (:stream = '' OR b.stream = :stream) AND (:batch = '' OR b.id = :batch)"
    if run:
        values["run_no"] = find_run(connection, run)["no"]
        where += " AND r.no = :run_no"
    batches = connection.rows(
        "SELECT b.*, r.id AS run FROM audit_batches AS b JOIN audit_runs AS r ON r.no = b.run_no "  # noqa: S608 - fixed parts
        f"WHERE {where} ORDER BY b.no",
        values,
    )
    for row in batches:
        yield from _batch(connection, row, records=records)


def _batch(connection: Connection, batch: Row, *, records: bool) -> Iterator[ExportedRecord]:
    failures: dict[int | None, list[Row]] = {}
    for failure in connection.rows("SELECT * FROM audit_failures WHERE batch_no = :no ORDER BY id", batch):
        failures.setdefault(failure["seq"], []).append(failure)
    numbers: dict[int, list[str]] = {}
    for seq, number in of_rows(connection, batch["no"]) if batch["whole"] else ():
        numbers.setdefault(seq, []).append(number)
    for first in payloads.starts(connection, batch["no"]):
        stored = payloads.block(connection, batch["no"], first)
        kept = payloads.records_of(connection.codec, stored) if records else {}
        for seq, key in enumerate(payloads.keys_of(stored), start=first):
            one = _exported(batch, seq, key, failures.pop(seq, []), kept.get(seq))
            yield msgspec.structs.replace(one, documents=numbers[seq]) if seq in numbers else one
    for place, some in failures.items():
        unsent = next(payloads.read(connection, batch["no"], [place]), None) if records and place is not None else None
        yield _exported(batch, place, some[0]["key_text"], some, unsent[1] if unsent else None)


def _exported(batch: Row, seq: int | None, key: str, failures: list[Row], record: bytes | None) -> ExportedRecord:
    arrived = batch["outcome"] in {DELIVERED, DELETED, VALIDATED}
    refused = failures and (arrived or seq is None or seq < 0)
    return ExportedRecord(
        run=batch["run"],
        batch=batch["id"],
        system=batch["system"],
        stream=batch["stream"],
        action=batch["action"],
        seq=seq,
        key=key,
        outcome=REJECTED if refused else batch["outcome"],
        when=batch["settled"] or batch["started"],
        tasks=stored_json(batch["tasks"], list[str]),
        reason="; ".join(dict.fromkeys(failure["reason"] for failure in failures)),
        message="; ".join(dict.fromkeys(failure["message"] for failure in failures)) or batch["message"],
        closed_how=failures[0]["closed_how"] or "" if failures else "",
        record=msgspec.Raw(record) if record else None,
    )
