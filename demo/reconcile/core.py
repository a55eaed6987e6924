"""Two sides compared key by key and value by value."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.testing import Control

Contents = dict[str, dict[str, str]]
"""Per item or cell key: its values, as text in Anaplan's spelling."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One list, module or total: how many keys each side has, and where they differ."""

    name: str
    expected: int
    found: int
    differences: tuple[str, ...]


def cents(value: Any) -> str:
    """An amount rounded half up to two places."""
    return str(Decimal(str(value)).quantize(Decimal("0.01"), ROUND_HALF_UP))


def day(value: Any) -> str:
    """The day of a date or date-time."""
    return str(value)[:10] if value else ""


def list_contents(control: Control, name: str, model: str | None = None) -> Contents:
    """What a list holds, by code."""
    items = control.list_items(name, model)
    return {i["code"]: {"name": i["name"], "parent": i["parent"], **i["properties"]} for i in items}


def module_contents(control: Control, name: str, model: str | None = None) -> Contents:
    """What a module holds, by the codes of its dimensions."""
    return {"|".join(row["dimensions"].values()): row["values"] for row in control.module_rows(name, model)}


def compare_contents(
    system: str, name: str, wanted: Contents, actual: Contents, refused: Collection[str] = ()
) -> Comparison:
    """Compare what the ERP has with what Anaplan has, but for the keys in `refused`."""
    wanted, actual = ({k: v for k, v in side.items() if k not in refused} for side in (wanted, actual))
    differences = [f"{key} is missing" for key in wanted.keys() - actual.keys()]
    differences += [f"{key} should not be there" for key in actual.keys() - wanted.keys() if any(actual[key].values())]
    for key in wanted.keys() & actual.keys():
        for field, value in wanted[key].items():
            got = actual[key].get(field)
            if not _equal(value, got):
                differences.append(f"{key}: {field} is {got!r}, {system} has {value!r}")
    return Comparison(name, len(wanted), len(actual), tuple(sorted(differences)))


def _equal(wanted: str, got: Any) -> bool:
    text = "" if got is None else str(got)
    if wanted == text or wanted.lower() == text.lower() == "true":
        return True
    try:
        return Decimal(wanted or "0") == Decimal(text or "0")
    except ArithmeticError:
        return (wanted, text) == ("false", "") or wanted.lower() == text.lower()
