"""Supplier invoices by deep insert into A_SupplierInvoice: checked, numbered, posted, or parked."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.sap.fiscal import fiscal_year_and_period
from sandbox.sap.odata.writes import BusinessError, Created, Message
from sandbox.sap.posting import messages
from sandbox.sap.posting.books import Books
from sandbox.sap.posting.checks import Rules, check_entry
from sandbox.sap.posting.determination import completed
from sandbox.sap.posting.invoice import Assignment, Invoice, entry_of, invoice_of, items, text
from sandbox.sap.posting.rows import row_of
from sandbox.sap.seed.payables import FIRST_INVOICE
from sandbox.sap.store import StoreError, table_called

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from sandbox.core.switches import Switches
    from sandbox.sap.journal import Journal
    from sandbox.sap.odata.writes import Values
    from sandbox.sap.schema import Stored
    from sandbox.sap.store import Row, Store

POSTED, PARKED = "5", ("A", "B", "C", "D", "E")
REQUIRED = ("CompanyCode", "InvoicingParty", "DocumentDate", "PostingDate", "DocumentCurrency", "InvoiceGrossAmount")
_PARTS = {
    "to_SuplrInvcItemPurOrdRef": ("SupplierInvoiceItemPO", "SupplierInvoiceItem", 6),
    "to_SupplierInvoiceItemGLAcct": ("SupplierInvoiceItemGL", "SupplierInvoiceItem", 4),
    "to_SupplierInvoiceTax": ("SupplierInvoiceTax", "SupplierInvoiceTaxCounter", 6),
}


def refused(found: list[messages.Message]) -> BusinessError:
    """One error of all messages, the first one leading."""
    details = tuple(Message(each.code, each.note, target=each.target) for each in found)
    return BusinessError(found[0].code, found[0].note, details)


class SupplierInvoices:
    """The create of A_SupplierInvoice. ``now`` is the system's time, ``user`` who is on its documents."""

    def __init__(
        self, store: Store, journal: Journal, switches: Switches, now: Callable[[], datetime], user: str
    ) -> None:
        self._store = store
        self._books = Books(store)
        self._journal = journal
        self._switches = switches
        self._now = now
        self._user = user

    def create(self, values: Values) -> Created:
        """A new invoice; BusinessError with all that speaks against it."""
        self._books = Books(self._store)  # remembers for one request
        missing = [name for name in REQUIRED if not values.get(name)]
        if missing:
            raise refused([messages.field_missing(name) for name in missing])
        invoice = self._read(values)
        status = text(values, "SupplierInvoiceStatus").strip() or POSTED
        if status not in {POSTED, *PARKED}:
            raise refused([messages.unknown_status(status)])
        warnings = self._duplicates(invoice)
        if status == POSTED:
            self._check(invoice)
        number, year = self._number(invoice)
        self._insert(values, invoice, {"SupplierInvoice": number, "FiscalYear": year}, status)
        if status == POSTED:
            self._post(invoice, number)
        return Created({"SupplierInvoice": number, "FiscalYear": year}, warnings)

    def _check(self, invoice: Invoice) -> None:
        problems = []
        if not invoice.lines:
            problems.append(messages.no_items())
        elif invoice.debits != invoice.gross:
            problems.append(messages.invoice_balance(invoice.gross - invoice.debits, invoice.debits, invoice.gross))
        entry = completed(self._books, entry_of(invoice, "", self._user))
        found = check_entry(self._books, entry, Rules.of(self._switches))
        # An unbalanced invoice is told in the words of invoice verification, not in those of the ledger.
        balance = {messages.out_of_balance(form, Decimal(0), "").code for form in ("FINS/016", "RW/022", "F5/702")}
        problems += [each for each in found if each.code not in balance]
        if problems:
            raise refused(problems)

    def post_parked(self, values: Values, number: str) -> None:
        """Check and post an invoice that was only parked; BusinessError."""
        self._books = Books(self._store)  # remembers for one request
        invoice = self._read(values)
        self._check(invoice)
        self._post(invoice, number)

    def _read(self, values: Values) -> Invoice:
        side = self._switches.text("credit_memo_items")
        return invoice_of(values, self._assignments(values), memo_items=side)

    def _post(self, invoice: Invoice, number: str) -> None:
        self._journal.post(completed(self._books, entry_of(invoice, number, self._user)))

    def _number(self, invoice: Invoice) -> tuple[str, str]:
        company = self._books.company(invoice.company_code)
        if company is None:
            raise refused([messages.unknown_company(invoice.company_code)])
        year, _ = fiscal_year_and_period(company.variant, invoice.posting_date)
        return next_invoice(self._store), year

    def _assignments(self, values: Values) -> dict[tuple[str, str], tuple[Assignment, ...]]:
        found = {}
        for item in items(values, "to_SuplrInvcItemPurOrdRef"):
            order, position = text(item, "PurchaseOrder"), text(item, "PurchaseOrderItem").zfill(5)
            if self._store.get("PurchaseOrderItem", {"PurchaseOrder": order, "PurchaseOrderItem": position}) is None:
                raise refused([messages.unknown_order_item(order, position)])
            where = '"PurchaseOrder" = ? AND "PurchaseOrderItem" = ?'
            rows = self._store.select("PurchaseOrderAcctAssignment", where, (order, position))
            found[order, position] = _shares(list(rows))
        return found

    def _duplicates(self, invoice: Invoice) -> tuple[Message, ...]:
        """The warning, if any: same supplier, reference, company code, currency, date and amount."""
        policy = self._switches.text("duplicate_invoice")
        partner = self._books.supplier(invoice.supplier, invoice.company_code)
        if policy == "silent" or invoice.credit_memo or partner is None or not partner.check_duplicates:
            return ()
        where = (
            '"InvoicingParty" = ? AND "SupplierInvoiceIDByInvcgParty" = ? AND "CompanyCode" = ? AND'
            ' "DocumentCurrency" = ? AND "DocumentDate" = ? AND "InvoiceGrossAmount" = ? AND "ReverseDocument" = \'\''
        )
        same = row_of("SupplierInvoice", {"DocumentDate": invoice.document_date, "InvoiceGrossAmount": invoice.gross})
        key: tuple[Stored, ...] = (partner.number, invoice.reference, invoice.company_code, invoice.currency)
        found = next(self._store.select("SupplierInvoice", where, (*key, *same.values())), None)
        if found is None or not invoice.reference:
            return ()
        message = messages.entered_already(str(found["SupplierInvoice"]), str(found["FiscalYear"]))
        if policy == "error":
            raise refused([message])
        return (Message(message.code, message.note, "warning"),)

    def _insert(self, values: Values, invoice: Invoice, key: Row, status: str) -> None:
        partner = self._books.supplier(invoice.supplier, invoice.company_code)
        own: Row = {
            **key,
            "CreationDate": f"{self._now():%Y-%m-%d}",
            "SupplierInvoiceStatus": status,
            "InvoicingParty": partner.number if partner else invoice.supplier,
        }
        defaults: Row = {
            "AccountingDocumentType": invoice.document_type,
            "PaymentTerms": partner.payment_terms if partner else "",
            "DueCalculationBaseDate": invoice.document_date.isoformat(),
            "InvoiceReceiptDate": invoice.document_date.isoformat(),
        }
        common: Row = {"DocumentCurrency": invoice.currency, "CompanyCode": invoice.company_code}
        try:
            self._store.insert("SupplierInvoice", [{**defaults, **row_of("SupplierInvoice", values), **own}])
            for navigation, (table, counter, digits) in _PARTS.items():
                columns = table_called(table).columns
                filled = {name: value for name, value in common.items() if name in columns}
                rows = [
                    {**filled, **_numbered(row_of(table, item), counter, digits, place), **key}
                    for place, item in enumerate(items(values, navigation), 1)
                ]
                self._store.insert(table, rows)
            if values.get("TaxIsCalculatedAutomatically") is True:
                self._store.insert("SupplierInvoiceTax", list(_tax_rows(invoice, key)))
        except (StoreError, ValueError) as error:
            raise refused([messages.does_not_fit(str(error))]) from None


def _tax_rows(invoice: Invoice, key: Row) -> Iterator[Row]:
    for place, (code, amount) in enumerate(invoice.taxes.items(), 1):
        base = sum((line.amount for line in invoice.lines if line.tax_code == code), Decimal(0))
        own: Row = {"TaxCode": code, "SupplierInvoiceTaxCounter": f"{place:06d}", "DocumentCurrency": invoice.currency}
        yield {**own, **row_of("SupplierInvoiceTax", {"TaxAmount": amount, "TaxBaseAmountInTransCrcy": base}), **key}


def _numbered(row: Row, counter: str, digits: int, place: int) -> Row:
    given = str(row.get(counter, "")).strip("0")
    return {**row, counter: str(row[counter]).zfill(digits) if given else f"{place:0{digits}d}"}


def next_invoice(store: Store) -> str:
    """The number after the highest one; all company codes and years share the range."""
    highest = store.connection.execute('SELECT MAX("SupplierInvoice") FROM "SupplierInvoice"').fetchone()[0]
    return str(max(int(highest or 0) + 1, FIRST_INVOICE))


def _shares(rows: list[Row]) -> tuple[Assignment, ...]:
    weights = [Decimal(int(row["PurgDocNetAmount"] or 0)) for row in rows]
    total = sum(weights, Decimal(0))
    even = Decimal(1) / len(rows) if rows else Decimal(1)
    return tuple(
        Assignment(
            str(row["GLAccount"]),
            str(row["CostCenter"]),
            str(row["WBSElement"]),
            str(row["OrderID"]),
            weight / total if total else even,
        )
        for row, weight in zip(rows, weights, strict=True)
    )
