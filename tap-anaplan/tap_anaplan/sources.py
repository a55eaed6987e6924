"""Where a stream's rows come from: what the model says about them, and how they are fetched."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from typing_extensions import override

from connector_kit.anaplan.line_items import LineItem, ValueKind, value_kind
from connector_kit.anaplan.spool import Spool
from connector_kit.anaplan.tables import Table, TextForm, form_of
from connector_kit.anaplan.views import ListMetadata, View
from connector_kit.errors import ConfigurationError, RefusedError
from tap_anaplan.columns import Column, named

if TYPE_CHECKING:
    from connector_kit.anaplan.objects import Export, ExportMetadata, List, Module
    from tap_anaplan.site import Site
    from tap_anaplan.specs import Spec

_TIME = "20000000003"
_TABULAR = "TABULAR"
_TEXTS = {"", "text/csv", "text/plain"}
_UNTOLD = {"", "MIXED", "NONE"}


class Source(ABC):
    """The rows of one export, view or list."""

    def __init__(self, site: Site, spec: Spec) -> None:
        self.site = site
        self.spec = spec

    @property
    @abstractmethod
    def what(self) -> str:
        """The object in messages, e.g. "model Finance Hub, list Suppliers"."""

    @abstractmethod
    def describe(self) -> tuple[Column, ...]:
        """The columns, for the catalog."""

    @abstractmethod
    def fetch(self, spool: Spool) -> TextForm:
        """Everything into the spool, and how it is written."""

    @abstractmethod
    def columns(self, table: Table) -> tuple[Column, ...]:
        """The columns of what was fetched, by its header.

        Raises:
            RefusedError: the header is not what the model says that it has.
        """

    @abstractmethod
    def list_of(self, column: Column) -> str:
        """The id of the list or other dimension whose items a column holds; empty when that can't be told."""

    @property
    def natural_key(self) -> tuple[str, ...]:
        """Names in the model of the columns that identify a row, of what was described."""
        return ()


class ExportSource(Source):
    """An export action: run, then its file downloaded."""

    @cached_property
    def _export(self) -> Export:
        return self.site.model.find_export(self.spec.subject)

    @property
    @override
    def what(self) -> str:
        return f"{self.site.model.label}, export {self._export.name}"

    @cached_property
    def _metadata(self) -> ExportMetadata:
        metadata = self.site.model.export_metadata(self._export.id)
        layout = metadata.layout or self._export.layout
        form = metadata.export_format.strip().lower()
        if (layout and not layout.upper().startswith(_TABULAR)) or form not in _TEXTS or not metadata.header_names:
            raise ConfigurationError(
                system="Anaplan",
                subject=self.what,
                expected="a tabular export as CSV or text",
                got=f"layout {layout or 'unknown'}, format {form or 'unknown'}, {len(metadata.header_names)} columns",
                hint="Define the export as Tabular Multiple Column in Anaplan, or read a saved view instead.",
            )
        return metadata

    @cached_property
    def _line_items(self) -> dict[str, LineItem]:
        if not self.spec.module:
            return {}
        module = self.site.model.find_module(self.spec.module)
        return {item.name: item for item in self.site.model.reads.line_items(module.id)}

    @override
    def describe(self) -> tuple[Column, ...]:
        headers, types = self._metadata.header_names, self._metadata.data_types
        told = [*types, *[""] * len(headers)]
        kinds = [
            # What the export tells comes first: a dimension may have the name of a line item.
            self._line_items.get(header, LineItem()).kind if kind.upper() in _UNTOLD else value_kind(kind)
            for header, kind in zip(headers, told, strict=False)
        ]
        return named(self.spec, zip(headers, kinds, range(len(headers)), strict=True))

    @override
    def fetch(self, spool: Spool) -> TextForm:
        form = form_of(self._metadata, self.what)
        model = self.site.model
        model.run("export", self._export.id, locale=str(self.site.config["locale_name"])).check()
        model.reads.read_file(self._export.id, spool, f"{self.what}, file")
        return form

    @override
    def columns(self, table: Table) -> tuple[Column, ...]:
        table.check(self._metadata.header_names)
        return self.describe()

    @override
    def list_of(self, column: Column) -> str:
        of_line_item = self._line_items.get(column.header, LineItem()).list_id
        named_so = [each.id for each in self.site.model.lists() if each.name == column.header]
        return of_line_item or "".join(named_so[:1])


class ViewSource(Source):
    """A module or one of its saved views: a column for each dimension, and one for each line item."""

    @cached_property
    def _module(self) -> Module:
        return self.site.model.find_module(self.spec.module)

    @cached_property
    def _view(self) -> View:
        if not self.spec.view:
            return View(self._module.id, self._module.name, self._module.id)
        return self.site.model.reads.find_view(self._module.id, self.spec.view)

    @property
    @override
    def what(self) -> str:
        view = f", view {self._view.name}" if self.spec.view else ""
        return f"{self.site.model.label}, module {self._module.name}{view}"

    @cached_property
    def _dimensions(self) -> dict[str, str]:
        """Ids by names."""
        return {each.name: each.id for each in self.site.model.reads.axes(self._view.id).dimensions}

    @cached_property
    def _line_items(self) -> dict[str, LineItem]:
        return {item.name: item for item in self.site.model.reads.line_items(self._module.id)}

    @override
    def describe(self) -> tuple[Column, ...]:
        reads = self.site.model.reads
        with Spool(self.site.config.get("spool_dir")) as spool:
            try:
                start = reads.view_text(self._view.id, self._module.id, self.what, most=1)
            except RefusedError:
                # More than a million cells: only the large read gives them, even for the header.
                reads.read_view(self._view.id, spool, self.what)
                with spool.reading() as stream:
                    return self._of(Table(stream, TextForm(), self.what).header)
        return self._of(Table(io.BytesIO(start), TextForm(), self.what).header)

    @override
    def fetch(self, spool: Spool) -> TextForm:
        self.site.model.reads.read_view(self._view.id, spool, self.what)
        return TextForm()

    @override
    def columns(self, table: Table) -> tuple[Column, ...]:
        return self._of(table.header)

    @property
    @override
    def natural_key(self) -> tuple[str, ...]:
        return tuple(self._dimensions)

    @override
    def list_of(self, column: Column) -> str:
        first = column.at is not None and column.at < len(self._dimensions)
        dimension = self._dimensions.get(column.header, "") if first else ""
        return dimension or self._line_items.get(column.header, LineItem()).list_id

    def _of(self, header: Sequence[str]) -> tuple[Column, ...]:
        """Dimensions stand first, so that a line item of the same name is the second column of that name."""
        dimensions: dict[str, ValueKind] = {
            name: "period" if dimension == _TIME else "item" for name, dimension in self._dimensions.items()
        }
        kinds = [
            dimensions.pop(name, None) or (self._line_items[name].kind if name in self._line_items else None)
            for name in header
        ]
        unknown = [name for name, kind in zip(header, kinds, strict=True) if kind is None]
        if unknown or dimensions:
            raise RefusedError(
                system="Anaplan",
                subject=self.what,
                expected=f"columns {', '.join(map(repr, [*self._dimensions, *self._line_items]))}",
                got=", ".join(map(repr, header)),
                hint="The module was changed while it was read: run again.",
            )
        found = [(name, kind or "text", at) for at, (name, kind) in enumerate(zip(header, kinds, strict=True))]
        return named(self.spec, found)


class ListSource(Source):
    """The items of a list with their properties."""

    @cached_property
    def _list(self) -> List:
        return self.site.model.find_list(self.spec.subject)

    @property
    @override
    def what(self) -> str:
        return f"{self.site.model.label}, list {self._list.name}"

    @cached_property
    def _metadata(self) -> ListMetadata:
        return self.site.model.reads.list_metadata(self._list.id)

    @override
    def describe(self) -> tuple[Column, ...]:
        return self._of(())

    @override
    def fetch(self, spool: Spool) -> TextForm:
        self.site.model.reads.read_list(self._list.id, spool, self.what)
        return TextForm()

    @override
    def columns(self, table: Table) -> tuple[Column, ...]:
        header = table.header
        properties = [each.name for each in self._metadata.properties]
        known = {"Parent", "Code", *properties, *self._metadata.subsets}
        if set(header[1:]) - known or set(properties) - set(header):
            raise RefusedError(
                system="Anaplan",
                subject=self.what,
                expected=f"columns {', '.join(map(repr, [self._list.name, 'Parent', 'Code', *properties]))}",
                got=", ".join(map(repr, header)),
                hint="The list was changed while it was read: run again.",
            )
        return self._of(header)

    @property
    @override
    def natural_key(self) -> tuple[str, ...]:
        return ("Code",)

    @override
    def list_of(self, column: Column) -> str:
        if column.header != "Parent" or not self._metadata.parent:
            return ""
        return self.site.model.find_list(self._metadata.parent).id

    def _of(self, header: Sequence[str]) -> tuple[Column, ...]:
        """The first column is the item's name, under the list's; what the file leaves out is null."""
        places: dict[str, list[int]] = {}
        for at, name in enumerate(header[1:], start=1):
            places.setdefault(name, []).append(at)
        wanted: list[tuple[str, ValueKind]] = [("Parent", "item"), ("Code", "text")]
        wanted += [(each.name, each.kind) for each in self._metadata.properties]
        wanted += [(name, "boolean") for name in self._metadata.subsets]
        found: list[tuple[str, ValueKind, int | None]] = [("Name", "text", 0)]
        found += [(name, kind, places[name].pop(0) if places.get(name) else None) for name, kind in wanted]
        return named(self.spec, found)


def source_of(site: Site, spec: Spec) -> Source:
    """The source of a stream."""
    kinds: dict[str, type[Source]] = {"export": ExportSource, "view": ViewSource, "list": ListSource}
    return kinds[spec.kind](site, spec)
