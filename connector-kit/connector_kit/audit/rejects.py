"""Refused records on their way into the trail: without secrets, in chunks, small in memory however many there are."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from connector_kit.audit.codec import stored_json
from connector_kit.audit.keys import HASH_SIZE, key_hash
from connector_kit.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from connector_kit.audit.codec import Codec
    from connector_kit.audit.types import Rejected

_CHUNK = 2_000
_LONGEST_REASON = 300
_NO_HASH = bytes(HASH_SIZE)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some refused records as the database takes them.

    rows: compressed JSON of [seq, key, reason, message, known]; hashes: 8 bytes each, of the key, or of the payload
    when there is no key. payloads: by negative row number, of records that are in no block.
    """

    rows: bytes
    hashes: bytes
    payloads: dict[int, bytes]

    def json(self, codec: Codec) -> str:
        """The rows' JSON text, with the messages as the trail stores them."""
        text = zlib.decompress(self.rows)
        if codec.keys:
            rows = stored_json(text)
            text = msgspec.json.encode([[*row[:3], codec.seal_text(row[3]), *row[4:]] for row in rows])
        return text.decode()


def chunks(rejects: Iterable[Rejected], *, free: Iterator[int], unmatched: bool) -> Iterator[Chunk]:
    """Take refused records apart.

    Args:
        rejects: in any order.
        free: negative numbers for records that were never in the file.
        unmatched: whether a record without number and payload is a refusal of some row in the file that can't be told.
    """
    source = iter(rejects)
    while some := list(islice(source, _CHUNK)):
        yield _chunk(some, free, unmatched=unmatched)


def _chunk(rejects: Sequence[Rejected], free: Iterator[int], *, unmatched: bool) -> Chunk:
    rows: list[tuple[int | None, str, str, str, int]] = []
    hashes: list[bytes] = []
    payloads: dict[int, bytes] = {}
    for reject in rejects:
        seq = reject.seq
        if seq is None and not (unmatched and reject.payload is None):
            seq = next(free)
            if reject.payload is not None:
                payloads[seq] = reject.payload
        name = reject.key or (reject.payload.decode("utf-8", "replace") if reject.payload else "")
        hashes.append(key_hash(name) if name else _NO_HASH)
        rows.append(
            (seq, reject.key, _clean(reject.reason)[:_LONGEST_REASON], _clean(reject.message), 1 if name else 0)
        )
    return Chunk(zlib.compress(msgspec.json.encode(rows), 1), b"".join(hashes), payloads)


def _clean(text: str) -> str:
    # PostgreSQL stores no NUL.
    return redact(text).replace("\0", "\N{REPLACEMENT CHARACTER}")
