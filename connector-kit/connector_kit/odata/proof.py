"""Whether what was read is all there is, held against something that does not rest on the way it was read.

In this order, until one answers: the server's count, when it is no count of a page (some services count what `$top`
leaves) and did not change; the last row by its place (`$skip=n-1&$top=2` gives one row and no second); and the keys
read once more, backwards or by pages of another size.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from connector_kit.errors import RefusedError
from connector_kit.odata.fetch import PageFetcher, Query
from connector_kit.odata.rows import Page, RowReader
from connector_kit.odata.tally import Tally

log = logging.getLogger(__name__)

Again = Callable[[], "Tally | None"]
"""Reads the keys once more another way; None where that can't be done."""


class Proof:
    """What one read is held against.

    Args:
        strict: whether a read that proves to be incomplete is an error.

    Set `must_hold` where the server was seen to ignore what it was asked: then a read must be confirmed.
    """

    def __init__(self, fetcher: PageFetcher, reader: RowReader, query: Query, *, strict: bool) -> None:
        self._fetcher = fetcher
        self._reader = reader
        self._query = replace(query, after=())
        self._strict = strict
        self._resumed = bool(query.after)
        self._total = query.before.total
        self._first = 0
        self._larger: int | None = None
        self._first_row: Any = None
        self._behind: int | None = None
        self.must_hold = False

    def begin(self, page: Page) -> int | None:
        """Take note of a read's first page; the server's count when reading began."""
        self._first = len(page.rows)
        self._first_row = _identity(page, 0, self._reader)
        if not self._resumed:
            self._total = page.total
        if page.total is not None and page.total > len(page.rows):
            self._larger = page.total
        return self._total

    @property
    def needs_digest(self) -> bool:
        """Whether the keys may have to be compared with those of a second read: no count can confirm."""
        return (self._total is None or self._page_count) and (self._strict or self._query.prove)

    @property
    def _page_count(self) -> bool:
        """Whether the count may be one of the first page alone."""
        return self._total is not None and self._total <= self._first and self._total != self._larger

    def reached(self, rows: int) -> bool:
        """Whether so many rows are what the server counted, where it counted more than a page."""
        return self._total is not None and rows >= self._total and not self._page_count

    def nothing_behind(self, rows: int, last: Page | None = None) -> bool | None:
        """Whether the set has so many rows by their places, the last of which is that page's last one.

        False where it has more; None where the server does not keep to `$skip` or `$top`, or has less now.
        """
        if self._behind == rows:
            return True
        reader = self._reader.keys_only() if self._reader.key else self._reader
        query = replace(self._query, options={**self._query.options, "$top": "2", "$skip": str(rows - 1)})
        if self._reader.key:
            query = replace(query, select=tuple(field.name for field in reader.fields))
        found = self._fetcher.once(reader, query)
        if found is None or not found.rows or len(found.rows) > 2 or found.link:
            return None
        row = _identity(found, 0, reader)
        if rows > 1 and row == self._first_row:
            return None
        if len(found.rows) == 2:
            return False
        if last is not None and self._reader.key and row != _identity(last, -1, self._reader):
            return None
        self._behind = rows
        return True

    def confirmed(self, tally: Tally, last: Page | None, again: Again) -> bool:
        """Whether something confirms the read; one log line says so where nothing does.

        Raises:
            RefusedError: it is refuted.
        """
        if self._query.most and tally.rows >= self._query.most:
            return True
        verdict = self._by_count(tally.rows)
        if verdict is None and (self._strict or self._query.prove or self.must_hold):
            verdict = self._by_rows(tally, last, again)
        if verdict is None and self.must_hold:
            raise self.refuted(
                "rows that something confirms",
                f"{tally.rows} and nothing that does",
                "The server does not keep to $orderby, $filter or $top: if it gives links, set paging to links.",
            )
        if not verdict and self._query.prove:
            log.warning("%s: %d rows read; nothing confirms that they are all", self._fetcher.what, tally.rows)
        return bool(verdict)

    def _by_count(self, rows: int) -> bool | None:
        if self._total is None or not self._fetcher.client.dialect.count:
            return None
        if rows >= self._total and self._page_count:
            return None
        if rows == self._total and not self._resumed:
            return True
        now = self._fetcher.count(self._query)
        if now is None or now == rows:
            return None if now is None else True
        if now != self._total:
            log.warning("%s: %d rows read; %d counted before, %d after", self._fetcher.what, rows, self._total, now)
            return False
        if rows > now:
            return None
        raise self.refuted(
            f"{now} rows",
            f"{rows}",
            "Check that the key identifies a row. Rows between two pages are lost where a server sorts otherwise than "
            "it compares: if it gives links, set paging to links. Only where its count is wrong for good, set "
            "reconcile_counts to false.",
        )

    def _by_rows(self, tally: Tally, last: Page | None, again: Again) -> bool | None:
        if not tally.rows:
            return self._query.prove and self._still_empty()
        placed = self.nothing_behind(tally.rows, last)
        if placed:
            return True
        second = again() if placed is None else None
        if placed is None and second is None:
            return None
        if second is not None and second.same(tally):
            return True
        if not (self._strict or self.must_hold):
            return False
        raise self.refuted(
            f"{tally.rows} rows, as were read" if second is None else f"the same {tally.rows} rows another way",
            "more" if second is None else f"{second.rows}" if second.rows != tally.rows else "others",
            "Rows changed meanwhile, or are lost between pages: if the server gives links, set paging to links. Only "
            "if rows change all the time, set reconcile_counts to false.",
        )

    def _still_empty(self) -> bool:
        page = self._fetcher.once(self._reader, replace(self._query, page_size=1))
        return page is not None and not page.rows

    def refuted(self, expected: str, got: str, hint: str = "") -> RefusedError:
        """The error for a read that can't be right."""
        return RefusedError(
            system=self._fetcher.client.system,
            subject=self._fetcher.what,
            expected=expected,
            got=got,
            hint=f"{hint} Nothing is marked as read; the next run reads again.".strip(),
        )


def _identity(page: Page, place: int, reader: RowReader) -> Any:  # noqa: ANN401 - a key, or a row's text
    rows: Sequence[Any] = page.keys if reader.key else page.rows
    if not rows:
        return None
    return rows[place] if reader.key else msgspec.json.encode(rows[place])
