"""Why a task failed as a whole, and what to do about it.

Source: Anaplan integration API v2 reference, "Completion, failure, and data error/warning codes". The advice is
ours. Types that are not in the table are shown with Anaplan's own text.
"""

from __future__ import annotations

from collections.abc import Iterable

from connector_kit.anaplan.counts import Detail

_COMPLETION = frozenset(
    {
        "deleteFromSelectionSucceeded",
        "exportSucceeded",
        "hierarchyNoChanges",
        "hierarchyRowsProcessed",
        "hierarchyRowsProcessedWithFailures",
        "lineItemRowsProcessed",
        "lineItemRowsProcessedWithFailures",
        "taskElementSucceeded",
        "usersRowsProcessed",
        "versionsRowsProcessed",
    }
)

_DEFINITION = "Open the action in Anaplan and check its definition: what it refers to was renamed or deleted."
_KEYS = "Make the key unique, or set the import to reject duplicates only."

ADVICE: dict[str, tuple[str, str]] = {
    "actionFailed": ("The action failed.", "Run it in Anaplan to see more."),
    "connectorError": ("The data source could not be read.", "Check the import's source in Anaplan."),
    "crossCustomerImport": ("The source belongs to another customer.", "Import within one tenant only."),
    "deleteFromSelectionFailed": (
        "The items could not be deleted.",
        "Check that they are not used in production lists or by other objects.",
    ),
    "failedToLocateEntity": ("An item that the action names is not there.", _DEFINITION),
    "failedToLocateHierarchy": ("A list that the action uses is not there.", _DEFINITION),
    "failedToLocateModel": ("The source model is not there.", _DEFINITION),
    "failedToLocateModule": ("A module that the action uses is not there.", _DEFINITION),
    "failedToLocateSavedView": ("A saved view that the action reads is not there.", _DEFINITION),
    "hierarchyImportFailed": ("The list import failed.", "Read Anaplan's text; run the import in Anaplan to see more."),
    "hierarchyImportDuplicateSourceKey": ("The file has several rows for one item, and the import forbids it.", _KEYS),
    "hierarchyImportDuplicateTargetKey": ("The list has several items for one key, and the import forbids it.", _KEYS),
    "importFailedGeneralError": ("The import failed.", "Run it in Anaplan with the same file to see more."),
    "internalError": (
        "Anaplan had an internal error.",
        "Run again; if it stays, ask Anaplan's support with the task id.",
    ),
    "missingFields": (
        "The file lacks columns that the import is mapped to.",
        "Compare the mapping's columns with the import's source columns.",
    ),
    "moduleImportFailed": ("The module import failed.", "Read Anaplan's text; run the import in Anaplan to see more."),
    "moduleImportNoWriteAccess": (
        "The user may not write to the module.",
        "Give the user's role write access to the module and its lists.",
    ),
    "msgExportCancelled": ("The export was cancelled.", "Run again."),
    "msgImportCancelled": ("The import was cancelled.", "Run again."),
    "notAuthorised": ("The user may not run this action.", "Give the user's role access to the action."),
    "sourceModelArchived": ("The source model is archived.", "Unarchive it."),
    "uploadedFileNoLongerAvailable": (
        "The uploaded file is gone: it is private to the user who uploads and kept for 48 hours.",
        "Upload and run as the same user, in one run.",
    ),
}


def explain(details: Iterable[Detail]) -> list[str]:
    """One entry per reason: what the type means, Anaplan's own text, what to do. Completion counts are no reasons."""
    return list(dict.fromkeys(_sentence(detail) for detail in details if detail.type not in _COMPLETION))


def _sentence(detail: Detail) -> str:
    meaning, advice = ADVICE.get(detail.type, ("", ""))
    said = detail.text or " ".join(value for value in detail.values.values() if value)
    times = f" ({detail.occurrences} times)" if detail.occurrences > 1 else ""
    own = f"Anaplan says{f' {detail.type}' if detail.type else ''}: {said or 'nothing more'}{times}."
    return " ".join(part for part in (meaning, own.replace("..", "."), advice) if part)
