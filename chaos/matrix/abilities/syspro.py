"""What tap-syspro and target-syspro can do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chaos.matrix.abilities.base import Ability, Contents, Settings, Site, stream_of

_TRIES = {"max_tries": 3, "timeout": 5}
_STREAMS = {
    "suppliers": ("SupplierName", "Currency"),  # whole
    "ap_invoices": ("InvoiceDate", "OrigInvValue", "MthInvBal1"),  # by row version
    "ap_distributions": ("DistrValue", "ExpenseGlCode"),  # by period
}


def _odata(site: Site) -> Settings:
    return {
        **site.info("syspro", api_url="odata_url", username="odata_username", password="odata_password"),  # noqa: S106 - a name
        **_TRIES,
        "coordination_url": site.databases()["coordination_url"],
        "companies": ["EDU1"],
        "page_size": 15,
        "change_capture": {"ap_invoices": "row_version"},
    }


def _links(site: Site) -> Settings:
    return {**_odata(site), "paging": "links"}


def _without_metadata(site: Site) -> Settings:
    return {**_odata(site), "metadata_location": "none"}


def _enet(site: Site) -> Settings:
    return {
        **site.info("syspro", "enet_url", "operator", "operator_password"),
        **_TRIES,
        "coordination_url": site.databases()["coordination_url"],
        "interface": "enet",
        "companies": ["EDU1"],
        "page_size": 150,
    }


def _business(site: Site) -> None:
    site.control.business_day(1)


_READS = Ability("tap-syspro", "tap-syspro", _odata, streams=_STREAMS)
_BY_ENET = replace(_READS, name="tap-syspro e.net", settings=_enet, streams={"suppliers": (), "ap_invoices": ()})
TAP = (
    _READS,
    replace(_READS, name="tap-syspro changes", earlier="", change=_business),
    replace(_READS, name="tap-syspro links", settings=_links, streams={"suppliers": ("SupplierName",)}),
    replace(_READS, name="tap-syspro without metadata", settings=_without_metadata, streams={"suppliers": ()}),
    replace(_READS, name="tap-syspro --test", arguments=("--test",), streams=None),
    replace(_READS, name="tap-syspro --discover", arguments=("--discover",), streams=None),
    _BY_ENET,
    replace(_BY_ENET, name="tap-syspro e.net --test", arguments=("--test",), streams=None),
)

_JOURNAL = {
    "stream": "plan",
    "object": "gl_journal",
    "scope": ["Version"],
    "document": ["Period"],
    "header": {"notation": {"template": "{Version} {Period}"}},
    "lines": {"account": "Account", "amount": "Amount"},
    "period": {"field": "Period", "format": "%b %y"},
    "offset": {"account": "00-2110"},
}
_INVOICE = {
    "stream": "invoices",
    "object": "ap_invoice",
    "document": ["Supplier", "Invoice"],
    "header": {"supplier": "Supplier", "invoice": "Invoice"},
    "lines": {"account": "Account", "amount": "Amount"},
    "document_date": "InvoiceDate",
    "on_change": "refuse",
}
_SUPPLIER = {
    "stream": "suppliers",
    "object": "supplier",
    "key": {"Supplier": "Code"},
    "columns": {
        "SupplierName": "Name",
        "Branch": {"constant": "00"},
        "Bank": {"constant": "MAIN"},
        "Currency": {"constant": "USD"},
    },
    "owns": ["SupplierName"],
}
_ACCOUNT = "00-4500"


def _plan(amount: float, *periods: str, version: int, lines: int = 1) -> str:
    rows: list[dict[str, Any]] = [
        {"Version": "V1", "Period": period, "Account": _ACCOUNT, "Line": str(line), "Amount": amount}
        for period in periods
        for line in range(lines)
    ]
    return stream_of("plan", ["Version", "Period", "Account", "Line"], rows, version=version)


def _invoices(supplier: str, *numbers: int) -> str:
    rows: list[dict[str, Any]] = [
        {"Supplier": supplier, "Invoice": f"A-{n}", "InvoiceDate": "2026-11-20", "Account": _ACCOUNT, "Amount": 119.5}
        for n in numbers
    ]
    return stream_of("invoices", ["Supplier", "Invoice", "Account"], rows)


def _suppliers(name: str, *codes: str, version: int) -> str:
    return stream_of("suppliers", ["Code"], [{"Code": code, "Name": name} for code in codes], version=version)


def _posting(part: str, entry: dict[str, Any], **more: Any) -> Any:  # noqa: ANN401 - a function of a site
    def settings(site: Site) -> Settings:
        return {
            **site.info("syspro", "enet_url", "operator", "operator_password"),
            **site.databases(),
            **_TRIES,
            "company": "EDU1",
            part: [entry],
            "max_vanished_share": 1,
            "settle_seconds": 0.5,
            "wait_seconds": 30,
            **more,
        }

    return settings


def _books(site: Site) -> Contents:
    """Our journals by reference, their lines; our invoices; names of suppliers; sessions left."""

    def ours(reference: str) -> bool:
        return len(reference) == 16 and reference.isalnum() and reference.isupper()

    control = site.control
    journals = [row["Reference"] for row in control.rows("EDU1", "GenJournalCtl") if ours(row["Reference"])]
    lines = [row for row in control.rows("EDU1", "GenTransaction") if ours(row["Reference"])]
    names = ("GlCode", "GlYear", "GlPeriod", "EntryValue")
    invoices = [row for row in control.rows("EDU1", "ApInvoice") if row["Invoice"].strip().startswith("A-")]
    suppliers = control.rows("EDU1", "ApSupplier")
    return {
        "references": sorted(journals),
        "lines": sorted(str(tuple(row[name] for name in names)) for row in lines),
        "invoices": sorted((row["Supplier"], row["Invoice"], row["OrigInvValue"]) for row in invoices),
        "suppliers": sorted((row["Supplier"], row["SupplierName"]) for row in suppliers),
    }


_JOURNALS = Ability(
    "target-syspro journals",
    "target-syspro",
    _posting("documents", _JOURNAL),
    text=_plan(10.1, "Oct 26", "Nov 26", version=1),
    contents=_books,
)
TARGET = (
    _JOURNALS,
    replace(
        _JOURNALS,
        name="target-syspro changed plan",
        settings=_posting("documents", {**_JOURNAL, "on_change": "reverse"}),
        earlier=_plan(10.1, "Oct 26", "Nov 26", version=1),
        text=_plan(12.3, "Oct 26", version=2),
    ),
    replace(
        _JOURNALS,
        name="target-syspro long journals",
        settings=_posting("documents", {**_JOURNAL, "condense": False}),
        text=_plan(10.1, "Nov 26", version=1, lines=30),
        only="PostLD",
    ),
    replace(
        _JOURNALS,
        name="target-syspro invoices",
        settings=_posting("documents", _INVOICE),
        text=_invoices("1056", 1, 2),
    ),
    replace(
        _JOURNALS,
        name="target-syspro suppliers",
        settings=_posting("objects", _SUPPLIER),
        earlier=_suppliers("Nüßli & <Sons>", "ACME", version=1),
        text=_suppliers("Renamed", "ACME", "NEW", version=2),
    ),
)
