"""What both kinds of import share: choices, counts, rejected rows, columns found in a header."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence

    from sandbox.anaplan.schema import Column, ImportDefinition
    from sandbox.core.switches import Switches

    #: Called every few thousand rows with the number of rows so far; raises when the task was cancelled.
    Checkpoint = Callable[[int], None]
    Undo = Callable[[], None]

CHECK_EVERY = 4096


@dataclass(frozen=True, slots=True)
class Choices:
    """The import options that are not known of a real model, or differ between models."""

    list_duplicates: str = "first"
    list_property_error: str = "warning"
    unique_naming: bool = True
    name_limit: int = 60
    blank_cells: str = "clear"
    missing_column: str = "missing_fields"
    module_duplicates: str = "last"
    module_bad_cell: str = "row"
    workspace_full: str = "no"

    @classmethod
    def of(cls, switches: Switches) -> Choices:
        """As the switches stand now."""
        return cls(
            switches.text("list_duplicates"),
            switches.text("list_property_error"),
            switches.flag("unique_naming"),
            switches.number("name_limit"),
            switches.text("blank_cells"),
            switches.text("missing_column"),
            switches.text("module_duplicates"),
            switches.text("module_bad_cell"),
            switches.text("workspace_full"),
        )


@dataclass(slots=True)
class Counts:
    """Rows by what became of them; ``messages`` counts row-level messages by type and words."""

    total: int = 0
    created: int = 0
    updated: int = 0
    warned_created: int = 0
    warned_updated: int = 0
    failed: int = 0
    ignored: int = 0
    renamed: int = 0
    messages: Counter[tuple[str, str]] = field(default_factory=Counter)

    def note(self, message: Message) -> None:
        """Count a row-level message; beyond a thousand different ones only known ones are counted."""
        key = (message.type, message.text)
        if key in self.messages or len(self.messages) < 1000:
            self.messages[key] += 1

    @property
    def successful(self) -> int:
        """Rows loaded without any message."""
        return self.created + self.updated

    @property
    def warned(self) -> int:
        """Rows loaded in part."""
        return self.warned_created + self.warned_updated


@dataclass(frozen=True, slots=True)
class Message:
    """Why a row, or a cell of it, was not loaded: the API's type and the words for people."""

    type: str
    text: str


class Rejects(Protocol):
    """Where rows with messages go (the failure dump)."""

    def add(self, line: int, fields: Sequence[str], messages: Sequence[Message]) -> None:
        """One row, by its physical line."""


class ImportFailedError(Exception):
    """The import as a whole fails; nothing of it is loaded. ``type`` as the API names it."""

    def __init__(self, type_: str, text: str, values: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.type = type_
        self.text = text
        self.values = list(values)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule injected through the control API: rows matching ``pattern`` fail with ``message``."""

    pattern: re.Pattern[str]
    message: str


def locate(action: ImportDefinition, header: Sequence[str], choices: Choices) -> list[tuple[int, Column]]:
    """The mapped columns with their positions in the file.

    A column that the file lacks fails the import with missingFields, or is silently left out, as the choices say;
    a key column always fails it.
    """
    position = {name: index for index, name in reversed(list(enumerate(header)))}
    missing = [column for column in action.columns if column.header not in position]
    fatal = [
        column.header
        for column in missing
        if choices.missing_column == "missing_fields" or column.to in {"code", "dimension"}
    ]
    if fatal:
        names = ", ".join(dict.fromkeys(fatal))
        raise ImportFailedError("missingFields", f"Columns are missing from the source: {names}", ["fields", names])
    return [(position[column.header], column) for column in action.columns if column.header in position]


def refused(refusals: Sequence[Refusal], row: Sequence[str]) -> Message | None:
    """The first injected rule that claims the row."""
    if not refusals:
        return None
    text = ",".join(row)
    for rule in refusals:
        if rule.pattern.search(text):
            return Message("importRowRefused", rule.message)
    return None
