"""Streams of the model's own definition: each is a list of one kind of Anaplan's objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from typing_extensions import override

from connector_kit.anaplan.line_items import LineItem
from connector_kit.anaplan.objects import Action, Export, File, Import, List, Model, Module, Process
from connector_kit.anaplan.tables import BLOCK
from connector_kit.singer.crew import Context
from connector_kit.singer.tap import PagedStream
from tap_anaplan.rows import row_type

if TYPE_CHECKING:
    from tap_anaplan.site import Site
    from tap_anaplan.tap import TapAnaplan

_TYPES: Mapping[Any, Mapping[str, Any]] = {
    str: {"type": ["string", "null"]},
    int: {"type": ["integer", "null"]},
    bool: {"type": ["boolean", "null"]},
    bool | None: {"type": ["boolean", "null"]},
    tuple[str, ...]: {"type": ["array", "null"], "items": {"type": "string"}},
}


@dataclass(frozen=True, slots=True)
class Definition:
    """A stream whose columns are the members of `kind`; texts in `moments` are timestamps."""

    name: str
    kind: type[msgspec.Struct]
    read: Callable[[Site], Sequence[msgspec.Struct]]
    key: tuple[str, ...] = ("id",)
    moments: tuple[str, ...] = ()
    about: str = ""

    def schema(self) -> dict[str, Any]:
        """The stream's schema."""
        properties: dict[str, Any] = {}
        for field in msgspec.structs.fields(self.kind):
            part = dict(_TYPES[field.type])
            if field.name in self.key:
                part["type"] = part["type"][0]
            if field.name in self.moments:
                part["format"] = "date-time"
            properties[field.name] = part
        return {"type": "object", "properties": properties, "required": list(self.key), "description": self.about}


DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "models",
        Model,
        lambda site: site.tenant.models(site.model.workspace_id),
        moments=("last_modified",),
        about="Models of the workspace.",
    ),
    Definition("lists", List, lambda site: site.model.lists(), about="Lists of the model."),
    Definition("modules", Module, lambda site: site.model.modules(), about="Modules of the model."),
    Definition(
        "line_items",
        LineItem,
        lambda site: site.model.reads.line_items(),
        key=("module_id", "id"),
        about="Line items of all modules with format, dimensions and formula.",
    ),
    Definition("imports", Import, lambda site: site.model.imports(), about="Imports of the model."),
    Definition("exports", Export, lambda site: site.model.exports(), about="Exports of the model."),
    Definition("processes", Process, lambda site: site.model.processes(), about="Processes of the model."),
    Definition("actions", Action, lambda site: site.model.actions(), about="Other actions of the model."),
    Definition("files", File, lambda site: site.model.files(), about="Files of the model, exports' outputs included."),
)


class DefinitionStream(PagedStream):
    """One kind of objects, read whole each time."""

    def __init__(self, tap: TapAnaplan, definition: Definition) -> None:
        super().__init__(tap, definition.schema(), definition.name)
        self.primary_keys = list(definition.key)
        self._definition = definition
        self._site = tap.site

    @override
    def get_pages(self, context: Context | None) -> Iterator[Sequence[msgspec.Struct]]:
        yield from self.pages_of(self._definition.read(self._site))

    def pages_of(self, found: Sequence[msgspec.Struct]) -> Iterator[Sequence[msgspec.Struct]]:
        """Records of the selected columns."""
        mask = self.mask
        key = self.primary_keys
        names = [name for name in self.schema["properties"] if name in key or mask["properties", name]]
        row = row_type(names)
        for start in range(0, len(found), BLOCK):
            yield [row(*(_plain(getattr(each, name)) for name in names)) for each in found[start : start + BLOCK]]


def _plain(value: object) -> object:
    """An empty text is no value."""
    return None if value == "" else value
