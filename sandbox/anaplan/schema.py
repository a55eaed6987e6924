"""What a model is made of: lists, modules, files, imports, processes, exports, actions, views. Immutable."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["TEXT", "NUMBER", "BOOLEAN", "DATE", "LIST", "TIME PERIOD"]
Layout = Literal["TABULAR_SINGLE_COLUMN", "TABULAR_MULTI_COLUMN"]
Identify = Literal["code", "name", "name_or_code"]

LINE_ITEMS = "Line Items"
LINE_ITEMS_ID = 20000000012


@dataclass(frozen=True, slots=True)
class Format:
    """A data format; ``list_name`` for LIST."""

    kind: Kind
    list_name: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A list property."""

    name: str
    format: Format


@dataclass(frozen=True, slots=True)
class Formula:
    """``left operator right`` over line items of the same module."""

    left: str
    operator: Literal["-", "*"]
    right: str

    def __str__(self) -> str:
        return f"{_quoted(self.left)} {self.operator} {_quoted(self.right)}"


def _quoted(name: str) -> str:
    return f"'{name}'" if " " in name else name


@dataclass(frozen=True, slots=True)
class LineItem:
    """A line item; one with a formula takes no input."""

    id: int
    name: str
    format: Format
    formula: Formula | None = None


@dataclass(frozen=True, slots=True)
class ListDefinition:
    """A list; ``parent`` is the name of the list its items roll up into. A numbered list names its items itself.

    The items of a list of ``transactions`` come into being with their rows. ``items`` are there from the start.
    """

    id: int
    name: str
    parent: str | None = None
    properties: tuple[Field, ...] = ()
    numbered: bool = False
    transactions: bool = False
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModuleDefinition:
    """A module: line items over ``dimensions`` (list names or Time)."""

    id: int
    name: str
    dimensions: tuple[str, ...]
    line_items: tuple[LineItem, ...]


@dataclass(frozen=True, slots=True)
class FileDefinition:
    """A file data source with the parsing settings that were chosen when it was set up. Rows count from 1."""

    id: int
    name: str
    headers: tuple[str, ...] = ()
    separator: str = ","
    delimiter: str = '"'
    encoding: str = "UTF-8"
    header_row: int = 1
    first_data_row: int = 2
    decimal: str = "."


@dataclass(frozen=True, slots=True)
class Column:
    """How a source column is mapped. ``target`` names the property, dimension or line item.

    ``date_format`` (dd/MM/yyyy, yyyy-MM-dd, ...) applies to DATE targets.
    """

    header: str
    to: Literal["code", "name", "parent", "property", "dimension", "line item"]
    target: str = ""
    date_format: str = "dd/MM/yyyy"


@dataclass(frozen=True, slots=True)
class ImportDefinition:
    """An import into a list (HIERARCHY_DATA) or module (MODULE_DATA).

    ``file_id`` 0 means that the source is the module ``target`` of the model called ``source_model``.
    """

    id: int
    name: str
    type: Literal["HIERARCHY_DATA", "MODULE_DATA"]
    target: str
    columns: tuple[Column, ...]
    file_id: int = 0
    source_model: str = ""
    identify_by: Identify = "code"


@dataclass(frozen=True, slots=True)
class ProcessDefinition:
    """Actions in run order."""

    id: int
    name: str
    actions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ExportDefinition:
    """An export of a list's grid or a module; its output file has the same id."""

    id: int
    name: str
    source: Literal["list", "module"]
    target: str
    layout: Layout = "TABULAR_MULTI_COLUMN"
    separator: str = ","


@dataclass(frozen=True, slots=True)
class DeleteDefinition:
    """Delete from list using selection: items whose boolean ``selection`` is true."""

    id: int
    name: str
    list_name: str
    selection: str


@dataclass(frozen=True, slots=True)
class ViewDefinition:
    """A view of a module: dimension names (list names, Time, Line Items) per axis."""

    id: int
    name: str
    module: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    pages: tuple[str, ...] = ()


ActionDefinition = ImportDefinition | ProcessDefinition | ExportDefinition | DeleteDefinition


@dataclass(frozen=True, slots=True)
class ModelDefinition:
    """A whole model as its builder left it."""

    name: str
    state: str
    lists: tuple[ListDefinition, ...]
    modules: tuple[ModuleDefinition, ...] = ()
    files: tuple[FileDefinition, ...] = ()
    imports: tuple[ImportDefinition, ...] = ()
    processes: tuple[ProcessDefinition, ...] = ()
    exports: tuple[ExportDefinition, ...] = ()
    deletes: tuple[DeleteDefinition, ...] = ()
    views: tuple[ViewDefinition, ...] = field(default=())
