"""A model at run time: its definition with data, files, dumps, tasks and state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sandbox.anaplan.calendar import Calendar
from sandbox.anaplan.data import Item, ListData, ModuleData
from sandbox.anaplan.dumps import Dumps
from sandbox.anaplan.files import Files
from sandbox.anaplan.schema import ImportDefinition, ProcessDefinition
from sandbox.anaplan.tasks import Queue
from sandbox.anaplan.values import Writing

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.anaplan.calendar import Period
    from sandbox.anaplan.importing import Refusal, Undo
    from sandbox.anaplan.reads_api import ReadRequest
    from sandbox.anaplan.schema import ActionDefinition, ModelDefinition, ViewDefinition
    from sandbox.core.clock import Clock
    from sandbox.core.switches import Switches

#: Where each state is known from: the model endpoints' activeState; OFFLINE is what MAINTENANCE means to a caller.
STATES = ("UNLOCKED", "LOCKED", "PRODUCTION", "MAINTENANCE", "PRODUCTION_MAINTENANCE", "ARCHIVED", "OFFLINE")


@dataclass(frozen=True, slots=True)
class Home:
    """Where a model lives."""

    model_id: str
    workspace_id: str
    workspace_name: str


class Model:
    """One model. Data structures are read by request handlers and changed by the task thread when an import commits."""

    def __init__(
        self, definition: ModelDefinition, home: Home, folder: Path, clock: Clock, seconds: float, switches: Switches
    ) -> None:
        self.definition = definition
        self.switches = switches
        self.home = home
        self.folder = folder
        self.state = definition.state
        self.open = definition.state != "ARCHIVED"
        self.calendar = Calendar(2022, 2027, date(2026, 11, 20))
        self.switchover: Period | None = None
        self.lists = {each.name: ListData(each) for each in definition.lists}
        for data in self.lists.values():
            for name in data.definition.items:
                data.add(Item(name, name, None, data.blank))
        self.modules = {each.name: ModuleData(each) for each in definition.modules}
        self.lists_by_id = {each.definition.id: each for each in self.lists.values()}
        self.modules_by_id = {each.definition.id: each for each in self.modules.values()}
        self.views = {view.id: view for view in definition.views}
        self.files = Files(folder / "files", definition, clock)
        self.dumps = Dumps(clock)
        self.queue = Queue(
            clock,
            lambda: seconds + switches.seconds("extra_task_seconds"),
            lambda: switches.number("task_history"),
            lambda: switches.flag("cancelling"),
        )
        self.refusals: dict[str, list[Refusal]] = {}
        self.reads: dict[str, ReadRequest] = {}
        self.serial_number = 1
        self.modified = clock.now()
        self.modified_by = ""
        self.uploads_during_tasks = 0
        self.actions: dict[str, dict[int, ActionDefinition]] = {
            "imports": {each.id: each for each in definition.imports},
            "exports": {each.id: each for each in definition.exports},
            "actions": {each.id: each for each in definition.deletes},
            "processes": {each.id: each for each in definition.processes},
        }

    @property
    def id(self) -> str:
        """The model id: 32 upper-case hexadecimal digits."""
        return self.home.model_id

    @property
    def writing(self) -> Writing:
        """How its values are written in exports and reads."""
        return Writing.of(self.switches)

    def touch(self, now: float, user: str) -> None:
        """Data changed: the next serial number, at epoch seconds ``now``, by the user with id ``user``."""
        self.serial_number += 1
        self.modified = now
        self.modified_by = user

    def action(self, action_id: int) -> ActionDefinition | None:
        """Any action by id."""
        for actions in self.actions.values():
            if action_id in actions:
                return actions[action_id]
        return None

    def changes_structure(self, action: ActionDefinition) -> bool:
        """Whether an action adds or removes list items, which a deployed model refuses."""
        if isinstance(action, ProcessDefinition):
            nested = [self.action(each) for each in action.actions]
            return any(each is not None and self.changes_structure(each) for each in nested)
        if isinstance(action, ImportDefinition):
            return action.type == "HIERARCHY_DATA"
        return action.id in self.actions["actions"]

    def view(self, view_id: int) -> ViewDefinition | None:
        """A view by its id; a line item's id stands for its module's default view."""
        if view_id in self.views:
            return self.views[view_id]
        for module in self.definition.modules:
            if any(item.id == view_id for item in module.line_items):
                return self.views[module.id]
        return None

    def remove_items(self, list_name: str, items: list[Item]) -> Undo:
        """Delete list items with their cells; a function that takes it back."""
        data = self.lists[list_name]
        dropped = []
        modules = [module for module in self.modules.values() if list_name in module.definition.dimensions]
        for item in items:
            dropped += [(module, module.drop_member(item)) for module in modules]
            data.remove(item)

        def undo() -> None:
            for item in items:
                data.restore(item)
            for module, rows in dropped:
                module.rows.update(rows)

        return undo

    def close(self) -> None:
        """Stop its tasks and free its disk space."""
        self.queue.close()
        self.files.clear()
