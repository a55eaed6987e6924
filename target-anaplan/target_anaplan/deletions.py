"""Rows that vanished at the source: marked by an import, removed by another action, as the mapping's `delete` says.

A tap reports them in two ways: a record with `_sdc_deleted_at`, or ACTIVATE_VERSION behind a full read, which makes
everything vanish that did not come under its version. More than `max_vanished_share` of the known keys is refused.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from connector_kit.audit.keys import key_hash, row_digest
from connector_kit.audit.types import Block, Rejected
from connector_kit.mapping.block import RowsBlock
from connector_kit.mapping.columns import numeric_texts
from connector_kit.mapping.compile import compile_rows
from connector_kit.singer.target import stopped
from target_anaplan import lists
from target_anaplan.full_read import FullRead, too_many
from target_anaplan.lines import LineMaker
from target_anaplan.mapping.faults import key_faults
from target_anaplan.outbox import BLOCK_ROWS
from target_anaplan.spool import Spool

if TYPE_CHECKING:
    from connector_kit.audit import Batch
    from connector_kit.errors import RefusedError
    from target_anaplan.delivery import Carrier
    from target_anaplan.destination import Destination, Removal
    from target_anaplan.mapping.spec import Deletion
    from target_anaplan.outbox import Outbox

log = logging.getLogger("target-anaplan")


class Deletions(FullRead):
    """The deletions of one mapping."""

    def __init__(self, outbox: Outbox, deletion: Deletion, removal: Removal, max_share: float) -> None:
        super().__init__(outbox)
        self._deletion = deletion
        self._removal = removal
        self._max_share = max_share
        self._reported: dict[bytes, str] = {}
        self._schema = b""
        self._key: tuple[str, ...] = ()

    def bind(self, message: bytes, key_properties: Sequence[str]) -> list[str]:
        """Remember the stream's schema and key; the faults of the deletion's columns."""
        mapping = self.outbox.mapping
        self._schema, self._key = message, tuple(mapping.key or key_properties)
        faults = key_faults(self._deletion.columns, self._key)
        return [f"mappings[{mapping.position}] ({mapping.title}): {fault}" for fault in faults]

    def back(self, hashes: Sequence[bytes]) -> None:
        """Records that are there, also when they were reported as deleted before."""
        if self._reported:
            for one in hashes:
                self._reported.pop(one, None)

    def reported(self, keys: Iterable[str]) -> None:
        """Records that came with `_sdc_deleted_at`."""
        for key in keys:
            self._reported[key_hash(key)] = key

    def due(self) -> bool:
        """Whether there is something to delete."""
        return bool(self._reported) or bool(self.count())

    def refusal(self) -> RefusedError | None:
        """The error when more vanished than is plausible; those deletions are left alone."""
        gone = self.count()
        refusal = too_many(self.outbox, gone, self.known(), self._max_share, "Nothing was deleted.") if gone else None
        if refusal is not None:
            self._complete = False
        return refusal

    def _keys(self) -> Iterator[str]:
        yield from self._reported.values()
        for key in self.vanished():
            if key_hash(key) not in self._reported:
                yield key

    def carry_out(self, carrier: Carrier) -> None:
        """Mark, remove, settle. Keys are forgotten by the trail when it was done, and tried again when not."""
        removal, services = self._removal, self.outbox.services
        what = [f"{removal.marking.kind} {removal.marking.name}"] if removal.marking else []
        what += [f"action {removal.action_name}"] if removal.action_id else []
        batch = services.run.begin_batch(
            system=services.system,
            stream=self.outbox.mapping.stream,
            scope=self.outbox.scope,
            action=", ".join(what),
            schema=self._schema,
            key_properties=self._key,
            deletes=True,
        )
        form = removal.marking.form if removal.marking else self.outbox.destination.form
        spool = Spool(services.spool_dir.next_folder(), form, services.worker, services.chunk_bytes)
        settled = False
        try:
            self._spool(batch, spool)
            batch.sending(action=", ".join(what), rows=spool.rows)
            tasks, rejects = self._run(carrier, spool)
            outcome = batch.settle(outcome="delivered", tasks=tasks, rejects=rejects)
            settled = True
        finally:
            if not settled:
                with suppress(Exception):  # the first error is the one to tell
                    batch.settle(outcome="failed", message="the deletion did not come to its end")
            spool.remove()
        self.outbox.tally.deleted += outcome.delivered
        if outcome.rejected:
            log.warning(
                "%s: %d of %d were not deleted, see `audit failures`.",
                self.outbox.mapping.title,
                outcome.rejected,
                outcome.rejected + outcome.delivered,
            )
        log.info("%s: %d deleted (%s)", self.outbox.mapping.title, outcome.delivered, ", ".join(what))
        self._reported.clear()
        self._complete = False

    def _run(self, carrier: Carrier, spool: Spool) -> tuple[list[str], Iterable[Rejected]]:
        removal = self._removal
        tasks: list[str] = []
        rejects: Iterable[Rejected] = ()
        if removal.marking is not None and spool.rows:
            if removal.marking.kind == "list":
                rejects = list(lists.delete(carrier.model.list_items(removal.marking.id), spool))
            else:
                tasks, rejects = self._mark(carrier, removal.marking, spool)
        if removal.action_id:
            if carrier.stopping.is_set():
                raise stopped()
            result = carrier.model.run("action", removal.action_id, cancel=carrier.stopping, locale=carrier.locale)
            result.check()
            tasks.append(result.task_id)
        return tasks, rejects

    def _mark(self, carrier: Carrier, marking: Destination, spool: Spool) -> tuple[list[str], list[Rejected]]:
        carrier.upload(marking, spool)
        result = carrier.run(marking).check()
        # Read at once: the dump is gone after the user's next failing task.
        return [result.task_id], list(carrier.confirm(result, marking, spool, self.outbox))

    def _spool(self, batch: Batch, spool: Spool) -> None:
        services = self.outbox.services
        # A key of columns is written as the file wants it already.
        numeric = frozenset() if self.outbox.mapping.key else numeric_texts(msgspec.json.decode(self._schema)["schema"])
        dialect = replace(services.fiscal, decimal_separator=spool.form.decimal_separator, numeric_texts=numeric)
        rows = compile_rows(self._deletion.columns, spool.form.headers, dialect)
        maker = LineMaker(rows, spool.form, services.line_breaks)
        keys = self._keys()
        while some := list(islice(keys, BLOCK_ROWS)):
            records = [dict(zip(self._key, msgspec.json.decode(key), strict=True)) for key in some]
            raws = [msgspec.json.encode({**record, "_sdc_deleted_at": _now()}) for record in records]
            made = maker.make(RowsBlock(records))
            refused = [
                Rejected(None, some[at], f"deletion: {problem.reason}", problem.reason, raws[at])
                for at, problem in made.refused
            ]
            if refused:
                batch.reject_invalid(refused)
            good = [some[at] for at in made.kept]
            digests = [row_digest(line.encode()) for line in made.lines]
            payload = [raws[at] for at in made.kept]
            batch.add(Block(spool.rows, good, [key_hash(key) for key in good], digests, payload))
            spool.write(made.lines, good)
        spool.seal()


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
