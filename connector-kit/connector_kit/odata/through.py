"""Streams whose rows do not tell when they changed, but another set's rows do.

Two ways, for two kinds of relation:

*keys* (`ThroughStream`): the other set names rows that changed (a business partner its supplier, a text its account);
these are then asked for by their keys, many in one request of bounded length.

*parts* (`PartsStream`): rows are parts of a document whose header tells (items of an invoice). Changed headers are
read with their parts inside (`$expand`), a whole page of documents per request.

The first read, and a full sweep, read the stream's own set. The bookmark is then the day before reading began.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property
from typing import Any, ClassVar

from typing_extensions import override

from connector_kit.odata.capture import Capture
from connector_kit.odata.changes import MOST_KEYS, by_keys, keys_in
from connector_kit.odata.expand import inner_rows
from connector_kit.odata.fetch import Query
from connector_kit.odata.filters import Condition, all_of
from connector_kit.odata.literals import Value
from connector_kit.odata.rows import RowReader
from connector_kit.odata.schema import Field
from connector_kit.odata.stream import ODataStream, TableSource
from connector_kit.singer.crew import Context

FEW_KEYS = 200
"""Changed rows that are always asked for one by one."""
THROUGH = "through"
"""The member of the state with a bookmark per route."""


@dataclass(frozen=True, slots=True)
class Route:
    """A set whose rows tell which rows of the stream changed.

    Args:
        name: the set's, and the bookmark's.
        source: the set.
        fields: its columns that are read.
        keys: what identifies its rows.
        columns: the columns that name a row of the stream: here the stream's, there the set's.
        capture: how changes of the set are found.
        restriction: a filter that always holds.
    """

    name: str
    source: TableSource
    fields: Sequence[Field]
    keys: Sequence[str]
    columns: Mapping[str, str]
    capture: Capture
    restriction: Condition | None = None


class ThroughStream(ODataStream):
    """Changed rows are found through other sets, and asked for by their keys."""

    def routes(self) -> Sequence[Route]:
        """The sets that tell. All must name rows by the same columns of the stream."""
        raise NotImplementedError

    @override
    def _declare(self) -> None:
        super()._declare()
        # There is a bookmark, but no column of the stream that it belongs to.
        self.replication_key = None
        self.forced_replication_method = "FULL_TABLE" if self.capture.method == "full_table" else "INCREMENTAL"

    kept_in_state: ClassVar[frozenset[str]] = ODataStream.kept_in_state | {THROUGH}

    @override
    def expected_bookmark(self, part: Mapping[str, Any]) -> str:
        saved = part.get(THROUGH) or {}
        if not isinstance(saved, Mapping):
            return f"an object with a bookmark for each set under {THROUGH}"
        wrong = (route.capture.expected_bookmark(saved[route.name]) for route in self.routes() if route.name in saved)
        return next((f"{expected} for each set under {THROUGH}" for expected in wrong if expected), "")

    @override
    def starting_value(self, context: Context | None) -> None:
        """None: bookmarks are the routes'."""

    @override
    def get_pages(self, context: Context | None) -> Iterator[list[Any]]:
        if self.replication_method == "FULL_TABLE":
            yield from self._matching_pages(context)
            return
        state = self.get_context_state(context)
        saved: dict[str, str] = dict(state.get(THROUGH) or {})
        routes = self.routes()
        if self.whole or any(route.name not in saved for route in routes):
            progress = yield from self._matching_pages(context)
            state[THROUGH] = {route.name: route.capture.after_blind_read(progress.began) for route in routes}
            return
        began = _now()
        changed: dict[tuple[Value, ...], None] = {}
        reached = {}
        for route in routes:
            highest = self._collect(route, saved[route.name], changed)
            reached[route.name] = route.capture.next_bookmark(saved[route.name], highest, began)
        if self._mostly(len(changed), context):
            yield from self._matching_pages(context)
        else:
            yield from self._pages_of(context, routes[0], list(changed))
            self._finish(None)
        state[THROUGH] = reached

    def _mostly(self, changed: int, context: Context | None) -> bool:
        """Whether reading everything costs less than asking for each changed row by its key."""
        if changed <= FEW_KEYS or changed > MOST_KEYS:
            return changed > MOST_KEYS
        total = self.source(context).count(Query(tuple(self._keys), self.restriction))
        return total is not None and changed * 10 > total

    def _collect(self, route: Route, bookmark: str, changed: dict[tuple[Value, ...], None]) -> str | None:
        """Add the keys of what changed since the bookmark; the highest date or moment seen."""
        reader = RowReader(route.fields, route.keys, subject=f"{self.name}, {route.name}", **self.reader_options)
        query = Query(
            tuple(field.name for field in route.fields), all_of(route.capture.condition(bookmark), route.restriction)
        )
        key_of, place_of = reader.values_of(list(route.columns.values())), route.capture.place_of(reader)
        highest: str | None = None
        for page in route.source.pages(reader, query):
            for row in page.rows:
                key = key_of(row)
                if all(key):  # a business partner need not be a supplier
                    changed[key] = None
            highest = max(filter(None, (highest, *map(place_of, page.rows))), default=None)
        return highest

    def _pages_of(
        self, context: Context | None, route: Route, keys: Sequence[tuple[Value, ...]]
    ) -> Iterator[list[Any]]:
        """The rows with these keys."""
        reader = self.reader(context)
        select = tuple(field.name for field in reader.fields)
        source = self.source(context)
        one_each = set(route.columns) == set(self._keys)
        for condition in by_keys(list(route.columns), keys, self._plain_literal):
            most = keys_in(condition) if one_each else 0
            for page in source.pages(reader, Query(select, all_of(condition, self.restriction), most=most)):
                yield self.shape(page.rows, reader)


class PartsStream(ODataStream):
    """Parts of documents: changed ones are read inside their headers.

    `capture` is the header's. A restriction of headers (`header_restriction`) or a start date makes the first read go
    through the headers too: the parts have no column to filter by.
    """

    def header_source(self, context: Context | None) -> TableSource:
        """The headers' set."""
        raise NotImplementedError

    @cached_property
    def header_fields(self) -> Sequence[Field]:
        """The headers' key and the columns of the capture."""
        raise NotImplementedError

    @cached_property
    def header_keys(self) -> Sequence[str]:
        """What identifies a header."""
        raise NotImplementedError

    @cached_property
    def path(self) -> Sequence[str]:
        """The navigation properties that lead from a header to its parts."""
        raise NotImplementedError

    @cached_property
    def header_restriction(self) -> Condition | None:
        """A filter on headers that always holds."""
        return None

    _inside = False
    """Whether this run reads parts inside their headers."""

    @override
    def _declare(self) -> None:
        super()._declare()
        self.replication_key = None  # it is the header's
        self.forced_replication_method = "FULL_TABLE" if self.capture.method == "full_table" else "INCREMENTAL"

    @override
    def starting_value(self, context: Context | None) -> str | int | None:
        saved: str | None = self.get_context_state(context).get("replication_key_value")
        return saved

    @override
    def get_pages(self, context: Context | None) -> Iterator[list[Any]]:
        incremental = self.replication_method != "FULL_TABLE"
        begins = self.starting_value(context) if incremental and not self.whole else None
        self._inside = begins is not None or self.header_restriction is not None
        progress = yield from self._matching_pages(context)
        if incremental and not self._inside:
            state = self.get_context_state(context)
            state["replication_key"] = self.capture.column
            state["replication_key_value"] = self.capture.after_blind_read(progress.began)

    @property
    @override
    def bookmark_column(self) -> str | None:
        return super().bookmark_column if self._inside else None

    @override
    def selected_fields(self) -> list[Field]:
        mask = self.mask
        return [f for f in self._fields if f.name in self._keys or mask[("properties", f.name)]]

    @override
    def source(self, context: Context | None) -> TableSource:
        return self.header_source(context) if self._inside else self.own_source(context)

    def own_source(self, context: Context | None) -> TableSource:
        """The parts' own set."""
        raise NotImplementedError

    @override
    def reader(self, context: Context | None, fields: Sequence[Field] | None = None) -> RowReader:
        parts = super().reader(context, fields)
        if not self._inside:
            return parts
        for nav in reversed(self.path):
            inner = parts
            parts = RowReader((), expand={nav: inner}, subject=inner.subject, **self.reader_options)
        return RowReader(
            self.header_fields, self.header_keys, expand=parts.expand, subject=f"{self.name}", **self.reader_options
        )

    @override
    def key_fields(self) -> list[Field]:
        if not self._inside:
            return super().key_fields()
        known = {field.name: field for field in self.header_fields}
        return [known[name] for name in self.header_keys]

    @override
    def _scope(self, where: Condition | None, reader: RowReader) -> str:
        return super()._scope(where, reader) + ("/parts" if self._inside else "")

    @override
    def shape(self, rows: list[Any], reader: RowReader) -> list[Any]:
        return inner_rows(rows, reader, self.path) if self._inside else rows

    @property
    @override
    def restriction(self) -> Condition | None:
        return self.header_restriction if self._inside else None


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
