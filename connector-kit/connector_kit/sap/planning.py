"""Documents as financial plan data: each replaces what stood for its key.

Facts: requests to API_FINPLANNINGDATA_SRV/FinancialPlanData that SAP's own tests and blog of 2019-03-06 show. A request
names its fields (aggregation level) and the fields of its replace scope: for each combination of their values in the
request, what stood there is replaced. Without a scope each cell is. Amounts are texts, a period is PPP.YYYY. The
service's metadata were not at hand: properties can be mapped by their own names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from connector_kit.documents.model import Document, Message, Rules
from connector_kit.sap import fields as sap_fields
from connector_kit.sap.fields import fields

NAME = "plan_data"
SERVICE = "/sap/opu/odata/sap/API_FINPLANNINGDATA_SRV"
SET = "FinancialPlanData"
_REQUIRED = ("company_code", "planning_category")
Currency = Literal["company_code", "transaction", "global"]

_AMOUNTS: Mapping[str, tuple[str, str]] = {
    "company_code": ("AmountInCompanyCodeCurrency", "CompanyCodeCurrency"),
    "transaction": ("AmountInTransactionCurrency", "TransactionCurrency"),
    "global": ("AmountInGlobalCurrency", "GlobalCurrency"),
}
HEADER = fields("""
company_code CompanyCode 4
planning_category PlanningCategory 10
ledger Ledger 2
transaction_category BusinessTransactionCategory 4
controlling_area ControllingArea 4
""")
LINE = fields("""
account GLAccount 10
cost_center CostCenter 10
profit_center ProfitCenter 10
segment Segment 10
functional_area FunctionalArea 16
wbs_element WBSElement 24
order OrderID 12
trading_partner PartnerCompany 6
partner_cost_center PartnerCostCenter 10
partner_profit_center PartnerProfitCenter 10
""")


def rules(further: Sequence[str] = (), *, most_lines: int = 20_000) -> Rules:
    """What is fixed for plan data.

    Args:
        further: properties of the tenant's service that lines may map by their own names.
        most_lines: of a request, and so of a document: a document is never split, since one part would replace what
            the other wrote.
    """
    names = tuple(field.name for field in HEADER)
    return Rules(
        name=NAME,
        required_header=_REQUIRED,
        header=tuple(name for name in names if name not in _REQUIRED),
        line=(*(field.name for field in LINE if field.name != "account"), *further),
        identity=names,
        balanced=False,
        replaces=True,
        max_lines=most_lines,
    )


def faults(document: Document) -> list[Message]:
    """What SAP would refuse for certain, and what would harm the rest of the plan."""
    found = [Message("", text) for text in sap_fields.faults(HEADER, document.header)]
    if document.parts > 1:
        found.append(
            Message("", "too many lines for one request: name more fields in document, and map them in header")
        )
    if not (document.year and document.period.isdigit()):
        found.append(Message("", "plan data need a fiscal year and a period"))
    known = {field.name for field in LINE}
    for at, line in enumerate(document.lines):
        values = {"account": line.account, **{name: value for name, value in line.fields if name in known}}
        found += [Message("", text, at) for text in sap_fields.faults(LINE, values)]
    return found


def scope(document: Document) -> tuple[tuple[str, str], ...]:
    """What a document replaces: the values that all its cells have in common, by property."""
    header = {field.path[0]: document.header[field.name] for field in HEADER if document.header.get(field.name)}
    period = f"{int(document.period):03d}.{document.year}"
    return tuple({"LedgerFiscalYear": document.year, "FiscalYearPeriod": period, **header}.items())


def payload(document: Document, amounts: Currency = "company_code") -> dict[str, Any]:
    """The body of the request."""
    amount, currency = _AMOUNTS[amounts]
    common = dict(scope(document))
    known = {field.name: field.path[0] for field in LINE}
    items = []
    for line in document.lines:
        own = {known.get(name, name): value for name, value in line.fields}
        items.append(
            {
                **common,
                "GLAccount": line.account,
                **own,
                amount: format(line.amount, "f"),
                currency: line.currency,
            }
        )
    level = dict.fromkeys(name for item in items for name in item)
    return {
        "PlanDataAggrgnLvlFieldsString": ",".join(level),
        "PlanDataRplcScopeFieldsString": ",".join(common),
        "to_FinPlanningEntryItemTP": {"results": [{name: item.get(name, "") for name in level} for item in items]},
    }
