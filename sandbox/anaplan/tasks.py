"""Tasks of one model: a queue with one exclusive action at a time, on a worker thread.

Source of the rules: Anaplan's "Model busy behavior and retry strategy".
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.anaplan.results import detail, result

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.anaplan.results import Result
    from sandbox.core.clock import Clock

    #: Does an action's work; raises CancelledError through its Run.
    Work = Callable[["Run"], Result]

_STEP = 0.01
PENDING = frozenset({"NOT_STARTED", "IN_PROGRESS", "CANCELLING"})


class CancelledError(Exception):
    """The task was cancelled; whatever it did is rolled back."""


@dataclass(slots=True, eq=False)
class Task:
    """One run of an action. ``kind`` is the path segment (imports, ...), ``created`` epoch milliseconds."""

    id: str
    kind: str
    object_id: int
    title: str
    user: str
    created: int
    state: str = "NOT_STARTED"
    step: str = "Not started."
    progress: float = 0.0
    result: Result | None = None
    cancelled_by: str = ""
    started: float = 0.0
    looks: int = 0
    cancel: threading.Event = field(default_factory=threading.Event)

    @property
    def pending(self) -> bool:
        """Whether it still has something to do."""
        return self.state in PENDING


class Run:
    """A running task as its work sees it."""

    def __init__(self, task: Task, clock: Clock, seconds: float) -> None:
        self.task = task
        self._clock = clock
        self._seconds = seconds

    def check(self, rows: int = 0) -> None:
        """Report progress; CancelledError when somebody cancelled."""
        if self.task.cancel.is_set():
            raise CancelledError
        self.task.progress = max(self.task.progress, round(1 - 1 / (1 + rows / 100_000), 3))

    def settle(self, since: float, rows: int = 0) -> None:
        """Let an action take its simulated time: the base and two microseconds a row from ``since`` (clock time) on."""
        self.wait(since + self._seconds + rows * 2e-6)

    def wait(self, until: float) -> None:
        """Wait for the clock; CancelledError when somebody cancelled."""
        self.check()
        with self._clock.awaiting(until):
            while self._clock.now() < until:
                if self.task.cancel.wait(_STEP):
                    raise CancelledError

    def now(self) -> float:
        """The clock's time."""
        return self._clock.now()


class Queue:
    """The tasks of one model and the thread that runs them one by one."""

    def __init__(
        self, clock: Clock, seconds: Callable[[], float], kept: Callable[[], int], announce: Callable[[], bool]
    ) -> None:
        self._clock = clock
        self._seconds = seconds
        self._kept = kept
        self._announce_cancelling = announce
        self._waiting: deque[tuple[Task, Work]] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self.running: Task | None = None
        self.history: dict[tuple[str, int], deque[Task]] = {}
        self.finished: Counter[str] = Counter()
        self._in_progress = 0
        self.most_in_progress = 0
        self.most_pending = 0

    @property
    def busy(self) -> bool:
        """Whether an action holds the model, or is about to."""
        return self.running is not None or bool(self._waiting)

    def submit(self, task: Task, work: Work) -> None:
        """Queue a task."""
        with self._changed:
            tasks = self.history.setdefault((task.kind, task.object_id), deque())
            tasks.append(task)
            while len(tasks) > max(1, self._kept()) and not tasks[0].pending:
                tasks.popleft()
            self._waiting.append((task, work))
            self.most_pending = max(self.most_pending, len(self._waiting) + (self.running is not None))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True, name=f"tasks-{task.id[:6]}")
                self._thread.start()
            self._changed.notify()

    def cancel(self, task: Task, by: str) -> None:
        """Cancel a task that waits or runs; finished ones stay as they are."""
        with self._changed:
            if not task.pending:
                return
            task.cancelled_by = by
            task.cancel.set()
            if task.state == "NOT_STARTED":
                self._waiting = deque(entry for entry in self._waiting if entry[0] is not task)
                _cancelled(task)
                self.finished["CANCELLED"] += 1
            elif self._announce_cancelling():
                task.state = "CANCELLING"

    def pending(self) -> list[Task]:
        """Running and waiting tasks, the running one first."""
        with self._changed:
            running = [self.running] if self.running else []
            return running + [task for task, _ in self._waiting]

    def close(self, timeout: float = 5.0) -> None:
        """Cancel everything and end the thread."""
        for task in self.pending():
            self.cancel(task, "reset")
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    if self._closed:
                        return
                    self._changed.wait()
                task, work = self._waiting.popleft()
                self.running = task
                self._in_progress += 1
                self.most_in_progress = max(self.most_in_progress, self._in_progress)
                task.started = self._clock.now()
                task.step = "Processing ..."
                task.state = "IN_PROGRESS"
            self._perform(task, work)
            with self._changed:
                self._in_progress -= 1
                self.running = None
                self.finished[task.state] += 1

    def _perform(self, task: Task, work: Work) -> None:
        try:
            outcome = work(Run(task, self._clock, self._seconds()))
        except CancelledError:
            _cancelled(task)
            return
        except Exception:  # a fault of the sandbox itself must end the task, visibly
            traceback.print_exc(file=sys.stderr)
            outcome = result(task.object_id, task.title, [detail("internalError", "Internal error")], successful=False)
        task.result = outcome
        task.step = "Complete." if outcome["successful"] else "Failed."
        task.progress = 1.0
        task.state = "COMPLETE"


def _cancelled(task: Task) -> None:
    type_ = "msgExportCancelled" if task.kind == "exports" else "msgImportCancelled"
    task.result = result(task.object_id, task.title, [detail(type_, "Cancelled")], successful=False)
    task.step = "Cancelled."
    task.state = "CANCELLED"


def foreign_work(seconds: float) -> Work:
    """The work of somebody else's import: it only takes time."""

    def work(run: Run) -> Result:
        run.wait(run.now() + seconds)
        return result(run.task.object_id, run.task.title, [])

    return work


def milliseconds(seconds: float) -> int:
    """Seconds as whole milliseconds."""
    return int(seconds * 1000)
