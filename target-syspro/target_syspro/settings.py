"""The settings of the target."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

from connector_kit.documents import settings as documents
from connector_kit.syspro.settings import connection_properties

_VALUES = th.ObjectType(additional_properties=True)

_ELEMENT = th.ObjectType(
    th.Property("object", th.StringType, required=True, allowed_values=["gl_journal", "ap_invoice"]),
    th.Property("level", th.StringType, required=True, allowed_values=["header", "line"]),
    th.Property("name", th.StringType, required=True, description="What recipes call it."),
    th.Property("element", th.StringType, required=True, description="The element in the business object's document."),
    th.Property("length", th.IntegerType, description="Most characters."),
)

_OBJECT = th.ObjectType(
    th.Property("stream", th.StringType, required=True, description="Singer stream."),
    th.Property(
        "object", th.StringType, description="supplier, customer, or a name for a business object of the site."
    ),
    th.Property("business_object", th.StringType, description="Another setup object: its six letters."),
    th.Property("root", th.StringType, description="Another setup object: the root element of its documents."),
    th.Property("table", th.StringType, description="Another setup object: the table in which its records are found."),
    th.Property("parameters", _VALUES, description="Another setup object: its parameters beside the flags."),
    th.Property("elements", _VALUES, description="Further elements, or wider ones: {Name: s50 | n14.2 | d}."),
    th.Property("key", _VALUES, required=True, description="Key element -> field name, or {field|template: ...}."),
    th.Property("columns", _VALUES, description="Element -> as in key, or {constant: ...}."),
    th.Property(
        "owns", th.ArrayType(th.StringType), description="Elements that updates carry. Default: all in columns."
    ),
    th.Property(
        "mode",
        th.StringType,
        allowed_values=["upsert", "update_only", "add_only"],
        description="Whether records are added, changed, or both (default).",
    ),
    th.Property(
        "deletes",
        th.StringType,
        allowed_values=["never", "delete"],
        description="Whether records that the source marks as deleted are deleted. Default: never.",
    ),
    th.Property(
        "on_conflict",
        th.StringType,
        allowed_values=["overwrite", "keep", "reject"],
        description="What to do when somebody changed an owned element in SYSPRO since it was last written.",
    ),
    th.Property(
        "blanks",
        th.StringType,
        allowed_values=["keep", "clear"],
        description="Whether a blank value empties the element, or says nothing (default).",
    ),
    th.Property("recheck", th.BooleanType, description="Compare records with SYSPRO also when they did not change."),
    th.Property("where", _VALUES, description="field -> values, or {not: values}."),
)

_FLAGS = (
    th.Property(
        "ignore_warnings",
        th.BooleanType,
        default=False,
        description="Go on despite SYSPRO's warnings, which are then kept in the trail. Otherwise they refuse.",
    ),
    th.Property(
        "apply_if_entire_document_valid",
        th.BooleanType,
        default=True,
        description="ApplyIfEntireDocumentValid of transactions, of which each travels alone.",
    ),
    th.Property(
        "posting_period",
        th.StringType,
        default="C",
        description="Period of the AP ledger for invoices that map none: C current, P or B one or two before.",
    ),
    th.Property(
        "parameters",
        _VALUES,
        default={},
        description="Further parameters, or other values, by business object: {GENTJL: {IgnoreAnalysis: Y}}.",
    ),
    th.Property(
        "unmappable",
        th.StringType,
        allowed_values=["reject", "replace"],
        default="reject",
        description="What becomes of characters that Windows-1252 lacks: the row is rejected, or the nearest letter "
        "or a question mark is sent.",
    ),
)
_MASTERS = (
    th.Property(
        "objects", th.ArrayType(_OBJECT), default=[], description="Which streams keep which records of SYSPRO, and how."
    ),
    th.Property(
        "items_per_call",
        th.IntegerType,
        default=10,
        description="Most records in one update, as far as the address holds them.",
    ),
)
_TRANSACTION = th.ObjectType(
    th.Property("name", th.StringType, required=True, description="What recipes call it."),
    th.Property("business_object", th.StringType, required=True, description="Its six letters."),
    th.Property("root", th.StringType, required=True, description="The root element of its documents."),
    th.Property("parameters", _VALUES, description="Parameters beside the flags."),
    th.Property(
        "item", _VALUES, required=True, description="Element -> header field, {constant}, {each_line: ...} or elements."
    ),
    th.Property(
        "look_up", _VALUES, required=True, description="{table, where: {column: field}, number, year, reference}."
    ),
    th.Property(
        "number",
        th.ArrayType(th.StringType),
        required=True,
        description="The answer's elements that name the document; the first that is there counts.",
    ),
)
_TRANSACTIONS = (
    th.Property(
        "transactions",
        th.ArrayType(_TRANSACTION),
        default=[],
        description="Further transaction objects, which recipes can then name.",
    ),
)
_JOURNALS = (
    th.Property(
        "post_journals",
        th.BooleanType,
        default=True,
        description="Post journals at once; otherwise they wait in SYSPRO for somebody to post them.",
    ),
    th.Property(
        "authorize_journals", th.StringType, default="A", description="AuthorizeJournal, as the site wants it."
    ),
    th.Property(
        "journal_period",
        th.StringType,
        allowed_values=["named", "swapped"],
        default="named",
        description="swapped: the site reads the year in PostingPeriod and the period in PostingYear.",
    ),
    th.Property(
        "journal_tables",
        th.ArrayType(th.StringType(allowed_values=["GenJournalCtl", "GenJournalDetail"])),
        default=["GenJournalCtl", "GenJournalDetail"],
        description="Where journals are looked up by their reference, in this order.",
    ),
    th.Property(
        "comfnd_conditions",
        th.ObjectType(
            th.Property("equal", th.StringType),
            th.Property("greater", th.StringType),
            th.Property("at_least", th.StringType),
            th.Property("at_most", th.StringType),
            additional_properties=False,
        ),
        default={},
        description="What the site's COMFND calls its comparisons, where they are not EQ, GT, GE and LE.",
    ),
    th.Property(
        "further_elements",
        th.ArrayType(_ELEMENT),
        default=[],
        description="Elements of journals and invoices that the site knows beyond those listed.",
    ),
)


def _shared() -> list[th.Property[Any]]:
    """The engine's settings; `documents` may be missing where only `objects` are kept."""
    found = []
    for each in documents.properties():
        if each.name == "documents":
            each.optional = True
            each.default = []
        found.append(each)
    return found


_ALL = (*connection_properties(), *_shared(), *_MASTERS, *_FLAGS, *_JOURNALS, *_TRANSACTIONS)
SCHEMA = th.PropertiesList(*_ALL).to_dict()
