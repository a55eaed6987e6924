"""Where a stream's rows come from: what the model says about them, and how they are fetched."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

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


class Described(NamedTuple):
    """Columns, and the names of those that identify a row by nature."""

    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()


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
    def describe(self) -> Described:
        """The columns, for the catalog."""

    @abstractmethod
    def fetch(self, spool: Spool) -> TextForm:
        """Everything into the spool, and how it is written."""

    @abstractmethod
    def described_by(self, table: Table) -> Described:
        """The columns of what was fetched, by its header.

        Raises:
            RefusedError: the header is not what the model says that it has.
        """

    def count(self) -> int | None:
        """How many rows there are now, where Anaplan counts them."""
        return None

    @abstractmethod
    def list_of(self, column: Column) -> str:
        """The id of the list or other dimension whose items a column holds; empty when that can't be told."""


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
    def describe(self) -> Described:
        headers, types = self._metadata.header_names, self._metadata.data_types
        told = [*types, *[""] * len(headers)]
        kinds = [
            # What the export tells comes first: a dimension may have the name of a line item.
            self._line_items.get(header, LineItem()).kind if kind.upper() in _UNTOLD else value_kind(kind)
            for header, kind in zip(headers, told, strict=False)
        ]
        return Described(named(self.spec, zip(headers, kinds, range(len(headers)), strict=True)))

    @override
    def fetch(self, spool: Spool) -> TextForm:
        form = form_of(self._metadata, self.what)
        model = self.site.model
        model.run("export", self._export.id, locale=str(self.site.config["locale_name"])).check()
        spool.clear()
        for chunk in model.download(self._export.id):
            spool.add_chunk(chunk)
        return form

    @override
    def described_by(self, table: Table) -> Described:
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
    def describe(self) -> Described:
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
    def described_by(self, table: Table) -> Described:
        return self._of(table.header)

    @override
    def list_of(self, column: Column) -> str:
        first = column.at is not None and column.at < len(self._dimensions)
        dimension = self._dimensions.get(column.header, "") if first else ""
        return dimension or self._line_items.get(column.header, LineItem()).list_id

    def _of(self, header: Sequence[str]) -> Described:
        """Of two columns of one name the first is the dimension.

        A dimension may stand under a name that the axes don't show; then there are as many strange columns as
        dimensions that were not found.
        """
        left = dict(self._dimensions)
        places: dict[int, str] = {at: left.pop(name) for at, name in enumerate(header) if name in left}
        strange = [at for at, name in enumerate(header) if at not in places and name not in self._line_items]
        if len(strange) != len(left):
            raise RefusedError(
                system="Anaplan",
                subject=self.what,
                expected=f"columns {', '.join(map(repr, [*self._dimensions, *self._line_items]))}",
                got=", ".join(map(repr, header)),
                hint="The module was changed while it was read: run again.",
            )
        places.update(zip(strange, left.values(), strict=True))
        found: list[tuple[str, ValueKind, int | None]] = []
        for at, name in enumerate(header):
            of_dimension: ValueKind = "period" if places.get(at) == _TIME else "item"
            found.append((name, of_dimension if at in places else self._line_items[name].kind, at))
        columns = named(self.spec, found)
        return Described(columns, tuple(columns[at].name for at in sorted(places)))


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
    def describe(self) -> Described:
        return self._of(())

    @override
    def fetch(self, spool: Spool) -> TextForm:
        self.site.model.reads.read_list(self._list.id, spool, self.what)
        return TextForm()

    @override
    def described_by(self, table: Table) -> Described:
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

    @override
    def count(self) -> int | None:
        return self.site.model.reads.list_metadata(self._list.id).item_count or None

    @override
    def list_of(self, column: Column) -> str:
        if column.header != "Parent" or not self._metadata.parent:
            return ""
        return self.site.model.find_list(self._metadata.parent).id

    def _of(self, header: Sequence[str]) -> Described:
        """The first column is the item's name, under the list's; what the file leaves out is null."""
        places: dict[str, list[int]] = {}
        for at, name in enumerate(header[1:], start=1):
            places.setdefault(name, []).append(at)
        wanted: list[tuple[str, ValueKind]] = [("Parent", "item"), ("Code", "text")]
        wanted += [(each.name, each.kind) for each in self._metadata.properties]
        wanted += [(name, "boolean") for name in self._metadata.subsets]
        found: list[tuple[str, ValueKind, int | None]] = [("Name", "text", 0)]
        found += [(name, kind, places[name].pop(0) if places.get(name) else None) for name, kind in wanted]
        columns = named(self.spec, found)
        return Described(columns, (columns[2].name,))


def source_of(site: Site, spec: Spec) -> Source:
    """The source of a stream."""
    kinds: dict[str, type[Source]] = {"export": ExportSource, "view": ViewSource, "list": ListSource}
    return kinds[spec.kind](site, spec)
