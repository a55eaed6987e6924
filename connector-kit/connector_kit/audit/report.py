"""What a run did, per stream and action."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from connector_kit.audit.codec import stored_json
from connector_kit.audit.document_lines import DocumentLine, of_batch
from connector_kit.audit.types import DELIVERED, PARTLY, REJECTED, UNCHANGED, told
from connector_kit.errors import ConfigurationError

if TYPE_CHECKING:
    from connector_kit.audit.database import Connection, Row

_TOP = 5


class Reason(msgspec.Struct, frozen=True):
    """Why records were refused, and how many."""

    reason: str
    records: int


class ActionSummary(msgspec.Struct, frozen=True):
    """What happened to one stream on its way into one action; counts are rows.

    read: rows the stream brought; unchanged: equal to what was delivered before; sent: in the files;
    rejected: refused before or after sending; still_open: of those, not repaired yet. seconds: from the first row to
    the outcome. documents: that the rows became, where they became documents.
    """

    system: str
    stream: str
    action: str
    batches: list[str]
    outcome: str
    read: int
    unchanged: int
    filtered: int
    sent: int
    delivered: int
    rejected: int
    still_open: int
    deleted: int
    reasons: list[Reason]
    tasks: list[str]
    counts: dict[str, Any]
    seconds: float
    message: str
    documents: list[DocumentLine] = []


class RunSummary(msgspec.Struct, frozen=True):
    """A run and its actions, in the order in which they began. Times are seconds since 1970."""

    run: str
    plugin: str
    version: str
    destination: str
    outcome: str
    message: str
    started: float
    finished: float | None
    details: dict[str, Any]
    actions: list[ActionSummary]


class RunLine(msgspec.Struct, frozen=True):
    """A run in one line; counts are rows of all its batches. Times are seconds since 1970."""

    run: str
    plugin: str
    version: str
    destination: str
    outcome: str
    message: str
    started: float
    finished: float | None
    delivered: int
    rejected: int
    deleted: int


def runs(connection: Connection, limit: int) -> list[RunLine]:
    """The latest runs, the newest first."""
    found = connection.rows(
        "SELECT r.id AS run, r.plugin, r.version, r.destination, r.outcome, r.message, r.started, r.finished, "
        "CAST(COALESCE(SUM(CASE WHEN b.deletes = 0 THEN b.delivered_count END), 0) AS BIGINT) AS delivered, "
        "CAST(COALESCE(SUM(b.rejected_count), 0) AS BIGINT) AS rejected, "
        "CAST(COALESCE(SUM(CASE WHEN b.deletes = 1 THEN b.delivered_count END), 0) AS BIGINT) AS deleted "
        "FROM (SELECT * FROM audit_runs ORDER BY no DESC LIMIT :limit) AS r "
        "LEFT JOIN audit_batches AS b ON b.run_no = r.no "
        "GROUP BY r.no, r.id, r.plugin, r.version, r.destination, r.outcome, r.message, r.started, r.finished "
        "ORDER BY r.no DESC",
        {"limit": limit},
    )
    return [RunLine(**row) for row in found]


def find_run(connection: Connection, run_id: str) -> Row:
    """A run by its id, the beginning of it, or "last".

    Raises:
        ConfigurationError: none, or several.
    """
    if run_id == "last":
        found = connection.rows("SELECT * FROM audit_runs ORDER BY no DESC LIMIT 1")
    else:
        pattern = run_id.replace("%", "").replace("_", "") + "%"
        found = connection.rows("SELECT * FROM audit_runs WHERE id LIKE :pattern", {"pattern": pattern})
    if len(found) == 1:
        return found[0]
    raise ConfigurationError(
        system="audit trail",
        subject=f'run "{run_id}"',
        expected='a run\'s id, the beginning of one, or "last"',
        got=f"{len(found)} runs with that id",
        hint='"audit runs" lists them.',
    )


def summary(connection: Connection, run_id: str) -> RunSummary:
    """What a run did."""
    run = find_run(connection, run_id)
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for batch in connection.rows("SELECT * FROM audit_batches WHERE run_no = :no ORDER BY no", {"no": run["no"]}):
        groups.setdefault((batch["system"], batch["stream"], batch["action"]), []).append(batch)
    return RunSummary(
        run=run["id"],
        plugin=run["plugin"],
        version=run["version"],
        destination=run["destination"],
        outcome=run["outcome"],
        message=run["message"],
        started=run["started"],
        finished=run["finished"],
        details=stored_json(run["details"], dict[str, Any]),
        actions=[_action(connection, batches) for batches in groups.values()],
    )


def _action(connection: Connection, batches: list[Row]) -> ActionSummary:
    counts = _added([stored_json(batch["counts"], dict[str, Any]) for batch in batches])
    sent = sum(batch["row_count"] for batch in batches if batch["sent"] is not None)
    rejected = sum(batch["rejected_count"] for batch in batches)
    unchanged = int(counts.get("unchanged", 0))
    filtered = int(counts.get("filtered", 0))
    arrived = {kind: sum(b["delivered_count"] for b in batches if b["deletes"] == kind) for kind in (0, 1)}
    reasons, still_open = _reasons(connection, batches)
    outcomes = list(dict.fromkeys(map(outcome_of, batches)))
    rows = sum(batch["row_count"] for batch in batches)
    return ActionSummary(
        system=batches[0]["system"],
        stream=batches[0]["stream"],
        action=batches[0]["action"],
        batches=[batch["id"] for batch in batches],
        outcome=outcomes[0] if len(outcomes) == 1 else "/".join(outcomes),
        read=int(counts.get("read", rows + unchanged + filtered)),
        unchanged=unchanged,
        filtered=filtered,
        sent=sent,
        delivered=arrived[0],
        rejected=rejected,
        still_open=still_open,
        deleted=arrived[1],
        reasons=reasons,
        tasks=[task for batch in batches for task in stored_json(batch["tasks"], list[str])],
        counts=counts,
        seconds=sum((batch["settled"] or batch["started"]) - batch["started"] for batch in batches),
        message="; ".join(dict.fromkeys(batch["message"] for batch in batches if batch["message"])),
        documents=[line for batch in batches if batch["whole"] for line in of_batch(connection, batch["no"])],
    )


def outcome_of(batch: Row) -> str:
    """What became of a batch, for people."""
    standing = batch["delivered_count"] + _unchanged(batch)
    return told(batch["outcome"], standing=standing, rejected=batch["rejected_count"])


def outcome_of_run(connection: Connection, run_no: int, outcome: str) -> str:
    """What became of a run that comes to its end with this outcome."""
    batches = connection.rows(
        "SELECT outcome, counts, delivered_count, rejected_count FROM audit_batches WHERE run_no = :no", {"no": run_no}
    )
    words = set(map(outcome_of, batches)) - {UNCHANGED}
    if outcome != DELIVERED or not words & {PARTLY, REJECTED}:
        return outcome
    stands = words != {REJECTED} or any(_unchanged(batch) for batch in batches)
    return PARTLY if stands else REJECTED


def _unchanged(batch: Row) -> int:
    return int(stored_json(batch["counts"], dict[str, Any]).get("unchanged", 0))


def _added(counts: list[dict[str, Any]]) -> dict[str, Any]:
    """Numbers of several batches added up; of anything else the last."""
    total: dict[str, Any] = {}
    for some in counts:
        for name, value in some.items():
            known = total.get(name)
            if isinstance(known, dict) and isinstance(value, dict):
                total[name] = _added([known, value])
            elif isinstance(known, (int, float)) and isinstance(value, (int, float)):
                total[name] = known + value
            else:
                total[name] = value
    return total


def _reasons(connection: Connection, batches: list[Row]) -> tuple[list[Reason], int]:
    found: dict[str, int] = {}
    still_open = 0
    for batch in batches:
        if batch["rejected_count"] or batch["outcome"] in {"open", "sending", "abandoned"}:
            for row in connection.rows(
                "SELECT reason, COUNT(*) AS records, COUNT(CASE WHEN closed IS NULL THEN 1 END) AS still_open "
                "FROM audit_failures WHERE batch_no = :no GROUP BY reason",
                {"no": batch["no"]},
            ):
                found[row["reason"]] = found.get(row["reason"], 0) + int(row["records"])
                still_open += int(row["still_open"])
    ordered = sorted(found.items(), key=lambda item: -item[1])[:_TOP]
    return [Reason(reason, records) for reason, records in ordered], still_open
