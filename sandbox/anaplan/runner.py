"""What each action does when its turn comes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.anaplan.dumps import DumpWriter
from sandbox.anaplan.files import FileUnavailableError, IncompleteUploadError
from sandbox.anaplan.grid import Selection, list_table
from sandbox.anaplan.importing import Choices, ImportFailedError
from sandbox.anaplan.list_import import ListImport
from sandbox.anaplan.module_import import ModuleImport, module_rows
from sandbox.anaplan.pieces import Cut, pieces
from sandbox.anaplan.results import detail, failure, list_details, module_details, result
from sandbox.anaplan.schema import DeleteDefinition, ExportDefinition, ImportDefinition, ProcessDefinition
from sandbox.anaplan.source import Source
from sandbox.anaplan.tasks import CancelledError, milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from sandbox.anaplan.importing import Counts, Undo
    from sandbox.anaplan.model import Model
    from sandbox.anaplan.results import Result
    from sandbox.anaplan.schema import ActionDefinition, FileDefinition
    from sandbox.anaplan.tasks import Run
    from sandbox.core.switches import Switches


@dataclass(frozen=True, slots=True)
class Actor:
    """On whose behalf an action runs: the user's id and whether they administer the workspace."""

    user: str
    admin: bool


def _without_last(rows: Iterable[tuple[int, list[str]]], lost: int) -> Iterator[tuple[int, list[str]]]:
    held: deque[tuple[int, list[str]]] = deque()
    for row in rows:
        held.append(row)
        if len(held) > lost:
            yield held.popleft()


class Runner:
    """Runs the actions of ``model``; ``models`` by name are the sources of imports from modules."""

    def __init__(self, model: Model, models: Mapping[str, Model], actor: Actor, switches: Switches) -> None:
        self._model = model
        self._models = models
        self._actor = actor
        self._switches = switches
        self._undo: list[Undo] = []

    def __call__(self, action: ActionDefinition, run: Run) -> Result:
        """Run one action; when it is cancelled, everything it did is taken back first."""
        try:
            outcome = self._action(action, run)
        except CancelledError:
            for undo in reversed(self._undo):
                undo()
            raise
        if self._undo or self._switches.text("serial_moves") == "every_action":
            self._model.touch(run.now(), self._actor.user)
        self._undo.clear()
        return outcome

    def _action(self, action: ActionDefinition, run: Run) -> Result:
        if isinstance(action, ProcessDefinition):
            return self._process(action, run)
        if isinstance(action, ImportDefinition):
            try:
                return self._import(action, run)
            except ImportFailedError as error:
                run.settle(run.now())
                return failure(action.id, action.name, error)
        if isinstance(action, ExportDefinition):
            return self._export(action, run)
        return self._delete(action, run)

    def _process(self, process: ProcessDefinition, run: Run) -> Result:
        nested: list[Result] = []
        for action_id in process.actions:
            action = self._model.action(action_id)
            if action is None:
                raise LookupError(f"process {process.name} refers to an unknown action {action_id}")
            started = run.now()
            outcome = self._action(action, run)
            outcome["startTime"] = milliseconds(started)
            outcome["duration"] = milliseconds(run.now() - started)
            nested.append(outcome)
            if not outcome["successful"]:
                if not self._switches.flag("nested_names"):
                    outcome.pop("objectName", None)
                if self._switches.text("process_after_failure") == "stop":
                    break
        successful = all(outcome["successful"] for outcome in nested)
        dump = any(outcome["failureDumpAvailable"] for outcome in nested)
        whole = result(process.id, process.name, [], successful=successful, dump=dump)
        whole["nestedResults"] = nested
        return whole

    # Imports

    def _import(self, action: ImportDefinition, run: Run) -> Result:
        started = run.now()
        if not action.file_id:
            return self._import_module(action, run, started)
        file = self._model.files.definitions[action.file_id]
        source = Source(self._content(action), file, strip_bom=self._switches.text("bom") == "strip")
        try:
            return self._load(action, source.header, source, file, run, started)
        finally:
            source.close()

    def _import_module(self, action: ImportDefinition, run: Run, started: float) -> Result:
        source = self._models[action.source_model]
        if source.state == "ARCHIVED":
            raise ImportFailedError("sourceModelArchived", f"The source model {action.source_model} is archived")
        header = [column.header for column in action.columns]
        rows = module_rows(action, source.modules[action.target])
        return self._load(action, header, rows, None, run, started)

    def _content(self, action: ImportDefinition) -> list[Path]:
        self._model.files.replace_by_stranger(self._actor.user, action.file_id)
        try:
            content = self._model.files.readable(self._actor.user, action.file_id, admin=self._actor.admin)
        except FileUnavailableError:
            raise ImportFailedError(
                "uploadedFileNoLongerAvailable", "The uploaded file is no longer available"
            ) from None
        try:
            return content.paths()
        except IncompleteUploadError as error:
            chosen = self._switches.text("missing_chunk")
            if chosen == "load_partial":
                return content.present()
            raise ImportFailedError(chosen, f"The file could not be read: {error}") from None

    def _load(
        self,
        action: ImportDefinition,
        header: list[str],
        rows: Iterable[tuple[int, list[str]]],
        file: FileDefinition | None,
        run: Run,
        started: float,
    ) -> Result:
        model = self._model
        choices = Choices.of(self._switches)
        decimal = file.decimal if file else "."
        engine: ListImport | ModuleImport
        if action.type == "HIERARCHY_DATA":
            engine = ListImport(action, header, model.lists, model.calendar, decimal, choices)
        else:
            engine = ModuleImport(action, header, model.modules, model.lists, model.calendar, decimal, choices)
        dump = self._dump_writer(run.task.id, action, header, file)
        try:
            rows = _without_last(rows, self._switches.number("rows_lost"))
            counts = engine.run(rows, dump, run.check, model.refusals.get(action.name, ()))
            run.settle(started, counts.total)
        except BaseException:
            dump.abandon()
            raise
        self._undo.append(engine.commit())
        path = dump.finish()
        if self._switches.text("dump_kept") == "user":
            model.dumps.drop_earlier(self._actor.user, run.task.id)
        model.dumps.replace(self._actor.user, action.id, run.task.id, path)
        return self._import_result(action, counts, has_dump=path is not None)

    def _dump_writer(
        self, task_id: str, action: ImportDefinition, header: list[str], file: FileDefinition | None
    ) -> DumpWriter:
        folder = self._model.folder / "dumps"
        folder.mkdir(parents=True, exist_ok=True)
        follows = self._switches.text("dump_separator") == "source" and file is not None
        separator = file.separator if follows and file else ","
        encoding = file.encoding if file and self._switches.text("dump_encoding") == "source" else "utf-8"
        path = folder / f"{task_id}-{action.id}.txt"
        return DumpWriter(path, header, separator, encoding, self._switches.number("dump_line_offset"))

    def _import_result(self, action: ImportDefinition, counts: Counts, *, has_dump: bool) -> Result:
        if action.type == "HIERARCHY_DATA":
            details = list_details(action.target, counts)
        else:
            items = sum(column.to == "line item" for column in action.columns)
            details = module_details(action.target, counts, items, self._switches.text("module_values"))
        nothing_loaded = counts.failed > 0 and counts.failed == counts.total
        successful = not (nothing_loaded and self._switches.text("all_rows_failed") == "failed")
        return result(action.id, action.name, details, successful=successful, dump=has_dump)

    # Exports

    def _export(self, action: ExportDefinition, run: Run) -> Result:
        started = run.now()
        if action.source == "list":
            data = self._model.lists[action.target]
            rows: Iterable[list[str]] = list_table(data, self._model.writing)
        else:
            view = self._model.views[self._model.modules[action.target].definition.id]
            rows = Selection(self._model, view, {}).tabular(single_column=action.layout == "TABULAR_SINGLE_COLUMN")
        cut = Cut.of_export(self._switches, action.separator)
        paths = list(pieces(rows, cut, self._model.files.new_path, run.check))
        run.settle(started)
        if self._switches.text("export_output") == "gone":
            paths = []
        self._model.files.publish(self._actor.user, action.id, paths)
        return result(action.id, action.name, [detail("exportSucceeded", "Export succeeded")])

    # Other actions

    def _delete(self, action: DeleteDefinition, run: Run) -> Result:
        started = run.now()
        data = self._model.lists[action.list_name]
        position = data.position[action.selection]
        chosen = [item for item in data if item.values[position] is True]
        run.settle(started, len(chosen))
        self._undo.append(self._model.remove_items(action.list_name, chosen))
        text = f"{action.list_name}: {len(chosen)} items deleted"
        values = ["hierarchyName", action.list_name, "deletedCount", str(len(chosen))]
        return result(action.id, action.name, [detail("deleteFromSelectionSucceeded", text, values)])
