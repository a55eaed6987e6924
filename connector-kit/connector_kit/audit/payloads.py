"""Blocks of raw records: put in, taken out by row number, thinned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from connector_kit.audit import codec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector_kit.audit.database import Connection, Row


def insert_block(connection: Connection, batch_no: int, packed: tuple[int, bytes], seqs: range | Sequence[int]) -> None:
    """Store packed records whose row numbers are `seqs` (ascending)."""
    connection.execute(
        "INSERT INTO audit_blocks (batch_no, first_seq, row_count, seqs, encoding, payload) "
        "VALUES (:batch_no, :first_seq, :row_count, :seqs, :encoding, :payload)",
        {
            "batch_no": batch_no,
            "first_seq": seqs[0],
            "row_count": len(seqs),
            "seqs": None if isinstance(seqs, range) else msgspec.json.encode(seqs).decode(),
            "encoding": packed[0],
            "payload": packed[1],
        },
    )


def read(connection: Connection, batch_no: int, seqs: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """The records of some rows (ascending) of a batch, those that are kept; one block in memory at a time."""
    wanted = list(reversed(seqs))
    starts = connection.rows(
        "SELECT first_seq FROM audit_blocks WHERE batch_no = :batch_no ORDER BY first_seq", {"batch_no": batch_no}
    )
    ends: list[float] = [row["first_seq"] for row in starts[1:]]
    for start, end in zip(starts, [*ends, float("inf")]):  # noqa: B905 - made to the same length
        here = set()
        while wanted and wanted[-1] < end:
            here.add(wanted.pop())
        if here:
            block = _block(connection, batch_no, start["first_seq"])
            for seq, payload in zip(_numbers(block), _payloads(block)):  # noqa: B905 - as they were packed
                if seq in here:
                    yield seq, payload


def keep_failed(connection: Connection, batch_no: int) -> None:
    """Throw away every record of a batch that is not an open failure."""
    starts = connection.rows(
        "SELECT first_seq FROM audit_blocks WHERE batch_no = :batch_no ORDER BY first_seq", {"batch_no": batch_no}
    )
    for start in starts:
        block = _block(connection, batch_no, start["first_seq"])
        numbers = _numbers(block)
        place = {"batch_no": batch_no, "first": numbers[0], "last": numbers[-1]}
        failed = {
            row["seq"]
            for row in connection.rows(
                "SELECT seq FROM audit_failures WHERE batch_no = :batch_no AND seq BETWEEN :first AND :last "
                "AND closed IS NULL",
                place,
            )
        }
        if len(failed) == len(numbers):
            continue
        kept = [(seq, payload) for seq, payload in zip(numbers, _payloads(block)) if seq in failed]  # noqa: B905 - as packed
        connection.execute("DELETE FROM audit_blocks WHERE batch_no = :batch_no AND first_seq = :first", place)
        if kept:
            packed = codec.pack([payload for _, payload in kept])
            insert_block(connection, batch_no, packed, [seq for seq, _ in kept])


def _block(connection: Connection, batch_no: int, first_seq: int) -> Row:
    return connection.rows(
        "SELECT first_seq, row_count, seqs, encoding, payload FROM audit_blocks "
        "WHERE batch_no = :batch_no AND first_seq = :first_seq",
        {"batch_no": batch_no, "first_seq": first_seq},
    )[0]


def _numbers(block: Row) -> Sequence[int]:
    if block["seqs"] is None:
        return range(block["first_seq"], block["first_seq"] + block["row_count"])
    return msgspec.json.decode(block["seqs"], type=list[int])


def _payloads(block: Row) -> list[bytes]:
    return codec.unpack(block["encoding"], block["payload"])
