"""The catalogue's text files: services, sets, tables, properties and navigations, one line each.

``service NAME VERSION PATH NAMESPACE SCENARIO``; ``function NAME RETURNS`` with its parameters below; ``complex NAME``
with the properties of what a function returns; ``set NAME TYPE of TABLE [aggregate] [create] [update] [delete]`` and
``table NAME``, each with ``key COLUMN ...`` and properties below.

A property is ``NAME TYPE [FLAGS] [@UNIT] [=COLUMN]``. Types: ``s10`` text of at most 10 characters (``s`` any), ``n4``
four digits, ``d13.3`` a decimal (``d13.v`` with variable scale), ``date``, ``at`` and ``at7`` points in time, ``time``,
``bool``, ``i16``, ``i32``, ``i64``, ``guid``. Flags: ``!`` never null, ``C`` not creatable, ``F`` not filterable, ``S``
not sortable, ``M`` a measure, ``^`` upper case.

A navigation is ``> NAME SET */1 COLUMN[=COLUMN OF THE TARGET] ...``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from sandbox.sap.schema import Kind, Navigation, Property

if TYPE_CHECKING:
    from collections.abc import Iterable

_KINDS: dict[str, tuple[Kind, int]] = {
    "date": ("date", 0),
    "at": ("datetimeoffset", 0),
    "at7": ("datetimeoffset", 7),
    "time": ("time", 0),
    "bool": ("boolean", 0),
    "i16": ("int16", 0),
    "i32": ("int32", 0),
    "i64": ("int64", 0),
    "guid": ("guid", 0),
}
_TEXT = re.compile(r"([sn])(\d*)")
_DECIMAL = re.compile(r"d(\d+)\.(\d+|v)")
_VARIABLE_SCALE = 3  # of stored amounts


@dataclass(slots=True)
class Block:
    """A set, table or function as declared: its head line's words, its key, properties (parameters), navigations."""

    words: list[str]
    key: tuple[str, ...] = ()
    properties: list[Property] = field(default_factory=list)
    navigations: list[Navigation] = field(default_factory=list)


@dataclass(slots=True)
class Declarations:
    """One service's head line, its sets, its functions and their complex types."""

    words: list[str]
    sets: list[Block] = field(default_factory=list)
    functions: list[Block] = field(default_factory=list)
    complex_types: list[Block] = field(default_factory=list)


def property_of(line: str) -> Property:
    """One property line; ValueError when it is none."""
    name, written, *rest = line.split()
    flags = "".join(word for word in rest if word[0] not in "@=")
    unit = next((word[1:] for word in rest if word[0] == "@"), "")
    column = next((word[1:] for word in rest if word[0] == "="), "")
    if set(flags) - set("!CFSM^"):
        raise ValueError(f"{line}: unknown flags {flags}")
    kind, length, precision, scale, numc, variable = _type_of(written)
    return Property(
        name,
        kind,
        length,
        precision,
        scale,
        nullable="!" not in flags,
        numc=numc,
        upper="^" in flags,
        measure="M" in flags,
        filterable="F" not in flags,
        sortable="S" not in flags,
        creatable="C" not in flags,
        unit=unit,
        column=column,
        variable=variable,
    )


def _type_of(written: str) -> tuple[Kind, int, int, int, bool, bool]:
    """(kind, length, precision, scale, digits only, variable scale)."""
    if written in _KINDS:
        kind, precision = _KINDS[written]
        return kind, 0, precision, 0, False, False
    text = _TEXT.fullmatch(written)
    if text:
        return "string", int(text[2] or 0), 0, 0, text[1] == "n", False
    decimal = _DECIMAL.fullmatch(written)
    if decimal is None:
        raise ValueError(f"unknown type {written}")
    variable = decimal[2] == "v"
    return "decimal", 0, int(decimal[1]), _VARIABLE_SCALE if variable else int(decimal[2]), False, variable


def _navigation_of(line: str) -> Navigation:
    _, name, target, many, *pairs = line.split()
    on = tuple(cast("tuple[str, str]", tuple((pair + "=" + pair).split("=")[:2])) for pair in pairs)
    return Navigation(name, target, on, many == "*")


def read(lines: Iterable[str]) -> tuple[list[Declarations], list[Block]]:
    """Services and tables of one file."""
    services: list[Declarations] = []
    tables: list[Block] = []
    block = Block([])
    for raw in lines:
        line = raw.strip()
        word = line.partition(" ")[0]
        if not line or line.startswith("#"):
            continue
        if word == "service":
            services.append(Declarations(line.split()[1:]))
        elif word in {"function", "complex"}:
            block = Block(line.split()[1:])
            (services[-1].functions if word == "function" else services[-1].complex_types).append(block)
        elif word in {"set", "table"}:
            block = Block(line.split()[1:])
            (services[-1].sets if word == "set" else tables).append(block)
        elif word == "key":
            block.key = tuple(line.split()[1:])
        elif word == ">":
            block.navigations.append(_navigation_of(line))
        else:
            block.properties.append(property_of(line))
    return services, tables
