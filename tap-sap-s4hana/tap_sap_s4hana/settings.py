"""The settings: those of the connection (the kit's), what is read, and how."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

from connector_kit.sap.settings import connection_properties

_TEXTS = th.ObjectType(additional_properties=th.StringType)
_METHODS = ["timestamp", "date", "through", "full_table"]
_LIST = th.ArrayType(th.StringType)
# YAML makes numbers of codes and years that are written without quotes: of 1710 the right one, of 0001 and 0010 others.
_CODES = th.ArrayType(th.AnyOf(th.StringType, th.IntegerType(minimum=1000)))

_WHICH = (
    th.Property("company_codes", _CODES, default=[], description="Company codes to read; all when empty."),
    th.Property(
        "ledgers",
        _LIST,
        default=["0L"],
        description="gl_account_line_items: ledgers to read. Each has all lines once more; an empty list reads all.",
    ),
    th.Property("fiscal_years", _CODES, default=[], description="Fiscal years of documents to read; all when empty."),
    th.Property(
        "start_fiscal_year",
        th.IntegerType(minimum=1),
        description="First fiscal year of documents to read, instead of a list.",
    ),
    th.Property("chart_of_accounts", th.StringType, description="Chart of accounts to read; all by default."),
    th.Property("controlling_area", th.StringType, description="Controlling area to read; all by default."),
    th.Property(
        "filters",
        _TEXTS,
        default={},
        description="OData $filter by stream; such a stream reports no vanished rows.",
    ),
    th.Property("start_date", th.DateTimeType, description="First load: documents that changed earlier are left out."),
    th.Property(
        "text_language",
        th.StringType,
        default="EN",
        description="Language of the names in gl_accounts and cost_centers, or the first there is; empty: no names.",
    ),
)
_CHANGES = (
    th.Property(
        "change_capture",
        th.ObjectType(additional_properties=th.StringType(allowed_values=_METHODS)),
        default={},
        description="full_table by stream, instead of the stream's own method.",
    ),
    th.Property(
        "lookback_days",
        th.IntegerType(minimum=0),
        default=30,
        description="Invoices created so many days before the bookmark are read again: nothing dates later changes.",
    ),
    th.Property(
        "lookback_seconds",
        th.IntegerType(minimum=0),
        default=600,
        description="Overlap of time stamps: for clocks that differ and transactions that end late.",
    ),
    th.Property(
        "streams",
        th.ArrayType(th.StringType),
        default=[],
        description="The only streams of the catalog; all when empty. A smaller catalog makes each run start sooner.",
    ),
    th.Property(
        "full_sweep",
        th.BooleanType,
        default=False,
        description="Read all rows of all selected streams and report the ones that vanished. For a nightly run.",
    ),
    th.Property(
        "emit_activate_version_messages",
        th.BooleanType,
        default=True,
        description="Report vanished rows (ACTIVATE_VERSION) after each complete read of a whole stream.",
    ),
)
_HOW = (
    th.Property(
        "services",
        th.ArrayType(
            th.ObjectType(
                th.Property("path", th.StringType, required=True),
                th.Property("entity_set", th.StringType, required=True),
                th.Property("version", th.StringType, allowed_values=["2.0", "4.0"]),
                th.Property("stream", th.StringType),
                th.Property("key", _LIST),
                th.Property("replication_key", th.StringType),
                th.Property("capture", th.StringType, allowed_values=["timestamp", "date", "full_table"]),
                th.Property("select", _LIST),
            )
        ),
        default=[],
        description="Further streams: path of the service, entity_set, and optionally version, stream, key, "
        "replication_key, capture, select.",
    ),
    th.Property(
        "keys",
        th.ObjectType(additional_properties=_LIST),
        default={},
        description="Key columns by stream, where the tenant's differ.",
    ),
    th.Property(
        "page_size",
        th.IntegerType(minimum=1),
        default=5000,
        description="Rows per request; less is learned if SAP refuses.",
    ),
    th.Property(
        "paging",
        th.StringType,
        allowed_values=["keyset", "links"],
        default="keyset",
        description="Pages by key filters, or along SAP's links ($skiptoken).",
    ),
    th.Property(
        "parallel",
        th.IntegerType(minimum=1),
        default=4,
        description="Ranges of line items (company code and fiscal year) that are read at once.",
    ),
    th.Property(
        "reconcile_counts",
        th.BooleanType,
        default=True,
        description="Fail a run whose rows are refuted by SAP's count, by the last row's place or by a second read of "
        "the keys. Set it to false where a count is wrong for good.",
    ),
)


def settings() -> dict[str, Any]:
    """The settings' JSON schema."""
    return th.PropertiesList(*connection_properties(), *_WHICH, *_CHANGES, *_HOW).to_dict()
