"""What was read so far, in numbers that can be held against a server's count and against a second read."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder()
_DIGESTS = 1 << 62


@dataclass(slots=True)
class Tally:
    """Rows, a digest of their keys, and the server's count when reading began.

    The digest does not depend on the order, nor on where pages end; it is made where it may be needed (`digested`).
    `largest` is the number of rows of the largest page.
    """

    rows: int = 0
    digest: int = 0
    total: int | None = None
    largest: int = 0
    digested: bool = True

    def add(self, rows: Sequence[Any], keys: Sequence[tuple[Any, ...]]) -> None:
        """Take in a page."""
        self.rows += len(rows)
        if self.digested:
            texts = _encoder.encode_lines(keys).splitlines()
            self.digest = (self.digest + sum(map(zlib.crc32, texts))) % _DIGESTS
        self.largest = max(self.largest, len(rows))

    def same(self, other: Tally) -> bool:
        """Whether both are of the same keys."""
        return (self.rows, self.digest) == (other.rows, other.digest)

    def saved(self) -> dict[str, Any]:
        """As a state keeps it."""
        return {"rows": self.rows, "digest": self.digest, "total": self.total}

    @classmethod
    def of_state(cls, saved: object) -> Tally | None:
        """What was saved; None for anything else."""
        if not isinstance(saved, Mapping):
            return None
        rows, digest, total = (saved.get(name) for name in ("rows", "digest", "total"))
        if type(rows) is not int or type(digest) is not int or not (total is None or type(total) is int):
            return None
        return cls(rows, digest, total)
