"""How many rows an import took, from a task's details.

Sources: recorded fixtures of Anaplan Connect and Anaplan's samples for list imports (`values` as a flat list of
keys and values, and the text with created and updated counts in brackets). The keys of module imports are not
documented: names that end in the same words are accepted, and the text where there are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector_kit.anaplan.reading import number, rows, text

_NUMBER = r"(?<![\d,])(\d{1,3}(?:,\d{3})+|\d+)"
_SPLIT = rf"(?:\({_NUMBER}/{_NUMBER}\) )?"
_SUCCESSFUL = re.compile(rf"{_NUMBER} {_SPLIT}(?:(?P<unit>\w+) )?successful", re.IGNORECASE)
_WARNINGS = re.compile(rf"{_NUMBER} {_SPLIT}(?:\w+ )?(?:has|have|with) warnings?", re.IGNORECASE)
_FAILED = re.compile(rf"{_NUMBER} (?:\w+ )?failed", re.IGNORECASE)
_SUCCESS = ("successRowCount", "successCellCount", "successCount")
_IGNORED = re.compile(rf"{_NUMBER} (?:\w+ )?ignored", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Detail:
    """One line of a task's result. `values` by key; `occurrences` how often, 0 or 1 for a single one."""

    type: str
    text: str
    occurrences: int
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows that an import read for one object (a list, a module, a line item).

    `processed`: the total that Anaplan tells, else the sum of successful, warnings, failed and ignored. `ignored` rows
    are not in the failure dump (unchanged items, aggregated items, formula cells); `failed` ones are. `in_module`: of
    a module or a line item; `in_cells`: cells were counted, of which a row has several.
    """

    object_name: str
    processed: int
    successful: int
    created: int
    updated: int
    ignored: int
    failed: int
    warnings: int
    in_module: bool = False
    in_cells: bool = False

    @property
    def accounted(self) -> int:
        """Rows of which Anaplan tells what became of them."""
        return self.successful + self.warnings + self.failed + self.ignored


def details_of(result: dict[str, Any]) -> tuple[Detail, ...]:
    """The details of a task's result or of one of its nested results."""
    return tuple(
        Detail(
            type=text(row.get("type")),
            text=text(row.get("localMessageText")).strip(),
            occurrences=number(row.get("occurrences")),
            values=pairs(row.get("values")),
        )
        for row in rows(result.get("details"))
    )


def pairs(values: object) -> dict[str, str]:
    """A flat list k1, v1, k2, v2 as a mapping, without pairs that have no key; a last key alone has an empty value."""
    flat: Sequence[object] = values if isinstance(values, list) else ()
    padded = [*flat, None]
    return {text(padded[i]): text(padded[i + 1]) for i in range(0, len(flat), 2) if text(padded[i])}


def counts_of(details: Iterable[Detail]) -> tuple[Counts, ...]:
    """The counts in the details that carry any."""
    return tuple(counts for detail in details if (counts := _counts(detail)) is not None)


def _counts(detail: Detail) -> Counts | None:
    if "RowsProcessed" not in detail.type and not _SUCCESSFUL.search(detail.text):
        return None
    return _from_values(detail) or _from_text(detail)


def _from_values(detail: Detail) -> Counts | None:
    values = detail.values
    if not any(
        key.endswith(("RowCount", "CellCount", "failedCount", "ignoredCount", "successCount")) for key in values
    ):
        return None

    def of(*keys: str) -> int:
        return next((number(values[key].replace(",", "")) for key in keys if key in values), 0)

    successful = of(*_SUCCESS)
    created = of("successCreateCount", "createdCount")
    failed = of("failedCount", "failedRowCount", "failedCellCount")
    ignored = of("ignoredCount", "ignoredRowCount", "ignoredCellCount")
    warnings = of("warningsRowCount", "warningsCellCount", "warningsCount")
    total = of("totalRowCount", "totalCellCount", "totalCount")
    if not any(key in values for key in (*_SUCCESS, "failedCount", "ignoredCount")):
        successful = total  # nothing else is told
    return Counts(
        object_name=next((value for key, value in values.items() if key.endswith("Name") and value), _name(detail)),
        processed=total or successful + warnings + failed + ignored,
        successful=successful,
        created=created,
        # Whatever succeeded and wasn't created has changed something that was there.
        updated=of("successUpdateCount", "updatedCount") or max(0, successful - created),
        ignored=ignored,
        failed=failed,
        warnings=warnings,
        in_module=_of_module(detail),
        in_cells=any("Cell" in key for key in values),
    )


def _from_text(detail: Detail) -> Counts | None:
    match = _SUCCESSFUL.search(detail.text)
    if match is None:
        return None
    successful, created, updated = (_plain(match[group]) for group in (1, 2, 3))
    warnings, failed, ignored = (_first(pattern, detail.text) for pattern in (_WARNINGS, _FAILED, _IGNORED))
    return Counts(
        object_name=_name(detail),
        processed=successful + warnings + failed + ignored,
        successful=successful,
        created=created,
        updated=updated or max(0, successful - created),
        ignored=ignored,
        failed=failed,
        warnings=warnings,
        in_module=_of_module(detail),
        in_cells=(match["unit"] or "").lower().startswith("cell"),
    )


def _of_module(detail: Detail) -> bool:
    return detail.type.startswith("lineItem") or "moduleName" in detail.values


def _name(detail: Detail) -> str:
    """The object in "Employees: 90 (0/90) rows successful": names may hold colons themselves."""
    match = _SUCCESSFUL.search(detail.text)
    return detail.text[: match.start()].rstrip().removesuffix(":").strip() if match else ""


def _plain(digits: str | None) -> int:
    return int(digits.replace(",", "")) if digits else 0


def _first(pattern: re.Pattern[str], line: str) -> int:
    match = pattern.search(line)
    return _plain(match.group(1)) if match else 0
