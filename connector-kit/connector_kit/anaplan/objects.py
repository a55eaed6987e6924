"""Anaplan's objects as this kit knows them. Fields that it does not use are left out, kinds are open texts.

Sources: Anaplan integration API v2 reference, the recorded fixtures of Anaplan Connect, the community OpenAPI
specification.
"""

from __future__ import annotations

import msgspec


class User(msgspec.Struct, frozen=True, rename="camel"):
    """The user that the token belongs to."""

    id: str = ""
    email: str = ""
    customer_id: str = ""


class Workspace(msgspec.Struct, frozen=True, rename="camel"):
    """A workspace; sizes in bytes, 0 where not told."""

    id: str = ""
    name: str = ""
    active: bool = True
    size_allowance: int = 0
    current_size: int = 0


class Model(msgspec.Struct, frozen=True, rename="camel"):
    """A model. `active_state` e.g. UNLOCKED, LOCKED, PRODUCTION, MAINTENANCE, ARCHIVED."""

    id: str = ""
    name: str = ""
    active_state: str = ""
    current_workspace_id: str = ""
    current_workspace_name: str = ""
    last_modified: str = ""
    last_saved_serial_number: str = ""
    memory_usage: int = 0


class Import(msgspec.Struct, frozen=True, rename="camel"):
    """An import action. `import_data_source_id` is the file to upload to when the source is a file.

    `import_type` e.g. MODULE_DATA, HIERARCHY_DATA.
    """

    id: str = ""
    name: str = ""
    import_data_source_id: str = ""
    import_type: str = ""


class Export(msgspec.Struct, frozen=True, rename="camel"):
    """An export action; its output is the file with the same id."""

    id: str = ""
    name: str = ""
    export_type: str = ""
    export_format: str = ""
    encoding: str = ""
    layout: str = ""


class Action(msgspec.Struct, frozen=True, rename="camel"):
    """Another action, e.g. a delete by selection."""

    id: str = ""
    name: str = ""
    action_type: str = ""


class Process(msgspec.Struct, frozen=True, rename="camel"):
    """A process: actions in an order."""

    id: str = ""
    name: str = ""


class ProcessStep(msgspec.Struct, frozen=True, rename="camel"):
    """One action of a process. `action_type` e.g. IMPORT, EXPORT, DELETE_BY_SELECTION."""

    id: str = ""
    name: str = ""
    action_type: str = ""
    import_data_source_id: str = ""
    import_type: str = ""


class File(msgspec.Struct, frozen=True, rename="camel"):
    """A file of a model: an import's source (113…) or an export's output (116…)."""

    id: str = ""
    name: str = ""
    chunk_count: int = 0
    separator: str = ""
    delimiter: str = ""
    encoding: str = ""
    header_row: int = -1
    first_data_row: int = -1
    format: str = ""


class List(msgspec.Struct, frozen=True, rename="camel"):
    """A list of a model."""

    id: str = ""
    name: str = ""
    code: str = ""


class Module(msgspec.Struct, frozen=True, rename="camel"):
    """A module of a model."""

    id: str = ""
    name: str = ""


class ListItem(msgspec.Struct, frozen=True, rename="camel"):
    """An item of a list; property values are texts, subsets booleans, both by name."""

    id: str = ""
    name: str = ""
    code: str = ""
    parent: str = ""
    parent_id: str = ""
    properties: dict[str, str] = {}
    subsets: dict[str, bool] = {}


class ExportMetadata(msgspec.Struct, frozen=True, rename="camel"):
    """What an export's file looks like; `row_count` is an estimate, `data_types` MIXED unless in columns."""

    column_count: int = 0
    row_count: int = 0
    header_names: tuple[str, ...] = ()
    data_types: tuple[str, ...] = ()
    list_names: tuple[str, ...] = ()
    delimiter: str = ""
    separator: str = ""
    encoding: str = ""
    export_format: str = ""
    layout: str = ""
