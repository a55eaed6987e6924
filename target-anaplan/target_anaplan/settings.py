"""The settings of the target."""

from __future__ import annotations

from singer_sdk import typing as th

from connector_kit.anaplan.settings import COORDINATION, LOGIN, MODEL, PATIENCE
from connector_kit.audit.settings import properties as audit_properties
from connector_kit.singer.outcomes import ON_NOTHING_DELIVERED

_COLUMN_HELP = "column -> field name, or {field|template|constant|period: ..., filters and conversions}"

_DELETE = th.ObjectType(
    th.Property("import", th.StringType, description="Import that marks the items, by name or id."),
    th.Property("columns", th.ObjectType(additional_properties=True), description="As columns, of key fields only."),
    th.Property("action", th.StringType, description="Other action that removes them, by name or id."),
)

_MAPPING = th.ObjectType(
    # What is required is not said here: `mapping.spec` tells all that is wrong with a mapping at once.
    th.Property("stream", th.StringType, description="Singer stream."),
    th.Property("import", th.StringType, description="Import to run, by name or id."),
    th.Property("process", th.StringType, description="Process to run, by name or id."),
    th.Property("list", th.StringType, description="List to write item by item, by name or id."),
    th.Property("file", th.StringType, description="The file to upload to, when a process reads several."),
    th.Property(
        "key", th.ArrayType(th.StringType), description="Columns that identify a row, when not the stream's key."
    ),
    th.Property(
        "sum",
        th.ArrayType(th.StringType),
        description="Columns that are added up over all records with the same other columns (or the same key).",
    ),
    th.Property("where", th.ObjectType(additional_properties=True), description="field -> values, or {not: values}."),
    th.Property("columns", th.ObjectType(additional_properties=True), description=_COLUMN_HELP),
    th.Property(
        "missing_columns",
        th.StringType,
        allowed_values=["error", "blank"],
        description="What source columns that are not mapped mean: an error, or blank cells.",
    ),
    th.Property("delete", _DELETE, description="What to do for rows that vanished at the source."),
    th.Property("on_reject", th.StringType, allowed_values=["fail", "continue"]),
    th.Property("max_reject_share", th.NumberType),
    th.Property("skip_unchanged", th.BooleanType),
    th.Property("ignored_rows", th.StringType, allowed_values=["unknown", "accept"]),
    th.Property("check_counts", th.StringType, allowed_values=["when_told", "always", "never"]),
)

SCHEMA = th.PropertiesList(
    *LOGIN,
    *MODEL,
    th.Property(
        "mappings",
        th.ArrayType(_MAPPING),
        required=True,
        description="From streams to imports, processes and lists; the order is the order of delivery: lists before "
        "modules, parents before children.",
    ),
    th.Property(
        "streams_ignored",
        th.ArrayType(th.StringType),
        default=[],
        description="Streams that go nowhere. Any other stream without a mapping fails the run.",
    ),
    th.Property("source_system", th.StringType, default="", description="Name of the source in the audit trail."),
    th.Property(
        "on_reject",
        th.StringType,
        allowed_values=["fail", "continue"],
        default="continue",
        description="What rejected rows mean: the run fails, or they wait in the audit trail. Per mapping too.",
    ),
    th.Property(
        "max_reject_share",
        th.NumberType,
        default=1.0,
        description="Share of a mapping's rows (0 to 1) above which rejects fail the run. Per mapping too.",
    ),
    ON_NOTHING_DELIVERED,
    th.Property(
        "skip_unchanged",
        th.BooleanType,
        default=True,
        description="Don't send rows that equal what was last delivered for their key. Per mapping too.",
    ),
    th.Property(
        "ignored_rows",
        th.StringType,
        allowed_values=["unknown", "accept"],
        default="unknown",
        description="What rows mean that a module import ignores (aggregated items, formula line items), and that "
        "Anaplan only counts: the whole file is sent again, or they count as delivered. Per mapping too.",
    ),
    th.Property(
        "check_counts",
        th.StringType,
        allowed_values=["when_told", "always", "never"],
        default="when_told",
        description="When the rows that Anaplan counted must add up to those that were sent; otherwise the run fails "
        "and all are sent again. always: a result without counts fails too. Per mapping too.",
    ),
    th.Property("resend", th.BooleanType, default=False, description="Send unchanged rows too, in this run."),
    th.Property(
        "line_breaks",
        th.StringType,
        allowed_values=["space", "reject"],
        default="space",
        description="Line breaks within a value: written as a space, or the row is rejected.",
    ),
    th.Property(
        "max_vanished_share",
        th.NumberType,
        default=0.2,
        description="Share of the known keys (0 to 1) above which deletions found by a full read are refused.",
    ),
    th.Property("batch_rows", th.IntegerType, default=500_000, description="Most rows in one import."),
    th.Property(
        "chunk_size_mb", th.NumberType, default=10, description="Size of an uploaded chunk before compression."
    ),
    th.Property(
        "check_upload",
        th.BooleanType,
        default=True,
        description="Read the end of an uploaded file back after its import: another client of the same user may have "
        "uploaded into it meanwhile. The run fails then, and all rows are sent again.",
    ),
    th.Property("upload_parallel", th.IntegerType, default=4, description="Chunks uploaded at the same time."),
    *PATIENCE,
    th.Property(
        "fiscal_year_start_month",
        th.IntegerType,
        default=1,
        description="Calendar month of period 1, for columns made from `period`.",
    ),
    th.Property(
        "fiscal_year_named_by",
        th.StringType,
        allowed_values=["start", "end"],
        default="end",
        description="Whether a fiscal year bears the number of the calendar year in which it starts or ends.",
    ),
    th.Property("spool_dir", th.StringType, description="Folder for upload files. Default: the temporary files."),
    COORDINATION,
    *audit_properties(),
).to_dict()
