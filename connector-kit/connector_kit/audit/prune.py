"""Retention: forget what is old, keep what is still to be repaired and what the systems hold."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import msgspec

from connector_kit.audit import payloads, statements
from connector_kit.audit.keys import key_hash
from connector_kit.errors import ConnectorError

if TYPE_CHECKING:
    from connector_kit.audit.database import Connection, Database, Row


log = logging.getLogger(__name__)

_DAY = 86_400.0
# A run does not wait longer for the removal of what is old.
_TIDY_SECONDS = 5.0


@dataclass(slots=True)
class Pruned:
    """What was removed. thinned: batches of which only the open failures stay. finished: whether nothing old is left to
    remove.
    """

    runs: int = 0
    batches: int = 0
    records: int = 0
    thinned: int = 0
    finished: bool = True


# Of an old batch's rows nothing is needed once it is closed; `indexed = 2` says that it is on its way out.
_OLD = (
    "SELECT b.no FROM audit_batches AS b WHERE b.settled < :before AND b.outcome NOT IN ('open', 'sending') "
    "AND b.indexed = 1 AND (:all = 1 OR NOT EXISTS (SELECT 1 FROM audit_failures AS f WHERE f.batch_no = b.no "
    "AND f.closed IS NULL))"
)
# Blocks that name the rows whose records they keep were thinned before.
_THICK = (
    "SELECT b.no FROM audit_batches AS b WHERE b.settled < :before AND b.outcome NOT IN ('open', 'sending') "
    "AND b.indexed = 1 AND EXISTS (SELECT 1 FROM audit_blocks AS k WHERE k.batch_no = b.no AND k.payload IS NOT NULL "
    "AND k.seqs IS NULL) ORDER BY b.no"
)
_DROP_DOCUMENTS = "DELETE FROM audit_documents WHERE batch_no = :no AND state IN ('refused', 'absent')"


def prune(
    database: Database,
    *,
    before: float,
    open_failures_too: bool = False,
    compact: bool = False,
    seconds: float = inf,
) -> Pruned:
    """Remove batches settled before a time, and runs of which nothing is left; block by block, each in a transaction
    of its own, so that others get their turn in between. What a killed or hurried call leaves, the next one removes.

    Digests of what the systems hold stay, and the documents that stand in an ERP or whose fate is open: retention does
    not make anything be sent again. Batches with open failures stay as far as a replay needs them.

    Args:
        database: of the trail.
        before: seconds since 1970.
        open_failures_too: remove failures nobody repaired as well.
        compact: give the freed space back to the file system (SQLite; needs the file for itself for a while).
        seconds: how long it may take, about.
    """
    until, done = time.monotonic() + seconds, Pruned()
    values = {"before": before, "all": 1 if open_failures_too else 0}
    with database.reading() as connection:
        old = connection.rows(f"{_OLD} LIMIT 1", values)
    if old:
        with database.writing() as connection:
            connection.execute(f"UPDATE audit_batches SET indexed = 2 WHERE no IN ({_OLD})", values)  # noqa: S608 - a constant
    with database.reading() as connection:
        leaving = connection.rows("SELECT no, scope_id, trusted FROM audit_batches WHERE indexed = 2 ORDER BY no")
    for batch in leaving:
        if not _remove(database, batch, until, done):
            done.finished = False
            return done
    done.finished = _thin(database, before, until, done)
    if leaving or compact:
        with database.writing() as connection:
            done.runs = _remove_empty(connection, before)
    if compact and not database.postgres:
        database.vacuum()
    return done


def tidy(database: Database, retention_days: float) -> None:
    """At the end of a run: some seconds of `prune`. What is left is the next run's, and an error fails nobody."""
    try:
        done = prune(database, before=time.time() - retention_days * _DAY, seconds=_TIDY_SECONDS)
    except ConnectorError as error:
        log.warning("audit trail: nothing was removed: %s", error)
        return
    if done.batches or done.records:
        log.info(
            "audit trail: %d batches and %d records older than %g days were removed",
            done.batches,
            done.records,
            retention_days,
        )


def _remove(database: Database, batch: Row, until: float, done: Pruned) -> bool:
    """Take a batch out; False when the time was up before the end."""
    with database.reading() as connection:
        firsts = payloads.starts(connection, batch["no"])
    for first in firsts:
        if time.monotonic() > until:
            return False
        with database.writing() as connection:
            done.records += _remove_block(connection, batch, first)
    with database.writing() as connection:
        for table in ("audit_failures", "audit_document_rows"):
            connection.execute(f"DELETE FROM {table} WHERE batch_no = :no", batch)  # noqa: S608 - fixed names
        connection.execute(_DROP_DOCUMENTS, batch)
        connection.execute("DELETE FROM audit_batches WHERE no = :no", batch)
    done.batches += 1
    return True


def _remove_block(connection: Connection, batch: Row, first: int) -> int:
    """The block's keys lead to its rows in the trees, however large these are."""
    place = {"no": batch["no"], "first": first}
    found = connection.rows(
        "SELECT keys FROM audit_blocks WHERE batch_no = :no AND first_seq = :first", place
    )  # another process may have been quicker
    removed = 0
    keys = payloads.keys_of(found[0]) if found else []
    if keys:
        values = {
            "scope_id": batch["scope_id"],
            "batch_no": batch["no"],
            "last": len(keys) - 1,
            "hashes": b"".join(map(key_hash, keys)),
        }
        removed = connection.execute(statements.forget_records(postgres=connection.postgres), values)
        names = {**values, "keys": msgspec.json.encode(keys).decode()}
        removed += connection.execute(statements.name_delivered(postgres=connection.postgres), names)
        if not batch["trusted"]:
            # A digest that names a batch of unknown outcome must stay unbelievable when the batch is gone.
            connection.execute(statements.doubt(postgres=connection.postgres), values)
    connection.execute("DELETE FROM audit_blocks WHERE batch_no = :no AND first_seq = :first", place)
    return removed


def _thin(database: Database, before: float, until: float, done: Pruned) -> bool:
    with database.reading() as connection:
        thick = connection.rows(_THICK, {"before": before})
    for row in thick:
        if time.monotonic() > until:
            return False
        with database.writing() as connection:
            done.thinned += payloads.keep_failed(connection, row["no"])
    return True


def _remove_empty(connection: Connection, before: float) -> int:
    runs = connection.execute(
        "DELETE FROM audit_runs WHERE finished < :before AND no NOT IN (SELECT run_no FROM audit_batches)",
        {"before": before},
    )
    connection.execute("DELETE FROM audit_schemas WHERE id NOT IN (SELECT schema_id FROM audit_batches)")
    return runs
