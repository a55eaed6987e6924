"""Suppliers and invoices as the seed knows them, read back from the tables."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sandbox.sap.seed.organisation import COMPANIES
from sandbox.sap.seed.partners import Partner
from sandbox.sap.seed.payables import Posted

if TYPE_CHECKING:
    from random import Random

    from sandbox.sap.store import Store

INTEGRATION_USER = "COMM_USER"


def some_supplier(store: Store, rng: Random) -> Partner:
    """Any supplier."""
    rows = store.connection.execute('SELECT "Supplier" FROM "Supplier" ORDER BY "Supplier" LIMIT 500').fetchall()
    return supplier_called(store, rng.choice(rows)[0])


def supplier_called(store: Store, number: str) -> Partner:
    """The supplier of that number in its company code."""
    name, code, country, city, postal_code, region, created = store.connection.execute(
        'SELECT s."SupplierName", c."CompanyCode", a."Country", a."CityName", a."PostalCode", a."Region",'
        ' s."CreationDate" FROM "Supplier" s JOIN "SupplierCompany" c ON c."Supplier" = s."Supplier"'
        ' JOIN "BusinessPartnerAddress" a ON a."BusinessPartner" = s."Supplier" WHERE s."Supplier" = ?',
        (number,),
    ).fetchone()
    company = next(each for each in COMPANIES if each.code == code)
    return Partner(number, name, company, (country, city, postal_code, region), True, False, created)


def open_invoice(store: Store, rng: Random, before: date, *, by_hand: bool = False) -> Posted | None:
    """A posted invoice of before that day that is neither paid nor cancelled; None when there is none. ``by_hand``: not
    one that came through an interface.
    """
    # CROSS JOIN keeps SQLite from beginning with the lines, of which there may be millions.
    rows = store.connection.execute(
        'SELECT i."SupplierInvoice", i."InvoicingParty", i."PostingDate", l."AccountingDocument", l."FiscalYear",'
        ' l."AccountingDocumentItem", i."InvoiceGrossAmount" / 10 FROM "SupplierInvoice" i CROSS JOIN "JournalHeader" h'
        ' ON h."OriginalReferenceDocument" = i."SupplierInvoice" || i."FiscalYear" CROSS JOIN "JournalLine" l'
        ' ON l."Ledger" = \'0L\' AND l."CompanyCode" = h."CompanyCode" AND l."FiscalYear" = h."FiscalYear"'
        ' AND l."AccountingDocument" = h."AccountingDocument" AND l."Supplier" <> \'\' AND NOT l."IsCleared"'
        ' WHERE NOT h."IsReversed" AND NOT h."IsReversal" AND i."PostingDate" < ?'
        " AND i.\"SupplierInvoiceIsCreditMemo\" = '' AND i.\"SupplierInvoiceStatus\" = '5'"
        ' AND h."AccountingDocCreatedByUser" <> ?'
        ' ORDER BY i."PostingDate" DESC, i."SupplierInvoice" LIMIT 50',
        (before.isoformat(), INTEGRATION_USER if by_hand else ""),
    ).fetchall()
    if not rows:
        return None
    number, supplier, day, document, year, item, amount = rng.choice(rows)
    return Posted(number, supplier_called(store, supplier), date.fromisoformat(day), document, year, item, amount)
