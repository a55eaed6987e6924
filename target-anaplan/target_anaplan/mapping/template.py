"""Templates such as "{CompanyId}-{GlCode|part:-:0}": parsed once into literals and fields with their filters.

"{{" and "}}" stand for braces, a backslash before "|", ":" or "}" takes its meaning away.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from target_anaplan.mapping import filters
from target_anaplan.mapping.values import as_text

_TOKEN = re.compile(r"\{\{|\}\}|\{((?:\\.|[^{}\\])*)\}|[{}]|[^{}]+")


class TemplateError(ValueError):
    """The template can't be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A field in a template with what is done to its text."""

    field: str
    filter: filters.TextFilter | None


@dataclass(frozen=True, slots=True)
class Template:
    """Literals and slots in their order."""

    parts: tuple[str | Slot, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that it needs."""
        return tuple(part.field for part in self.parts if isinstance(part, Slot))

    def build(self) -> Callable[[dict[str, Any]], str]:
        """The function from a record to the text."""
        pieces = [part.replace("%", "%%") if isinstance(part, str) else "%s" for part in self.parts]
        form = "".join(pieces)
        makers = tuple(_reader(part) for part in self.parts if isinstance(part, Slot))
        if len(makers) == 1 and form == "%s":
            return makers[0]

        def convert(record: dict[str, Any]) -> str:
            return form % tuple([make(record) for make in makers])

        return convert


def _reader(slot: Slot) -> Callable[[dict[str, Any]], str]:
    field, change = slot.field, slot.filter
    if change is None:

        def read(record: dict[str, Any]) -> str:
            value = record.get(field)
            return value if type(value) is str else as_text(value)

        return read

    def read_and_change(record: dict[str, Any]) -> str:
        value = record.get(field)
        return change(value if type(value) is str else as_text(value))

    return read_and_change


def parse(text: str) -> Template:
    """Raises TemplateError with every fault of this template in one sentence."""
    parts: list[str | Slot] = []
    faults: list[str] = []
    for match in _TOKEN.finditer(text):
        token = match.group()
        if match.group(1) is not None:
            try:
                parts.append(_slot(match.group(1)))
            except (filters.FilterError, TemplateError) as exc:
                faults.append(str(exc))
        elif token in {"{", "}"}:
            faults.append(f"a single '{token}' in '{text}' (write it twice to mean the character)")
        else:
            parts.append({"{{": "{", "}}": "}"}.get(token, token))
    if faults:
        raise TemplateError("; ".join(faults))
    return Template(tuple(parts))


def _slot(inside: str) -> Slot:
    field, *steps = _split(inside, "|")
    name = _plain(field).strip()
    if not name:
        raise TemplateError(f"'{{{inside}}}' names no field")
    made = []
    for step in steps:
        word, *arguments = _split(step, ":")
        made.append(filters.make(_plain(word).strip(), [_plain(argument) for argument in arguments]))
    return Slot(name, filters.chain(made))


def _split(text: str, at: str) -> list[str]:
    return re.split(rf"(?<!\\){re.escape(at)}", text)


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
