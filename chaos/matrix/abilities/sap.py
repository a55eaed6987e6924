"""What tap-sap-s4hana and target-sap-s4hana can do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chaos.matrix.abilities.base import Ability, Contents, Settings, Site, stream_of

_TRIES = {"max_tries": 3, "timeout": 5}
_LINES = ["GLAccount", "FiscalPeriod", "CompanyCodeCurrency", "AmountInCompanyCodeCurrency", "PostingDate"]
_STREAMS = {
    "company_codes": (),  # whole
    "cost_centers_v4": ("CostCenterName", "CompanyCode"),  # V4, by date
    "suppliers": ("SupplierName",),  # through another set
    "purchase_orders": ("Supplier", "CompanyCode"),  # by time stamp
    "gl_account_line_items": _LINES,  # in ranges
}


_MOMENTS = ("CostCenterCreationDate", "CostCenterLastChangedOnDate", "CreationDateTime", "LastChangeDateTime")


def _tenant(site: Site) -> Settings:
    return {
        **site.info("sap", api_url="url"),
        **_TRIES,
        "coordination_url": site.databases()["coordination_url"],
        "company_codes": ["1010"],
        "fiscal_years": [2026],
        "page_size": 20,
        "streams": list(_STREAMS),
    }


def _by_password(site: Site) -> Settings:
    return {**_tenant(site), **site.info("sap", "username", "password")}


def _by_links(site: Site) -> Settings:
    return {**_by_password(site), "paging": "links", "streams": ["company_codes", "suppliers", "cost_centers_v4"]}


def _with_oauth(site: Site) -> Settings:
    return {**_tenant(site), **site.info("sap", "token_url", "client_id", "client_secret"), "streams": ["ledgers"]}


def _business(site: Site) -> None:
    site.control.sap_business_day(1)


_READS = Ability("tap-sap-s4hana", "tap-sap-s4hana", _by_password, streams=_STREAMS)
TAP = (
    _READS,
    replace(_READS, name="tap-sap-s4hana changes", earlier="", change=_business, volatile=_MOMENTS),
    replace(
        _READS,
        name="tap-sap-s4hana links",
        settings=_by_links,
        streams=dict.fromkeys(("company_codes", "suppliers", "cost_centers_v4"), ()),
    ),
    replace(_READS, name="tap-sap-s4hana --test", arguments=("--test",), streams=None),
    replace(_READS, name="tap-sap-s4hana --discover", arguments=("--discover",), streams=None),
    Ability("tap-sap-s4hana OAuth", "tap-sap-s4hana", _with_oauth, streams={"ledgers": ()}),
)

_JOURNAL = {
    "stream": "plan",
    "object": "journal_entry",
    "scope": ["Version", "Company"],
    "document": ["Company", "Period"],
    "header": {"company_code": "Company", "header_text": {"template": "{Version} {Period}"}},
    "lines": {"account": "Account", "amount": "Amount", "currency": "Currency", "cost_center": "CostCenter"},
    "period": {"field": "Period", "format": "%b %y"},
    "offset": {"account": "31000000"},
}
_INVOICE = {
    "stream": "invoices",
    "object": "supplier_invoice",
    "document": ["Company", "Supplier", "Invoice"],
    "header": {
        "company_code": "Company",
        "supplier": "Supplier",
        "invoice_reference": "Invoice",
        "document_type": {"constant": "KR"},
        "tax_is_calculated": {"constant": "true"},
    },
    "lines": {
        "account": "Account",
        "amount": "Amount",
        "currency": "Currency",
        "cost_center": "CostCenter",
        "tax_code": "TaxCode",
    },
    "posting_date": "Date",
    "on_change": "refuse",
}
_PLAN_DATA = {
    "stream": "figures",
    "object": "plan_data",
    "scope": ["Version", "Company"],
    "document": ["Version", "Company"],
    "header": {"planning_category": {"constant": "PLN"}, "company_code": "Company"},
    "lines": {"account": "Account", "amount": "Amount", "currency": "Currency", "cost_center": "CostCenter"},
    "period": {"field": "Period", "format": "%b %y"},
}
_CENTER = "10100101"


def _plan(amount: float, *periods: str, version: int) -> str:
    rows: list[dict[str, Any]] = [
        {
            "Version": "V1", "Company": "1010", "Account": "63005000", "CostCenter": _CENTER,
            "Period": period, "Amount": amount, "Currency": "EUR",
        }
        for period in periods
    ]  # fmt: skip
    return stream_of("plan", ["Version", "Company", "Account", "CostCenter", "Period"], rows, version=version)


def _invoices(*numbers: int) -> str:
    rows: list[dict[str, Any]] = [
        {
            "Company": "1010", "Supplier": "10300001", "Invoice": f"A-{number}", "Account": "65005000",
            "CostCenter": _CENTER, "Currency": "EUR", "TaxCode": "V0", "Date": "2026-11-20", "Amount": 119.5,
        }
        for number in numbers
    ]  # fmt: skip
    return stream_of("invoices", ["Company", "Supplier", "Invoice", "Account"], rows)


def _figures() -> str:
    row = {"Version": "V1", "Company": "1010", "Account": "63005000", "CostCenter": _CENTER, "Currency": "EUR"}
    return stream_of("figures", ["Version", "Account", "Period"], [{**row, "Period": "Jan 27", "Amount": 10.5}])


def _posting(recipe: dict[str, Any], *, oauth: bool = False) -> Any:  # noqa: ANN401 - a function of a site
    known = ("token_url", "client_id", "client_secret") if oauth else ("username", "password")

    def settings(site: Site) -> Settings:
        return {
            **site.info("sap", *known, api_url="url"),
            **site.databases(),
            **_TRIES,
            "documents": [recipe],
            "created_by": "PLAN",
            "max_vanished_share": 1,
            "settle_seconds": 0.5,
            "wait_seconds": 30,
        }

    return settings


def _books(site: Site) -> Contents:
    """Our journals: amounts by document reference, account and period; invoices and plan data, without numbers."""
    lines = [row for row in site.control.sap_rows("JournalLine") if row["AccountingDocCreatedByUser"] == "PLAN"]
    headers = [row for row in site.control.sap_rows("JournalHeader") if row["AccountingDocCreatedByUser"] == "PLAN"]
    names = (
        "Ledger",
        "CompanyCode",
        "GLAccount",
        "CostCenter",
        "FiscalYear",
        "FiscalPeriod",
        "AmountInTransactionCurrency",
    )
    invoices = [row["SupplierInvoiceIDByInvcgParty"] for row in site.control.sap_rows("SupplierInvoice")]
    return {
        "references": sorted(row["DocumentReferenceID"] for row in headers),
        "lines": sorted(tuple(row[name] for name in names) for row in lines),
        "invoices": sorted(number for number in invoices if number.startswith("A-")),
        "plan data": sorted(
            str(sorted((name, value) for name, value in row.items() if not name.endswith(("Date", "DateTime"))))
            for row in site.control.sap_plan()
        ),
    }


_JOURNALS = Ability(
    "target-sap-s4hana journals",
    "target-sap-s4hana",
    _posting(_JOURNAL),
    text=_plan(10.1, "Oct 26", "Nov 26", version=1),
    contents=_books,
)
TARGET = (
    _JOURNALS,
    replace(
        _JOURNALS,
        name="target-sap-s4hana changed plan",
        settings=_posting({**_JOURNAL, "on_change": "reverse"}),
        earlier=_plan(10.1, "Oct 26", "Nov 26", version=1),
        text=_plan(12.3, "Oct 26", version=2),
    ),
    replace(_JOURNALS, name="target-sap-s4hana OAuth", settings=_posting(_JOURNAL, oauth=True), only="/oauth2/token"),
    replace(_JOURNALS, name="target-sap-s4hana invoices", settings=_posting(_INVOICE), text=_invoices(1, 2)),
    replace(_JOURNALS, name="target-sap-s4hana plan data", settings=_posting(_PLAN_DATA), text=_figures()),
)
