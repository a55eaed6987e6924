"""The settings of the target."""

from __future__ import annotations

from singer_sdk import typing as th

_COLUMN_HELP = "column -> field name, or {field|template|constant|period: ..., filters and conversions}"

_DELETE = th.ObjectType(
    th.Property("import", th.StringType, description="Import that marks the items, by name or id."),
    th.Property("columns", th.ObjectType(additional_properties=True), description="As columns, of key fields only."),
    th.Property("action", th.StringType, description="Other action that removes them, by name or id."),
)

_MAPPING = th.ObjectType(
    th.Property("stream", th.StringType, required=True, description="Singer stream."),
    th.Property("import", th.StringType, description="Import to run, by name or id."),
    th.Property("process", th.StringType, description="Process to run, by name or id."),
    th.Property("list", th.StringType, description="List to write item by item, by name or id."),
    th.Property("file", th.StringType, description="The file to upload to, when a process reads several."),
    th.Property(
        "key", th.ArrayType(th.StringType), description="Columns that identify a row, when not the stream's key."
    ),
    th.Property("where", th.ObjectType(additional_properties=True), description="field -> values, or {not: values}."),
    th.Property("columns", th.ObjectType(additional_properties=True), required=True, description=_COLUMN_HELP),
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
)

SCHEMA = th.PropertiesList(
    th.Property(
        "region",
        th.StringType,
        title="Region",
        description="Anaplan region, e.g. us1, eu3, au1: chooses the three hosts. Default: us1.",
    ),
    th.Property("api_url", th.StringType, description="Host of the integration API, instead of the region's."),
    th.Property("auth_url", th.StringType, description="Host of the token service, instead of the region's."),
    th.Property("oauth_url", th.StringType, description="Host of OAuth, instead of the region's."),
    th.Property(
        "auth_method",
        th.StringType,
        allowed_values=["basic", "certificate", "oauth"],
        description="How to log on. Default: what is configured.",
    ),
    th.Property("username", th.StringType, description="Basic: the user's e-mail address."),
    th.Property("password", th.StringType, secret=True, description="Basic: the password."),
    th.Property("certificate", th.StringType, description="Certificate: path of the PEM file, or its text."),
    th.Property(
        "private_key", th.StringType, secret=True, description="Certificate: path of the PEM file, or its text."
    ),
    th.Property("private_key_password", th.StringType, secret=True, description="Certificate: password of the key."),
    th.Property(
        "certificate_version",
        th.StringType,
        allowed_values=["v1", "v2"],
        default="v2",
        description="Certificate: the form of the signed statement.",
    ),
    th.Property("oauth_client_id", th.StringType, description="OAuth: id of the client."),
    th.Property("oauth_client_secret", th.StringType, secret=True, description="OAuth: secret of the client."),
    th.Property("oauth_refresh_token", th.StringType, secret=True, description="OAuth: refresh token."),
    th.Property("workspace_id", th.StringType, required=True, description="Workspace, by id or unique name."),
    th.Property("model_id", th.StringType, required=True, description="Model, by id or unique name."),
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
    th.Property(
        "skip_unchanged",
        th.BooleanType,
        default=True,
        description="Don't send rows that equal what was last delivered for their key. Per mapping too.",
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
    th.Property("upload_parallel", th.IntegerType, default=4, description="Chunks uploaded at the same time."),
    th.Property(
        "wait_seconds",
        th.NumberType,
        default=3600,
        description="How long to wait for a model that is busy, locked, or in another job's hands.",
    ),
    th.Property("poll_first", th.NumberType, default=1.0, description="Seconds before a task is first looked at."),
    th.Property("poll_max", th.NumberType, default=5.0, description="Longest pause between two looks, in seconds."),
    th.Property("rate_per_minute", th.IntegerType, default=600, description="Requests per minute, shared by all jobs."),
    th.Property("locale_name", th.StringType, default="en_US", description="Locale that tasks are started with."),
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
    th.Property(
        "coordination_url",
        th.StringType,
        description="Database of shared rates and locks. Default: a SQLite file of this user.",
    ),
    th.Property(
        "audit_url", th.StringType, description="Database of the audit trail. Default: a SQLite file of this user."
    ),
    th.Property(
        "audit_payloads",
        th.StringType,
        allowed_values=["all", "failed", "none"],
        default="all",
        description="Which records the audit trail keeps: all, those that failed (enough to replay), none.",
    ),
).to_dict()
