"""Whether keys came before, where rows come in no order that would tell: along links of sets that can't be sorted.

The cost: eight bytes of memory a row while the keys still grow (repeats are then impossible), and from the first that
does not a temporary database, on disk where it outgrows SQLite's cache, about a microsecond and 20 bytes a row.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from typing_extensions import Self

from connector_kit.odata.order import KeyOrder
from connector_kit.odata.rows import Page, RowReader


class Repeats:
    """Rows that were seen, as 64-bit hashes: two different ones among a million are taken for one in 1 of 10^7 reads.

    Without a key whole pages are compared: two rows may be alike there.

    Args:
        reader: of the pages.
        growing: whether keys are expected to grow.
        after: the key that reading began behind.
    """

    def __init__(self, reader: RowReader, *, growing: bool, after: Sequence[Any] = ()) -> None:
        self._keyed = bool(reader.key)
        self.growing = growing and self._keyed
        self._order = KeyOrder(reader.key_kinds, after)
        self._grown = array("q")
        self._known: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._known is not None:
            self._known.close()

    def all_new(self, page: Page) -> bool:
        """Take in a page, and say whether nothing of it was seen before."""
        if self.growing and self._order.grows(page.keys):
            self._grown.extend(map(hash, page.keys))
            return True
        self.growing = False
        if self._known is None:
            self._known = sqlite3.connect("", check_same_thread=False)
            self._known.execute("PRAGMA journal_mode = OFF")
            self._known.execute("CREATE TABLE known (hash INTEGER PRIMARY KEY)")
            self._insert(self._known, self._grown)
            self._grown = array("q")
        hashes = list(map(hash, page.keys)) if self._keyed else [hash(msgspec.json.encode(page.rows))]
        return self._insert(self._known, hashes) == len(hashes)

    @staticmethod
    def _insert(known: sqlite3.Connection, hashes: Iterable[int]) -> int:
        before = known.total_changes
        with known:
            known.executemany("INSERT OR IGNORE INTO known VALUES (?)", ((each,) for each in hashes))
        return known.total_changes - before
