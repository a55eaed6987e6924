"""The settings of the target."""

from __future__ import annotations

from singer_sdk import typing as th

from connector_kit.documents import settings as documents
from connector_kit.sap.settings import connection_properties

_VALUES = th.ObjectType(additional_properties=True)

_ELEMENT = th.ObjectType(
    th.Property("name", th.StringType, required=True, description="What recipes call it."),
    th.Property("level", th.StringType, required=True, allowed_values=["header", "line"]),
    th.Property("path", th.StringType, required=True, description="The element, dotted where it is within another."),
    th.Property(
        "after", th.StringType, description="The element of the same level that it follows. Default: the last."
    ),
    th.Property("length", th.IntegerType, description="Most characters."),
)

_OWN = (
    th.Property(
        "created_by",
        th.StringType,
        description="CreatedByUser of journal entries, at most 12 characters. Default: the communication user.",
    ),
    th.Property("document_type", th.StringType, default="SA", description="Type of journal entries that map none."),
    th.Property(
        "transaction_type",
        th.StringType,
        default="RFBU",
        description="Business transaction type of journal entries that map none.",
    ),
    th.Property(
        "further_elements",
        th.ArrayType(_ELEMENT),
        default=[],
        description="Elements of journal entries that the tenant knows beyond SAP's WSDL of 2020, e.g. LedgerGroup.",
    ),
    th.Property(
        "reversal_header",
        _VALUES,
        default={},
        description="Header fields and their values in journal entries that take others back: {document_type: SB}.",
    ),
    th.Property(
        "reversal_lines",
        _VALUES,
        default={},
        description="Line fields and their values in journal entries that take others back.",
    ),
    th.Property(
        "plan_amounts",
        th.StringType,
        allowed_values=["company_code", "transaction", "global"],
        default="company_code",
        description="In which currency the amounts of plan data are.",
    ),
    th.Property(
        "plan_fields",
        th.ArrayType(th.StringType),
        default=[],
        description="Further properties of plan data that lines may map by SAP's own name.",
    ),
    th.Property(
        "credit_memo_items",
        th.StringType,
        allowed_values=["credit", "debit"],
        default="credit",
        description="Side of the account items that make up a credit memo: H, or S where SAP turns it by itself.",
    ),
    th.Property("per_call", th.IntegerType, default=50, description="Most journal entries in one request."),
    th.Property("parallel", th.IntegerType, default=1, description="Requests with journal entries at the same time."),
)


# The connection and the documents share the place of coordination: the latter's words say more.
_ALL = {each.name: each for each in (*connection_properties(), *documents.properties(), *_OWN)}
SCHEMA = th.PropertiesList(*_ALL.values()).to_dict()
