"""All rows of an entity set that match a condition, page by page, each row once, or an error.

Pages follow the key: `$filter=<after the last key>&$orderby=<key>&$top=n`. Rows that appear or vanish while a set is
read then move no page, and it does not matter what the server does beyond its cap: cut silently, link to more (the
link only repeats that there is more) or refuse. The end is an empty page, never a short one, and never a count.

That rests on the server's order, which is checked (`connector_kit.odata.order`). Where the first page shows that it
does not hold, or the filter behind it is ignored, the set is read along the server's links; later it ends the read.

Sets without a key, or whose key can't be filtered or sorted by, are read along the server's links, which are opaque.
Where such a set has a key and the links end before the server's count is reached, reading goes on behind the last key;
where a server refuses the filter behind a key but gave a link, along that.

Whether the rows are all is held against something else in the end (`connector_kit.odata.proof`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import chain
from typing import Any

from connector_kit.errors import RefusedError
from connector_kit.odata.ahead import Ahead
from connector_kit.odata.client import ODataClient
from connector_kit.odata.fetch import PageFetcher, Query
from connector_kit.odata.filters import after, all_of, any_of, with_keys
from connector_kit.odata.moments import key_value
from connector_kit.odata.order import Key, KeyOrder, OutOfOrderError, Pair
from connector_kit.odata.proof import Proof
from connector_kit.odata.repeats import Repeats
from connector_kit.odata.rows import Page, RowReader
from connector_kit.odata.tally import Tally

log = logging.getLogger(__name__)


class EntitySet:
    """One entity set at one address.

    Args:
        client: of the service.
        url: the set's address.
        what: the stream and what else tells it apart, for messages.
        types: Edm type by column, for literals; may be incomplete.
        follow_links: follow the server's links where there is a key too.
        sortable: whether the set can be filtered and sorted by its key; if not, its links are followed.
        reconcile: whether a read that proves to be incomplete is an error.
    """

    def __init__(
        self,
        client: ODataClient,
        url: str,
        *,
        what: str,
        types: Mapping[str, str] | None = None,
        follow_links: bool = False,
        sortable: bool = True,
        reconcile: bool = True,
    ) -> None:
        self._fetcher = PageFetcher(client, url, what=what, types=types or {}, sortable=sortable)
        self._what = what
        self._follow_links = follow_links or not sortable
        self._sortable = sortable
        self._reconcile = reconcile
        self._order = KeyOrder(())
        self.tally = Tally()
        """What was read, up to the page that was given out last."""
        self.confirmed = False
        """Whether something independent confirmed that the last read was complete."""

    def comparable(self, key: tuple[Any, ...]) -> tuple[Any, ...]:
        """A key's value in a form that sorts as the server sorted the pages read so far."""
        return self._order.comparable(key)

    def count(self, query: Query) -> int | None:
        """How many rows match now; None where the server does not count."""
        return self._fetcher.count(query)

    def pages(self, reader: RowReader, query: Query) -> Iterator[Page]:
        """The pages, the next one requested while the caller works on the present one.

        Raises:
            RefusedError: the server contradicts itself, so that rows may be missing. All that was read is in doubt.
        """
        self.confirmed = False
        self.tally = replace(query.before)
        self._order = KeyOrder(reader.key_kinds, query.after)
        proof = Proof(self._fetcher, reader, query, strict=self._reconcile)
        linked = not reader.key or self._follow_links
        last: Page | None = None
        for page in self._linked(reader, query, proof) if linked else self._by_key(reader, query, proof):
            self.tally.add(page.rows, page.keys)
            yield page
            if page.rows:
                last = page if page.last else None
        self.confirmed = proof.confirmed(self.tally, last, lambda: self._again(reader, query, proof))

    def _begin(self, reader: RowReader, proof: Proof, page: Page) -> None:
        self.tally.total = proof.begin(page)
        self.tally.digested = proof.needs_digest and bool(reader.key) and not self._follow_links

    # Along the key

    def _by_key(self, reader: RowReader, query: Query, proof: Proof) -> Iterator[Page]:
        page = self._fetcher.page(reader, query, counted=not query.after)
        self._begin(reader, proof, page)
        given = 0
        try:
            self._check(reader, page)
            if query.most and len(page.rows) >= query.most:
                yield page
                return
            pages = self._behind(reader, query, page)
            if not query.after and page.total is not None and page.total <= len(page.rows):
                given = 1
                yield page
                if not page.rows or proof.nothing_behind(len(page.rows), page):
                    return
                next(pages)
            for each in pages:
                given += 1
                yield each
        except RefusedError as error:
            if given > 1 or query.after or not (isinstance(error, OutOfOrderError) or error.status in {400, 501}):
                raise
            log.warning("%s. Reading along the server's links", str(error).rstrip("."))
            proof.must_hold = True
            delivered = set(page.keys) if given else frozenset()
            yield from self._linked(reader, query, proof, delivered, refused=not isinstance(error, OutOfOrderError))

    def _behind(self, reader: RowReader, query: Query, page: Page) -> Iterator[Page]:
        """A page, and all pages behind its last key."""
        while page.rows:
            position = replace(query, after=page.last)
            upcoming = Ahead(lambda at=position: self._fetcher.page(reader, at))  # type: ignore[misc] # bound now, on purpose
            yield page
            try:
                following = upcoming.result()
            except RefusedError as refusal:
                if not page.link:
                    raise
                log.warning("%s: %s. Going on along the server's links", self._what, refusal)
                for each in self._fetcher.along(reader, page.link):
                    self._check(reader, each)
                    yield each
                return
            self._check(reader, following)
            page = following

    def _check(self, reader: RowReader, page: Page) -> None:
        """Raises OutOfOrderError where a page's keys do not grow as the server compares."""
        fault = self._order.fault(page.keys, lambda pairs: self._agrees(reader, pairs))
        if fault and len(set(page.keys)) != len(page.keys):
            raise reader.doubled()
        if fault:
            raise OutOfOrderError(
                system=self._fetcher.client.system,
                subject=self._what,
                expected=f"pages in the order of the key {', '.join(reader.key)}",
                got=fault,
                hint="The server ignores $orderby or $filter, or sorts otherwise than it compares: if it gives links, "
                "set paging to links.",
            )

    def _agrees(self, reader: RowReader, pairs: Sequence[Pair]) -> bool | None:
        """Whether the server says of each pair that the second key lies behind the first."""
        keys, kinds = reader.keys_only(), reader.key_kinds
        parts = []
        for pair in pairs:
            one, other = (tuple(map(key_value, key, kinds)) for key in pair)
            parts.append(all_of(with_keys(reader.key, [other]), after(reader.key, one)))
        select = tuple(field.name for field in keys.fields)
        page = self._fetcher.once(keys, Query(select, any_of(*parts), options={"$top": str(len(pairs) + 1)}))
        return None if page is None else set(page.keys) == {other for _, other in pairs}

    def _again(self, reader: RowReader, query: Query, proof: Proof) -> Tally | None:
        """The keys once more another way: between other pages other rows would be lost.

        From the last to the first, or, where the server does not take that, by pages of another size. None along links,
        where the server has its own pages.
        """
        if not reader.key or self._follow_links or proof.must_hold:
            return None
        keys = reader.keys_only()
        query = replace(query, select=tuple(field.name for field in keys.fields), after=())
        most, size = self.tally.rows, self.tally.largest
        again = self._tallied(keys, replace(query, back=True), most)
        return again or self._tallied(keys, replace(query, page_size=max(size - max(size // 3, 1), 1)), most)

    def _tallied(self, reader: RowReader, query: Query, most: int) -> Tally | None:
        """What is read, up to so many rows; None where the server refuses it or keeps to another order."""
        again, order = Tally(), KeyOrder(reader.key_kinds)
        try:
            page = self._fetcher.page(reader, query)
            while page.rows and again.rows <= most:
                if query.back and not order.falls(page.keys):
                    return None
                again.add(page.rows, page.keys)
                page = self._fetcher.page(reader, replace(query, after=page.last))
        except RefusedError as refusal:
            log.info("%s: %s", self._what, refusal)
            return None
        return again

    # Along links

    def _linked(
        self,
        reader: RowReader,
        query: Query,
        proof: Proof,
        given: AbstractSet[Key] = frozenset(),
        *,
        refused: bool = False,
    ) -> Iterator[Page]:
        """All pages along links, but for rows that were given out already."""
        page = self._fetcher.linked(reader, query)
        self._begin(reader, proof, page)
        if refused and page.link:
            proof.must_hold = False  # the server says what it does not take, and leads on by itself

        def enough() -> bool:
            return proof.reached(self.tally.rows)

        rest = self._fetcher.along(reader, page.link, enough) if page.link else ()
        with Repeats(reader, growing=self._sortable and not proof.must_hold, after=query.after) as repeats:
            for page in chain([page], rest):  # noqa: B020 - the last one is looked at behind the loop
                if page.rows and not repeats.all_new(page):
                    if enough():
                        return
                    raise self._came_before(reader, page)
                page = page if repeats.growing else replace(page, last=())  # noqa: PLW2901
                yield _without(page, given)
            if page.last and repeats.growing and not enough() and not self._all_by_place(proof, page):
                # The links have ended, the rows perhaps not.
                for each in self._closing(reader, query, page):
                    if not repeats.all_new(each):
                        raise self._came_before(reader, each)
                    yield each

    def _all_by_place(self, proof: Proof, page: Page) -> bool:
        rows, total = self.tally.rows, self.tally.total
        return total is not None and rows >= total and bool(proof.nothing_behind(rows, page))

    def _closing(self, reader: RowReader, query: Query, page: Page) -> Iterator[Page]:
        """What lies behind the last key of the last page, where the server takes such a filter."""
        position = replace(query, after=page.last)
        try:
            following = self._fetcher.page(reader, position)
        except RefusedError as refusal:
            log.info("%s: %s. Nothing is asked for behind the last link", self._what, refusal)
            return
        self._order = KeyOrder(reader.key_kinds, page.last)
        self._check(reader, following)
        yield from self._behind(reader, query, following)

    def _came_before(self, reader: RowReader, page: Page) -> RefusedError:
        if len(set(page.keys)) != len(page.keys):
            return reader.doubled()
        return RefusedError(
            system=self._fetcher.client.system,
            subject=self._what,
            expected="new rows behind each link",
            got="rows that came before" if reader.key else "a page that came before",
            hint="Rows moved while they were read, or the key does not identify a row. The next run reads again.",
        )


def _without(page: Page, given: AbstractSet[Key]) -> Page:
    if given.isdisjoint(page.keys):
        return page
    kept = [at for at, key in enumerate(page.keys) if key not in given]
    return replace(page, rows=[page.rows[at] for at in kept], keys=[page.keys[at] for at in kept])
