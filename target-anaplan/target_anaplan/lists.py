"""Rows for a list, item by item through the transactional API: known items are updated, the others added.

There is no call that does both (Anaplan transactional API reference), so every row is tried as an update first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from connector_kit.audit.types import Rejected

if TYPE_CHECKING:
    from connector_kit.anaplan.lists import ListItems
    from target_anaplan.spool import Spool
    from target_anaplan.tally import Tally

_PER_CALL = 10_000
_OWN = {"code": "code", "name": "name", "parent": "parent"}


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
    """Update or add every row of a sealed file; the rows that the list refused."""
    rows = spool.read_rows()
    first = 0
    while some := list(islice(rows, _PER_CALL)):
        batch = items_of(some, spool.form.headers)
        updated = {failure.index: failure for failure in items.update(batch).failures}
        left = sorted(index for index in updated if index >= 0)
        added = items.add([batch[index] for index in left]).failures if left else ()
        for failure in added:
            at = left[failure.index] if failure.index >= 0 else None
            before = updated[at].message if at is not None else "unknown item"
            seq = None if at is None else first + at
            key = "" if seq is None else spool.key(seq)
            tally.reject(failure.type, key)
            yield Rejected(seq, key, failure.type, f"update: {before}; add: {failure.message}")
        if -1 in updated:
            tally.reject(updated[-1].type, "")
            yield Rejected(None, "", updated[-1].type, updated[-1].message)
        first += len(some)


def delete(items: ListItems, spool: Spool) -> Iterator[Rejected]:
    """Delete the item of every row of a sealed file by its code; items that are gone already are left alone."""
    there = {item.code for item in items.read()}
    at = [header.lower() for header in spool.form.headers].index("code")
    wanted = [(seq, cells[at]) for seq, cells in enumerate(spool.read_rows()) if cells[at] in there]
    for failure in items.delete([{"code": code} for _, code in wanted]).failures:
        seq = wanted[failure.index][0] if failure.index >= 0 else None
        yield Rejected(seq, "" if seq is None else spool.key(seq), failure.type, failure.message)
