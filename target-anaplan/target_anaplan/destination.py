"""Where a mapping's rows go: the action and its file found in the model, and the mapping checked against them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from connector_kit.errors import ConfigurationError, NotFoundError
from connector_kit.mapping.columns import Column
from connector_kit.threads import ThreadPool
from target_anaplan.mapping.faults import column_faults, property_faults
from target_anaplan.mapping.spec import Kind, StreamMapping
from target_anaplan.rows import FileFormat

if TYPE_CHECKING:
    from connector_kit.anaplan.import_source import ImportSource
    from connector_kit.anaplan.model import ModelClient
    from connector_kit.anaplan.objects import Import, ProcessStep

log = logging.getLogger("target-anaplan")

_PARALLEL = 4
_LIST_COLUMN = "Code"


class Loader(NamedTuple):
    """An import that reads a destination's file: the one that is run, or a step of a process."""

    id: str
    name: str
    in_module: bool


@dataclass(frozen=True, slots=True)
class Destination:
    """An action with the file that feeds it, or a list that is written item by item (`file_id` is blank then).

    `loaders`: the imports that read the file; what other steps of a process reject are no rows of ours. `emptied`: the
    other files of a process, which are uploaded with their header alone, so that rows of an earlier run aren't loaded
    once more.
    """

    kind: Kind
    id: str
    name: str
    form: FileFormat
    file_id: str = ""
    file_name: str = ""
    loaders: tuple[Loader, ...] = ()
    emptied: tuple[tuple[str, FileFormat], ...] = ()


@dataclass(frozen=True, slots=True)
class Removal:
    """How deletions reach the model: an import that marks items, another action that removes them, or both."""

    marking: Destination | None
    action_id: str
    action_name: str


@dataclass(slots=True)
class Places:
    """What `find` found, by the mapping's position."""

    destinations: dict[int, Destination] = field(default_factory=dict)
    removals: dict[int, Removal] = field(default_factory=dict)


_Check = Callable[["ModelClient", StreamMapping, Places], list[str]]


def find(model: ModelClient, mappings: Sequence[StreamMapping]) -> Places:
    """Look everything up and check it, before anything is uploaded.

    Raises:
        ConfigurationError: with all that doesn't fit, in one message.
    """
    _read_ahead(model, mappings)
    places = Places()
    faults: list[str] = []
    jobs: list[tuple[StreamMapping, _Check]] = [(one, _destination) for one in mappings]
    jobs += [(one, _removal) for one in mappings if one.deletion]
    with ThreadPool(_PARALLEL) as pool:
        for found in pool.map(lambda job: _collected(job[1], model, job[0], places), jobs):
            faults += found
    if faults:
        raise ConfigurationError(system="target-anaplan", subject=f"mappings for {model.label}", faults=faults)
    return places


def _read_ahead(model: ModelClient, mappings: Sequence[StreamMapping]) -> None:
    """The model's lists of objects, each read once, all at the same time."""
    deletions = [one.deletion for one in mappings if one.deletion]
    kinds = {one.kind for one in mappings}
    wanted: list[Callable[[], object]] = []
    if kinds & {"import", "process"} or any(deletion.import_name for deletion in deletions):
        wanted += [model.imports, model.files]
    if "process" in kinds:
        wanted.append(model.processes)
    if "list" in kinds:
        wanted.append(model.lists)
    if any(deletion.action for deletion in deletions):
        wanted.append(model.actions)
    if not wanted:
        return
    wanted[0]()  # logs on, and finds out whether the model is there, before several ask at once
    with ThreadPool(_PARALLEL) as pool:
        list(pool.map(lambda read: read(), wanted[1:]))


def _collected(
    job: _Check,
    model: ModelClient,
    mapping: StreamMapping,
    places: Places,
) -> list[str]:
    try:
        faults = job(model, mapping, places)
    except (NotFoundError, ConfigurationError) as error:
        faults = [str(error)]
    return [f"mappings[{mapping.position}] ({mapping.title}): {fault}" for fault in faults]


def _destination(model: ModelClient, mapping: StreamMapping, places: Places) -> list[str]:
    if mapping.kind == "list":
        return _list(model, mapping, places)
    destination = _process(model, mapping) if mapping.kind == "process" else _import(model, mapping.name)
    return _checked(destination, mapping.columns, mapping.position, places, blank_missing=mapping.blank_missing)


def _list(model: ModelClient, mapping: StreamMapping, places: Places) -> list[str]:
    found = model.find_list(mapping.name)
    headers = tuple(column.name for column in mapping.columns)
    places.destinations[mapping.position] = Destination("list", found.id, found.name, FileFormat(headers))
    faults = [] if _LIST_COLUMN in headers else [f"a list needs a column {_LIST_COLUMN}"]
    try:
        metadata = model.reads.list_metadata(found.id)
    except NotFoundError as error:
        log.warning("%s. Whether the mapped properties are there is not known before they are written.", error)
        return faults
    return faults + property_faults(found.name, headers, [one.name for one in metadata.properties])


def _checked(
    destination: Destination,
    columns: Sequence[Column],
    position: int,
    places: Places,
    *,
    blank_missing: bool,
) -> list[str]:
    if not destination.form.headers:  # a source without a header can't be checked: the mapping's order counts
        destination = _with_headers(destination, columns)
    places.destinations[position] = destination
    return column_faults(columns, destination.form.headers, blank_missing=blank_missing)


def _process(model: ModelClient, mapping: StreamMapping) -> Destination:
    process = model.find_process(mapping.name)
    sources: dict[str, ImportSource] = {}
    loaders: dict[str, list[Loader]] = {}
    for step in model.process_steps(process.id):
        if step.action_type.upper() == "IMPORT" or step.import_data_source_id:
            try:
                source = model.import_source(step.id)
            except ConfigurationError:
                continue  # it reads a module or a model, not a file
            sources.setdefault(source.file_id, source)
            loaders.setdefault(source.file_id, []).append(_loader(step))
    names = ", ".join(source.file_name for source in sources.values())
    subject = f"process {process.name}"
    if not sources:
        raise ConfigurationError(
            system="Anaplan",
            subject=subject,
            expected="an import of a file in it",
            got="none",
            hint="Use its name as an action of a deletion, or choose another process.",
        )
    wanted = [s for s in sources.values() if mapping.file is None or mapping.file in {s.file_id, s.file_name}]
    if len(wanted) != 1:
        raise ConfigurationError(
            system="Anaplan",
            subject=subject,
            expected="one file" if mapping.file is None else f"file {mapping.file}",
            got=names,
            hint="Name the one to upload to with `file`.",
        )
    emptied = tuple((s.file_id, file_format(s)) for s in sources.values() if s is not wanted[0])
    return Destination(
        kind="process",
        id=process.id,
        name=process.name,
        form=file_format(wanted[0]),
        file_id=wanted[0].file_id,
        file_name=wanted[0].file_name,
        loaders=tuple(loaders[wanted[0].file_id]),
        emptied=emptied,
    )


def _removal(model: ModelClient, mapping: StreamMapping, places: Places) -> list[str]:
    deletion = mapping.deletion
    if deletion is None:
        return []
    action = model.find_action(deletion.action) if deletion.action else None
    marking, faults = None, []
    if deletion.import_name:
        marking = _import(model, deletion.import_name)
        if not marking.form.headers:
            marking = _with_headers(marking, deletion.columns)
        faults = [f"delete: {f}" for f in column_faults(deletion.columns, marking.form.headers, blank_missing=False)]
    elif mapping.kind == "list":
        faults = [] if any(c.name == _LIST_COLUMN for c in deletion.columns) else ["delete: a list needs column Code"]
        listed = model.find_list(mapping.name)
        headers = tuple(column.name for column in deletion.columns)
        marking = Destination("list", listed.id, listed.name, FileFormat(headers))
    places.removals[mapping.position] = Removal(marking, action.id if action else "", action.name if action else "")
    return faults


def _import(model: ModelClient, name_or_id: str) -> Destination:
    imported = model.find_import(name_or_id)
    source = model.import_source(imported.id)
    return Destination(
        kind="import",
        id=imported.id,
        name=imported.name,
        form=file_format(source),
        file_id=source.file_id,
        file_name=source.file_name,
        loaders=(_loader(imported),),
    )


def _loader(action: Import | ProcessStep) -> Loader:
    return Loader(action.id, action.name, action.import_type == "MODULE_DATA")


def _with_headers(destination: Destination, columns: Sequence[Column]) -> Destination:
    form = destination.form
    headers = tuple(column.name for column in columns)
    return replace(destination, form=replace(form, headers=headers, header_row=0))


def file_format(source: ImportSource) -> FileFormat:
    """The lines that a file source wants. A source without a separator has one column."""
    return FileFormat(
        headers=source.header_names,
        separator=source.separator or ",",
        delimiter=source.delimiter,
        encoding=source.encoding,
        header_row=max(source.header_row, 0),
        first_data_row=max(source.first_data_row, 1),
        decimal_separator=source.decimal_separator,
    )
