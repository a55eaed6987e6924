"""Retention: forget what is old, keep what is still to be repaired and what the systems hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector_kit.audit.payloads import keep_failed

if TYPE_CHECKING:
    from connector_kit.audit.database import Connection, Database

# The big tree is cleaned in parts of the hash space, so that other writers get their turn in between.
_PARTS = 16


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed. thinned: batches of which only the open failures stay."""

    runs: int
    batches: int
    records: int
    thinned: int


# Of an old batch's rows nothing is needed once it is closed; `old` are the numbers of the batches to remove.
_OLD = (
    "SELECT b.no FROM audit_batches AS b WHERE b.settled < :before AND b.outcome NOT IN ('open', 'sending') "
    "AND b.indexed = 1 AND (:all = 1 OR NOT EXISTS (SELECT 1 FROM audit_failures AS f WHERE f.batch_no = b.no "
    "AND f.closed IS NULL))"
)

_DROP_DOCUMENTS = "DELETE FROM audit_documents WHERE batch_no = :no AND state IN ('refused', 'absent')"


def prune(database: Database, *, before: float, open_failures_too: bool = False, compact: bool = False) -> Pruned:
    """Remove batches settled before a time, and runs of which nothing is left.

    Digests of what the systems hold stay, and the documents that stand in an ERP or whose fate is open: retention does
    not make anything be sent again. Batches with open failures
    stay as far as a replay needs them.

    Args:
        database: of the trail.
        before: seconds since 1970.
        open_failures_too: remove failures nobody repaired as well.
        compact: give the freed space back to the file system (SQLite; needs the file for itself for a while).
    """
    values = {"before": before, "all": 1 if open_failures_too else 0}
    with database.writing() as connection:
        # A digest that names a batch of unknown outcome must stay unbelievable when the batch is gone.
        connection.execute(
            "UPDATE audit_delivered SET digest = NULL WHERE batch_no IN "  # noqa: S608 - a constant
            f"(SELECT no FROM audit_batches WHERE trusted = 0 AND no IN ({_OLD}))",
            values,
        )
        connection.execute(f"UPDATE audit_batches SET indexed = 2 WHERE no IN ({_OLD})", values)  # noqa: S608 - a constant
        gone = connection.rows("SELECT no FROM audit_batches WHERE indexed = 2")
    records = sum(_remove_part(database, part) for part in range(_PARTS))
    for row in gone:
        with database.writing() as connection:
            for table in ("audit_blocks", "audit_failures", "audit_document_rows"):
                connection.execute(f"DELETE FROM {table} WHERE batch_no = :no", row)  # noqa: S608 - fixed names
            connection.execute(_DROP_DOCUMENTS, row)
            connection.execute("DELETE FROM audit_batches WHERE no = :no", row)
    thinned = _thin(database, before)
    with database.writing() as connection:
        runs = _remove_empty(connection, before)
    if compact and not database.postgres:
        database.vacuum()
    return Pruned(runs=runs, batches=len(gone), records=records, thinned=thinned)


def _remove_part(database: Database, part: int) -> int:
    width = 256 // _PARTS
    low, high = bytes([part * width]), bytes([min((part + 1) * width, 255)])
    last = 1 if part == _PARTS - 1 else 0
    with database.writing() as connection:
        scopes = connection.rows("SELECT DISTINCT scope_id FROM audit_batches WHERE indexed = 2")
        return sum(
            connection.execute(
                "DELETE FROM audit_records WHERE scope_id = :scope_id AND key_hash >= :low "
                "AND (:last = 1 OR key_hash < :high) "
                "AND batch_no IN (SELECT no FROM audit_batches WHERE indexed = 2)",
                {"scope_id": scope["scope_id"], "low": low, "high": high, "last": last},
            )
            for scope in scopes
        )


def _thin(database: Database, before: float) -> int:
    with database.reading() as connection:
        left = connection.rows(
            "SELECT no FROM audit_batches WHERE settled < :before AND outcome NOT IN ('open', 'sending')",
            {"before": before},
        )
    for row in left:
        with database.writing() as connection:
            keep_failed(connection, row["no"])
    return len(left)


def _remove_empty(connection: Connection, before: float) -> int:
    runs = connection.execute(
        "DELETE FROM audit_runs WHERE finished < :before AND no NOT IN (SELECT run_no FROM audit_batches)",
        {"before": before},
    )
    connection.execute("DELETE FROM audit_schemas WHERE id NOT IN (SELECT schema_id FROM audit_batches)")
    return runs
