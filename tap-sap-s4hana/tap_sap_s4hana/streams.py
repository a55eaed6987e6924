"""SAP's entity sets as streams: what the settings leave of them, ranges, names in one language, and changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from connector_kit.odata.capture import Capture
from connector_kit.odata.expand import take_out
from connector_kit.odata.filters import Compare, Condition, Written, all_of, any_of
from connector_kit.odata.progress import scope_of
from connector_kit.odata.rows import RowReader
from connector_kit.odata.schema import Field, Kind
from connector_kit.odata.stream import ODataStream, TableSource
from connector_kit.odata.through import PartsStream, Route, ThroughStream
from connector_kit.singer.crew import Context
from tap_sap_s4hana.declarations import Declaration, Through
from tap_sap_s4hana.tenant import Table

if TYPE_CHECKING:
    from tap_sap_s4hana.tap import TapSapS4Hana

COMPANY, YEAR = "CompanyCode", "FiscalYear"


def stream_of(tap: TapSapS4Hana, declaration: Declaration, table: Table) -> SapStream:
    """The stream of a declaration, over an entity set as the tenant has it."""
    kind: type[SapStream] = SapStream
    if declaration.method == "through":
        kind = ChangedElsewhere
    elif declaration.header is not None:
        kind = DocumentParts
    return kind(tap, declaration, table)


class SapStream(ODataStream):
    """One entity set."""

    def __init__(self, tap: TapSapS4Hana, declaration: Declaration, table: Table) -> None:
        self.declaration = declaration
        self._tenant = tap.tenant
        self._settings = tap.config
        self.sortable = table.sortable
        super().__init__(
            tap,
            declaration.name,
            fields=table.fields,
            keys=table.key,
            capture=capture_of(declaration, tap.config),
            description=f"{declaration.entity_set}. Change capture: {declaration.by} ({declaration.why}).",
        )

    @property
    @override
    def capture_is_set(self) -> bool:
        return self.name in (self._settings.get("change_capture") or {})

    @property
    @override
    def has_all_columns(self) -> bool:
        return not self.declaration.select

    @override
    def source(self, context: Context | None) -> TableSource:
        return self.own_source(context)

    def own_source(self, context: Context | None) -> TableSource:
        """The stream's entity set."""
        place = "/".join(map(str, (context or {}).values()))
        what = f"{self.name} {place}".strip() + f" ({self.declaration.entity_set})"
        return self._tenant.source(
            self.declaration, self.declaration.entity_set, self._fields, sortable=self.sortable, what=what
        )

    @cached_property
    @override
    def reader_options(self) -> Mapping[str, Any]:
        return {"version": self.declaration.version, "system": "SAP S/4HANA"}

    @override
    def starting_value(self, context: Context | None) -> str | int | None:
        state = self.get_context_state(context)
        saved = state.get("replication_key_value") if state.get("replication_key") == self.capture.column else None
        start = self._settings.get("start_date") if self.declaration.documents else None
        value: str | None = saved or start
        return value

    # What the settings leave of it

    @cached_property
    @override
    def restriction(self) -> Condition | None:
        return all_of(self._limits({COMPANY, YEAR} if self.partitions else ()), self._written)

    @property
    def whole_restriction(self) -> Condition | None:
        """What the settings leave of the stream's own set, over all partitions."""
        return all_of(self._limits(), None if self.declaration.header else self._written)

    @property
    @override
    def limits(self) -> str:
        found = all_of(self._limits({COMPANY, YEAR} if self.partitions else ()), self._written)
        return scope_of(found) if found is not None else ""

    def _limits(self, but: Collection[str] = ()) -> Condition | None:
        present = {field.name for field in self._fields} - set(but)
        return limited([name for name in self.declaration.limits if name in present], self._settings)

    @property
    def _written(self) -> Condition | None:
        text = (self._settings.get("filters") or {}).get(self.name)
        return Written(text) if text else None

    @property
    @override
    def partitions(self) -> list[dict[str, Any]] | None:
        companies = [str(code) for code in self._settings.get("company_codes") or ()]
        years = fiscal_years(self._settings)
        if not (self.declaration.ranges and companies and years):
            return None
        return [{COMPANY: company, YEAR: year} for company in companies for year in years]

    @property
    @override
    def parallel(self) -> int:
        return int(self._settings.get("parallel", 4))

    @override
    def belongs(self, context: Context | None) -> Condition | None:
        return all_of(*(Compare(name, "eq", value) for name, value in (context or {}).items()))

    # Names in one language

    @property
    def _language(self) -> str:
        return str(self._settings.get("text_language", "EN")) if self.declaration.texts else ""

    @cached_property
    @override
    def computed(self) -> Sequence[Field]:
        texts = self.declaration.texts
        if texts is None or not self._language:
            return ()
        return tuple(
            Field(name, label=f"From {texts.path}, in the language of text_language") for name in texts.columns
        )

    @override
    def expansions(self) -> Mapping[str, RowReader]:
        texts, mask = self.declaration.texts, self.mask
        wanted = [field for field in self.computed if mask[("properties", field.name)]]
        if texts is None or not wanted:
            return {}
        return {texts.path: RowReader([Field("Language"), *wanted], **self.reader_options)}

    @override
    def shape(self, rows: list[Any], reader: RowReader) -> list[Any]:
        texts = self.declaration.texts
        if texts is None or texts.path not in reader.expand:
            return rows
        inner = reader.expand[texts.path]
        names = [field.name for field in inner.fields if field.name != "Language"]
        values_of, language_of = inner.values_of(names), inner.values_of(["Language"])
        targets = [reader.attributes[name] for name in names]
        wanted = self._language.upper()
        for row in rows:
            found = sorted(take_out(row, reader, texts.path), key=language_of)
            chosen = next((text for text in found if language_of(text)[0] == wanted), next(iter(found), None))
            if chosen is not None:
                for target, value in zip(targets, values_of(chosen), strict=True):
                    setattr(row, target, value)
        return rows


class ChangedElsewhere(SapStream, ThroughStream):
    """Another set tells which rows changed."""

    @override
    def starting_value(self, context: Context | None) -> None:
        """None: bookmarks are the routes'."""

    @override
    def routes(self) -> Sequence[Route]:
        return [self._route(each) for each in self.declaration.through]

    def _route(self, through: Through) -> Route:
        capture = _capture(through.method, through.column, through.others, self._settings)
        days: Kind = "date"
        moment: Kind = "timestamp" if through.method == "timestamp" else "date"
        fields = [Field(name) for name in dict.fromkeys((*through.key, *through.columns.values()))]
        fields += [Field(through.column, moment), *(Field(name, days) for name in through.others)]
        return Route(
            name=through.entity_set,
            source=self._tenant.source(self.declaration, through.entity_set, fields),
            fields=fields,
            keys=through.key,
            columns=through.columns,
            capture=capture,
            restriction=limited([name for name in self.declaration.limits if name in through.columns], self._settings),
        )


class DocumentParts(SapStream, PartsStream):
    """Parts of documents whose headers tell when they changed."""

    @cached_property
    @override
    def path(self) -> Sequence[str]:
        return self.declaration.header.path if self.declaration.header else ()

    @cached_property
    @override
    def header_keys(self) -> Sequence[str]:
        return self.declaration.header.key if self.declaration.header else ()

    @cached_property
    @override
    def header_fields(self) -> Sequence[Field]:
        kind: Kind = "timestamp" if self.capture.method == "timestamp" else "date"
        return [*(Field(name) for name in self.header_keys), *(Field(name, kind) for name in self.capture.columns)]

    @cached_property
    @override
    def header_restriction(self) -> Condition | None:
        limits = self.declaration.header.limits if self.declaration.header else ()
        return all_of(limited(limits, self._settings), self._written)

    @property
    @override
    def restriction(self) -> Condition | None:
        return self.header_restriction if self._inside else None

    @property
    @override
    def limits(self) -> str:
        found = all_of(self._limits(), self.header_restriction)
        return scope_of(found) if found is not None else ""

    @override
    def header_source(self, context: Context | None) -> TableSource:
        name = self.declaration.header.entity_set if self.declaration.header else ""
        return self._tenant.source(self.declaration, name, self.header_fields)

    @override
    def source(self, context: Context | None) -> TableSource:
        return PartsStream.source(self, context)

    @override
    def shape(self, rows: list[Any], reader: RowReader) -> list[Any]:
        return PartsStream.shape(self, rows, reader)


def capture_of(declaration: Declaration, config: Mapping[str, Any]) -> Capture:
    """The stream's own capture."""
    if declaration.column is None:
        return Capture(declaration.method)
    days = int(config.get("lookback_days", 30)) if declaration.overlap else 1
    return _capture(
        declaration.method, declaration.column, declaration.others, config, days, declaration.others_are_moments
    )


def _capture(
    method: Any,  # noqa: ANN401 - a Method
    column: str,
    others: Sequence[str],
    config: Mapping[str, Any],
    days: int = 1,
    others_are_moments: bool = False,
) -> Capture:
    """A day of overlap at least for dates: they are the tenant's days, which are not UTC's."""
    timestamp = method == "timestamp"
    return Capture(
        method=method,
        column=column,
        others=tuple(others),
        others_are_moments=others_are_moments,
        lookback_days=0 if timestamp else max(1, days),
        lookback_seconds=int(config.get("lookback_seconds", 600)) if timestamp else 0,
        ask_nulls=False,
    )


def limited(columns: Sequence[str], config: Mapping[str, Any]) -> Condition | None:
    """The settings that limit these columns, as a condition."""
    years = [str(year) for year in config.get("fiscal_years") or ()]
    start = config.get("start_fiscal_year")
    lists: Mapping[str, Iterable[str]] = {
        COMPANY: [str(code) for code in config.get("company_codes") or ()],
        YEAR: years,
        "Ledger": config.get("ledgers", ["0L"]) or (),
        "ChartOfAccounts": [config["chart_of_accounts"]] if config.get("chart_of_accounts") else (),
        "ControllingArea": [config["controlling_area"]] if config.get("controlling_area") else (),
    }
    parts = [any_of(*(Compare(name, "eq", value) for value in sorted(set(lists[name])))) for name in columns]
    if YEAR in columns and start and not years:
        parts.append(Compare(YEAR, "ge", str(start)))
    return all_of(*parts)


def fiscal_years(config: Mapping[str, Any]) -> list[str]:
    """The fiscal years to read; empty when the settings name none. Next year's may be open already."""
    if config.get("fiscal_years"):
        return [str(year) for year in config["fiscal_years"]]
    start = config.get("start_fiscal_year")
    if not start:
        return []
    return [str(year) for year in range(int(start), datetime.now(timezone.utc).year + 2)]
