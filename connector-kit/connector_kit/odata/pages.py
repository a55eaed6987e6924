"""All rows of an entity set that match a condition, page by page, each row once.

Pages follow the key: `$filter=<after the last key>&$orderby=<key>&$top=n`. Rows that appear or vanish while a set is
read then move no page, and it does not matter what the server does beyond its cap: cut silently, link to more (the
link only repeats that there is more) or refuse. The end is an empty page, never a short one; a first page that is
complete by the server's own count saves that last request.

Sets without a key, or whose key can't be filtered or sorted by, are read along the server's links, which are opaque.
Where such a set has a key and the links end before the server's count is reached, reading goes on behind the last key;
where a server refuses the filter behind a key but gave a link, along that.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from connector_kit.errors import RefusedError
from connector_kit.odata.client import SMALLEST_PAGE, Dialect, ODataClient, PageTimeout, address, smaller
from connector_kit.odata.expand import select_options
from connector_kit.odata.filters import Condition, after, all_of, odata_filter
from connector_kit.odata.literals import DateStyle, Value, literal
from connector_kit.odata.rows import Page, RowReader
from connector_kit.threads import thread

log = logging.getLogger(__name__)

_DATE_STYLES: tuple[DateStyle, ...] = ("offset", "date", "quoted")


@dataclass(frozen=True, slots=True)
class Query:
    """What to read: which rows, which columns, from which key on, and how many at most per page (0: the client's)."""

    select: tuple[str, ...] = ()
    where: Condition | None = None
    after: tuple[Value, ...] = ()
    page_size: int = 0
    options: Mapping[str, str] = field(default_factory=dict)


class EntitySet:
    """One entity set at one address.

    Args:
        what: the stream and what else tells it apart, for messages.
        types: Edm type by column, for literals; may be incomplete.
        follow_links: follow the server's links where there is a key too.
        sortable: whether the set can be filtered and sorted by its key; if not, its links are followed.
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
    ) -> None:
        self._client = client
        self._url = url
        self._what = what
        self._types = types or {}
        self._follow_links = follow_links or not sortable
        self._sortable = sortable
        self._page_size = 0
        self.total: int | None = None
        """The server's count of matching rows when reading began, where it gives one."""

    def pages(self, reader: RowReader, query: Query) -> Iterator[Page]:
        """The pages, the next one requested while the caller works on the present one."""
        self._page_size = 0
        self.total = None
        if not reader.key or self._follow_links:
            yield from self._linked(reader, query)
            return
        page = self._fetch(reader, query, first=True)
        self.total = page.total
        if page.total is not None and page.total <= len(page.rows):
            if page.rows:
                yield page
            return
        yield from self._behind(reader, query, page)

    def _behind(self, reader: RowReader, query: Query, page: Page) -> Iterator[Page]:
        """A page, and all pages behind its last key."""
        while page.rows:
            position = replace(query, after=page.last)
            upcoming = _Ahead(lambda at=position: self._fetch(reader, at))  # type: ignore[misc] # bound now, on purpose
            yield page
            try:
                following = upcoming.result()
            except RefusedError as refusal:
                if not page.link:
                    raise
                log.warning("%s: %s. Going on along the server's links", self._what, refusal)
                yield from self._along(reader, page.link)
                return
            if following.rows and following.last == page.last:
                raise RefusedError(
                    system=self._client.system,
                    subject=self._what,
                    expected="pages in the order of the key",
                    got="the same page again",
                    hint="The server ignores $filter or $orderby: read it along its links instead.",
                )
            page = following

    def count(self, query: Query) -> int | None:
        """How many rows match now; None where the server does not count."""
        if not self._client.dialect.count:
            return None
        probe = RowReader((), system=self._client.system, version=self._client.version)
        return self._request(probe, self._options(probe, replace(query, page_size=1), self._client.dialect, True)).total

    def _linked(self, reader: RowReader, query: Query) -> Iterator[Page]:
        options = self._options(reader, query, self._client.dialect, self._client.dialect.count)
        # $top is a total limit where the server pages by itself (OData 4.0 part 1, 11.2.5.3).
        options.pop("$top", None)
        if not self._sortable:
            options.pop("$orderby", None)
        page = self._get(address(self._url, options), reader, along=True)
        self.total = page.total
        read = 0
        for each in itertools.chain([page], self._along(reader, page.link) if page.link else ()):
            yield each
            read += len(each.rows)
            page = each
        if page.last and self._sortable and (self.total is None or read < self.total):
            # The links have ended, the rows perhaps not.
            for each in itertools.islice(self._behind(reader, query, page), 1, None):
                yield each

    def _along(self, reader: RowReader, link: str) -> Iterator[Page]:
        """The page behind a link, and all behind it."""
        seen: set[str] = set()
        upcoming = _Ahead(lambda: self._get(self._client.link(self._url, link), reader, along=True))
        while True:
            page = upcoming.result()
            if not page.link:
                yield page
                return
            following = self._client.link(self._url, page.link)
            if following in seen:
                raise RefusedError(
                    system=self._client.system,
                    subject=self._what,
                    expected="a link to new rows",
                    got="the same link again",
                )
            seen.add(following)
            upcoming = _Ahead(lambda to=following: self._get(to, reader, along=True))  # type: ignore[misc] # bound now, on purpose
            yield page

    def _fetch(self, reader: RowReader, query: Query, *, first: bool = False) -> Page:
        """One page, with smaller pages when the server is too slow and another dialect when it refuses."""
        learned = False
        while True:
            dialect = self._client.dialect
            if self._page_size:
                dialect = replace(dialect, page_size=min(dialect.page_size, self._page_size))
            options = self._options(reader, query, dialect, first and dialect.count)
            try:
                return self._get(address(self._url, options), reader, hurry=True)
            except PageTimeout as slow:
                if dialect.page_size <= SMALLEST_PAGE:
                    raise slow.error from None
                self._page_size = smaller(dialect).page_size
                log.warning("%s: no answer in time, asking for %d rows at once", self._what, self._page_size)
            except RefusedError as refusal:
                if learned or refusal.status not in {400, 413, 414, 501}:
                    raise
                self._client.dialect = self._learn(reader, query, dialect, refusal)
                learned = True

    def _learn(self, reader: RowReader, query: Query, dialect: Dialect, refusal: RefusedError) -> Dialect:
        """Find the dialect in which the server takes this query: one difference at a time, from a single row on."""

        def accepted(candidate: Dialect, part: Query, *, counted: bool = False) -> bool:
            try:
                self._request(reader, self._options(reader, part, candidate, counted))
            except RefusedError:
                return False
            return True

        one = replace(query, page_size=1)
        if not accepted(dialect, replace(one, where=None, after=())):
            raise refusal
        styles = (dialect.dates, *(style for style in _DATE_STYLES if style != dialect.dates))
        dates = next((style for style in styles if accepted(replace(dialect, dates=style), one)), None)
        if dates is None:
            raise refusal
        found = replace(dialect, dates=dates)
        found = replace(found, count=dialect.count and accepted(found, one, counted=True))
        while not accepted(found, query):
            if found.page_size <= SMALLEST_PAGE:
                raise refusal
            found = smaller(found)
        log.info("%s: the server takes %s", self._client.system, found)
        return found

    def _request(self, reader: RowReader, options: Mapping[str, str]) -> Page:
        return self._get(address(self._url, options), reader)

    def _get(self, url: str, reader: RowReader, *, hurry: bool = False, along: bool = False) -> Page:
        """A page, with all the rows that are expanded inside its rows; `along` the server's own paging."""
        size = self._client.dialect.page_size if along else 0
        page = self._client.get(url, reader.page, what=self._what, hurry=hurry, page_size=size)
        for part in page.unfinished:
            for rest in self._along(part.reader, part.link):
                part.rows.extend(rest.rows)
        return page

    def _options(self, reader: RowReader, query: Query, dialect: Dialect, counted: bool) -> dict[str, str]:
        where = all_of(query.where, after(reader.key, query.after) if query.after else None)
        size = min(query.page_size or dialect.page_size, dialect.page_size)
        options = {
            **select_options(query.select, reader.expand, self._client.version),
            "$filter": odata_filter(where, self._writer(dialect)) if where is not None else "",
            "$orderby": ",".join(reader.key),
            "$top": str(size),
            **query.options,
        }
        if counted:
            options |= {"$count": "true"} if self._client.version == "4.0" else {"$inlinecount": "allpages"}
        if self._client.version == "2.0":
            options["$format"] = "json"
        return options

    def _writer(self, dialect: Dialect) -> Callable[[str, Value], str]:
        return lambda column, value: literal(
            value, self._types.get(column, ""), version=self._client.version, dates=dialect.dates
        )


class _Ahead:
    """A call under way in a thread of its own, which does not keep the process alive."""

    def __init__(self, call: Callable[[], Page]) -> None:
        self._call = call
        self._page: Page | None = None
        self._error: BaseException | None = None
        self._thread = thread(self._run, name="next-page")
        self._thread.start()

    def _run(self) -> None:
        try:
            self._page = self._call()
        except BaseException as error:
            self._error = error

    def result(self) -> Page:
        """The page, or the error, as soon as it is there."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        if self._page is None:  # pragma: no cover - one of the two is always set
            raise RuntimeError("a page without a result")
        return self._page
