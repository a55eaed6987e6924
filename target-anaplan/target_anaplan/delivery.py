"""Bring what the outboxes hold into the model: upload, run, read what was refused, settle in the trail.

Mappings follow each other in the order of the setting, under one hold of the model's lock; deletions come last and
in the opposite order. Nothing to deliver: no lock, no request.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connector_kit.errors import ConnectorError, RefusedError, UnavailableError
from connector_kit.singer.target import stopped
from target_anaplan import lists
from target_anaplan.accounts import accounts_of
from target_anaplan.dumps import DumpRejects, counted
from target_anaplan.list_size import check_list_size
from target_anaplan.spool import Spool

if TYPE_CHECKING:
    from connector_kit.anaplan.model import ModelClient
    from connector_kit.anaplan.results import TaskResult
    from connector_kit.audit.types import Rejected
    from target_anaplan.deletions import Deletions
    from target_anaplan.destination import Destination
    from target_anaplan.full_read import CountedRead
    from target_anaplan.model_lock import ModelLock
    from target_anaplan.outbox import Outbox, Shipment

log = logging.getLogger("target-anaplan")


@dataclass(frozen=True, slots=True)
class Carrier:
    """What a delivery needs to know of the model and the settings."""

    model: ModelClient
    lock: ModelLock
    stopping: threading.Event
    scratch: Path
    parallel: int
    locale: str
    check_upload: bool = True

    def upload(self, destination: Destination, spool: Spool) -> None:
        """The file of a destination, and the header alone for the process's other files."""
        for file_id, form in destination.emptied:
            empty = Spool(self.scratch / file_id, form, spool.worker, 1 << 20)
            empty.seal()
            self.model.upload(file_id, empty.chunks, parallel=1)
        self.model.upload(destination.file_id, spool.chunks, parallel=self.parallel)

    def run(self, destination: Destination) -> TaskResult:
        """The import or process, to its end. Stops before it when the run is to stop."""
        if self.stopping.is_set() or destination.kind == "list":
            raise stopped()
        return self.model.run(destination.kind, destination.id, cancel=self.stopping, locale=self.locale)

    def confirm(self, result: TaskResult, destination: Destination, spool: Spool, outbox: Outbox) -> DumpRejects:
        """The rejected rows of a file whose task has ended well, once it is known that it was the file that was sent.

        Raises:
            UnavailableError: the counts are of other rows, the file holds others by now, or a list too few items.
        """
        if self.check_upload and self.model.still_holds(destination.file_id, spool.chunks) is False:
            raise UnavailableError(
                system="Anaplan",
                subject=f"{result.what}, task {result.task_id}",
                expected=f"file {destination.file_name} as it was uploaded",
                got="another content",
                hint="Another client of this user has uploaded into it meanwhile, so which rows were imported is "
                "unknown, and all are sent again: run again, and give each client a user of its own. Where Anaplan "
                "gives files back otherwise than they were sent: check_upload: false.",
            )
        accounts = accounts_of(result, destination, spool.rows)
        accounts.check(outbox.policy.check_counts)
        if destination.kind == "import":
            check_list_size(self.model, result)
        return DumpRejects(self.model, accounts, spool, outbox.tally, accept_ignored=outbox.policy.accept_ignored)


def deliver(
    carrier: Carrier,
    outboxes: Sequence[Outbox],
    deletions: Sequence[Deletions],
    counted: Sequence[CountedRead] = (),
) -> None:
    """Deliver everything, in order.

    Raises:
        RefusedError: a task failed as a whole, or more rows were rejected than the policy allows.
        ConnectorError: whatever else kept a file from being delivered. What was not delivered is settled as failed.
    """
    refused = [error for read in counted if (error := read.let_go())]
    waiting = [(outbox, shipment) for outbox in outboxes for shipment in outbox.seal()]
    refused += [error for deletion in deletions if (error := deletion.refusal())]
    removing = [deletion for deletion in reversed(deletions) if deletion.due()]
    if waiting or removing:
        _deliver_all(carrier, outboxes, waiting, removing)
    for outbox in outboxes:
        outbox.settled()
    if refused:
        raise refused[0]


def _deliver_all(
    carrier: Carrier,
    outboxes: Sequence[Outbox],
    waiting: Sequence[tuple[Outbox, Shipment]],
    removing: Sequence[Deletions],
) -> None:
    sending = removing or any(shipment.spool.rows for _, shipment in waiting)
    what = ", ".join(dict.fromkeys(outbox.mapping.stream for outbox, _ in waiting)) or "deletions"
    done = 0
    try:
        _refuse_early(outboxes)
        with carrier.lock.held(what) if sending else nullcontext():
            for outbox, shipment in waiting:
                done += 1
                _deliver_one(carrier, outbox, shipment)
            for deletion in removing:
                deletion.carry_out(carrier)
    except BaseException as error:
        for outbox, shipment in waiting[done:]:
            reason = str(error) if isinstance(error, ConnectorError) else f"stopped by {type(error).__name__}"
            _settle_failed(outbox, shipment, f"not sent, because of an error before it: {reason}")
        raise


def _refuse_early(outboxes: Iterable[Outbox]) -> None:
    """With `on_reject: fail`, records that can't be sent keep everything from being sent."""
    for outbox in outboxes:
        if outbox.policy.fail and outbox.tally.rejected:
            raise _too_many(outbox, "on_reject is fail, so nothing was uploaded")


def _deliver_one(carrier: Carrier, outbox: Outbox, shipment: Shipment) -> None:
    spool = shipment.spool
    if spool.rows:
        log.info("%s: %d rows to send", outbox.mapping.title, spool.rows)
        try:
            _send(carrier, outbox, shipment)
        except BaseException as error:
            if not shipment.settled:
                _settle_failed(outbox, shipment, str(error) or type(error).__name__)
            raise
    else:
        shipment.batch.settle(outcome="unchanged", counts=outbox.counts())
        shipment.settled = True
    spool.remove()
    tally, policy = outbox.tally, outbox.policy
    if tally.rejected and policy.fail:
        raise _too_many(outbox, "on_reject is fail")
    if tally.rejected > policy.max_reject_share * max(tally.read, 1):
        raise _too_many(outbox, f"max_reject_share allows {policy.max_reject_share:.2%} of {tally.read}")


def _send(carrier: Carrier, outbox: Outbox, shipment: Shipment) -> None:
    destination, spool, batch, tally = outbox.destination, shipment.spool, shipment.batch, outbox.tally
    batch.sending(action=outbox.mapping.action, file=destination.file_name, chunks=len(spool.chunks))
    rejects: Iterable[Rejected]
    counts = dict(outbox.counts())
    if destination.kind == "list":
        rejects = lists.upsert(carrier.model.list_items(destination.id), spool, tally)
    else:
        carrier.upload(destination, spool)
        result = carrier.run(destination)
        shipment.tasks.append(result.task_id)
        counts["anaplan"] = dict(counted(result))
        if result.problem and not result.only_rejected:
            _settle_failed(outbox, shipment, result.problem)
            if carrier.stopping.is_set():
                raise stopped()
            result.check()
        rejects = carrier.confirm(result, destination, spool, outbox)
    tally.sent += spool.rows
    settled = batch.settle(outcome="delivered", tasks=shipment.tasks, counts=counts, rejects=rejects)
    shipment.settled = True
    tally.delivered += settled.delivered
    tally.repaired += settled.repaired
    outbox.in_doubt |= bool(settled.unmatched)


def _settle_failed(outbox: Outbox, shipment: Shipment, message: str) -> None:
    shipment.settled = True
    outbox.tally.failed += shipment.spool.rows
    shipment.batch.settle(outcome="failed", tasks=shipment.tasks, counts=outbox.counts(), message=message)


def _too_many(outbox: Outbox, rule: str) -> RefusedError:
    tally = outbox.tally
    top = "; ".join(f"{count} x {reason}" for reason, count in tally.reasons.most_common(3))
    return RefusedError(
        system="target-anaplan",
        subject=outbox.mapping.title,
        got=f"{tally.rejected} rejected rows ({top}); {rule}",
        hint="`audit failures` lists them.",
    )
