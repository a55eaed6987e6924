"""The settings that every target of documents has."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

from connector_kit.audit.settings import properties as audit_properties
from connector_kit.singer.outcomes import ON_NOTHING_DELIVERED

_COLUMNS = th.ObjectType(additional_properties=True)

_RECIPE = th.ObjectType(
    th.Property("stream", th.StringType, required=True, description="Singer stream."),
    th.Property("object", th.StringType, required=True, description="What its rows become."),
    th.Property(
        "scope",
        th.ArrayType(th.StringType),
        description="Fields of which a read that came whole replaces everything: rows that left it are handled by "
        "on_change.",
    ),
    th.Property(
        "document",
        th.ArrayType(th.StringType),
        required=True,
        description="Fields: rows with equal values (and equal scope) become one document.",
    ),
    th.Property("header", _COLUMNS, description="Header field -> field name, or {field|template|constant: ...}."),
    th.Property(
        "lines", _COLUMNS, required=True, description="account, amount, currency and further fields -> as in header."
    ),
    th.Property("where", _COLUMNS, description="field -> values, or {not: values}."),
    th.Property("period", _COLUMNS, description='{field, format: "%b %y"}, or {year, period} of the fiscal year.'),
    th.Property(
        "posting_date", th.CustomType({"type": ["string", "object"]}), description="last_day, first_day or a column."
    ),
    th.Property(
        "document_date",
        th.CustomType({"type": ["string", "object"]}),
        description="posting_date, last_day, first_day or a column.",
    ),
    th.Property("offset", _COLUMNS, description="The balancing line: {account, fields, per: line fields}."),
    th.Property("rounding", _COLUMNS, description="{decimals: {currency: digits}, rest: largest|last|{account}}."),
    th.Property("split", _COLUMNS, description="{max_lines, rule: balanced|refuse}."),
    th.Property("condense", th.BooleanType, description="Add up lines that differ in amount and text only."),
    th.Property(
        "on_change",
        th.StringType,
        allowed_values=["difference", "reverse", "refuse"],
        description="What to do when a plan comes again with other numbers, or without rows that it had.",
    ),
    th.Property(
        "on_failure",
        th.StringType,
        allowed_values=["continue", "stop"],
        description="Whether a refused document stops those that follow it.",
    ),
    th.Property(
        "complete_when",
        th.StringType,
        allowed_values=["closed", "input_ends"],
        description="closed: without STATE or ACTIVATE_VERSION after the last row the tap has broken off, and nothing "
        "is posted; input_ends: the end of the input is enough.",
    ),
)


def properties() -> list[th.Property[Any]]:
    """The shared settings, for a target's own list."""
    return [
        th.Property("documents", th.ArrayType(_RECIPE), required=True, description="How rows become documents."),
        th.Property(
            "streams_ignored",
            th.ArrayType(th.StringType),
            default=[],
            description="Streams that go nowhere. Any other stream without an entry in documents fails the run.",
        ),
        th.Property("source_system", th.StringType, default="", description="Name of the source in the audit trail."),
        ON_NOTHING_DELIVERED,
        th.Property(
            "validate_only",
            th.BooleanType,
            default=False,
            description="Let the ERP check everything and post nothing; no STATE leaves the target.",
        ),
        th.Property(
            "check_standing",
            th.BooleanType,
            default=False,
            description="Compare the delivered scopes with the ERP once more at the end, and report the documents that "
            "only one of the ERP and the trail has.",
        ),
        th.Property(
            "look_up_first",
            th.BooleanType,
            default=True,
            description="Compare what stands in the ERP with the audit trail before anything is posted: with a trail "
            "that is new, old or restored nothing is posted twice.",
        ),
        th.Property(
            "on_mismatch",
            th.StringType,
            allowed_values=["refuse", "follow_erp"],
            default="refuse",
            description="When the ERP and the audit trail differ and nothing proves what is right. follow_erp is for "
            "one run: documents are taken as the ERP shows them, and what it reversed or lost counts as taken back.",
        ),
        th.Property(
            "max_vanished_share",
            th.NumberType,
            default=0.5,
            description="Share of the known rows (0 to 1) above which it is refused to take back what a read that came "
            "whole no longer shows.",
        ),
        th.Property(
            "settle_seconds",
            th.NumberType,
            default=660,
            description="How long after a lost request the ERP may still carry it out. Until then it is not repeated.",
        ),
        th.Property(
            "wait_seconds",
            th.NumberType,
            default=3600,
            description="How long to wait for another run that posts to the same object.",
        ),
        th.Property(
            "fiscal_year_start_month", th.IntegerType, default=1, description="Calendar month of fiscal period 1."
        ),
        th.Property(
            "fiscal_year_named_by",
            th.StringType,
            allowed_values=["start", "end"],
            default="end",
            description="Whether a fiscal year bears the number of the calendar year in which it starts or ends.",
        ),
        th.Property(
            "fiscal_years",
            _COLUMNS,
            default={},
            description="Companies with another fiscal year: company code -> {start_month, named_by}.",
        ),
        th.Property("spool_dir", th.StringType, description="Folder for rows that wait. Default: temporary files."),
        th.Property(
            "coordination_url",
            th.StringType,
            description="Database of shared rates and locks. Default: a SQLite file of this user.",
        ),
        *audit_properties(),
    ]
