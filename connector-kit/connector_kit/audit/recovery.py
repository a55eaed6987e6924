"""Every record gets an answer, also when the process that handled it died."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from connector_kit.audit import process, statements
from connector_kit.audit.types import ABANDONED, OPEN, RUNNING, SENDING

if TYPE_CHECKING:
    from connector_kit.audit.database import Connection

# A process writes a sign of life every half minute. Of one on another host nothing else is known.
SILENCE_SECONDS = 300.0


def abandon_dead(connection: Connection) -> list[int]:
    """Close the runs whose process is dead; the numbers of the batches that were left open.

    Dead: no such process on this host, or no sign of life for five minutes from another host.
    """
    now = statements.now(postgres=connection.postgres)
    # In one order, so that processes that begin together wait for each other and never crosswise.
    running = connection.rows(
        f"SELECT no, host, process, {now} - heartbeat AS silent FROM audit_runs WHERE outcome = 'running' ORDER BY no"  # noqa: S608 - one of two fixed texts
    )
    left: list[int] = []
    for run in running:
        here = run["host"] == process.host()
        alive = process.is_alive(run["process"]) if here else None
        if alive is False or (alive is None and run["silent"] > SILENCE_SECONDS):
            message = "its process ended without a word" if here else "no sign of life from its host"
            left += close_open_batches(connection, run["no"], ABANDONED, message)
            connection.execute(
                "UPDATE audit_runs SET outcome = :outcome, message = :message, finished = heartbeat "
                "WHERE no = :no AND outcome = :running",
                {"outcome": ABANDONED, "message": message, "no": run["no"], "running": RUNNING},
            )
    return left


def close_open_batches(connection: Connection, run_no: int, outcome: str, message: str) -> list[int]:
    """Close what a run left unsettled; the numbers of those batches. Of a batch never sent nothing is in doubt."""
    values = {"run_no": run_no, "open": OPEN, "sending": SENDING, "outcome": outcome}
    values["message"] = connection.codec.seal_text(message)
    left = connection.rows(
        "SELECT no FROM audit_batches WHERE run_no = :run_no AND outcome IN (:open, :sending)", values
    )
    if left:
        connection.execute(
            "UPDATE audit_batches SET outcome = :outcome, message = :message, settled = :now, "
            "trusted = CASE WHEN sent IS NULL THEN 1 ELSE 0 END "
            "WHERE run_no = :run_no AND outcome IN (:open, :sending)",
            {**values, "now": connection.now()},
        )
    return [int(row["no"]) for row in left]


def schema_id(connection: Connection, message: bytes) -> int:
    """The number of a Singer SCHEMA message, stored when it is new."""
    values = {"digest": blake2b(message, digest_size=16).digest(), "message": message.strip()}
    connection.execute(
        "INSERT INTO audit_schemas (digest, message) VALUES (:digest, :message) ON CONFLICT (digest) DO NOTHING", values
    )
    return int(connection.value("SELECT id FROM audit_schemas WHERE digest = :digest", values))
