"""SYSPRO's tables as streams: the company in front, and the two tables that need more than their rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec
from typing_extensions import override

from connector_kit.errors import ConfigurationError, RefusedError
from connector_kit.odata.capture import Capture
from connector_kit.odata.fetch import Query
from connector_kit.odata.filters import Compare, Condition, Written, after, all_of, any_of, with_keys
from connector_kit.odata.order import OutOfOrderError
from connector_kit.odata.rows import Page, RowReader
from connector_kit.odata.schema import Field, json_schema
from connector_kit.odata.stream import ODataStream, TableSource
from connector_kit.odata.tally import Tally
from connector_kit.singer.crew import Context
from tap_syspro.declarations import Declaration
from tap_syspro.tables import Table, known_tables

if TYPE_CHECKING:
    from tap_syspro.tap import TapSyspro


def stream_of(tap: TapSyspro, declaration: Declaration, table: Table) -> SysproStream:
    """The stream of a declaration, over a table as the site has it."""
    kinds = {"rows": SysproStream, "balances": BalancesStream, "distributions": DistributionsStream}
    return kinds[declaration.shape](tap, declaration, table)


class SysproStream(ODataStream):
    """One table of each company: a partition, and a bookmark, per company."""

    def __init__(self, tap: TapSyspro, declaration: Declaration, table: Table) -> None:
        self.declaration = declaration
        self._site = tap.site
        self._company = str(tap.config.get("company_column", "CompanyId"))
        self._settings = tap.config
        super().__init__(
            tap,
            declaration.name,
            fields=table.fields,
            keys=table.key,
            capture=_capture(declaration, tap.config),
            description=f"{declaration.table}. Change capture: {declaration.method}"
            + (f" by {declaration.column}" if declaration.column else "")
            + f" ({declaration.why}).",
        )

    @property
    @override
    def partitions(self) -> list[dict[str, Any]]:
        return [{self._company: company} for company in self._site.companies]

    @property
    @override
    def capture_is_set(self) -> bool:
        return self.name in (self._settings.get("change_capture") or {})

    @cached_property
    @override
    def constants(self) -> Sequence[str]:
        return (self._company,)

    @cached_property
    @override
    def computed(self) -> Sequence[Field]:
        if self.declaration.method != "period" or not self.declaration.column:
            return ()
        return (Field(self.declaration.column, "integer", label="Fiscal period, YYYYMM"),)

    @cached_property
    @override
    def restriction(self) -> Condition | None:
        text = (self._settings.get("filters") or {}).get(self.name)
        return Written(text) if text else None

    @cached_property
    @override
    def reader_options(self) -> Mapping[str, Any]:
        return {
            "trim": bool(self._settings.get("rtrim", True)),
            "empty_date": str(self._settings.get("empty_date") or ""),
            "system": "SYSPRO",
        }

    @override
    def source(self, context: Context | None) -> TableSource:
        return self.table_source(context, self.declaration.table, self._fields)

    def table_source(self, context: Context | None, table: str, fields: Sequence[Field]) -> TableSource:
        """Any table of the partition's company."""
        company = str((context or {})[self._company])
        return self._site.source(company, table, fields, f"{self.name} ({table}) of company {company}")

    @override
    def reader(self, context: Context | None, fields: Sequence[Field] | None = None) -> RowReader:
        self.check_columns()
        return super().reader(context, fields)

    def check_columns(self) -> None:
        """Refuse to read a table without the columns that the stream is ordered and followed by."""
        present = {field.name for field in self._fields}
        needed = [*self._keys, *self.inputs()]
        if self.capture.column and self.capture.method == "date":
            needed.append(self.capture.column)
        missing = [name for name in needed if name not in present]
        if missing or not self._keys:
            raise ConfigurationError(
                system="tap-syspro",
                subject=f"stream {self.name}, table {self.declaration.table}",
                expected=", ".join(missing) or "a key",
                got="a table without it" if missing else "none",
                hint="Set the stream's key in `keys`, or another method in `change_capture`.",
            )

    @override
    def shape(self, rows: list[Any], reader: RowReader) -> list[Any]:
        if self.declaration.method == "period" and self.declaration.column:
            column, year, period = self.declaration.column, self.declaration.year, self.declaration.period
            parts = reader.values_of([year, period])
            target = reader.attributes[column]
            for row in rows:
                in_year, in_period = parts(row)
                if in_year is None or in_period is None:
                    raise RefusedError(
                        system="SYSPRO",
                        subject=f"{reader.subject}, columns {year} and {period}",
                        expected="the fiscal period of each row",
                        got="a row without",
                        hint=f"Set `change_capture: {{{self.name}: full_table}}`: changes can't be found by it here.",
                    )
                setattr(row, target, in_year * 100 + in_period)
        return rows


class BalancesStream(SysproStream):
    """GenHistory: a row has a year's closing balances side by side; a record is one period of it."""

    OUTPUT = (
        Field("Company"),
        Field("GlCode"),
        Field("GlYear", "integer"),
        Field("GlPeriod", "integer"),
        Field("OpeningBalance", "decimal"),
        Field("ClosingBalance", "decimal"),
        Field("Movement", "decimal", label="Closing less opening balance"),
    )

    @property
    def periods(self) -> int:
        """Periods of a fiscal year."""
        return int(self._settings.get("fiscal_periods", 12))

    @property
    @override
    def record_keys(self) -> list[str]:
        return [self._company, *self._keys, "GlPeriod"]

    @override
    def _declared_schema(self, description: str) -> dict[str, Any]:
        return json_schema([Field(self._company), *self.OUTPUT], self.record_keys, description)

    @cached_property
    @override
    def restriction(self) -> Condition | None:
        year = self._settings.get("start_year")
        return all_of(Compare("GlYear", "ge", int(year)) if year else None, super().restriction)

    @override
    def inputs(self) -> set[str]:
        return {"BeginYearBalance", *(f"ClosingBalPer{n}" for n in range(1, self.periods + 1))}

    @override
    def selected_fields(self) -> list[Field]:
        needed = {*self._keys, *self.inputs()}
        return [field for field in self._fields if field.name in needed]

    @cached_property
    def _record(self) -> type[msgspec.Struct]:
        mask = self.mask
        chosen = [f for f in self.OUTPUT if f.name in self.record_keys or mask[("properties", f.name)]]
        kinds: Mapping[str, Any] = {"integer": int, "decimal": Decimal}
        members: list[Any] = [("company_of_record", str)]
        members += [(f.name, kinds.get(f.kind, str) | None, None) for f in chosen]
        return msgspec.defstruct("Balance", members, rename={"company_of_record": self._company}, gc=False)

    @override
    def shape(self, rows: list[Any], reader: RowReader) -> list[Any]:
        record = self._record
        names = record.__struct_fields__[1:]
        company_of = attrgetter(reader.attributes[self._company])
        closings = [reader.attributes[f"ClosingBalPer{n}"] for n in range(1, self.periods + 1)]
        records: list[Any] = []
        for row in rows:
            opening = row.BeginYearBalance
            for period, closing_of in enumerate(closings, 1):
                closing = getattr(row, closing_of)
                values = {
                    "Company": getattr(row, "Company", None),
                    "GlCode": row.GlCode,
                    "GlYear": row.GlYear,
                    "GlPeriod": period,
                    "OpeningBalance": opening,
                    "ClosingBalance": closing,
                    "Movement": None if opening is None or closing is None else closing - opening,
                }
                records.append(record(company_of(row), *(values[name] for name in names)))
                opening = closing
        return records


class DistributionsStream(SysproStream):
    """ApJnlDistrib with supplier, invoice and date of the posting it belongs to (ApJnlSummary).

    Both tables are read in the order of the posting's key and merged on the way: no lookup, and no table in memory.
    """

    HEADER = "ApJnlSummary"
    ADDED = (Field("Supplier"), Field("Invoice"), Field("TrnDate", "date"))

    @cached_property
    @override
    def computed(self) -> Sequence[Field]:
        present = {field.name for field in self._fields}
        return (*super().computed, *(field for field in self.ADDED if field.name not in present))

    @override
    def source(self, context: Context | None) -> TableSource:
        lines = super().source(context)
        added = [f for f in self.ADDED if f in self.computed and self.mask[("properties", f.name)]]
        if not added:
            return lines
        known = known_tables()[self.HEADER]
        if tuple(self._keys[: len(known.key)]) != known.key:
            raise ConfigurationError(
                system="tap-syspro",
                subject=f"stream {self.name}, key",
                expected=f"{', '.join(known.key)} first, to find the posting of each line",
                got=", ".join(self._keys),
                hint=f"Leave {', '.join(f.name for f in self.ADDED)} unselected to read it by another key.",
            )
        fields = [f for f in known.fields if f.name in {*known.key, *(a.name for a in added)}]
        headers = RowReader(fields, known.key, subject=f"{self.name}, {self.HEADER}", **self.reader_options)
        return _WithHeaders(lines, self.table_source(context, self.HEADER, fields), headers, [a.name for a in added])


class _WithHeaders:
    """Lines whose rows get columns from the header that has the same key, by one pass over both."""

    def __init__(self, lines: TableSource, headers: TableSource, reader: RowReader, columns: Sequence[str]) -> None:
        self._lines = lines
        self._headers = headers
        self._reader = reader
        self._columns = columns

    @property
    def tally(self) -> Tally:
        """What was read of the lines."""
        return self._lines.tally

    @property
    def confirmed(self) -> bool:
        """Whether the lines are complete."""
        return self._lines.confirmed

    def comparable(self, key: tuple[Any, ...]) -> tuple[Any, ...]:
        """A line's key."""
        return self._lines.comparable(key)

    def count(self, query: Query) -> int | None:
        """The count of lines."""
        return self._lines.count(query)

    def pages(self, reader: RowReader, query: Query) -> Iterator[Page]:
        """The lines' pages, completed."""
        names = [name for name in self._columns if name in reader.attributes]
        targets = [reader.attributes[name] for name in names]
        key = self._reader.key
        key_of, header_key_of = reader.values_of(key), self._reader.values_of(key)
        values_of = self._reader.values_of(names)
        headers = self._header_rows(query)
        header = next(headers, None)
        place = self._headers.comparable
        last = None
        for page in self._lines.pages(reader, query):
            for row in page.rows:
                wanted = key_of(row)
                if last is not None and place(wanted) < place(last):
                    raise self._unsorted(reader)
                last = wanted
                while header is not None and place(header_key_of(header)) < place(wanted):
                    passed, header = header, next(headers, None)
                    if header is not None and not place(header_key_of(passed)) < place(header_key_of(header)):
                        raise self._unsorted(self._reader)
                if header is not None and header_key_of(header) == wanted:
                    for target, value in zip(targets, values_of(header), strict=True):
                        setattr(row, target, value)
            yield page

    def _unsorted(self, reader: RowReader) -> OutOfOrderError:
        """Along links rows come in any order, in which lines would go past their headers without a word."""
        return OutOfOrderError(
            system="tap-syspro",
            subject=reader.subject,
            expected=f"rows in the order of {', '.join(self._reader.key)}, to find the posting of each line",
            got="a site that does not sort them",
            hint=f"Leave {', '.join(self._columns)} unselected to read it as it comes.",
        )

    def _header_rows(self, query: Query) -> Iterator[Any]:
        key = self._reader.key
        reached = query.after[: len(key)]
        start = any_of(after(key, reached), with_keys(key, [reached])) if reached else None
        select = tuple(field.name for field in self._reader.fields)
        wanted = Query(select, all_of(query.where, start), page_size=query.page_size, options=query.options)
        for page in self._headers.pages(self._reader, wanted):
            yield from page.rows


def _capture(declaration: Declaration, config: Mapping[str, Any]) -> Capture:
    return Capture(
        method=declaration.method,
        column=declaration.column,
        year=declaration.year,
        period=declaration.period,
        lookback_days=int(config.get("lookback_days", 30)),
        lookback_periods=int(config.get("lookback_periods", 2)),
        empty_date=str(config.get("empty_date") or ""),
    )
