"""Task results: their details with types, texts and flat key/value lists.

Texts and keys of list imports follow the fixtures of Anaplan Connect; those of module imports are not documented, so a
switch chooses among likely ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.anaplan.importing import Counts, ImportFailedError

#: A task result as the API writes it.
Result = dict[str, object]


def detail(type_: str, text: str, values: Sequence[str] = (), occurrences: int = 0) -> dict[str, object]:
    """One entry of a result's details."""
    return {"localMessageText": text, "occurrences": occurrences, "type": type_, "values": list(values)}


def result(
    object_id: int,
    name: str | None,
    details: Sequence[dict[str, object]],
    *,
    successful: bool = True,
    dump: bool = False,
) -> Result:
    """A result; ``name`` None leaves objectName out."""
    named = {} if name is None else {"objectName": name}
    return {
        "details": list(details),
        "failureDumpAvailable": dump,
        "objectId": str(object_id),
        **named,
        "successful": successful,
    }


def sentence(name: str, counts: Counts) -> str:
    """The count line, in the wording for runs with and without rejected rows."""
    success = f"{name}: {counts.successful} ({counts.created}/{counts.updated}) rows successful, "
    if not counts.failed and not counts.warned:
        return f"{success}{counts.ignored} ignored "
    warned = f"{counts.warned} ({counts.warned_created}/{counts.warned_updated}) rows has warnings, "
    return f"{success}{warned}{counts.failed} failed, {counts.ignored} ignored"


def _row_values(key: str, name: str, counts: Counts) -> list[str]:
    pairs = {
        key: name,
        "successRowCount": counts.successful,
        "successCreateCount": counts.created,
        "successUpdateCount": counts.updated,
        "warningsRowCount": counts.warned,
        "warningsCreateCount": counts.warned_created,
        "warningsUpdateCount": counts.warned_updated,
        "failedCount": counts.failed,
        "ignoredCount": counts.ignored,
        "totalRowCount": counts.successful + counts.warned + counts.failed + counts.ignored,
        "totalCreateCount": counts.created + counts.warned_created,
        "totalUpdateCount": counts.updated + counts.warned_updated,
        "invalidCount": counts.failed,
        "updatedCount": counts.updated + counts.warned_updated,
        "renamedCount": counts.renamed,
        "createdCount": counts.created + counts.warned_created,
    }
    return [str(part) for pair in pairs.items() for part in pair]


def _row_messages(counts: Counts) -> list[dict[str, object]]:
    return [detail(type_, text, (), number) for (type_, text), number in counts.messages.most_common(20)]


def list_details(list_name: str, counts: Counts) -> list[dict[str, object]]:
    """Details of a finished list import."""
    rejected = bool(counts.failed or counts.warned)
    if not rejected and not counts.successful:
        type_ = "hierarchyNoChanges"
    else:
        type_ = "hierarchyRowsProcessedWithFailures" if rejected else "hierarchyRowsProcessed"
    values = _row_values("hierarchyName", list_name, counts)
    return [detail(type_, sentence(list_name, counts), values), *_row_messages(counts)]


def module_details(module_name: str, counts: Counts, line_items: int, style: str) -> list[dict[str, object]]:
    """Details of a finished module import over ``line_items`` columns.

    ``style`` rows: keys as of list imports; cells: counts of cells; none: no values at all; absent: nothing counted.
    """
    rejected = bool(counts.failed or counts.warned)
    type_ = "lineItemRowsProcessedWithFailures" if rejected else "lineItemRowsProcessed"
    values: list[str] = []
    if style == "rows":
        values = _row_values("moduleName", module_name, counts)
    elif style == "cells":
        pairs = {
            "moduleName": module_name,
            "successCellCount": counts.successful * line_items,
            "failedCellCount": counts.failed * line_items,
            "ignoredCellCount": counts.ignored * line_items,
        }
        values = [str(part) for pair in pairs.items() for part in pair]
    text = f"{module_name}: import complete" if style == "absent" else sentence(module_name, counts)
    return [detail(type_, text, values), *_row_messages(counts)]


def failure(object_id: int, name: str | None, error: ImportFailedError) -> Result:
    """The result of an action that failed as a whole."""
    return result(object_id, name, [detail(error.type, error.text, error.values)], successful=False)
