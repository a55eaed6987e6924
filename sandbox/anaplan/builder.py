"""A model builder's tools: hands out ids by kind of object and maps columns whose headers equal their targets.

The prefixes of the twelve-digit ids are those of Anaplan's object types (list 101, module 102, import 112, file 113,
export 116, other action 117, process 118, line item 206).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from sandbox.anaplan.schema import (
    LINE_ITEMS,
    Column,
    DeleteDefinition,
    ExportDefinition,
    Field,
    FileDefinition,
    Format,
    Formula,
    ImportDefinition,
    LineItem,
    ListDefinition,
    ModelDefinition,
    ModuleDefinition,
    ProcessDefinition,
    ViewDefinition,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.anaplan.schema import Layout


class Builder:
    """Collects a model's objects; ``common`` properties go to the end of every list."""

    def __init__(self, name: str, state: str, common: tuple[Field, ...] = ()) -> None:
        self._model = ModelDefinition(name, state, ())
        self._common = common
        self._ids: Counter[int] = Counter()
        self._lists: dict[str, ListDefinition] = {}
        self._modules: dict[str, ModuleDefinition] = {}
        self._files: dict[str, FileDefinition] = {}

    def _id(self, prefix: int) -> int:
        self._ids[prefix] += 1
        return prefix * 10**9 + self._ids[prefix]

    def list(
        self,
        name: str,
        properties: Mapping[str, Format] | None = None,
        *,
        parent: str | None = None,
        transactions: bool = False,
        items: tuple[str, ...] = (),
    ) -> None:
        """Add a list with properties by name. ``items`` are there from the start, their names are their codes too."""
        fields = tuple(Field(field, form) for field, form in (properties or {}).items()) + self._common
        definition = ListDefinition(self._id(101), name, parent, fields, transactions=transactions, items=items)
        self._lists[name] = definition

    def module(self, name: str, dimensions: tuple[str, ...], line_items: Mapping[str, Format | Formula]) -> None:
        """Add a module and its default view: first dimension down, line items across, the rest as pages."""
        items = tuple(
            LineItem(self._id(206), item, Format("NUMBER"), form)
            if isinstance(form, Formula)
            else LineItem(self._id(206), item, form)
            for item, form in line_items.items()
        )
        module = ModuleDefinition(self._id(102), name, dimensions, items)
        self._modules[name] = module
        default = ViewDefinition(module.id, name, name, dimensions[:1], (LINE_ITEMS,), dimensions[1:])
        self._model = replace(self._model, views=(*self._model.views, default))

    def view(
        self, name: str, module: str, *, rows: tuple[str, ...], columns: tuple[str, ...], pages: tuple[str, ...]
    ) -> None:
        """Add a saved view."""
        identifier = 10 * self._modules[module].id + 1
        view = ViewDefinition(identifier, name, module, rows, columns, pages)
        self._model = replace(self._model, views=(*self._model.views, view))

    def file(
        self,
        name: str,
        headers: Sequence[str],
        *,
        separator: str = ",",
        encoding: str = "UTF-8",
        decimal: str = ".",
    ) -> FileDefinition:
        """Add a file data source."""
        file = FileDefinition(self._id(113), name, tuple(headers), separator, '"', encoding, decimal=decimal)
        self._files[name] = file
        return file

    def list_import(
        self,
        target: str,
        file_name: str,
        headers: Sequence[str],
        *,
        parent: str = "",
        called: str = "",
        separator: str = ",",
        encoding: str = "UTF-8",
        date_format: str = "dd/MM/yyyy",
    ) -> None:
        """Add a file and its list import: Code, Name, ``parent`` by header, properties by equal names."""
        file = self.file(file_name, headers, separator=separator, encoding=encoding)
        columns = []
        for header in headers:
            if header in {"Code", "Name"}:
                columns.append(Column(header, "code" if header == "Code" else "name"))
            elif header == parent:
                columns.append(Column(header, "parent"))
            else:
                columns.append(Column(header, "property", header, date_format))
        self.list_import_from(file, target, tuple(columns), called=f"{called or target} from {file_name}")

    def list_import_from(self, file: FileDefinition, target: str, columns: tuple[Column, ...], *, called: str) -> int:
        """Add a list import of an existing file; its id."""
        action = ImportDefinition(self._id(112), called, "HIERARCHY_DATA", target, columns, file.id)
        self._model = replace(self._model, imports=(*self._model.imports, action))
        return action.id

    def module_import(
        self, target: str, file: FileDefinition, columns: tuple[Column, ...], *, date_format: str = "dd/MM/yyyy"
    ) -> int:
        """Add a module import; headers that ``columns`` leave out are mapped to line items of the same name. Its id.

        ``date_format`` is that of the columns mapped by name.
        """
        taken = {column.header for column in columns}
        rest = tuple(Column(name, "line item", name, date_format) for name in file.headers if name not in taken)
        name = f"{target} from {file.name}"
        action = ImportDefinition(self._id(112), name, "MODULE_DATA", target, columns + rest, file.id)
        self._model = replace(self._model, imports=(*self._model.imports, action))
        return action.id

    def module_copy(self, name: str, target: str, source_model: str, columns: tuple[Column, ...]) -> None:
        """Add an import from the module of the same name in another model."""
        items = tuple(Column(item.name, "line item", item.name) for item in self._modules[target].line_items)
        action = ImportDefinition(
            self._id(112), name, "MODULE_DATA", target, columns + items, source_model=source_model
        )
        self._model = replace(self._model, imports=(*self._model.imports, action))

    def process(self, name: str, *actions: int) -> None:
        """Add a process."""
        process = ProcessDefinition(self._id(118), name, actions)
        self._model = replace(self._model, processes=(*self._model.processes, process))

    def export(
        self,
        name: str,
        source: Literal["list", "module"],
        target: str,
        *,
        layout: Layout = "TABULAR_MULTI_COLUMN",
        separator: str = ",",
    ) -> None:
        """Add a tabular export."""
        export = ExportDefinition(self._id(116), name, source, target, layout, separator)
        self._model = replace(self._model, exports=(*self._model.exports, export))

    def delete(self, name: str, list_name: str, selection: str) -> None:
        """Add a delete-from-list-using-selection action."""
        action = DeleteDefinition(self._id(117), name, list_name, selection)
        self._model = replace(self._model, deletes=(*self._model.deletes, action))

    def finished(self) -> ModelDefinition:
        """The model."""
        return replace(
            self._model,
            lists=tuple(self._lists.values()),
            modules=tuple(self._modules.values()),
            files=tuple(self._files.values()),
        )
