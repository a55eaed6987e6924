"""One page of an entity set: its address, smaller ones when the server is slow, another dialect when it refuses."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from connector_kit.errors import ConnectorError, RefusedError, UnavailableError
from connector_kit.odata.ahead import Ahead
from connector_kit.odata.client import (
    SMALLEST_PAGE,
    CountFailed,
    Dialect,
    ODataClient,
    PageTimeout,
    address,
    smaller,
)
from connector_kit.odata.expand import select_options
from connector_kit.odata.filters import Condition, after, all_of, odata_filter
from connector_kit.odata.literals import DateStyle, Value, literal
from connector_kit.odata.rows import Page, RowReader
from connector_kit.odata.tally import Tally

log = logging.getLogger(__name__)

_LONG = 2000
"""Characters of an address that some server, gateway or firewall may refuse. IIS takes 2,048 in a query by default."""
_TOO_LONG = frozenset({400, 404, 413, 414, 431})
"""What they answer then: IIS has 404.14 and 404.15 for it."""
_DATE_STYLES: tuple[DateStyle, ...] = ("offset", "date", "quoted")


@dataclass(frozen=True, slots=True)
class Query:
    """What to read.

    Args:
        select: the columns.
        every: whether these are all that there are, so that naming none is as good.
        where: which rows.
        after: the key that reading goes on behind.
        before: what an earlier run read up to there.
        back: whether to read from the last key to the first.
        page_size: rows per page at most (0: the client's).
        most: how many rows can match at most, where that is known (0: it is not): as many prove that they are all.
        prove: whether it is worth a second read of the keys to know that the rows are all.
        options: further query options.
    """

    select: tuple[str, ...] = ()
    where: Condition | None = None
    after: tuple[Value, ...] = ()
    before: Tally = field(default_factory=Tally)
    back: bool = False
    page_size: int = 0
    most: int = 0
    prove: bool = False
    every: bool = False
    options: Mapping[str, str] = field(default_factory=dict)


class PageFetcher:
    """Asks one entity set for pages.

    Args:
        what: the stream and what else tells it apart, for messages.
        types: Edm type by column, for literals; may be incomplete.
        sortable: whether the set can be sorted by its key.
    """

    def __init__(
        self, client: ODataClient, url: str, *, what: str, types: Mapping[str, str], sortable: bool = True
    ) -> None:
        self.client = client
        self.what = what
        self._url = url
        self._types = types
        self._sortable = sortable
        self._page_size = 0
        self._selects = True

    def count(self, query: Query) -> int | None:
        """How many rows match now; None where the server does not count."""
        if not self.client.dialect.count:
            return None
        probe = RowReader((), system=self.client.system, version=self.client.version)
        one = replace(query, page_size=1)
        try:
            options = self.options(probe, one, self.client.dialect, counted=True)
            return self._get(address(self._url, options), probe).total
        except CountFailed as failed:
            self._get(address(self._url, self.options(probe, one, self.client.dialect, counted=False)), probe)
            self._without_count(failed.error)
            return None

    def page(self, reader: RowReader, query: Query, *, counted: bool = False) -> Page:
        """The first page of what matches; with the server's count where it is wanted and given."""
        learned = failed = False
        while True:
            dialect = self.client.dialect
            if self._page_size:
                dialect = replace(dialect, page_size=min(dialect.page_size, self._page_size))
            options = self.options(reader, query, dialect, counted=counted and dialect.count)
            smallest = dialect.page_size <= SMALLEST_PAGE
            try:
                return self._get_shortened(options, reader, query, hurry=not smallest)
            except CountFailed as error:
                if failed:
                    self._without_count(error.error)
                failed = True
            except PageTimeout:
                self._page_size = smaller(dialect).page_size
                log.warning("%s: no answer in time, asking for %d rows at once", self.what, self._page_size)
            except RefusedError as refusal:
                if learned or refusal.status not in {400, 413, 414, 501}:
                    raise
                self.client.dialect = self._learn(reader, query, dialect, refusal)
                learned = True

    def linked(self, reader: RowReader, query: Query) -> Page:
        """The first page where the server is left to page by itself."""
        failed = False
        while True:
            options = self.options(reader, query, self.client.dialect, counted=self.client.dialect.count)
            # $top is a total limit where the server pages by itself (OData 4.0 part 1, 11.2.5.3).
            options.pop("$top", None)
            try:
                return self._get_shortened(options, reader, query, along=True)
            except CountFailed as error:
                if failed:
                    self._without_count(error.error)
                failed = True
            except RefusedError as refusal:
                if refusal.status not in {400, 501} or not self.client.dialect.count:
                    raise
                self._without_count(refusal)

    def behind(self, reader: RowReader, link: str) -> Page:
        """The page that a link leads to."""
        # The link repeats the first page's wish for a count, and is the server's own: it is asked again as it stands.
        return self._get(self.client.link(self._url, link), reader, along=True, counted=False)

    def once(self, reader: RowReader, query: Query) -> Page | None:
        """A page that is only to prove something: None where the server refuses it, or takes too long."""
        try:
            options = self.options(reader, query, self.client.dialect, counted=False)
            return self._get(address(self._url, options), reader, hurry=True)
        except (RefusedError, UnavailableError, PageTimeout) as error:
            log.info("%s: %s", self.what, error)
            return None

    def _without_count(self, error: ConnectorError) -> None:
        log.warning("%s: %s. Going on without the server's count", self.what, error)
        self.client.dialect = replace(self.client.dialect, count=False)

    def _learn(self, reader: RowReader, query: Query, dialect: Dialect, refusal: RefusedError) -> Dialect:
        """Find the dialect in which the server takes this query: one difference at a time, from a single row on."""

        def accepted(candidate: Dialect, part: Query, *, counted: bool = False) -> bool:
            try:
                self._get(address(self._url, self.options(reader, part, candidate, counted=counted)), reader)
            except (RefusedError, CountFailed):
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
        log.info("%s: the server takes %s", self.client.system, found)
        return found

    def _get_shortened(
        self, options: Mapping[str, str], reader: RowReader, query: Query, *, hurry: bool = False, along: bool = False
    ) -> Page:
        """A page; without `$select` where a long address is refused and all columns are wanted.

        Raises:
            ConnectorError: the server's refusal; where not all columns are wanted, with what makes the address shorter.
        """
        whole = address(self._url, options)
        try:
            return self._get(whole, reader, hurry=hurry, along=along)
        except ConnectorError as refusal:
            if refusal.status not in _TOO_LONG or len(whole) < _LONG or not options.get("$select"):
                raise
            if not query.every:
                columns = f"If its {len(whole)} characters are too many for it: select fewer columns, or all of them"
                raise type(refusal)(
                    system=refusal.system,
                    subject=refusal.subject,
                    expected=refusal.expected,
                    got=refusal.got,
                    hint=f"{refusal.hint} {columns}, for then none is named in the address.".lstrip(),
                    status=refusal.status,
                ) from refusal
            shorter = {name: value for name, value in options.items() if name != "$select"}
            page = self._get(address(self._url, shorter), reader, hurry=hurry, along=along)
            log.info("%s: %s. Asked without $select, for all columns", self.what, refusal)
            self._selects = False
            return page

    def _get(
        self, url: str, reader: RowReader, *, hurry: bool = False, along: bool = False, counted: bool = True
    ) -> Page:
        """A page, with all the rows that are expanded inside its rows; `along` the server's own paging.

        counted: who asks can do without a count.
        """
        size = self.client.dialect.page_size if along else 0
        page = self.client.get(url, reader.page, what=self.what, hurry=hurry, counted=counted, page_size=size)
        for part in page.unfinished:
            for rest in self.along(part.reader, part.link):
                part.rows.extend(rest.rows)
        return page

    def along(self, reader: RowReader, link: str, enough: Callable[[], bool] = lambda: False) -> Iterator[Page]:
        """The page behind a link, and all behind it, the next one requested while the caller works on the present one.

        Links that never end do so at two empty pages in a row, or where they lead back and the caller has enough.

        Raises:
            RefusedError: a link that leads to where one led before.
        """
        seen: set[str] = set()
        empty = 0
        upcoming = Ahead(lambda: self.behind(reader, link))
        while True:
            page = upcoming.result()
            empty = 0 if page.rows else empty + 1
            if not page.link or empty > 1:
                yield page
                return
            if page.link in seen:
                yield page
                if enough():
                    return
                raise RefusedError(
                    system=self.client.system,
                    subject=self.what,
                    expected="a link to new rows",
                    got="the same link again",
                )
            seen.add(page.link)
            upcoming = Ahead(lambda to=page.link: self.behind(reader, to))  # type: ignore[misc] # bound now, on purpose
            yield page

    def options(self, reader: RowReader, query: Query, dialect: Dialect, *, counted: bool) -> dict[str, str]:
        """The query options."""
        where = all_of(query.where, after(reader.key, query.after, back=query.back) if query.after else None)
        size = min(query.page_size or dialect.page_size, dialect.page_size)
        options = {
            **select_options(query.select if self._selects else (), reader.expand, self.client.version),
            "$filter": odata_filter(where, self._writer(dialect)) if where is not None else "",
            "$orderby": ",".join(f"{name}{' desc' * query.back}" for name in reader.key if self._sortable),
            "$top": str(size),
            **query.options,
        }
        if counted:
            options |= {"$count": "true"} if self.client.version == "4.0" else {"$inlinecount": "allpages"}
        if self.client.version == "2.0":
            options["$format"] = "json"
        return options

    def _writer(self, dialect: Dialect) -> Callable[[str, Value], str]:
        return lambda column, value: literal(
            value, self._types.get(column, ""), version=self.client.version, dates=dialect.dates
        )
