"""A value that a recipe maps, the element or property of SAP's request it becomes, and what SAP takes there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from connector_kit.sap.soap import unwritable

Kind = Literal["text", "date", "decimal", "boolean", "digits", "days", "country", "amount", "base"]

_FORMS: Mapping[Kind, tuple[re.Pattern[str], str]] = {
    "date": (re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"), "a date such as 2026-11-30"),
    "decimal": (re.compile(r"-?[0-9]{1,14}(\.[0-9]{1,14})?"), "a number"),
    "boolean": (re.compile(r"true|false"), "true or false"),
    "digits": (re.compile(r"[0-9]+"), "digits"),
    "days": (re.compile(r"[0-9]{1,3}"), "a number of days"),
    "country": (re.compile(r"[A-Za-z]{2,3}"), "a country's code"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A value of a header or a line.

    `path`: its element, or the element around it and its element. `length`: most characters, 0 when the schema sets no
    limit. `amount`: the line's amount; `base`: the tax base, which is computed; `days`: written as a duration.
    """

    name: str
    path: tuple[str, ...]
    length: int = 0
    kind: Kind = "text"

    def fault(self, value: str) -> str:
        """What is wrong with a value, in words; blank when nothing is."""
        if signs := unwritable(value):
            return f"{self.name} has signs that XML can't carry ({signs})"
        if value and not value.strip(" \t\r\n"):
            return f"{self.name} is nothing but blanks"
        if self.length and len(value) > self.length:
            most = f"SAP takes at most {self.length} characters in {self.path[-1]}"
            return f"{self.name} {value!r} is too long: {most}, got {len(value)}"
        form = _FORMS.get(self.kind)
        if form and not form[0].fullmatch(value):
            return f"{self.name} {value!r}: expected {form[1]}"
        return ""


def fields(table: str) -> tuple[Field, ...]:
    """Fields from a table with one per line: name, dotted path, and its length or kind."""
    found = []
    for name, path, limit in (line.split() for line in table.strip().splitlines()):
        if limit.isdigit():
            found.append(Field(name, tuple(path.split(".")), int(limit)))
        else:
            kind, _, length = limit.partition(":")
            found.append(Field(name, tuple(path.split(".")), int(length or 0), kind))  # type: ignore[arg-type] # the tables below name kinds
    return tuple(found)


def faults(known: Sequence[Field], values: Mapping[str, str]) -> list[str]:
    """What is wrong with values, in words: those that have no place, and those that SAP would not take."""
    by_name = {field.name: field for field in known}
    found = [f"{name} has no place here" for name in values if name not in by_name]
    checks = [by_name[name].fault(value) for name, value in values.items() if name in by_name]
    return found + [fault for fault in checks if fault]
