"""What the models' definitions share: formats, transactions with their two imports, and clean-up of removed items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.anaplan.schema import Column, Field, Format

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.anaplan.builder import Builder
    from sandbox.anaplan.schema import FileDefinition

TEXT = Format("TEXT")
NUMBER = Format("NUMBER")
BOOLEAN = Format("BOOLEAN")
DATE = Format("DATE")
PERIOD = Format("TIME PERIOD")
ISO_DATE = "yyyy-MM-dd"
REMOVED = Field("Removed", BOOLEAN)


def items_of(list_name: str) -> Format:
    """The format of a line item or property that holds an item of a list."""
    return Format("LIST", list_name)


def transaction(
    build: Builder, file: FileDefinition, name: str, columns: tuple[Column, ...], *, date_format: str = "dd/MM/yyyy"
) -> None:
    """Imports of one file into list and module ``name``, and the process that runs both; the first column is the key.

    ``date_format`` is that of the columns that ``columns`` leave out.
    """
    key = columns[0].header
    into_list = build.list_import_from(
        file, name, (Column(key, "code"), Column(key, "name")), called=f"{name} list from {file.name}"
    )
    into_module = build.module_import(name, file, columns, date_format=date_format)
    build.process(f"Load {name}", into_list, into_module)


def removals(build: Builder, lists: Iterable[str]) -> None:
    """Per list an import that marks items as removed, and the action that deletes the marked ones."""
    for name in lists:
        noun = " ".join(word if word.isupper() else word.lower() for word in name.split())
        file_name = f"removed_{name.lower().replace(' ', '_')}.csv"
        build.list_import(name, file_name, ("Code", "Removed"), called=f"Mark removed {noun}")
        build.delete(f"Delete removed {noun}", name, "Removed")
