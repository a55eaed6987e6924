"""The stream of an export, a view or a list: gate, lock, download, check of the columns, records."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from singer_sdk.singerlib import Catalog
from typing_extensions import override

from connector_kit.anaplan.spool import Spool
from connector_kit.anaplan.tables import Table, TextForm
from connector_kit.errors import ConfigurationError
from connector_kit.lease_check import check_leases
from connector_kit.singer.crew import Context
from connector_kit.singer.settings import is_moment
from connector_kit.singer.tap import PagedStream
from tap_anaplan.columns import Column, check_schema, find, json_schema
from tap_anaplan.gate import verdict
from tap_anaplan.rows import RowMaker
from tap_anaplan.sources import Source

if TYPE_CHECKING:
    from tap_anaplan.tap import TapAnaplan

_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d{1,3})?", re.ASCII)
APPROVED = "approved"
"""The member of the state that tells which items were approved when its bookmark was made."""
READ_OF = "read_of"
"""The member of the state that tells of which state of the model the stream was last read whole."""


class RowStream(PagedStream):
    """Rows of one export, view or list.

    Args:
        declared: the schema of the catalog that the run was given; without one the model is asked.
    """

    STATE_MSG_FREQUENCY = 50_000

    def __init__(self, tap: TapAnaplan, source: Source, declared: Mapping[str, Any] | None) -> None:
        self.source = source
        self.spec = source.spec
        schema = self._described() if declared is None else declared
        super().__init__(tap, dict(schema), self.spec.stream)
        self._site = tap.site
        self._key = tuple(map(self._name_in_schema, self.spec.key)) or tuple(schema.get("required", ()))
        self._declare()

    def _described(self) -> Mapping[str, Any]:
        columns, natural = self.source.describe()
        stream = self.spec.stream
        key = tuple(find(columns, name, "key", stream).name for name in self.spec.key) or natural
        if self.spec.replication_key:
            followed = find(columns, self.spec.replication_key, "replication_key", stream)
            if followed.kind in {"period", "boolean"}:
                raise ConfigurationError(
                    system="tap-anaplan",
                    subject=f"stream {stream}, replication_key {followed.name!r}",
                    expected="a date, a number, or text that sorts as it grows",
                    got=f"a {followed.kind}",
                    hint="Leave it out: the whole is read each time, or not at all with skip_unchanged_model.",
                )
        if self.spec.approved_rows:
            self._approving(columns)
        if self.spec.approval and self.spec.approval.column:
            find(columns, self.spec.approval.column, "approval, column", stream)
        return json_schema(columns, key, self.source.what)

    def _declare(self) -> None:
        self.primary_keys = list(self._key)
        self.replication_key = self._name_in_schema(self.spec.replication_key) if self.spec.replication_key else None

    def _name_in_schema(self, wanted: str) -> str:
        return dict(self.spec.rename).get(wanted, wanted)

    @override
    def apply_catalog(self, catalog: Catalog) -> None:
        super().apply_catalog(catalog)
        entry = catalog.get_stream(self.name)
        whole = entry is not None and entry.replication_method == "FULL_TABLE"
        self._declare()
        self.forced_replication_method = "FULL_TABLE" if whole else None
        if whole:
            self.replication_key = None

    kept_in_state: ClassVar[frozenset[str]] = PagedStream.kept_in_state | {APPROVED, READ_OF}

    @property
    @override
    def limits(self) -> str:
        # Which items are approved is no setting: see `_since`.
        by = (self.spec.approval.column if self.spec.approval else "", self.spec.approved_rows)
        return hashlib.blake2b(repr(by).encode(), digest_size=8).hexdigest() if any(by) else ""

    @override
    def expected_bookmark(self, part: Mapping[str, Any]) -> str:
        value, name = part.get("replication_key_value"), self.replication_key
        if value is None or name is None or part.get("replication_key") != name:
            return ""
        kind = self.schema["properties"].get(name, {})
        if kind.get("format") == "date":
            return "" if is_moment(str(value)) else "a day such as 2026-01-31"
        return "a number" if "number" in kind.get("type", ()) and not _NUMBER.fullmatch(str(value)) else ""

    @property
    @override
    def is_timestamp_replication_key(self) -> bool:
        # The bookmark is kept here, and rows come in the model's order: the SDK's signpost has no part in it.
        return False

    @override
    def get_pages(self, context: Context | None) -> Iterator[Sequence[msgspec.Struct]]:
        state = self.get_context_state(context)
        mark = self._mark()
        if mark is not None and state.get(READ_OF) == mark:
            self.logger.info("%s: the model has not changed since it was last read: nothing to read", self.name)
            return
        with Spool(self.config.get("spool_dir")) as spool:
            form, approved = self._fetch(spool)
            if form is None:
                return
            # A run that breaks off from here on leaves nothing that a later one could take for a complete read.
            state.pop(READ_OF, None)
            with spool.reading() as stream:
                table = Table(stream, form, f"{self.source.what}, file")
                yield from self._read(table, context, state, approved)
        if mark is not None:
            state[READ_OF] = mark
            self.state_manager.is_flushed = False  # the state has news, even if there was no row

    def _fetch(self, spool: Spool) -> tuple[TextForm | None, frozenset[str]]:
        """The download's form, None when its approval is missing; and the items that are approved.

        The gate is asked again behind the download: what was withdrawn while it went on is not approved.
        """
        approval = self.spec.approval
        with self._site.lock(f"read {self.source.what}"):
            if approval is None:
                form = self.source.fetch(spool)
                check_leases()  # without the lock another job's export may have gone into the file that we read
                return form, frozenset()
            before = verdict(self._site, approval)
            self.logger.info("%s: %s", self.name, before.sentence)
            if not before.approved:
                self.logger.info("%s: nothing was read", self.name)
                return None, frozenset()
            form = self.source.fetch(spool)
            approved = before.approved & verdict(self._site, approval).approved
            check_leases()
            withdrawn = before.approved - approved
            if withdrawn:
                left = "left out" if approved else "nothing was read"
                self.logger.info("%s: withdrawn meanwhile: %s; %s", self.name, ", ".join(sorted(withdrawn)), left)
            return (form if approved else None), approved

    def _read(
        self, table: Table, context: Context | None, state: dict[str, Any], items: frozenset[str]
    ) -> Iterator[Sequence[msgspec.Struct]]:
        columns, _ = self.source.described_by(table)
        check_schema(columns, self.schema, f"stream {self.name} ({self.source.what})")
        whole = self.replication_method == "FULL_TABLE"
        followed = None if whole else find(columns, str(self.replication_key), "replication_key", self.name)
        mask = self.mask
        gated = self.spec.approval.column if self.spec.approval else ""
        since = None if followed is None else self._since(context, state, items if gated else frozenset())
        maker = RowMaker(
            columns,
            selected={column.name for column in columns if mask["properties", column.name]},
            key=self._key,
            notation=self._site.notation,
            what=self.source.what,
            codes=self._codes(columns),
            approved=self._approving(columns) if self.spec.approved_rows else None,
            only=(find(columns, gated, "approval, column", self.name), items) if gated else None,
            followed=followed,
            since=since,
        )
        # Rows that are not approved have not vanished.
        filtered = bool(gated or self.spec.approved_rows)
        reports = whole and not filtered and bool(self.config["emit_activate_version_messages"])
        self._stream_version = self._initialized_at if reports else None
        for block in table.blocks():
            yield maker.rows(block)
        if maker.unapproved:
            self.logger.info(
                "%s: %d of %d rows are not approved (%s) and were left out",
                self.name,
                maker.unapproved,
                maker.seen,
                " and ".join(filter(None, (gated, self.spec.approved_rows))),
            )
        if followed is not None:
            self._keep(state, followed.name, maker, items if gated else None)
        if self._stream_version is not None and self._confirmed(maker.seen):
            self._write_activate_version_message(self._stream_version)

    def _since(self, context: Context | None, state: Mapping[str, Any], items: frozenset[str]) -> object:
        """The bookmark; None where items were approved after it: their rows below it have never come.

        An item that was withdrawn and is approved again is one of them: the bookmark went on without it.
        """
        since: object = self.get_starting_replication_key_value(context)
        late = items - frozenset(state.get(APPROVED, items))
        if since is None or not late:
            return since
        self.logger.warning(
            "%s: approved since its bookmark was made: %s; read from the beginning, so that their rows below it come",
            self.name,
            ", ".join(sorted(late)),
        )
        return None

    def _keep(self, state: dict[str, Any], column: str, maker: RowMaker, items: frozenset[str] | None) -> None:
        """The bookmark, and whose rows it is of."""
        if items is not None:
            state[APPROVED] = sorted(items)
        if maker.bookmark is None:  # none that came, so none that an earlier bookmark may leave out
            state.pop("replication_key_value", None)
        else:
            state["replication_key"] = column
            state["replication_key_value"] = maker.bookmark
        if maker.waiting is not None:
            self.logger.info(
                "%s: the bookmark stays at or below %s, the first row that waits for approval", self.name, maker.waiting
            )

    def _confirmed(self, rows: int) -> bool:
        """Whether what was read is all: the text's end was looked behind; a list also has a count."""
        counted = self.source.count()
        if counted is None or counted == rows:
            return True
        self.logger.warning(
            "%s: %d rows read, %d counted by Anaplan: no vanished rows are reported", self.name, rows, counted
        )
        return False

    def _codes(self, columns: Sequence[Column]) -> dict[str, dict[str, str]]:
        """Codes by names, of items whose name is theirs alone."""
        codes: dict[str, dict[str, str]] = {}
        for wanted in self.spec.codes:
            column = find(columns, wanted, "codes", self.name)
            list_id = self.source.list_of(column)
            if not list_id:
                raise ConfigurationError(
                    system="tap-anaplan",
                    subject=f"stream {self.name}, codes",
                    expected="a column of items of a list",
                    got=f"{column.name!r}, of which no list is known",
                    hint="For an export name the `module` that it exports, so that its line items tell their lists.",
                )
            items = self._site.model.reads.items(list_id, f"{self.source.what}, column {column.header!r}")
            times = Counter(item.name for item in items)
            codes[column.name] = {item.name: item.code for item in items if item.code and times[item.name] == 1}
        return codes

    def _approving(self, columns: Sequence[Column]) -> Column:
        column = find(columns, self.spec.approved_rows, "approved_rows", self.spec.stream)
        if column.kind != "boolean":
            raise ConfigurationError(
                system="tap-anaplan",
                subject=f"stream {self.spec.stream}, approved_rows",
                expected="a boolean column",
                got=f"{column.name!r}, a {column.kind}",
                hint="If it holds true and false, say so with `types`.",
            )
        return column

    def _mark(self) -> dict[str, str] | None:
        """The model's present state and what is read of it; None when that doesn't matter, or can't be told."""
        if not self.config["skip_unchanged_model"]:
            return None
        model = self._site.before
        if not model.last_saved_serial_number and not model.last_modified:
            return None
        scope = repr(
            (
                self.spec,
                self._site.notation,
                self.primary_keys,
                self.replication_method,
                sorted(k for k, v in self.mask.items() if v),
            )
        )
        return {
            "model": model.id,
            "serial_number": model.last_saved_serial_number,
            "last_modified": model.last_modified,
            "scope": hashlib.blake2b(scope.encode(), digest_size=8).hexdigest(),
        }
