"""Rows for a list, item by item through the transactional API: known items are updated, the others added.

There is no call that does both (Anaplan transactional API reference), so every row is tried as an update first. An
answer that does not account for every item is not believed: the list is read, and what it shows counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from connector_kit.audit.types import Rejected
from target_anaplan.list_content import ListContent

if TYPE_CHECKING:
    from connector_kit.anaplan.lists import ItemFailure, ListItems, ListOutcome
    from target_anaplan.spool import Spool
    from target_anaplan.tally import Tally

_PER_CALL = 10_000
_OWN = {"code": "code", "name": "name", "parent": "parent"}
NOT_DONE = "left undone by Anaplan without a reason"


def is_property(header: str) -> bool:
    """Whether a column of a list mapping is a property of the items: all are but Code, Name and Parent."""
    return header.lower() not in _OWN


def items_of(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> list[dict[str, Any]]:
    """Items as the API takes them: Code, Name and Parent are their own, other columns are properties.

    A blank name is left out on purpose: it would rename the item.
    """
    items = []
    for cells in rows:
        item: dict[str, Any] = {}
        properties: dict[str, str] = {}
        for header, cell in zip(headers, cells, strict=True):
            own = _OWN.get(header.lower())
            if own is None:
                properties[header] = cell
            elif cell:
                item[own] = cell
        if properties:
            item["properties"] = properties
        items.append(item)
    return items


def upsert(items: ListItems, spool: Spool, tally: Tally) -> Iterator[Rejected]:
    """Update or add every row of a sealed file; the rows that the list refused or left as they were."""
    rows = spool.read_rows()
    first = 0
    while some := list(islice(rows, _PER_CALL)):
        batch = items_of(some, spool.form.headers)
        for at, reason, message in _upsert(items, batch):
            seq = None if at is None else first + at
            key = "" if seq is None else spool.key(seq)
            tally.reject(reason, key)
            yield Rejected(seq, key, reason, message)
        first += len(some)


def _upsert(items: ListItems, batch: Sequence[dict[str, Any]]) -> Iterator[tuple[int | None, str, str]]:
    """Of the items that were not taken: position, or None when it can't be told, reason, message."""
    updated = items.update(batch)
    failed = _by_index(updated.failures)
    if -1 in failed:
        yield None, failed[-1].type, failed[-1].message
    left = sorted(index for index in failed if index >= 0)
    if not updated.adds_up:
        content = ListContent(items.read())
        left = [at for at, item in enumerate(batch) if at in failed or content.find(item) is None]
        for at in sorted(set(range(len(batch))) - set(left)):
            if different := content.difference(batch[at]):
                yield at, NOT_DONE, _uncounted(updated, "update", different)
    if left:
        yield from _add(items, batch, left, failed)


def _add(
    items: ListItems, batch: Sequence[dict[str, Any]], left: Sequence[int], before: dict[int, ItemFailure]
) -> Iterator[tuple[int | None, str, str]]:
    added = items.add([batch[at] for at in left])
    failed = _by_index(added.failures)
    missing = not added.adds_up
    content = (
        ListContent(items.read())
        if missing or any("DUPLICATE" in one.type.upper() for one in failed.values())
        else None
    )
    for place, failure in failed.items():
        at = left[place] if place >= 0 else None
        first = before[at].message if at in before else "unknown item"
        taken = content.name_of_another(batch[at]) if content and at is not None else ""
        hint = (
            f". The name belongs to item {taken}: names are unique in a list, so put the code into Name"
            if taken
            else ""
        )
        yield at, failure.type, f"update: {first}; add: {failure.message}{hint}"
    for place, at in enumerate(left):
        if content and missing and place not in failed and content.find(batch[at]) is None:
            yield at, NOT_DONE, _uncounted(added, "add", "the item is not in the list; is the workspace full?")


def delete(items: ListItems, spool: Spool) -> Iterator[Rejected]:
    """Delete the item of every row of a sealed file by its code; items that are gone already are left alone."""
    there = {item.code for item in items.read()}
    at = [header.lower() for header in spool.form.headers].index("code")
    wanted = [(seq, cells[at]) for seq, cells in enumerate(spool.read_rows()) if cells[at] in there]
    outcome = items.delete([{"code": code} for _, code in wanted])
    for failure in outcome.failures:
        seq = wanted[failure.index][0] if failure.index >= 0 else None
        yield Rejected(seq, "" if seq is None else spool.key(seq), failure.type, failure.message)
    if not outcome.adds_up:
        still = {item.code for item in items.read()}
        failed = {failure.index for failure in outcome.failures}
        for place, (seq, code) in enumerate(wanted):
            if code in still and place not in failed:
                message = _uncounted(outcome, "delete", "the item is still in the list")
                yield Rejected(seq, spool.key(seq), NOT_DONE, message)


def _by_index(failures: Iterable[ItemFailure]) -> dict[int, ItemFailure]:
    return {failure.index: failure for failure in failures}


def _uncounted(outcome: ListOutcome, action: str, found: str) -> str:
    return (
        f"{NOT_DONE}: of {outcome.sent} items to {action}, it counts {outcome.done} done and {len(outcome.failures)} "
        f"failed; {found}"
    )
