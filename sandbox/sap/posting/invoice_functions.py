"""What is done with an invoice that exists: Post, Release, Cancel, as function imports called by POST."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.sap.catalogue.values import day_of
from sandbox.sap.fiscal import fiscal_year_and_period
from sandbox.sap.odata.writes import Called
from sandbox.sap.posting import messages
from sandbox.sap.posting.books import Books
from sandbox.sap.posting.invoice import text
from sandbox.sap.posting.invoices import PARKED, POSTED, next_invoice, refused
from sandbox.sap.posting.rows import day, decoded

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sandbox.sap.journal import Journal
    from sandbox.sap.odata.writes import Function, Values
    from sandbox.sap.posting.invoices import SupplierInvoices
    from sandbox.sap.schema import Stored
    from sandbox.sap.store import Row, Store

_PARTS = {
    "to_SuplrInvcItemPurOrdRef": "SupplierInvoiceItemPO",
    "to_SupplierInvoiceItemGLAcct": "SupplierInvoiceItemGL",
    "to_SupplierInvoiceTax": "SupplierInvoiceTax",
}


class InvoiceFunctions:
    """The three functions; each answers with ``Success``, or refuses with SAP's messages."""

    def __init__(self, store: Store, journal: Journal, invoices: SupplierInvoices, now: Callable[[], datetime]) -> None:
        self._store = store
        self._journal = journal
        self._invoices = invoices
        self._now = now

    def functions(self) -> dict[str, Function]:
        """By the names of the function imports."""
        return {"Post": self.post, "Release": self.release, "Cancel": self.cancel}

    def post(self, parameters: Values) -> Called:
        """A parked invoice becomes a posted one."""
        key, row = self._invoice(parameters)
        if row["SupplierInvoiceStatus"] not in PARKED:
            raise refused([messages.posted_already(str(row["SupplierInvoice"]))])
        self._invoices.post_parked(self._values(key, row), str(row["SupplierInvoice"]))
        self._store.update("SupplierInvoice", key, {"SupplierInvoiceStatus": POSTED})
        return Called({"Success": True})

    def release(self, parameters: Values) -> Called:
        """The payment block goes."""
        key, _ = self._invoice(parameters)
        self._store.update("SupplierInvoice", key, {"PaymentBlockingReason": ""})
        return Called({"Success": True})

    def cancel(self, parameters: Values) -> Called:
        """A reversal invoice and a reversal of the journal entry; the original's dates do not move."""
        key, row = self._invoice(parameters)
        if row["ReverseDocument"] or row["SupplierInvoiceStatus"] != POSTED:
            raise refused([messages.not_cancellable(str(row["SupplierInvoice"]))])
        posting_date = day(parameters.get("PostingDate") or day_of(str(row["PostingDate"])))
        books = Books(self._store)
        company = books.company(str(row["CompanyCode"]))
        if company is None:
            raise refused([messages.unknown_company(str(row["CompanyCode"]))])
        year, period = fiscal_year_and_period(company.variant, posting_date)
        if not books.period_is_open(company, posting_date):
            raise refused([messages.closed_period(period, year)])
        number = next_invoice(self._store)
        for document in self._documents(row):
            reason = text(parameters, "ReversalReason") or "01"
            self._journal.reverse(company.code, *document, posting_date, reason)
        back: Row = {"ReverseDocument": row["SupplierInvoice"], "ReverseDocumentFiscalYear": row["FiscalYear"]}
        memo = "" if row["SupplierInvoiceIsCreditMemo"] else "X"
        dates: Row = {"PostingDate": posting_date.isoformat(), "CreationDate": f"{self._now():%Y-%m-%d}"}
        own: Row = {"SupplierInvoice": number, "FiscalYear": year, "IsReversal": 1, "SupplierInvoiceIsCreditMemo": memo}
        self._store.insert("SupplierInvoice", [{**row, **back, **dates, **own}])
        forward: Row = {"ReverseDocument": number, "ReverseDocumentFiscalYear": year, "IsReversed": 1}
        self._store.update("SupplierInvoice", key, forward)
        return Called({"ReverseDocument": number, "FiscalYear": year, "Success": True})

    def _invoice(self, parameters: Values) -> tuple[dict[str, Stored], Row]:
        number, year = text(parameters, "SupplierInvoice"), text(parameters, "FiscalYear")
        key: dict[str, Stored] = {"SupplierInvoice": number, "FiscalYear": year}
        row = self._store.get("SupplierInvoice", key)
        if row is None:
            raise refused([messages.unknown_invoice(number, year)])
        return key, row

    def _documents(self, row: Row) -> list[tuple[str, str]]:
        """(document, fiscal year) of the journal entries that the invoice made and that stand."""
        where = (
            '"CompanyCode" = ? AND "ReferenceDocumentType" = \'RMRP\' AND "OriginalReferenceDocument" = ?'
            ' AND NOT "IsReversed"'
        )
        made = (row["CompanyCode"], f"{row['SupplierInvoice']}{row['FiscalYear']}")
        found = self._store.select("JournalHeader", where, made)
        return [(str(each["AccountingDocument"]), str(each["FiscalYear"])) for each in found]

    def _values(self, key: dict[str, Stored], row: Row) -> Values:
        """The stored invoice as its create would have got it."""
        values = decoded("SupplierInvoice", row)
        for navigation, table in _PARTS.items():
            rows = self._store.select(table, '"SupplierInvoice" = ? AND "FiscalYear" = ?', tuple(key.values()))
            values[navigation] = [decoded(table, each) for each in rows]
        return values
