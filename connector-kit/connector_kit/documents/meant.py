"""Which lines a message of the ERP is about, when it names them only by what stands in them."""

from __future__ import annotations

import re

from connector_kit.documents.model import Document, Line

_WORD = re.compile(r"[A-Za-z0-9_.-]+")
_SHORTEST = 3  # shorter values stand in many texts by chance
_NOT_QUOTED = frozenset({"text", "tax_code"})


def lines_meant(note: str, document: Document) -> tuple[int, ...]:
    """The places of the lines with an account or object that a message quotes; none when none or all have it."""
    words = {form for word in _WORD.findall(note) for form in (word, word.lstrip("0"))}
    found = tuple(at for at, line in enumerate(document.lines) if words & _objects(line))
    return found if len(found) < len(document.lines) else ()


def _objects(line: Line) -> set[str]:
    values = [line.account, *(value for name, value in line.fields if name not in _NOT_QUOTED)]
    return {form for value in values for form in (value, value.lstrip("0")) if len(form) >= _SHORTEST}
