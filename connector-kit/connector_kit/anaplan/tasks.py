"""Running actions: start a task once, follow it to its end, cancel it.

Sources: Anaplan integration API v2 reference (tasks), Anaplan help, "Model busy behavior and retry strategy": a
model runs one action at a time, others queue as NOT_STARTED; status is to be asked every five seconds at most;
cancelled tasks are rolled back.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from connector_kit.anaplan.errors import SYSTEM, BlockedError
from connector_kit.anaplan.reading import mapping, text
from connector_kit.anaplan.results import Kind, Task, TaskResult, read_result, read_task
from connector_kit.anaplan.transport import Transport
from connector_kit.errors import BusyError, ConnectorError, NotFoundError, TransientError, UnavailableError

log = logging.getLogger(__name__)

COLLECTIONS: dict[str, str] = {"import": "imports", "process": "processes", "action": "actions", "export": "exports"}
_GROWTH = 1.5


@dataclass(frozen=True, slots=True)
class Polling:
    """How a task is followed; all in seconds.

    `first` to `longest`: the growing pause between two looks. `queue`: the most that a task may wait for its turn
    before it is withdrawn. `patience`: the most that the server may go without a readable answer. `starts`: how
    often a start is tried; `settle`: the pauses before each look for a task whose start was not answered, because
    the server may still be at it. `missing`: the most that a started task may be answered with 404, as servers do
    that have not told each other of it yet.
    """

    first: float = 1.0
    longest: float = 5.0
    queue: float = 3600.0
    patience: float = 1800.0
    starts: int = 4
    settle: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    missing: float = 120.0


@dataclass(slots=True)
class Runner:
    """Runs one action of a model.

    Args:
        transport: to the API.
        path: of the action, e.g. "/workspaces/…/models/…/imports/112…".
        what: the action in messages.
        cancel: when it is set, the task is cancelled.
    """

    transport: Transport
    path: str
    kind: Kind
    object_id: str
    what: str
    polling: Polling = field(default_factory=Polling)
    cancel: threading.Event = field(default_factory=threading.Event)

    def run(self, body: dict[str, Any]) -> TaskResult:
        """Start the task, wait for its end; the task is cancelled when `cancel` is set or the process is told to stop.

        Raises:
            BusyError: the task waited for its turn longer than `polling.queue`, and was withdrawn.
            UnavailableError: no readable answer for longer than `polling.patience`, or the started task is not found
                for longer than `polling.missing`; it may go on.
            ConnectorError: the task could not be started.
        """
        if self.cancel.is_set():
            return self._result(read_task({"taskState": "CANCELLED"}))
        known = self._tasks()
        task_id = ""
        try:
            task_id = self._start(body, known)
            return self._follow(task_id)
        except (KeyboardInterrupt, SystemExit):
            # Told to stop between the request and its answer: the task may be there all the same.
            found = task_id or self._newest_beside(known)
            if found:
                self._stop(found)
            raise

    def _tasks(self) -> list[Task]:
        listed = self.transport.all(
            f"{self.path}/tasks", "tasks", what=f"{self.what}, tasks", params={"sort": "-creationTime"}
        )
        return [read_task(row) for row in listed]

    def _newest_beside(self, known: Sequence[Task]) -> str:
        """The id of the newest task that was not there before; empty when there is none.

        Creation times are compared with those of the tasks known before, not with our clock.
        """
        ids = {task.id for task in known}
        since = max((task.creation_time for task in known), default=0)
        new = [task for task in self._tasks() if task.id not in ids and task.creation_time >= since]
        return max(new, key=lambda task: task.creation_time).id if new else ""

    def _start(self, body: dict[str, Any], known: Sequence[Task]) -> str:
        """The id of the one task that was started, also when the answer to its start was lost."""
        for left in reversed(range(self.polling.starts)):
            try:
                answer = self.transport.json("POST", f"{self.path}/tasks", what=self.what, json=body, repeatable=False)
            except ConnectorError as error:
                if not _may_have_started(error):
                    raise
                found = self._look_after_start(known)
                if found:
                    log.warning("%s: the start was not answered, but task %s is there.", self.what, found)
                    return found
                if not left or not isinstance(error, (UnavailableError, BlockedError)):
                    raise
                log.warning("%s. No task was started, starting again.", error)
                continue
            task_id = text(mapping(answer.get("task")).get("taskId")) or text(answer.get("taskId"))
            if task_id:
                return task_id
            found = self._look_after_start(known)
            if found:
                return found
            break
        raise UnavailableError(system=SYSTEM, subject=self.what, expected="a task id", got="an answer without one")

    def _look_after_start(self, known: Sequence[Task]) -> str:
        for pause in self.polling.settle:
            time.sleep(pause)
            found = self._newest_beside(known)
            if found:
                return found
        return ""

    def _follow(self, task_id: str) -> TaskResult:
        pause = self.polling.first
        queued_since = time.monotonic()
        queue_told = False
        while True:
            if self.cancel.wait(pause):
                log.info("%s: cancelling task %s.", self.what, task_id)
                return self._result(self._stop(task_id))
            task = self._look(task_id)
            if task.ended:
                return self._result(task)
            if task.state != "NOT_STARTED":
                queued_since = time.monotonic()
            elif time.monotonic() - queued_since > self.polling.queue:
                return self._withdraw(task_id)
            elif not queue_told:
                queue_told = True
                log.info("%s: task %s waits for the model, which runs another action.", self.what, task_id)
            pause = min(pause * _GROWTH, self.polling.longest)

    def _withdraw(self, task_id: str) -> TaskResult:
        task = self._stop(task_id)
        if task.state != "CANCELLED":
            return self._result(task)
        raise BusyError(
            system=SYSTEM,
            subject=self.what,
            expected=f"the model's turn within {self.polling.queue:.0f} s",
            got="a queue of other actions; the task was withdrawn",
            hint="Look in Manage models at what runs, or raise wait_seconds.",
        )

    def _stop(self, task_id: str) -> Task:
        """Cancel, and wait until the server says how the task ended: it may have been faster than we.

        Our own task may be withdrawn also by one who lost the model's lock: it only gets out of the others' way.
        """
        path = f"{self.path}/tasks/{task_id}"
        self.transport.request(
            "DELETE",
            path,
            what=f"{self.what}, cancel task {task_id}",
            read=lambda _: None,
            changes=False,
            allow=(400, 404, 409),
        )
        pause = min(self.polling.first, 1.0)
        while True:
            task = self._look(task_id)
            if task.ended:
                log.info("%s: task %s ended as %s.", self.what, task_id, task.state)
                return task
            time.sleep(pause)
            pause = min(pause * _GROWTH, self.polling.longest)

    def _look(self, task_id: str) -> Task:
        """The task now; goes on asking through an outage, and while the server does not find what it has started."""
        since = time.monotonic()
        path = f"{self.path}/tasks/{task_id}"
        while True:
            try:
                answer = self.transport.json("GET", path, what=f"{self.what}, task {task_id}", holds=["task"])
                return read_task({"taskId": task_id, **mapping(answer["task"])})
            except (TransientError, NotFoundError) as error:  # noqa: PERF203 - the loop is the point
                lost = isinstance(error, NotFoundError)
                patience = self.polling.missing if lost else self.polling.patience
                if time.monotonic() - since > patience:
                    raise UnavailableError(
                        system=SYSTEM,
                        subject=f"{self.what}, task {task_id}",
                        expected="the task that was started",
                        got=f"no readable answer for {patience:.0f} s, last: {error.got}",
                        hint="Whether it ran is unknown, and it may still be running: look at it in Anaplan before the "
                        "next run.",
                    ) from error
                log.warning("%s: task %s: %s. The task goes on, asking again.", self.what, task_id, error.got)
                time.sleep(self.polling.longest)

    def _result(self, task: Task) -> TaskResult:
        return read_result(task, kind=self.kind, object_id=self.object_id, what=self.what)


def _may_have_started(error: ConnectorError) -> bool:
    """Whether a task may be there although its start was answered so: only Anaplan's own refusal says that none is."""
    if error.own or isinstance(error, BusyError):
        return False
    return isinstance(error, UnavailableError) or error.status is not None
