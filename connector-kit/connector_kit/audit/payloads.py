"""Blocks of keys and raw records: put in, taken out by row number, thinned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from connector_kit.audit.codec import decompress, stored_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector_kit.audit.codec import Codec
    from connector_kit.audit.database import Connection, Row


def seal_payload(codec: Codec, payload: Sequence[bytes]) -> bytes:
    """Raw JSON documents, one per line, as they are stored."""
    if b"\n" in b"".join(payload):
        # A line feed in JSON text can only be white space between its parts.
        payload = [document.replace(b"\n", b" ") for document in payload]
    return codec.seal(b"\n".join(payload))


def insert_block(
    connection: Connection, batch_no: int, seqs: range | Sequence[int], *, keys: bytes | None, payload: bytes | None
) -> None:
    """Store a block.

    Args:
        connection: a writing one.
        batch_no: of the batch.
        seqs: the rows' numbers, ascending; a range when they follow each other.
        keys: the JSON array of the key texts, compressed; None for rows that were never in the file.
        payload: of `seal_payload`, or None when it isn't kept.
    """
    connection.execute(
        "INSERT INTO audit_blocks (batch_no, first_seq, row_count, encoding, keys, seqs, payload) "
        "VALUES (:batch_no, :first_seq, :row_count, :encoding, :keys, :seqs, :payload)",
        {
            "batch_no": batch_no,
            "first_seq": seqs[0],
            "row_count": len(seqs),
            "encoding": connection.codec.encoding,
            "keys": keys,
            "seqs": None if isinstance(seqs, range) else msgspec.json.encode(seqs).decode(),
            "payload": payload,
        },
    )


def starts(connection: Connection, batch_no: int) -> list[int]:
    """The numbers of the first rows of a batch's blocks, ascending."""
    found = connection.rows(
        "SELECT first_seq FROM audit_blocks WHERE batch_no = :batch_no ORDER BY first_seq", {"batch_no": batch_no}
    )
    return [int(row["first_seq"]) for row in found]


def block(connection: Connection, batch_no: int, first_seq: int) -> Row:
    """One block as it is stored."""
    return connection.rows(
        "SELECT first_seq, row_count, encoding, keys, seqs, payload FROM audit_blocks "
        "WHERE batch_no = :batch_no AND first_seq = :first_seq",
        {"batch_no": batch_no, "first_seq": first_seq},
    )[0]


def keys_of(stored: Row) -> list[str]:
    """The key texts of a block's rows."""
    if stored["keys"] is None:
        return []
    keys: list[str] = stored_json(decompress(stored["keys"]), list[str])
    return keys


def opens(codec: Codec, stored: Row) -> bool:
    """Whether the records of a block can be read here; where none are kept, they can."""
    return stored["payload"] is None or codec.opens(stored["encoding"], stored["payload"])


def records_of(codec: Codec, stored: Row) -> dict[int, bytes]:
    """The raw records of a block that are kept, by row number.

    Raises:
        ConfigurationError: they are encrypted, and their key is not here.
    """
    if stored["payload"] is None:
        return {}
    if stored["seqs"] is None:
        seqs: Sequence[int] = range(stored["first_seq"], stored["first_seq"] + stored["row_count"])
    else:
        seqs = stored_json(stored["seqs"], list[int])
    documents = codec.unseal(stored["encoding"], stored["payload"]).split(b"\n")
    return dict(zip(seqs, documents, strict=True))


def read(connection: Connection, batch_no: int, seqs: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """The records of some rows (ascending) of a batch, those that are kept; one block in memory at a time."""
    for stored, here in _blocks_of(connection, batch_no, seqs):
        records = records_of(connection.codec, stored)
        yield from ((seq, records[seq]) for seq in here if seq in records)


def key_texts(connection: Connection, batch_no: int, seqs: Sequence[int]) -> Iterator[str]:
    """The key texts of some rows (ascending) that were in a batch's file; one block in memory at a time."""
    for stored, here in _blocks_of(connection, batch_no, seqs):
        keys, first = keys_of(stored), stored["first_seq"]
        yield from (keys[seq - first] for seq in here)


def _blocks_of(connection: Connection, batch_no: int, seqs: Sequence[int]) -> Iterator[tuple[Row, list[int]]]:
    """The blocks that some rows are in, each with its rows."""
    wanted = list(reversed(seqs))
    firsts = starts(connection, batch_no)
    ends: list[float] = [*firsts[1:], float("inf")]
    for first, end in zip(firsts, ends):  # noqa: B905 - both empty, or made to the same length
        here = []
        while wanted and wanted[-1] < end:
            here.append(wanted.pop())
        if here:
            yield block(connection, batch_no, first), here


def readable(connection: Connection, batch_no: int, seq: int) -> bool:
    """Whether a row's record can be read here, if it is kept."""
    firsts = [first for first in starts(connection, batch_no) if first <= seq]
    return not firsts or opens(connection.codec, block(connection, batch_no, firsts[-1]))


_NEEDED_WHOLE = (
    "SELECT 1 FROM audit_batches AS b JOIN audit_failures AS f ON f.batch_no = b.no "
    "WHERE b.no = :batch_no AND (b.whole = 1 OR f.seq IS NULL) AND f.closed IS NULL LIMIT 1"
)


def keep_failed(connection: Connection, batch_no: int) -> bool:
    """Throw away every record of a batch that is not an open failure. The keys stay, and what can't be read here.

    Of a batch whose rows mean something together only, all stay as long as there is an open failure, and of any batch
    as long as there is one of a row that can't be told. Whether anything was thrown away.
    """
    if connection.value(_NEEDED_WHOLE, {"batch_no": batch_no}):
        return False
    thrown = False
    for first in starts(connection, batch_no):
        stored = block(connection, batch_no, first)
        if not opens(connection.codec, stored):
            continue
        records = records_of(connection.codec, stored)
        if not records:
            continue
        place = {"batch_no": batch_no, "first": min(records), "last": max(records)}
        failed = connection.rows(
            "SELECT DISTINCT seq FROM audit_failures WHERE batch_no = :batch_no AND seq BETWEEN :first AND :last "
            "AND closed IS NULL ORDER BY seq",
            place,
        )
        kept = [row["seq"] for row in failed if row["seq"] in records]
        if len(kept) == len(records):
            continue
        thrown = True
        values = {
            "batch_no": batch_no,
            "first": first,
            "seqs": msgspec.json.encode(kept).decode() if kept else None,
            "payload": seal_payload(connection.codec, [records[seq] for seq in kept]) if kept else None,
            "encoding": connection.codec.encoding,
        }
        connection.execute(
            "UPDATE audit_blocks SET seqs = :seqs, payload = :payload, encoding = :encoding "
            "WHERE batch_no = :batch_no AND first_seq = :first",
            values,
        )
    return thrown
