"""One model: what it holds, its files, its actions and their results."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec

from connector_kit.anaplan import files as model_files
from connector_kit.anaplan import orphans
from connector_kit.anaplan.dumps import DumpRow, read_dump
from connector_kit.anaplan.errors import SYSTEM
from connector_kit.anaplan.ids import find, kind_of
from connector_kit.anaplan.import_source import ImportSource, import_source
from connector_kit.anaplan.lists import MAX_ITEMS, ListItems
from connector_kit.anaplan.model_reads import ModelReads
from connector_kit.anaplan.objects import (
    Action,
    Export,
    ExportMetadata,
    File,
    Import,
    List,
    Module,
    Process,
    ProcessStep,
)
from connector_kit.anaplan.reading import mapping, rows, struct, structs
from connector_kit.anaplan.results import Kind, TaskResult
from connector_kit.anaplan.tasks import COLLECTIONS, Polling, Runner
from connector_kit.anaplan.transport import Transport
from connector_kit.coordination import Coordinator, Lease
from connector_kit.errors import ConfigurationError
from connector_kit.lease_check import under_lease

S = TypeVar("S", bound=msgspec.Struct)


class ModelClient:
    """Reads and runs what one model has. Made by `Anaplan.model` or `Anaplan.find_model`.

    Attributes:
        id, workspace_id: in the API's spelling.
        label: the model in messages, e.g. "model Finance Hub".
        reads: what can be read without preparing anything in the model.
    """

    def __init__(
        self,
        transport: Transport,
        coordinator: Coordinator,
        *,
        workspace_id: str,
        model_id: str,
        name: str = "",
        polling: Polling | None = None,
    ) -> None:
        self.workspace_id = workspace_id
        self.id = model_id
        self.label = f"model {name or model_id}"
        self._transport = transport
        self._coordinator = coordinator
        self._polling = polling or Polling()
        self._path = f"/workspaces/{workspace_id}/models/{model_id}"
        self.reads = ModelReads(transport, model_id=model_id, label=self.label, polling=self._polling)
        # What a model defines doesn't change under a run's feet often enough to ask for it per object.
        self._read: dict[str, Sequence[Any]] = {}

    @contextmanager
    def lock(self, purpose: str, wait_seconds: float) -> Iterator[Lease]:
        """The exclusive right to change this model, among all processes that share the coordinator.

        Within the block each request that changes something (a chunk, a task's start, items of a list) goes out only
        while the lock is still held. What a holder that died left running is waited for.

        Raises:
            BusyError: still held by somebody after `wait_seconds`, or by what a dead holder started; names the holder.
            LockLostError: within the block, when the lock was lost.
        """
        name = f"anaplan:model:{self.id}"
        with (
            self._coordinator.lock(name, purpose=purpose, wait_seconds=wait_seconds) as lease,
            under_lease(lease.assert_held),
        ):
            if lease.orphaned is not None:
                orphans.await_end(self.reads, self.label, lease.orphaned, wait_seconds, self._polling)
            yield lease

    # What the model has. Lists are read once per client.

    def imports(self) -> Sequence[Import]:
        """All imports that the user sees."""
        return self._objects("imports", Import)

    def processes(self) -> Sequence[Process]:
        """All processes."""
        return self._objects("processes", Process)

    def actions(self) -> Sequence[Action]:
        """All other actions, e.g. deletes by selection."""
        return self._objects("actions", Action)

    def exports(self) -> Sequence[Export]:
        """All exports."""
        return self._objects("exports", Export)

    def files(self) -> Sequence[File]:
        """All files, exports' outputs included."""
        return self._objects("files", File)

    def lists(self) -> Sequence[List]:
        """All lists."""
        return self._objects("lists", List)

    def modules(self) -> Sequence[Module]:
        """All modules."""
        return self._objects("modules", Module)

    def find_import(self, name_or_id: str) -> Import:
        """An import by id or name. This and the other finders raise NotFoundError naming what comes close."""
        return find(self.imports(), name_or_id, kind="import", where=self.label)

    def find_process(self, name_or_id: str) -> Process:
        """A process by id or name."""
        return find(self.processes(), name_or_id, kind="process", where=self.label)

    def find_action(self, name_or_id: str) -> Action:
        """Another action by id or name."""
        return find(self.actions(), name_or_id, kind="action", where=self.label)

    def find_module(self, name_or_id: str) -> Module:
        """A module by id or name."""
        return find(self.modules(), name_or_id, kind="module", where=self.label)

    def find_export(self, name_or_id: str) -> Export:
        """An export by id or name."""
        return find(self.exports(), name_or_id, kind="export", where=self.label)

    def find_list(self, name_or_id: str) -> List:
        """A list by id or name."""
        return find(self.lists(), name_or_id, kind="list", where=self.label)

    def import_source(self, import_id: str) -> ImportSource:
        """What the file of an import must look like.

        Raises:
            ConfigurationError: the import reads no file, or one with an encoding that Python doesn't know.
        """
        imported = self.find_import(import_id)
        what = f"{self.label}, import {imported.name}"
        body = self._transport.json("GET", f"{self._path}/imports/{imported.id}", what=what, holds=["importMetadata"])
        file = next((file for file in self.files() if file.id == imported.import_data_source_id), None)
        return import_source(imported, mapping(body["importMetadata"]), file, self.label)

    def process_steps(self, process_id: str) -> list[ProcessStep]:
        """The actions of a process in the order in which they run."""
        process = self.find_process(process_id)
        body = self._transport.json(
            "GET",
            f"{self._path}/processes/{process.id}",
            what=f"{self.label}, process {process.name}",
            holds=["processMetadata"],
            params={"showImportDataSource": "true"},
        )
        return structs(ProcessStep, rows(mapping(body["processMetadata"]).get("actions")))

    def export_metadata(self, export_id: str) -> ExportMetadata:
        """What the file of an export looks like."""
        export = self.find_export(export_id)
        body = self._transport.json(
            "GET",
            f"{self._path}/exports/{export.id}",
            what=f"{self.label}, export {export.name}",
            holds=["exportMetadata"],
        )
        return struct(ExportMetadata, mapping(body["exportMetadata"]))

    # Files.

    def upload(self, file_id: str, chunks: Iterable[model_files.Chunk], *, parallel: int = 4) -> model_files.Upload:
        """Replace a file's content; see `connector_kit.anaplan.files.upload`."""
        what = self._name_of("file", file_id)
        return model_files.upload(self._transport, f"{self._path}/files", file_id, what, chunks, parallel=parallel)

    def still_holds(self, file_id: str, chunks: Sequence[model_files.Chunk]) -> bool | None:
        """Whether a file is still what was uploaded; see `connector_kit.anaplan.files.still_holds`."""
        what = self._name_of("file", file_id)
        return model_files.still_holds(self._transport, f"{self._path}/files", file_id, what, chunks)

    def download(self, file_id: str) -> Iterator[bytes]:
        """A file's content; the output of an export has the export's id."""
        what = self._name_of("export" if kind_of(file_id) == "export" else "file", file_id)
        return model_files.download(self._transport, f"{self._path}/files", file_id, f"{what}, file")

    # Actions.

    def run(
        self,
        kind: Kind,
        object_id: str,
        *,
        mapping_parameters: Sequence[Mapping[str, str]] = (),
        cancel: threading.Event | None = None,
        locale: str = "en_US",
    ) -> TaskResult:
        """Run an import, process, other action or export to its end.

        Args:
            kind: what the id is.
            object_id: of the action.
            mapping_parameters: answers to an import's questions: entityType, entityName, and importId in a process.
            cancel: set it from another thread to cancel the task.
            locale: name of the locale for numbers and dates.

        Returns:
            The result, also of a task that failed as a whole or was cancelled: see `TaskResult.check`.

        Raises:
            BusyError: the model did not get to the task in time; the task was withdrawn.
            ConnectorError: the task could not be started, or can't be followed any more.
        """
        runner = Runner(
            transport=self._transport,
            path=f"{self._action_path(kind, object_id)}",
            kind=kind,
            object_id=object_id,
            what=self._name_of(kind, object_id),
            polling=self._polling,
            cancel=cancel or threading.Event(),
        )
        # The locale stands first: some documents say that it must.
        body: dict[str, Any] = {"localeName": locale}
        if mapping_parameters:
            body["mappingParameters"] = [dict(parameter) for parameter in mapping_parameters]
        return runner.run(body)

    def dump(self, kind: Kind, action_id: str, task_id: str, object_id: str | None = None) -> Iterator[DumpRow]:
        """The rejected rows of a task.

        Args:
            kind: of the action that was run.
            action_id: of the action that was run.
            task_id: of its task.
            object_id: of the step, when a process was run.

        Raises:
            NoDumpError: there is none (any more).
        """
        part = f"dumps/{object_id}" if kind == "process" and object_id else "dump"
        path = f"{self._action_path(kind, action_id)}/tasks/{task_id}/{part}"
        step = f", step {object_id}" if kind == "process" and object_id else ""
        return read_dump(self._transport, path, f"{self._name_of(kind, action_id)}{step}, failure dump")

    # Lists by the transactional API.

    def list_items(self, list_id: str, *, batch: int = MAX_ITEMS) -> ListItems:
        """The items of a list, to read, add, update and delete, at most `batch` in a call."""
        path = f"{self._path}/lists/{list_id}/items"
        return ListItems(self._transport, path, self._name_of("list", list_id), batch)

    def _objects(self, collection: str, kind: type[S]) -> Sequence[S]:
        if collection not in self._read:
            found = self._transport.all(f"{self._path}/{collection}", collection, what=f"{self.label}, {collection}")
            self._read[collection] = structs(kind, found)
        return self._read[collection]

    def _action_path(self, kind: Kind, object_id: str) -> str:
        if kind not in COLLECTIONS:
            raise ConfigurationError(
                system=SYSTEM, subject=self.label, expected=f"one of {', '.join(COLLECTIONS)}", got=repr(kind)
            )
        return f"{self._path}/{COLLECTIONS[kind]}/{object_id}"

    def _name_of(self, kind: str, object_id: str) -> str:
        """An object in messages: by its name when the list of its kind has been read, by its id otherwise."""
        known = self._read.get(COLLECTIONS.get(kind, f"{kind}s"), ())
        name = next((item.name for item in known if item.id == object_id), object_id)
        return f"{self.label}, {kind} {name}"
