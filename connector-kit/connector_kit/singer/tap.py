"""A tap whose unit of work is the page: the SDK's record loop, state and messages at the speed of the encoder.

The SDK's own loop spends its time per record and per field (conforming types, dropping deselected columns, a flush
for each line). Here a page arrives as structs of the right types with the selected columns only, and leaves as one
piece of text. Whatever needs single records (stream maps, flattening, the SDK's dry runs) still goes through the
SDK's loop: both paths take their pages from `PagedStream.get_pages`, where progress is kept too.

Private parts of the SDK that this module relies on, checked by test_singer_tap.py: `Stream._sync_records`,
`_increment_stream_state`, `_stream_version`, `_write_starting_replication_value`, `_finalize_state`,
`_write_state_message`, `_write_activate_version_message`; `Tap._handle_termination`,
`_set_compatible_replication_methods`; `StateWriter._last_emitted_state`.
"""

from __future__ import annotations

import abc
import difflib
import json
import signal
import sys
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from decimal import Decimal
from functools import cached_property
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from singer_sdk import Stream, Tap
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities, TapCapabilities
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib import CatalogEntry
from typing_extensions import Self, override

from connector_kit.errors import ConfigurationError
from connector_kit.singer.crew import Context, Crew
from connector_kit.singer.files import check_catalog, json_object
from connector_kit.singer.state import check_part, check_state, parts_of, wrong_bookmark
from connector_kit.singer.writer import LineWriter, record_lines

if TYPE_CHECKING:
    import click

LIMITS = "limits"
"""The member of a partition's state that tells what the settings left of the rows when its bookmark was made."""
TRIES_OF_A_CHECK = 2
"""`--test` goes on with the next stream when a service answers 500: somebody waits in front of it."""


class PagedTap(Tap):
    """A tap made of `PagedStream`s."""

    message_writer_class = LineWriter
    # No BATCH: a target reads these records faster than the SDK's batch files.
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        TapCapabilities.ACTIVATE_VERSION,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        check_state(self.name, state)
        super().load_state(state)

    @override
    def _set_compatible_replication_methods(self) -> None:
        """The first thing that a run does with the streams, and no other use of a tap."""
        self._check_chosen()
        for stream in self.streams.values():
            if isinstance(stream, PagedStream) and stream.selected:
                stream.check_state()
        super()._set_compatible_replication_methods()

    def asked_for(self) -> Iterable[str]:
        """The streams that settings name."""
        return ()

    def _check_chosen(self) -> None:
        """Refuse a run that was asked for what is not there, or for nothing: it would succeed and read less.

        Raises:
            ConfigurationError: the catalog selects a stream that this tap has not, or none at all.
        """
        streams = self.streams
        catalog: Mapping[str, CatalogEntry] = self.input_catalog or {}
        for name in self.asked_for() if self.input_catalog is not None else ():
            if name not in catalog:
                self.logger.warning(
                    "Stream %s is in the settings and not in the catalog of this run: it is not read. "
                    "Discover the catalog again (Meltano: --refresh-catalog).",
                    name,
                )
        unknown = [name for name, entry in catalog.items() if entry.metadata.root.selected and name not in streams]
        if unknown or not any(stream.selected for stream in streams.values()):
            close = difflib.get_close_matches(unknown[0], streams, 1) if unknown else []
            raise ConfigurationError(
                system=self.name,
                subject="catalog",
                expected="selected streams that this tap has" if unknown else "a stream that is selected",
                got=", ".join(unknown) or f"none of {len(streams)}",
                hint=(f"Did you mean {close[0]}? " if close else "")
                + "Check settings and selection, or discover the catalog again (Meltano: --refresh-catalog).",
            )

    @classmethod
    def for_check(cls, ctx: click.Context) -> tuple[Self, set[str]]:
        """The tap of a command line with `--test`, and the streams of its catalog; an outage is not waited for long."""
        given, catalog, chosen = ctx.params["config"], ctx.params.get("catalog"), set[str]()
        if catalog:
            subject = f"--catalog {catalog.name}"
            text = json_object(cls.name, subject, catalog.read)
            check_catalog(cls.name, subject, text)
            chosen = {each["tap_stream_id"] for each in json.loads(text).get("streams", ())}
        tap = cls(config={**given.config}, parse_env_config=given.parse_env, setup_mapper=False)
        if "max_tries" in tap.config:
            tap._config["max_tries"] = min(tap.config["max_tries"], TRIES_OF_A_CHECK)
        return tap, chosen

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """SIGTERM, SIGINT: exit code 128 + signal, as from a shell. With the SDK's 0 a cut read would look complete.

        No STATE from here, where a page may be half accounted for: `PagedStream._sync_records` writes one at its end.
        """
        self.logger.info(
            "Received %s: stopping. The next run goes on behind the last STATE.", signal.Signals(signum).name
        )
        writer: object = getattr(self, "message_writer", None)  # made after the SDK has set this handler
        if isinstance(writer, LineWriter):
            writer.exit(128 + signum)
        else:
            sys.exit(128 + signum)


class PagedStream(Stream, abc.ABC):
    """A stream that is read page by page and keeps its own progress in the state."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    _since_state = 0
    _unstated = False
    """Whether something was written that the last STATE message does not stand behind."""

    @abc.abstractmethod
    def get_pages(self, context: Context | None) -> Iterator[Sequence[msgspec.Struct]]:
        """Pages of one partition; each row has the selected columns, in JSON-ready types.

        What runs after a `yield` runs when that page is written: the place to record progress in
        `get_context_state(context)`. A STATE message follows now and then, and at the end.
        """

    @property
    def parallel(self) -> int:
        """How many partitions are read at once."""
        return 1

    @property
    def limits(self) -> str:
        """What the settings leave of its rows, as a digest; empty where they leave all. A partition is no limit."""
        return ""

    kept_in_state: ClassVar[frozenset[str]] = frozenset({LIMITS})
    """The members of the stream's part of the state beside the SDK's."""

    def check_state(self) -> None:
        """Refuse a part of the state that this stream can't go on from.

        Raises:
            ConfigurationError: it is another tap's, or its bookmark is none.
        """
        known: Mapping[str, Any] = self._tap.state.get("bookmarks", {}).get(self.name, {})
        for part in parts_of(known):
            check_part(self.tap_name, self.name, {k: v for k, v in part.items() if k != "context"}, self.kept_in_state)
            expected = self.expected_bookmark(part)
            if expected:
                raise wrong_bookmark(self.tap_name, self.name, part.get("replication_key_value"), expected)

    def expected_bookmark(self, part: Mapping[str, Any]) -> str:  # noqa: ARG002 - for subclasses
        """What a part's bookmark should be, in words, where it is not; else empty."""
        return ""

    def _begin_anew_where_widened(self) -> None:
        """Settings that leave other rows than they did when the bookmark was made: what they let in has a history.

        The bookmark says nothing of that. A part without limits was made when there were none, and is enough.
        """
        if self.replication_method == "FULL_TABLE":
            return
        for context in self.partitions or (None,):
            part = self.get_context_state(context)
            before = part.get(LIMITS, "")
            if before and before != self.limits:
                self.logger.warning(
                    "%s: the settings that limit it have changed since its bookmark: read from the beginning, "
                    "so that what they let in now brings its history",
                    self.name,
                )
                for member in part.keys() - {"context", "partitions"}:
                    del part[member]
            if self.limits:
                part[LIMITS] = self.limits

    @cached_property
    def state_guard(self) -> threading.RLock:
        """Held while the state is changed by `get_pages` or written out: partitions may be read in threads."""
        return threading.RLock()

    def begin(self) -> None:
        """Called before the first partition of a run."""

    def end(self) -> None:
        """Called after the last partition, when all were read."""

    @override
    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:
        for rows in self.get_pages(context):
            yield from msgspec.to_builtins(rows, builtin_types=(Decimal,))

    @override
    def _increment_stream_state(self, latest_record: Mapping[str, Any], *, context: Context | None = None) -> None:
        """Nothing: progress is kept per page, by `get_pages`."""

    @property
    @override
    def emit_activate_version_messages(self) -> bool:
        # The SDK would announce a version before its first row: a target would then drop every row it has.
        return False

    @override
    def _sync_records(
        self, context: Context | None = None, *, write_messages: bool = True
    ) -> Generator[dict[str, Any], Any, Any]:
        self._begin_anew_where_widened()
        self.begin()
        if not (write_messages and self._as_they_are()):
            try:
                yield from super()._sync_records(context, write_messages=write_messages)
                self.end()
            finally:
                if write_messages:
                    self._unstated = True  # the SDK does not see what `get_pages` and `end` change
                    self._write_state()
            return
        contexts: list[Any] = [context] if context is not None else list(self.partitions or (None,))
        with self.get_record_counter() as counter, self.get_sync_timer() as timer:
            reading = self._one_by_one(contexts) if min(self.parallel, len(contexts)) < 2 else self._at_once(contexts)
            try:
                for part, count in reading:
                    counter.with_context(part or {})
                    timer.with_context(part or {})
                    counter.increment(count)
                self.end()
            except Exception:
                self.state_manager.is_flushed = False  # `get_pages` may have taken back where to go on
                raise
            finally:
                # Also when reading fails: the next run goes on behind the last page that was written.
                self._write_state()
        self._finalize_state(self.stream_state)
        self._write_state()

    def _one_by_one(self, contexts: Sequence[Context | None]) -> Iterator[tuple[Context | None, int]]:
        for part in contexts:
            self._write_state()
            self._write_starting_replication_value(part)
            for rows in self.get_pages(part):
                # The page before is written, and by now recorded in the state.
                self._write_page(rows)
                yield part, len(rows)
            self._complete_part(part)

    def _at_once(self, contexts: Sequence[Context | None]) -> Iterator[tuple[Context | None, int]]:
        """Several partitions, each read by a thread that goes on when its page is written; written by this thread."""
        for part in contexts:
            self._write_starting_replication_value(part)
        crew = Crew(self.get_pages, contexts, self.parallel)
        try:
            for part, rows in crew:
                if rows is None:
                    self._complete_part(part)
                else:
                    self._write_page(rows)
                    yield part, len(rows)
        finally:
            crew.stop()

    def _complete_part(self, part: Context | None) -> None:
        with self.state_guard:
            self._finalize_state(self.get_context_state(part))
        self.state_manager.is_flushed = False
        # With the next page; the last one's with `end`, so that a STATE follows what is said there.
        self._since_state = self.STATE_MSG_FREQUENCY

    def _write_page(self, rows: Sequence[object]) -> None:
        if self._since_state >= self.STATE_MSG_FREQUENCY:
            self._write_state()
        writer: Any = self._tap.message_writer  # `_as_they_are` has seen that it writes lines
        writer.write_lines(record_lines(self.name, rows, self._stream_version, datetime.now(timezone.utc)))
        self.state_manager.is_flushed = False
        self._unstated = True
        self._since_state += len(rows)

    def _write_state(self) -> None:
        """A STATE message; the SDK leaves out one that repeats the last, which a target may have forgotten since.

        target-jsonl passes on only a STATE that no RECORD follows.
        """
        with self.state_guard:
            if self._unstated:
                self.state_manager.is_flushed = False
                self._tap.state_writer._last_emitted_state = None  # noqa: SLF001 - see the module's docstring
            self._write_state_message()
        self._unstated = False
        self._since_state = 0

    @override
    def _write_activate_version_message(self, full_table_version: int) -> None:
        super()._write_activate_version_message(full_table_version)
        self._unstated = True

    def _as_they_are(self) -> bool:
        """Whether records go out as they come: nothing maps, flattens, counts or follows single records."""
        maps = self.stream_maps
        return (
            self.selected
            and self.ABORT_AT_RECORD_COUNT is None
            and not self.child_streams
            and len(maps) == 1
            and type(maps[0]) is SameRecordTransform
            and maps[0].stream_alias == self.name
            and not maps[0].flattening_enabled
            and hasattr(self._tap.message_writer, "write_lines")
            and type(self).post_process is Stream.post_process
        )
