"""The stream `tasks`: when the model's actions ran and what came of it, as far back as Anaplan keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from typing_extensions import override

from connector_kit.anaplan.results import Kind, Task, read_result
from connector_kit.errors import ConfigurationError, NotFoundError
from connector_kit.singer.crew import Context
from connector_kit.singer.settings import is_moment
from tap_anaplan.metadata import Definition, DefinitionStream

if TYPE_CHECKING:
    from connector_kit.anaplan.ids import Named
    from tap_anaplan.site import Site
    from tap_anaplan.tap import TapAnaplan


class TaskRecord(msgspec.Struct, frozen=True):
    """A task. `successful` is null while it runs; `rejected_rows` beside success is what an import left out."""

    task_id: str
    action_kind: str
    action_id: str
    action_name: str
    state: str
    created_at: str
    current_step: str = ""
    successful: bool | None = None
    rejected_rows: int = 0
    cancelled_by: str = ""
    problem: str = ""


TASKS = Definition(
    "tasks",
    TaskRecord,
    lambda site: [],  # noqa: ARG005 - TaskStream reads action by action
    key=("action_id", "task_id"),
    moments=("created_at",),
    about="Task history of the model's actions. Change capture: timestamp by created_at.",
)


class _Action(NamedTuple):
    kind: Kind
    object: Named


class TaskStream(DefinitionStream):
    """Tasks since the last run's; the bookmark never passes a task that was still under way."""

    def __init__(self, tap: TapAnaplan) -> None:
        super().__init__(tap, TASKS)
        self.replication_key = "created_at"

    @property
    @override
    def is_timestamp_replication_key(self) -> bool:
        # The bookmark is kept here.
        return False

    @override
    def expected_bookmark(self, part: Mapping[str, Any]) -> str:
        value = part.get("replication_key_value")
        return "" if value is None or is_moment(str(value)) else "a moment such as 2026-01-31T00:00:00.000Z"

    @override
    def get_pages(self, context: Context | None) -> Iterator[Sequence[msgspec.Struct]]:
        saved = None if self.replication_method == "FULL_TABLE" else self.get_starting_replication_key_value(context)
        since = str(saved or "")
        highest, unfinished = since, ""
        for action in actions_of(self._site):
            what = f"{self._site.model.label}, {action.kind} {action.object.name}"
            tasks = self._site.model.reads.tasks(action.kind, action.object.id, what)
            recent = sorted((task for task in tasks if _moment(task) >= since), key=_moment)
            yield from self.pages_of([self._record(action, task, what) for task in recent])
            for task in recent:
                highest = max(highest, _moment(task))
                if not task.ended:
                    unfinished = min(unfinished or _moment(task), _moment(task))
        if highest and self.replication_method != "FULL_TABLE":
            state = self.get_context_state(context)
            state["replication_key"] = self.replication_key
            state["replication_key_value"] = unfinished or highest

    def _record(self, action: _Action, task: Task, what: str) -> TaskRecord:
        known = TaskRecord(task.id, action.kind, action.object.id, action.object.name, task.state, _moment(task))
        try:
            full = self._site.model.reads.task(action.kind, action.object.id, task.id, what)
        except NotFoundError:
            return known  # gone since it was listed
        if not full.ended:
            return msgspec.structs.replace(known, state=full.state, current_step=full.step)
        result = read_result(full, kind=action.kind, object_id=action.object.id, what=what)
        return msgspec.structs.replace(
            known,
            state=full.state,
            current_step=full.step,
            successful=result.successful,
            rejected_rows=result.rejected,
            cancelled_by=full.cancelled_by,
            problem=result.problem,
        )


def _moment(task: Task) -> str:
    """Anaplan counts milliseconds since 1970."""
    moment = datetime.fromtimestamp(task.creation_time / 1000, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def actions_of(site: Site) -> list[_Action]:
    """The actions whose history is read: those of the setting `task_actions`, else all.

    Raises:
        ConfigurationError: the setting names one that is not there.
    """
    model, wanted = site.model, site.config.get("task_actions") or []
    everything = [
        *(_Action("import", each) for each in model.imports()),
        *(_Action("export", each) for each in model.exports()),
        *(_Action("process", each) for each in model.processes()),
        *(_Action("action", each) for each in model.actions()),
    ]
    if not wanted:
        return everything
    chosen = [each for each in everything if each.object.name in wanted or each.object.id in wanted]
    missing = [name for name in wanted if not any(name in {each.object.name, each.object.id} for each in chosen)]
    if missing:
        raise ConfigurationError(
            system="tap-anaplan",
            subject="setting task_actions",
            expected="imports, exports, processes or actions of the model",
            got=", ".join(map(repr, missing)),
            hint="Use their names as Anaplan shows them, or their ids.",
        )
    return chosen
