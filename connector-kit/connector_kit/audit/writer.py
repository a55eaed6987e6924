"""A thread that does the trail's writing, in the order it was asked to."""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

from connector_kit.threads import thread

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

# Blocks that may wait: enough to keep the thread busy, few enough to keep memory flat.
_WAITING = 2
_HEARTBEAT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[], object]
    future: Future[object]
    awaited: bool


class Writer:
    """Runs jobs one after another. After a queued one failed none is run any more, and whoever asks next is told why.

    Args:
        heartbeat: called about every half minute, in the thread, while the process lives.
    """

    def __init__(self, heartbeat: Callable[[], None]) -> None:
        self._heartbeat = heartbeat
        self._jobs: queue.Queue[_Job | None] = queue.Queue(_WAITING)
        self._thread: threading.Thread | None = None  # noqa: TID251 - its type alone
        self._error: Exception | None = None
        self._told = False

    def submit(self, job: Callable[[], object]) -> None:
        """Queue a job and return; waits only while the queue is full."""
        self._put(job, awaited=False)

    def run(self, job: Callable[[], T]) -> T:
        """Queue a job, wait for it and everything before it, and return its result."""
        return cast("T", self._put(job, awaited=True).result())

    def flush(self) -> None:
        """Wait until everything so far is written."""
        if self._thread is not None:
            self.run(lambda: None)

    def close(self) -> None:
        """Write what waits, and end. An error that nobody was told yet is raised."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()
            self._thread = None
            if self._error is not None and not self._told:
                raise self._error

    def _put(self, job: Callable[[], object], *, awaited: bool) -> Future[object]:
        if self._error is not None:
            self._told = True
            raise self._error
        if self._thread is None:
            self._thread = thread(self._work, name="audit-writer")
            self._thread.start()
        future: Future[object] = Future()
        self._jobs.put(_Job(job, future, awaited=awaited))
        return future

    def _work(self) -> None:
        beat = time.monotonic()
        while True:
            try:
                job = self._jobs.get(timeout=_HEARTBEAT_SECONDS)
            except queue.Empty:
                job = _Job(lambda: None, Future(), awaited=False)
            if job is None:
                return
            try:
                if self._error is not None:
                    self._told = self._told or job.awaited
                    raise self._error  # noqa: TRY301 - the same way to the caller as for a job that fails itself
                if time.monotonic() - beat > _HEARTBEAT_SECONDS - 1:
                    self._heartbeat()
                    beat = time.monotonic()
                job.future.set_result(job.work())
            except Exception as error:  # whatever it is goes to the caller, here or at the next call
                if not job.awaited:
                    self._error = error
                job.future.set_exception(error)
            # While the queue is empty, the last block's rows must not stay in memory.
            del job
