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


_ALL = (*connection_properties(), *_shared(), *_FLAGS, *_JOURNALS)
SCHEMA = th.PropertiesList(*_ALL).to_dict()
