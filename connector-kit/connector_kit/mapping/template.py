"""Templates such as "{CompanyId}-{GlCode|part:-:0}": parsed once into literals and fields with their filters.

"{{" and "}}" stand for braces, a backslash before "|", ":" or "}" takes its meaning away.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from connector_kit.mapping import filters
from connector_kit.mapping.block import Block, Cells, texts

_TOKEN = re.compile(r"\{\{|\}\}|\{((?:\\.|[^{}\\])*)\}|[{}]|[^{}]+")


class TemplateError(ValueError):
    """The template can't be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A field in a template with what is done to its text; `inside` as it was written."""

    field: str
    filter: filters.TextFilter | None
    inside: str

    def column(self, block: Block) -> list[str]:
        """Its texts. The same slot in several columns is made once per block."""
        change = self.filter
        if change is None:
            return texts(block, self.field)
        return block.cached(("slot", self.inside), lambda: change(texts(block, self.field)))


@dataclass(frozen=True, slots=True)
class Template:
    """Literals and slots in their order."""

    parts: tuple[str | Slot, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that it needs."""
        return tuple(part.field for part in self.parts if isinstance(part, Slot))

    def build(self) -> Cells:
        """The function from a block to the texts."""
        form = "".join(part.replace("%", "%%") if isinstance(part, str) else "%s" for part in self.parts)
        slots = tuple(part for part in self.parts if isinstance(part, Slot))
        if not slots:
            return lambda block: [form % ()] * len(block)
        if len(slots) == 1 and form == "%s":
            return slots[0].column
        write = form.__mod__

        def convert(block: Block) -> list[str]:
            return list(map(write, zip(*[slot.column(block) for slot in slots], strict=True)))

        return convert


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
    return Slot(name, filters.chain(made), inside)


def _split(text: str, at: str) -> list[str]:
    return re.split(rf"(?<!\\){re.escape(at)}", text)


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
