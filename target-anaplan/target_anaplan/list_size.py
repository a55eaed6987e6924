"""Whether a list can hold the rows that its import says are in it.

A load into a workspace that is full can end as complete without one item added (vendor's support article); how its rows
are counted is not told. Ignored rows of a list import are unchanged items, so each stands for an item: a list of fewer
items shows that some of them are not there.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from connector_kit.errors import NotFoundError, UnavailableError

if TYPE_CHECKING:
    from connector_kit.anaplan import ModelClient
    from connector_kit.anaplan.results import TaskResult

log = logging.getLogger("target-anaplan")


def check_list_size(model: ModelClient, result: TaskResult) -> None:
    """Ask how many items a list has whose import ignored rows; the rows of its file have a key each.

    Raises:
        UnavailableError: fewer than the import's accepted rows.
    """
    for counts in result.outcome.counts:
        accepted = counts.processed - counts.failed
        if counts.in_module or not counts.ignored or not counts.object_name:
            continue
        try:
            metadata = model.reads.list_metadata(model.find_list(counts.object_name).id)
        except NotFoundError as error:
            log.debug("%s: the list's size is not known: %s", result.what, error)
            continue
        if metadata.item_count < accepted:
            raise UnavailableError(
                system="Anaplan",
                subject=f"{result.what}, task {result.task_id}",
                expected=f"at least {accepted} items in list {metadata.name}, as many as it did not refuse",
                got=f"{metadata.item_count} items, {counts.ignored} rows ignored",
                hint="The workspace may be full: look at its size, make room, and run again. All rows are sent again.",
            )
