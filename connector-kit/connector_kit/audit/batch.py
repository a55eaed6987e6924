"""One batch of a run: the rows that go to the system together, and what becomes of them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import msgspec

from connector_kit.audit import statements
from connector_kit.audit.codec import compress
from connector_kit.audit.indexing import index
from connector_kit.audit.keys import DIGEST_SIZE, HASH_SIZE
from connector_kit.audit.payloads import insert_block, seal_payload
from connector_kit.audit.rejects import Chunk, chunks
from connector_kit.audit.settle import insert_failures, settle
from connector_kit.audit.types import DELETED, DELIVERED, OPEN, SENDING, Block, Settled
from connector_kit.lease_check import check_leases
from connector_kit.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from connector_kit.audit.database import Database
    from connector_kit.audit.settle import BatchRow
    from connector_kit.audit.types import Payloads, Rejected
    from connector_kit.audit.writer import Writer


class Batch:
    """Rows are added in blocks, then `sending` before the system may begin to take them, then `settle`.

    Begun by `Run.begin_batch`. What is added is written by the trail's thread; an error there surfaces at the next
    call. `sending` and `settle` return when the trail has it on disk.
    """

    def __init__(self, database: Database, writer: Writer, payloads: Payloads, row: BatchRow) -> None:
        self._database = database
        self._writer = writer
        self._payloads = payloads
        self._row = row
        self._free = itertools.count(-1, -1)

    @property
    def id(self) -> str:
        """Its name in the trail."""
        return self._row.id

    @property
    def no(self) -> int:
        """Its number in the trail."""
        return self._row.no

    def add(self, block: Block) -> None:
        """Record rows that will be sent. Returns at once, unless two blocks are waiting already."""
        if not len(block.keys) == len(block.hashes) == len(block.digests) == len(block.payload):
            raise ValueError("the lists of a block are parallel: one key, hash, digest and payload per row")
        if block.keys:
            self._writer.submit(lambda: self._write(block))

    def reject_invalid(self, rejected: Sequence[Rejected]) -> None:
        """Record rows that are refused before anything is sent: invalid, without key, not mappable."""
        some = list(chunks(rejected, free=self._free, unmatched=False))
        self._writer.submit(lambda: self._fail(some))

    def sending(self, **details: object) -> None:
        """Say that the system may begin to take the rows: from now on it is unknown what it holds for their keys.

        Args:
            details: whatever helps to find the transfer later: file, process, document.

        Raises:
            BusyError: another process closed this batch, because this one seemed dead.
        """
        self._writer.run(lambda: self._mark_sending(_json(details)))
        # Meanwhile the caller uploads.
        self._writer.submit(lambda: index(self._database, self._row.no))

    def settle(
        self,
        *,
        outcome: str,
        tasks: Sequence[str] = (),
        counts: Mapping[str, object] | None = None,
        rejects: Iterable[Rejected] = (),
        message: str = "",
    ) -> Settled:
        """Record, in one transaction, what became of the batch and of every row in it.

        Args:
            outcome: "delivered" (every row that is not among the rejects arrived; a deleting batch's rows are
                deleted), "unchanged" (nothing was sent), "validated" (the system's test run) or "failed" (nothing
                arrived, or it is unknown what did).
            tasks: the system's task ids or document numbers.
            counts: what the system and the target counted: read, unchanged, filtered, created, updated ...
            rejects: rows that the system refused, in any order; read to its end before the transaction begins.
            message: one line, when it failed.

        Raises:
            BusyError: another process closed this batch, because this one seemed dead.
            LockLostError: a lease that we are under was lost, so that nobody knows whose rows arrived.
        """
        some = list(chunks(rejects, free=self._free, unmatched=True))
        if outcome == DELIVERED:
            check_leases()  # behind the last answer, that of the rejects
        closing = {
            "outcome": DELETED if self._row.deletes and outcome == DELIVERED else outcome,
            "tasks": _json(list(tasks)),
            "counts": _json(dict(counts or {})),
            "message": redact(message),
        }
        return self._writer.run(lambda: settle(self._database, self._row, some, closing, self._payloads))

    def _write(self, block: Block) -> None:
        hashes, digests = b"".join(block.hashes), b"".join(block.digests)
        if len(hashes) != HASH_SIZE * len(block.keys) or len(digests) != DIGEST_SIZE * len(block.keys):
            raise ValueError(f"hashes are {HASH_SIZE} bytes and digests {DIGEST_SIZE}")
        values = {"batch_no": self._row.no, "first_seq": block.first_seq, "hashes": hashes, "digests": digests}
        seqs = range(block.first_seq, block.first_seq + len(block.keys))
        packed = compress(msgspec.json.encode(block.keys))
        payload = seal_payload(self._database.codec, block.payload) if self._payloads != "none" else None
        with self._database.writing() as connection:
            connection.execute(statements.STAGE, values)
            insert_block(connection, self._row.no, seqs, keys=packed, payload=payload)
            connection.execute(
                "UPDATE audit_batches SET row_count = row_count + :added WHERE no = :batch_no",
                {"added": len(block.keys), "batch_no": self._row.no},
            )

    def _fail(self, some: Sequence[Chunk]) -> None:
        with self._database.writing() as connection:
            for chunk in some:
                insert_failures(connection, self._row, chunk, keep_payloads=self._payloads != "none")

    def _mark_sending(self, details: str) -> None:
        with self._database.writing(durable=True) as connection:
            changed = connection.execute(
                "UPDATE audit_batches SET outcome = :sending, sent = :now, details = :details "
                "WHERE no = :batch_no AND outcome = :open",
                {
                    "sending": SENDING,
                    "now": connection.now(),
                    "details": details,
                    "batch_no": self._row.no,
                    "open": OPEN,
                },
            )
            if changed != 1:
                raise self._row.lost()


def _json(value: object) -> str:
    return redact(msgspec.json.encode(value, enc_hook=str).decode())
