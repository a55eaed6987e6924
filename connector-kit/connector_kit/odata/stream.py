"""A Singer stream over one table or entity set: pages by key, change capture, resume, deletions.

Both OData versions and other table readers (SYSPRO's COMFND) come as a `TableSource`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from operator import attrgetter
from typing import Any, ClassVar, Protocol

from singer_sdk import Tap
from singer_sdk.singerlib import Catalog
from typing_extensions import override

from connector_kit.errors import AuthenticationError, ConfigurationError, ConnectorError
from connector_kit.odata.capture import Capture
from connector_kit.odata.changes import Sweep, by_keys, keys_in, version_number
from connector_kit.odata.fetch import Query
from connector_kit.odata.filters import Condition, all_of
from connector_kit.odata.literals import Value, literal
from connector_kit.odata.progress import RESUME, Progress, scope_of, start
from connector_kit.odata.rows import Page, RowReader
from connector_kit.odata.schema import Field, json_schema
from connector_kit.odata.tally import Tally
from connector_kit.singer.crew import Context
from connector_kit.singer.tap import PagedStream

HIGHEST_VERSION = "highest_version"


class TableSource(Protocol):
    """One table of one partition. `EntitySet` is one."""

    @property
    def tally(self) -> Tally:
        """What was read, up to the page that was given out last."""

    @property
    def confirmed(self) -> bool:
        """Whether something independent confirmed that the last read was complete."""

    def comparable(self, key: tuple[Any, ...]) -> tuple[Any, ...]:
        """A key in a form that sorts as the pages read so far were sorted."""

    def pages(self, reader: RowReader, query: Query) -> Iterator[Page]:
        """All rows that match, by pages in the order of the reader's key; an error when rows may be missing."""

    def count(self, query: Query) -> int | None:
        """How many rows match, or None where that can't be asked."""


class ODataStream(PagedStream):
    """One table as a stream.

    A subclass says where a partition's rows come from (`source`), and may add constant columns (`constants`), computed
    ones (`computed`, `shape`), a filter of its own (`restriction`) and partitions.

    Args:
        fields: the columns as the server has them, in the stream's order.
        keys: the columns that identify a row within a partition, in the order of the pages.
        capture: how changes are found.
    """

    STATE_MSG_FREQUENCY = 5000

    def __init__(
        self,
        tap: Tap,
        name: str,
        *,
        fields: Sequence[Field],
        keys: Sequence[str],
        capture: Capture,
        description: str = "",
    ) -> None:
        self._fields = tuple(fields)
        self._keys = tuple(keys)
        self.capture = capture
        self._complete: list[bool] = []
        super().__init__(tap, self._declared_schema(description), name)
        self._declare()

    @property
    def capture_is_set(self) -> bool:
        """Whether a setting chose the change capture; a catalog from before does not overrule it."""
        return False

    def source(self, context: Context | None) -> TableSource:
        """Where the partition's rows come from."""
        raise NotImplementedError

    @cached_property
    def constants(self) -> Sequence[str]:
        """Names of columns that a partition's context gives to each of its rows; part of the key, and first in it."""
        return ()

    @cached_property
    def computed(self) -> Sequence[Field]:
        """Columns that `shape` fills in."""
        return ()

    @cached_property
    def restriction(self) -> Condition | None:
        """A filter that always holds. Rows outside it are not "vanished": a restricted stream reports no deletions."""
        return None

    @property
    @override
    def limits(self) -> str:
        return scope_of(self.restriction) if self.restriction is not None else ""

    kept_in_state: ClassVar[frozenset[str]] = PagedStream.kept_in_state | {RESUME, HIGHEST_VERSION}

    @override
    def expected_bookmark(self, part: Mapping[str, Any]) -> str:
        value = part.get("replication_key_value")
        if value is None or part.get("replication_key") != self.capture.column:
            return ""
        return self.capture.expected_bookmark(value)

    def belongs(self, context: Context | None) -> Condition | None:  # noqa: ARG002 - for subclasses
        """The filter that makes a partition, where it is not an address of its own."""
        return None

    def shape(self, rows: list[Any], reader: RowReader) -> list[Any]:  # noqa: ARG002 - for subclasses
        """Rows as they are written, from rows as they are read by `reader`."""
        return rows

    # The Singer SDK's side

    def _declared_schema(self, description: str) -> dict[str, Any]:
        fields = [Field(name) for name in self.constants]
        fields += self.computed
        fields += sorted(self._fields, key=lambda f: f.name not in self._keys)
        return json_schema(fields, self.record_keys, description)

    @property
    def record_keys(self) -> list[str]:
        """The columns that identify a record."""
        return [*self.constants, *self._keys]

    def _declare(self) -> None:
        """Say to the SDK what identifies a record and how changes are found."""
        self.primary_keys = self.record_keys
        whole = self.capture.method == "full_table"
        self.forced_replication_method = "FULL_TABLE" if whole else None
        self.replication_key = None if whole else self.capture.column

    @override
    def apply_catalog(self, catalog: Catalog) -> None:
        super().apply_catalog(catalog)
        entry = catalog.get_stream(self.name)
        if entry is None:
            return
        whole = entry.replication_method == "FULL_TABLE" and not self.capture_is_set
        # The stream says how changes are found. A catalog may ask for the whole table, unless a setting speaks.
        self._declare()
        if whole:
            self.forced_replication_method = "FULL_TABLE"
            self.replication_key = None

    @override
    def compare_start_date(self, value: str, start_date_value: str) -> str:
        return max(str(value), start_date_value[: len(str(value))])

    @property
    @override
    def is_timestamp_replication_key(self) -> bool:
        # Bookmarks are kept here, and capped at the start of the read: the SDK's signpost has no part in it.
        return False

    # Reading

    @property
    def whole(self) -> bool:
        """Whether this run reads everything."""
        return self.replication_method == "FULL_TABLE" or bool(self.config.get("full_sweep"))

    @property
    def bookmark_column(self) -> str | None:
        """The column that this run's bookmark is read from; None without one."""
        return self.capture.column if self.replication_method != "FULL_TABLE" else None

    def selected_fields(self) -> list[Field]:
        """The columns to ask for: the selected ones, the key, the bookmark, and what computed columns are made of."""
        needed = {*self._keys, *self.inputs(), *self.capture.columns}
        mask = self.mask
        return [f for f in self._fields if f.name in needed or mask[("properties", f.name)]]

    @property
    def has_all_columns(self) -> bool:
        """Whether the stream's columns are all that the table has: no setting leaves any out."""
        return True

    def inputs(self) -> set[str]:
        """Columns that are read whether or not they are selected."""
        return {self.capture.year, self.capture.period} if self.capture.method == "period" else set()

    def expansions(self) -> Mapping[str, RowReader]:
        """Readers of the rows inside a row that `shape` makes something of, by navigation property."""
        return {}

    def reader(self, context: Context | None, fields: Sequence[Field] | None = None) -> RowReader:
        """The reader of a partition's rows."""
        chosen = self.selected_fields() if fields is None else fields
        constants = {name: str((context or {})[name]) for name in self.constants}
        mask = self.mask
        wanted = [f for f in self.computed if f.name == self.capture.column or mask[("properties", f.name)]]
        return RowReader(
            chosen,
            self._keys,
            constants=constants if fields is None else {},
            computed=wanted if fields is None else (),
            expand=self.expansions() if fields is None else {},
            subject=f"{self.name} {'/'.join(constants.values())}".strip(),
            **self.reader_options,
        )

    @cached_property
    def reader_options(self) -> Mapping[str, Any]:
        """Further arguments for every `RowReader` of this stream."""
        return {}

    def key_fields(self) -> list[Field]:
        """The key's columns with their kinds."""
        known = {f.name: f for f in self._fields}
        return [known[name] for name in self._keys]

    def starting_value(self, context: Context | None) -> str | int | None:
        """The bookmark, or where a first read starts; None for everything."""
        return self.get_starting_replication_key_value(context)

    @override
    def begin(self) -> None:
        self._complete = []
        self._stream_version = None

    @override
    def get_pages(self, context: Context | None) -> Iterator[list[Any]]:
        if self.capture.method == "row_version" and self.replication_method != "FULL_TABLE":
            yield from self._changed_pages(context)
        else:
            yield from self._matching_pages(context)

    def _matching_pages(self, context: Context | None) -> Generator[list[Any], None, Progress]:
        """Everything that matches the bookmark's condition."""
        state = self.get_context_state(context)
        old = None if self.replication_method == "FULL_TABLE" else self.starting_value(context)
        changed = None if self.whole else self.capture.condition(old)
        where = all_of(self.belongs(context), changed, self.restriction)
        reader = self.reader(context)
        progress = start(state, self._scope(where, reader), self.key_fields())
        column = self.bookmark_column
        yield from self._pages(context, reader, where, progress, column)
        if column is not None:
            bookmark = self.capture.next_bookmark(old, progress.highest, progress.began)
            if bookmark is not None:
                with self.state_guard:
                    state["replication_key"] = column
                    state["replication_key_value"] = bookmark
        self._finish(progress)
        return progress

    def _pages(
        self,
        context: Context | None,
        reader: RowReader,
        where: Condition | None,
        progress: Progress,
        column: str | None,
    ) -> Iterator[list[Any]]:
        """The pages of one read, with its progress in the state."""
        state = self.get_context_state(context)
        source = self.source(context)
        query = Query(
            tuple(f.name for f in reader.fields),
            where,
            progress.after,
            progress.read,
            page_size=(self.ABORT_AT_RECORD_COUNT or -1) + 1,
            prove=self._may_report_vanished(),
            every=self.has_all_columns and {f.name for f in reader.fields} >= {f.name for f in self._fields},
        )
        if progress.resumed:
            self.logger.info("Continuing %s behind the last key of %s", reader.subject, progress.began)
        elif self._may_report_vanished():
            self._stream_version = self._initialized_at
        highest_of = self.capture.place_of(reader) if column is not None else None
        try:
            for page in source.pages(reader, query):
                rows = self.shape(page.rows, reader)
                highest = max(filter(None, map(highest_of, page.rows)), default=None) if highest_of else None
                yield rows
                progress.see(highest)
                progress.after, progress.read = page.last, replace(source.tally)
                with self.state_guard:
                    if page.last:
                        progress.save(state)
                    elif page.rows:
                        state.pop(RESUME, None)
        except ConnectorError as error:
            # What is in doubt is read again from its beginning: the rows before may be the ones that are wrong.
            # An outage and a log-on that fails say nothing of them.
            if not error.retriable and not isinstance(error, AuthenticationError):
                with self.state_guard:
                    state.pop(RESUME, None)
            raise
        progress.confirmed = source.confirmed
        with self.state_guard:
            state.pop(RESUME, None)

    def _scope(self, where: Condition | None, reader: RowReader) -> str:
        return scope_of(self.whole, where, self._keys, [f.name for f in reader.fields])

    # Row versions

    def _changed_pages(self, context: Context | None) -> Iterator[list[Any]]:
        """Rows whose version is above the bookmark.

        The bookmark trails one run behind the highest version seen: a row that changes while the versions are read
        may get a higher version than one that is read later, so only what the read before saw is certain to be
        complete.
        """
        state = self.get_context_state(context)
        saved = self.get_starting_replication_key_value(context)
        above = None if saved is None or self.whole else int(str(saved), 16)
        reader = self.reader(context)
        progress = start(state, self._scope(self.restriction, reader), self.key_fields())
        if above is None and progress.resumed:
            sweep = Sweep(highest=int(str(progress.highest), 16))
        else:
            sweep = self._sweep(context, above)
        reached = f"{sweep.highest:016x}"
        if above is None or sweep.mostly_changed():
            progress = progress if above is None else Progress(progress.began, progress.scope)
            progress.highest = reached
            for rows in self._pages(context, reader, self.restriction, progress, None):
                yield rows if above is None else [row for row in rows if self._is_above(row, reader, above)]
        else:
            for condition in by_keys(self._keys, sweep.changed, self._plain_literal):
                query = Query(
                    tuple(f.name for f in reader.fields), all_of(condition, self.restriction), most=keys_in(condition)
                )
                for page in self.source(context).pages(reader, query):
                    yield self.shape(page.rows, reader)
        state["replication_key"] = self.capture.column
        state["replication_key_value"] = reached if above is None else state.get(HIGHEST_VERSION, saved)
        state[HIGHEST_VERSION] = reached
        self._finish(progress if above is None else None)

    def _sweep(self, context: Context | None, above: int | None) -> Sweep:
        column = self.version_column()
        names = {*self._keys, column}
        reader = self.reader(context, [f for f in self._fields if f.name in names])
        key_of, version_of = reader.values_of(self._keys), attrgetter(reader.attributes[column])
        sweep = Sweep()
        nothing_yet = 1 << 64
        query = Query(tuple(f.name for f in reader.fields), self.restriction)
        for page in self.source(context).pages(reader, query):
            versions = list(map(version_of, page.rows))
            sweep.add(map(key_of, page.rows), versions, nothing_yet if above is None else above)
        return sweep

    def version_column(self) -> str:
        """The row version's column.

        Raises:
            ConfigurationError: when the site does not expose it.
        """
        column = self.capture.column or ""
        if all(f.name != column for f in self._fields):
            raise ConfigurationError(
                system=self.tap_name,
                subject=f"stream {self.name}",
                expected=f"the row version {column}",
                got="a table without it",
                hint="Choose another method for this stream in change_capture.",
            )
        return column

    def _is_above(self, row: Any, reader: RowReader, above: int) -> bool:  # noqa: ANN401 - a struct made at run time
        version = getattr(row, reader.attributes[self.version_column()])
        return version is None or version_number(version) > above

    def _plain_literal(self, column: str, value: Value) -> str:  # noqa: ARG002 - the shape that `by_keys` calls
        return literal(value)

    # Deletions

    def _may_report_vanished(self) -> bool:
        return self.whole and self.restriction is None and bool(self.config.get("emit_activate_version_messages", True))

    def _finish(self, progress: Progress | None) -> None:
        """A partition has been read: whole, and in this one run?"""
        self._complete.append(progress is not None and progress.confirmed and not progress.resumed)

    @override
    def end(self) -> None:
        """After the last partition, tell which rows are still there."""
        if self._stream_version is None:
            return
        expected = len(self.partitions or (None,))
        if len(self._complete) == expected and all(self._complete) and not self._forgotten():
            self._write_activate_version_message(self._stream_version)
        else:
            self.logger.info("%s: vanished rows are reported by the next complete read", self.name)

    def _forgotten(self) -> bool:
        """Whether the state knows partitions that are no longer read: their rows have not vanished."""
        current = self.partitions or []
        known = [each["context"] for each in self.state_manager.get_state_partitions() or []]
        gone = [each for each in known if each not in current]
        if gone:
            self.logger.warning(
                "%s: %s are in the state but not in the settings, so no vanished rows are reported", self.name, gone
            )
        return bool(gone)
