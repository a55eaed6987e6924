"""What the ERP holds and what Anaplan holds of it, list by list and module by module, and what the ERP ever held."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache

from chaos.weather.events.base import System
from demo.reconcile import sap, syspro
from demo.reconcile.core import Contents, list_contents, module_contents
from sandbox.testing import Control

Rows = Callable[[str, str], list[syspro.Row]]
Everything = dict[str, Contents]
"""Per list or module its contents."""


def in_erp(control: Control, system: System, companies: tuple[str, ...]) -> Everything:
    """What Anaplan should hold, worked out from the ERP's tables."""
    if system == "sap":
        sap_rows: sap.Rows = cache(control.sap_rows)  # type: ignore[assignment]  # its rows are read, not changed
        return {name: dict(make(sap_rows)) for name, make in {**sap.LISTS, **sap.MODULES}.items()}
    rows: Rows = cache(control.rows)  # type: ignore[assignment]  # as above
    made = {**syspro.LISTS, **syspro.MODULES}
    return {name: dict(pair for one in companies for pair in make(rows, one)) for name, make in made.items()}


def in_anaplan(control: Control, system: System, model: str) -> Everything:
    """What Anaplan holds."""
    lists, modules = (sap.LISTS, sap.MODULES) if system == "sap" else (syspro.LISTS, syspro.MODULES)
    found = {name: list_contents(control, name, model) for name in lists}
    return found | {name: module_contents(control, name, model) for name in modules}


@lru_cache(maxsize=65_536)
def plain(value: str | None) -> str:
    """A value without the differences of spelling that mean nothing: 1.50 and 1.5, nothing and 0, false and blank."""
    text = (value or "").strip()
    if text.lower() in {"", "false"}:
        return ""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text.lower() if text.lower() == "true" else text
    return f"{number.normalize():f}" if number else ""


class Memory:
    """Every value that the ERP ever had, by list or module, key and field, with their keys."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        self._keys: dict[str, set[str]] = defaultdict(set)

    def note(self, held: Everything) -> None:
        """What the ERP holds now."""
        for name, contents in held.items():
            self._keys[name] |= contents.keys()
            for key, fields in contents.items():
                for field, value in fields.items():
                    self._values[name, key, field].add(plain(value))

    def strangers(self, found: Everything) -> Iterator[str]:
        """What Anaplan holds and the ERP never had; blank cells of a row on its way are nobody's."""
        for name, contents in found.items():
            for key, fields in contents.items():
                shown = {field: plain(value) for field, value in fields.items()}
                if key not in self._keys[name] and any(shown.values()):
                    yield f"{name}: {key} was never in the ERP"
                    continue
                for field, value in shown.items():
                    ever = self._values.get((name, key, field))
                    if value and ever is not None and value not in ever:
                        yield f"{name}: {key}: {field} is {value!r}, the ERP had {', '.join(map(repr, sorted(ever)))}"


def differences(wanted: Everything, found: Everything, apart: Mapping[tuple[str, str], object]) -> list[str]:
    """Where the two differ, but for places in ``apart``."""
    told = []
    for name, contents in wanted.items():
        other = found.get(name, {})
        for key in sorted(contents.keys() | other.keys()):
            if (name, key) in apart:
                continue
            if key not in other:
                told.append(f"{name}: {key} is missing")
            elif key not in contents:
                told += [f"{name}: {key} should not be there"] if any(other[key].values()) else []
            else:
                told += [
                    f"{name}: {key}: {field} is {other[key].get(field)!r}, the ERP has {value!r}"
                    for field, value in contents[key].items()
                    if plain(value) != plain(other[key].get(field))
                ]
    return told
