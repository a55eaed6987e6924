"""The settings. Each fact about the OData service that public sources leave open is one, with the likeliest default."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

_STREAM_TEXT = th.ObjectType(additional_properties=th.StringType)
_METHODS = ["date", "period", "row_version", "full_table"]


def _enum(name: str, values: list[str], default: str, description: str) -> th.Property[str]:
    return th.Property(name, th.StringType, allowed_values=values, default=default, description=description)


_CONNECTION = (
    _enum("interface", ["odata", "enet"], "odata", "The OData service, or e.net's COMFND where OData is not licensed."),
    th.Property(
        "api_url",
        th.StringType,
        description="Address of the OData service, such as https://HOST/SYSPRO8Odata/SYSPROOData.",
    ),
    th.Property("companies", th.ArrayType(th.StringType), required=True, description="Company ids to read."),
    th.Property("username", th.StringType, description="Operator for OData."),
    th.Property("password", th.StringType, secret=True, description="The operator's OData password."),
    th.Property(
        "enet_url",
        th.StringType,
        description="Address of e.net REST, such as http://HOST:PORT/SYSPROWCFService/Rest; "
        "behind a load balancer with its path.",
    ),
    th.Property("operator", th.StringType, description="Operator for e.net: one that nobody else uses."),
    th.Property("operator_password", th.StringType, secret=True, description="The operator's e.net password."),
    th.Property(
        "company_password", th.StringType, secret=True, default="", description="The companies' password, if any."
    ),
    th.Property(
        "coordination_url",
        th.StringType,
        description="Where processes share rate_per_minute and take turns with the e.net operator; a file of this "
        "user by default.",
    ),
    th.Property(
        "rate_per_minute",
        th.IntegerType(minimum=0),
        default=0,
        description="Requests per minute that all processes together may send; 0: as many as it takes.",
    ),
    th.Property(
        "timeout",
        th.NumberType(exclusive_minimum=0),
        default=300,
        description="Seconds without an answer after which a page is halved.",
    ),
    th.Property(
        "max_tries",
        th.IntegerType(minimum=1),
        default=8,
        description="How often a request is sent, with growing pauses, before an outage ends the run.",
    ),
    th.Property(
        "ca_bundle", th.StringType, description="File with the certificates to trust, for a company's own authority."
    ),
)
_WHAT = (
    th.Property("start_date", th.DateType, description="First load: documents dated earlier are left out."),
    th.Property(
        "lookback_days",
        th.IntegerType(minimum=0),
        default=30,
        description="Overlap for date capture: documents of that many days before the bookmark are read again.",
    ),
    th.Property(
        "lookback_periods",
        th.IntegerType(minimum=0),
        default=2,
        description="Overlap for period capture, in fiscal periods.",
    ),
    th.Property(
        "change_capture",
        th.ObjectType(additional_properties=th.StringType(allowed_values=_METHODS)),
        default={},
        description="Method by stream, instead of its own: date, period, row_version or full_table.",
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
    th.Property(
        "tables",
        th.ArrayType(
            th.ObjectType(
                th.Property("table", th.StringType, required=True),
                th.Property("stream", th.StringType),
                th.Property("key", th.ArrayType(th.StringType)),
                th.Property("replication_key", th.StringType),
                th.Property("capture", th.StringType, allowed_values=_METHODS),
            )
        ),
        default=[],
        description="Further tables or views: table, and optionally stream, key, replication_key, capture.",
    ),
    th.Property(
        "keys",
        th.ObjectType(additional_properties=th.ArrayType(th.StringType)),
        default={},
        description="Key columns by stream, where the site's differ.",
    ),
    th.Property(
        "filters",
        _STREAM_TEXT,
        default={},
        description="OData $filter by stream; such a stream reports no vanished rows.",
    ),
    th.Property("start_year", th.IntegerType(minimum=1), description="gl_balances: first fiscal year to read."),
    th.Property(
        "fiscal_periods",
        th.IntegerType(minimum=1, maximum=15),
        default=12,
        description="gl_balances: periods of a fiscal year, up to 15.",
    ),
)
_SHAPE = (
    th.Property(
        "company_column", th.StringType, default="CompanyId", description="Name of the column with the company id."
    ),
    th.Property(
        "rtrim", th.BooleanType, default=True, description="Cut trailing blanks off texts. Leading zeros always stay."
    ),
    _enum(
        "datetime_as", ["date", "timestamp"], "date", "SYSPRO's dates have no time of day: emit the day, or what came."
    ),
    th.Property(
        "empty_date",
        th.StringType,
        default="",
        description="A day that means no date at this site, such as 1900-01-01.",
    ),
)
_SITE = (
    th.Property(
        "url_template",
        th.StringType,
        default="{api_url}/{company}/{table}",
        description="Address of a company's table.",
    ),
    th.Property(
        "metadata_location",
        th.StringType,
        default="{api_url}/{company}/$metadata",
        description="Address of $metadata. `none`: use one row of each table and the shipped schemas.",
    ),
    th.Property(
        "page_size",
        th.IntegerType(minimum=1),
        default=5000,
        description="Rows per request; less is learned if the server refuses.",
    ),
    _enum("paging", ["keyset", "links"], "keyset", "Pages by key filters, or along the server's links."),
    _enum(
        "date_literal",
        ["offset", "date", "quoted"],
        "offset",
        "Day in a filter: 2026-01-31T00:00:00Z, 2026-01-31 or '2026-01-31'.",
    ),
    _enum(
        "decimals", ["number", "string"], "number", "Ask for decimals as numbers or as strings; both are read exactly."
    ),
    th.Property(
        "reconcile_counts",
        th.BooleanType,
        default=True,
        description="Fail a run whose rows are refuted by the server's count, by the last row's place or by a second "
        "read of the keys. Set it to false where a count is wrong for good.",
    ),
)


def settings() -> dict[str, Any]:
    """The settings' JSON schema."""
    return th.PropertiesList(*_CONNECTION, *_WHAT, *_SHAPE, *_SITE).to_dict()
