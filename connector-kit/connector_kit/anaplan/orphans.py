"""What a job that died left running in a model: the task goes on in Anaplan after the lock is free."""

from __future__ import annotations

import logging
import time

from connector_kit.anaplan.errors import SYSTEM
from connector_kit.anaplan.model_reads import ModelReads
from connector_kit.anaplan.tasks import Polling
from connector_kit.coordination import Holder
from connector_kit.errors import BusyError, NotFoundError, RefusedError

log = logging.getLogger(__name__)


def await_end(reads: ModelReads, label: str, dead: Holder, wait_seconds: float, polling: Polling) -> None:
    """Return when the model processes nothing.

    Raises:
        BusyError: it still does after `wait_seconds`.
    """
    deadline = time.monotonic() + wait_seconds
    pause = polling.first
    told = False
    while doing := _doing(reads):
        if time.monotonic() >= deadline:
            raise BusyError(
                system=SYSTEM,
                subject=label,
                expected=f"the end, within {wait_seconds:.0f} s, of what was started by {dead}, which died",
                got=doing,
                hint="Look in Manage models at what runs, or raise wait_seconds.",
            )
        if not told:
            told = True
            log.info("%s: %s, which held it before, died; waiting for what still runs: %s", label, dead, doing)
        time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
        pause = min(pause * 1.5, polling.longest)


def _doing(reads: ModelReads) -> str:
    try:
        return reads.processing()
    except (NotFoundError, RefusedError) as error:  # who may run actions may perhaps not look: then the tasks queue
        log.debug("%s", error)
        return ""
