"""Tolerant reading of Anaplan's JSON: what is missing is empty, what is new is ignored, ids are text.

Live tenants leave out the keys of empty collections, send null for unset values, add enumeration values and
fields without notice, and are not consistent about ids as strings or numbers (community OpenAPI specification,
defect reports of public clients).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from math import isfinite
from typing import Any, TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)


def text(value: object) -> str:
    """A string; empty for null."""
    return "" if value is None else str(value)


def number(value: object) -> int:
    """A whole number; 0 for what is none."""
    return int(share(value))


def share(value: object) -> float:
    """A number with fractions; 0.0 for what is none, NaN and infinities included."""
    try:
        found = float(value) if isinstance(value, (str, int, float)) else 0.0
    except (ValueError, OverflowError):
        return 0.0
    return found if isfinite(found) else 0.0


def truth(value: object) -> bool:
    """A boolean, also when it comes as text."""
    return value.strip().lower() == "true" if isinstance(value, str) else bool(value)


def texts(value: object) -> tuple[str, ...]:
    """A list of strings; nulls are empty strings, so that positions stay."""
    return tuple(text(item) for item in value) if isinstance(value, (list, tuple)) else ()


def mapping(value: object) -> dict[str, Any]:
    """A JSON object; empty for anything else."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[dict[str, Any]]:
    """A list of JSON objects; empty for anything else."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def text_map(value: object) -> dict[str, str]:
    """A JSON object of texts."""
    return {key: text(item) for key, item in mapping(value).items()}


def truth_map(value: object) -> dict[str, bool]:
    """A JSON object of booleans."""
    return {key: truth(item) for key, item in mapping(value).items()}


_READERS: dict[object, Callable[[object], object]] = {
    str: text,
    int: number,
    float: share,
    bool: truth,
    tuple[str, ...]: texts,
    dict[str, str]: text_map,
    dict[str, bool]: truth_map,
}


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[tuple[str, str, Callable[[object], object]], ...]:
    return tuple((field.encode_name, field.name, _READERS[field.type]) for field in msgspec.structs.fields(kind))


def struct(kind: type[S], data: Mapping[str, Any]) -> S:
    """A `kind` from a JSON object: known fields converted, missing and null ones at their defaults."""
    present = {name: read(data[wire]) for wire, name, read in _fields(kind) if wire in data and data[wire] is not None}
    return kind(**present)


def structs(kind: type[S], data: Iterable[Mapping[str, Any]]) -> list[S]:
    """`struct` for each."""
    return [struct(kind, row) for row in data]
