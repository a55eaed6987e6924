"""A delivery's batch in the trail. It is begun when there is something to say: a plan that stands already leaves only
a line with its counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from connector_kit.audit.keys import key_hash, row_digest
from connector_kit.audit.types import DELIVERED, FAILED, UNCHANGED, VALIDATED, Block, Rejected

if TYPE_CHECKING:
    from connector_kit.audit import Batch, Run
    from connector_kit.audit.types import Settled
    from connector_kit.documents.spool import RowSpool

_BLOCK_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Label:
    """What a batch says of itself: `Run.begin_batch`."""

    system: str
    stream: str
    scope: str
    action: str
    schema: bytes
    key_properties: Sequence[str]


class Parcel:
    """All rows of a delivery, put into the trail before the first document of it is sent."""

    def __init__(self, run: Run, label: Label, spool: RowSpool, *, validate_only: bool) -> None:
        self._run = run
        self._label = label
        self._spool = spool
        self._validate_only = validate_only
        self._batch: Batch | None = None

    @property
    def opened(self) -> bool:
        """Whether the rows are in the trail."""
        return self._batch is not None

    def open(self) -> Batch:
        """The batch, with all rows in it."""
        if self._batch is None:
            self._batch = self._begin()
            for block in self._spool.blocks(_BLOCK_ROWS):
                self._add(self._batch, block)
            if self._spool.invalid:
                self._batch.reject_invalid(
                    [
                        Rejected(None, key, reason, message, raw or None)
                        for key, reason, message, raw in self._spool.invalids()
                    ]
                )
            if not self._validate_only:
                self._batch.sending(action=self._label.action)
        return self._batch

    def refuse(self, title: str, reason: str, message: str) -> None:
        """A document without rows that was refused: what it takes back stays."""
        self.open().reject_invalid([Rejected(None, title, reason, message)])

    def settle(self, counts: Mapping[str, object]) -> Settled:
        """End the batch."""
        if self._batch is None:
            self._batch = self._begin()
            return self._batch.settle(outcome=UNCHANGED, counts=counts)
        outcome = VALIDATED if self._validate_only else DELIVERED
        return self._batch.settle(outcome=outcome, counts=counts, rejects=self._rejects())

    def fail(self, counts: Mapping[str, object], message: str) -> None:
        """End the batch of a delivery that broke off, if it was begun."""
        if self._batch is not None:
            self._batch.settle(outcome=FAILED, counts=counts, rejects=self._rejects(), message=message)

    @property
    def no(self) -> int:
        """The batch's number, once it is begun."""
        if self._batch is None:
            raise LookupError("the batch is not begun")
        return self._batch.no

    def _begin(self) -> Batch:
        label = self._label
        return self._run.begin_batch(
            system=label.system,
            stream=label.stream,
            scope=label.scope,
            action=label.action,
            schema=label.schema,
            key_properties=label.key_properties,
            whole=True,
        )

    @staticmethod
    def _add(batch: Batch, rows: Sequence[tuple[int, str, bytes]]) -> None:
        # Rows of a replay that are outdated were dropped: a block holds rows that follow each other.
        for _, some in groupby(enumerate(rows), lambda pair: pair[1][0] - pair[0]):
            listed = [row for _, row in some]
            keys = [key for _, key, _ in listed]
            raws = [raw for *_, raw in listed]
            batch.add(Block(listed[0][0], keys, list(map(key_hash, keys)), list(map(row_digest, raws)), raws))

    def _rejects(self) -> Iterator[Rejected]:
        for seq, key, reason, message in self._spool.rejects():
            yield Rejected(seq, key, reason, message)
