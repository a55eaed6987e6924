"""The columns of a stream: their names, their kinds, where they stand in the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from connector_kit.anaplan.line_items import ValueKind
from connector_kit.errors import ConfigurationError, RefusedError
from tap_anaplan.specs import Spec

_TYPES: Mapping[ValueKind, Mapping[str, Any]] = {
    "text": {"type": "string"},
    "item": {"type": "string"},
    "period": {"type": "string"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
}
_SHOWN = {"item": "item of a list", "period": "time period"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `header` as the model calls it, `name` in records, `at` its place in the file, None when not there."""

    header: str
    name: str
    kind: ValueKind
    at: int | None


def named(spec: Spec, found: Iterable[tuple[str, ValueKind, int | None]]) -> tuple[Column, ...]:
    """Columns from headers, kinds and places, with the names and types that the settings give.

    Columns without a name, and second ones of a name, get one of their own.

    Raises:
        ConfigurationError: the settings name a column that is not there, or give two the same name.
    """
    rename, types = dict(spec.rename), dict(spec.types)
    columns: list[Column] = []
    taken: set[str] = set()
    for position, (header, kind, at) in enumerate(found, start=1):
        plain = header.strip() or f"Column {position}"
        name = rename.get(header, plain)
        if header in rename and name in taken:
            raise _misnamed(spec, f"one column {name!r}", "two", "Change `columns`.")
        if name in taken:
            name = next(f"{plain} {n}" for n in range(2, len(taken) + 3) if f"{plain} {n}" not in taken)
        taken.add(name)
        own = cast("ValueKind | None", types.get(header, types.get(name)))
        columns.append(Column(header, name, own or kind, at))
    known = taken | {column.header for column in columns}
    unknown = [name for name in (*rename, *types) if name not in known]
    if unknown:
        raise _misnamed(
            spec, "columns that are there", ", ".join(map(repr, unknown)), f"There are: {', '.join(sorted(taken))}."
        )
    return tuple(columns)


def find(columns: Sequence[Column], wanted: str, setting: str, stream: str) -> Column:
    """A column by its name in records or in the model.

    Raises:
        ConfigurationError: there is none.
    """
    for column in columns:
        if wanted in {column.name, column.header}:
            return column
    raise ConfigurationError(
        system="tap-anaplan",
        subject=f"stream {stream}, {setting}",
        expected="a column that is there",
        got=repr(wanted),
        hint=f"There are: {', '.join(column.name for column in columns)}.",
    )


def json_schema(columns: Sequence[Column], key: Sequence[str], description: str) -> dict[str, Any]:
    """A stream's schema. Every column but the key's may be null."""
    properties: dict[str, Any] = {}
    for column in columns:
        part = dict(_TYPES[column.kind])
        if column.name not in key:
            part["type"] = [part["type"], "null"]
        label = "" if column.name == column.header else column.header
        shown = ", ".join(filter(None, (label, _SHOWN.get(column.kind, ""))))
        if shown:
            part["description"] = shown
        properties[column.name] = part
    return {"type": "object", "properties": properties, "required": list(key), "description": description}


def check_schema(columns: Sequence[Column], schema: Mapping[str, Any], subject: str) -> None:
    """Refuse to read columns that are not those of the catalog.

    A column more is refused as well: a dimension that was added multiplies the rows.

    Raises:
        RefusedError: names the columns that differ.
    """
    declared = {name: _shape(part) for name, part in schema.get("properties", {}).items()}
    present = {column.name: _shape(_TYPES[column.kind]) for column in columns}
    if declared == present:
        return
    missing = [name for name in declared if name not in present]
    added = [name for name in present if name not in declared]
    changed = [
        f"{name!r} is {_word(present[name])}, not {_word(declared[name])}"
        for name in present
        if name in declared and present[name] != declared[name]
    ]
    parts = [
        missing and f"no {_quoted(missing)}",
        added and f"{_quoted(added)} as well",
        "; ".join(changed),
    ]
    raise RefusedError(
        system="Anaplan",
        subject=subject,
        expected=f"the columns of the catalog ({_quoted(declared)})",
        got=f"{_quoted(present)}: {'; '.join(str(part) for part in parts if part)}",
        hint="The model has changed: discover the catalog again (with Meltano: --refresh-catalog), and check mappings. "
        "No record was written.",
    )


def _shape(part: Mapping[str, Any]) -> tuple[str, str]:
    declared = part.get("type", "string")
    kinds = {declared} if isinstance(declared, str) else set(declared)
    return "/".join(sorted(kinds - {"null"})), str(part.get("format", ""))


def _word(shape: tuple[str, str]) -> str:
    return shape[1] or shape[0]


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))


def _misnamed(spec: Spec, expected: str, got: str, hint: str) -> ConfigurationError:
    return ConfigurationError(
        system="tap-anaplan", subject=f"stream {spec.stream}", expected=expected, got=got, hint=hint
    )
