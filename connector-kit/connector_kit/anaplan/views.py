"""Views of modules, what stands on their axes, and the metadata of lists.

Source: Anaplan transactional API reference and community OpenAPI specification: the default view of a module has
the module's id; a view's axes come without a wrapper, and empty axes are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from connector_kit.anaplan.line_items import ValueKind, value_kind
from connector_kit.anaplan.reading import mapping, number, rows, text, truth

LINE_ITEMS = "20000000012"
"""The id under which a view's axes show the line items."""


class View(msgspec.Struct, frozen=True, rename="camel"):
    """A view of a module; the default one has the module's id and name."""

    id: str = ""
    name: str = ""
    module_id: str = ""


class Dimension(msgspec.Struct, frozen=True):
    """A list, Time, Versions or another dimension."""

    id: str = ""
    name: str = ""


class Item(msgspec.Struct, frozen=True, rename="camel"):
    """An item of a dimension."""

    id: str = ""
    name: str = ""
    code: str = ""


class Axes(msgspec.Struct, frozen=True):
    """What stands on a view's axes. `dimensions` has no line items."""

    rows: tuple[Dimension, ...] = ()
    columns: tuple[Dimension, ...] = ()
    pages: tuple[Dimension, ...] = ()

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The dimensions of all axes."""
        return tuple(each for each in (*self.rows, *self.pages, *self.columns) if each.id != LINE_ITEMS)


def axes(data: Mapping[str, Any]) -> Axes:
    """The axes of a view from its JSON object."""

    def of(name: str) -> tuple[Dimension, ...]:
        return tuple(Dimension(text(each.get("id")), text(each.get("name"))) for each in rows(data.get(name)))

    return Axes(of("rows"), of("columns"), of("pages"))


class Property(msgspec.Struct, frozen=True):
    """A property of a list; `format` e.g. TEXT, NUMBER, BOOLEAN, DATE, or a list's name."""

    name: str = ""
    format: str = ""

    @property
    def kind(self) -> ValueKind:
        """What its values are."""
        return value_kind(self.format)


class ListMetadata(msgspec.Struct, frozen=True):
    """What a list is made of. `parent` is the name of the list above it, empty where there is none."""

    id: str = ""
    name: str = ""
    item_count: int = 0
    numbered: bool = False
    parent: str = ""
    properties: tuple[Property, ...] = ()
    subsets: tuple[str, ...] = ()


def list_metadata(data: Mapping[str, Any]) -> ListMetadata:
    """The metadata of a list from its JSON object."""
    return ListMetadata(
        id=text(data.get("id")),
        name=text(data.get("name")),
        item_count=number(data.get("itemCount")),
        numbered=truth(data.get("numberedList")),
        parent=text(mapping(data.get("parent")).get("name")),
        properties=tuple(
            Property(text(each.get("name")), text(each.get("format"))) for each in rows(data.get("properties"))
        ),
        subsets=tuple(text(each.get("name")) for each in rows(data.get("subsets"))),
    )
