"""What a task came to: success, counts and rejected rows, or why it failed as a whole.

`successful: true` beside rejected rows is the normal answer of an import that took part of its rows (recorded
fixtures of Anaplan Connect), so success alone says little; look at `TaskResult.rejected`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from connector_kit.anaplan.counts import Counts, Detail, counts_of, details_of
from connector_kit.anaplan.errors import SYSTEM
from connector_kit.anaplan.failures import ADVICE, explain
from connector_kit.anaplan.reading import mapping, rows, share, text, truth
from connector_kit.errors import RefusedError

Kind = Literal["import", "process", "action", "export"]


@dataclass(frozen=True, slots=True)
class Task:
    """A task as the server shows it. `creation_time` in epoch milliseconds, `progress` 0 to 1 or -1."""

    id: str
    state: str
    step: str
    progress: float
    creation_time: int
    cancelled_by: str
    result: dict[str, Any]

    @property
    def ended(self) -> bool:
        """Whether it has come to its end: states that the vendor may add count as under way."""
        return self.state in {"COMPLETE", "COMPLETED", "CANCELLED"}


def read_task(data: dict[str, Any]) -> Task:
    """A task from its JSON object."""
    return Task(
        id=text(data.get("taskId")),
        state=text(data.get("taskState")).upper(),
        step=text(data.get("currentStep")),
        progress=share(data.get("progress")),
        creation_time=int(share(data.get("creationTime"))),
        cancelled_by=text(data.get("cancelledBy")),
        result=mapping(data.get("result")),
    )


@dataclass(frozen=True, slots=True)
class ActionResult:
    """The outcome of one action: of the task itself, or of one step of a process."""

    object_id: str
    object_name: str
    successful: bool
    dump_available: bool
    details: tuple[Detail, ...]
    counts: tuple[Counts, ...]

    @property
    def rejected(self) -> int:
        """Rows known to be rejected.

        A list import tells rows per list: they add up. A module import may tell cells per line item, where one row
        is counted once for each: the largest is what is certain.
        """
        in_lists, in_line_items = 0, 0
        for detail in self.details:
            failed = sum(counts.failed for counts in counts_of((detail,)))
            if detail.type.startswith("lineItem"):
                in_line_items = max(in_line_items, failed)
            else:
                in_lists += failed
        return in_lists + in_line_items


@dataclass(frozen=True, slots=True)
class TaskResult:
    """The outcome of a task and, for a process, of its steps in `nested`.

    `failed` as a whole, or `cancelled`: nothing can be said about single rows. Otherwise rows may still have been
    rejected: `rejected` counts them, and the dump of each action in `dumps` tells which.
    """

    task_id: str
    kind: Kind
    object_id: str
    what: str
    state: str
    step: str
    cancelled_by: str
    outcome: ActionResult
    nested: tuple[ActionResult, ...]

    @property
    def cancelled(self) -> bool:
        """Whether it was stopped; Anaplan has undone its changes."""
        return self.state == "CANCELLED"

    @property
    def successful(self) -> bool:
        """Anaplan's own word: also true with rejected rows."""
        return not self.cancelled and self.outcome.successful

    @property
    def dump_available(self) -> bool:
        """Whether Anaplan says that rejected rows can be read, of the task or of a step."""
        return any(action.dump_available for action in self.actions)

    @property
    def details(self) -> tuple[Detail, ...]:
        """All details, the steps' ones included, in their order."""
        return tuple(detail for action in self.actions for detail in action.details)

    @property
    def counts(self) -> tuple[Counts, ...]:
        """The counts per object of all actions, in their order."""
        return tuple(counts for action in self.actions for counts in action.counts)

    @property
    def rejected(self) -> int:
        """Rows known to be rejected; 0 with `dump_available` means that only the dump knows them."""
        return sum(action.rejected for action in self.actions)

    @property
    def actions(self) -> tuple[ActionResult, ...]:
        """The actions that ran: the steps of a process, else the task itself."""
        return self.nested or (self.outcome,)

    @property
    def dumps(self) -> tuple[ActionResult, ...]:
        """The actions whose dump is to be read."""
        return tuple(action for action in self.actions if action.dump_available)

    @property
    def problem(self) -> str:
        """Why it failed as a whole and what to do, in a sentence or more; empty when it did not."""
        if self.cancelled:
            return f"It was cancelled{f' by {self.cancelled_by}' if self.cancelled_by else ''}; its changes are undone."
        if self.successful:
            return ""
        unsuccessful = [action for action in self.nested if not action.successful]
        reasons = [
            f"{f'{action.object_name or action.object_id}: ' if self.nested else ''}{reason}"
            for action in unsuccessful or [self.outcome]
            for reason in explain([*action.details, *(self.outcome.details if self.nested else ())])
        ]
        if not reasons and self.rejected:
            return f"Anaplan took none of the rows and rejected {self.rejected}: the failure dump tells why."
        return " ".join(dict.fromkeys(reasons)) or f"Anaplan gives no reason ({self.step or self.state})."

    @property
    def only_rejected(self) -> bool:
        """Whether an import failed for no other reason than that each row was rejected: the dump tells why of each.

        Never of a process: the steps after the one that failed may not have run.
        """
        if self.cancelled or self.successful or self.nested or not self.counts:
            return False
        causes = any(detail.type in ADVICE for detail in self.details)
        return not causes and all(one.failed == one.processed > 0 for one in self.counts)

    def check(self) -> TaskResult:
        """Itself, when it did not fail as a whole.

        Raises:
            RefusedError: it failed or was cancelled; the message says why and what to do.
        """
        if self.problem:
            raise RefusedError(
                system=SYSTEM,
                subject=f"{self.what}, task {self.task_id}",
                got="cancelled" if self.cancelled else "failed",
                hint=self.problem,
            )
        return self


def read_result(task: Task, *, kind: Kind, object_id: str, what: str) -> TaskResult:
    """The result of a task that has ended."""
    nested = tuple(_action(row) for row in rows(task.result.get("nestedResults")))
    return TaskResult(
        task_id=task.id,
        kind=kind,
        object_id=object_id,
        what=what,
        state=task.state,
        step=task.step,
        cancelled_by=task.cancelled_by,
        outcome=_action(task.result, object_id),
        nested=nested,
    )


def _action(result: dict[str, Any], object_id: str = "") -> ActionResult:
    details = details_of(result)
    return ActionResult(
        object_id=text(result.get("objectId")) or object_id,
        object_name=text(result.get("objectName")),
        successful=truth(result.get("successful")),
        dump_available=truth(result.get("failureDumpAvailable")),
        details=details,
        counts=counts_of(details),
    )
