"""What a target hands to the trail and gets back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Payloads = Literal["all", "failed", "none"]

# What can become of a batch, and through it of every record in it that has no failure of its own.
OPEN = "open"  # rows are being collected
SENDING = "sending"  # the import may have begun: what the system holds for these keys is unknown
DELIVERED = "delivered"
DELETED = "deleted"
UNCHANGED = "unchanged"  # nothing differed from what was delivered before, so nothing was sent
VALIDATED = "validated"  # the system's own test run: nothing was posted
FAILED = "failed"
ABANDONED = "abandoned"  # its process died
REJECTED = "rejected"  # of a single record; of a batch or run, in reports: every row that it had something to do for
PARTLY = "partly delivered"  # in reports: some rows are where they belong, others were refused

RUNNING = "running"  # of a run

# In the schema of a replayed SCHEMA message: the batch whose rows follow, all of them.
REPLAY_MARK = "x-replay-of"
# In the same place, when the rows mean something one by one: how much of the trail the replay had seen (`overtaken`).
REPLAY_SEEN = "x-replay-seen"


_ARRIVED = {DELIVERED, DELETED, UNCHANGED}


def told(outcome: str, *, standing: int, rejected: int) -> str:
    """What became of a batch or run by its rows: its own outcome, unless some or all of them were refused.

    standing: rows that arrived, or that were there already.
    """
    if not rejected or outcome not in _ARRIVED:
        return outcome
    return PARTLY if standing else REJECTED


@dataclass(frozen=True, slots=True)
class Block:
    """A few thousand rows (5,000 is a good number) that follow each other in the batch's file; parallel lists.

    first_seq: 0-based number, in the batch, of the first row; row i of the block has `first_seq + i`.
    keys: key texts (`key_text`). hashes: their `key_hash`. digests: `row_digest` of each row as it is sent.
    payload: the raw JSON of each Singer record, as it came (the value of `record` in the message).
    """

    first_seq: int
    keys: Sequence[str]
    hashes: Sequence[bytes]
    digests: Sequence[bytes]
    payload: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Rejected:
    """One record that was refused.

    seq: its 0-based number in the batch; None when it was never in the file, or when it can't be told which row it was.
    key: its key text, or "" when unknown. reason: short and without the record's values, so that failures group by it.
    message: the system's full text. payload: only for records that were never in a block.
    """

    seq: int | None
    key: str
    reason: str
    message: str
    payload: bytes | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a batch, in rows.

    rejected: every refused record, those refused before sending included. unmatched: refusals without a known row.
    repaired: failures of earlier batches that this batch closed by delivering their records.
    """

    rows: int
    delivered: int
    rejected: int
    unmatched: int
    repaired: int
