"""Supplier invoices with their journal entries, and the payments that clear them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sandbox.sap.catalogue.views import CONTROLLING_AREA
from sandbox.sap.entry import Entry, EntryLine
from sandbox.sap.fiscal import fiscal_year_and_period
from sandbox.sap.seed.calendar import TODAY, decimal, moment, money, office_hours
from sandbox.sap.seed.chart import BANK, GOODS_RECEIVED, INPUT_TAX, PAYABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime
    from random import Random

    from sandbox.sap.journal import Journal
    from sandbox.sap.seed.orders import OrderItem
    from sandbox.sap.seed.partners import Partner
    from sandbox.sap.store import Row, Store

FIRST_INVOICE = 5_105_600_001


@dataclass(frozen=True, slots=True)
class Charge:
    """What is invoiced: net in cents, for a cost center or for an item of an order."""

    net: int
    account: str
    cost_center: str = ""
    order: str = ""
    item: OrderItem | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Invoice:
    """One supplier invoice; a credit memo turns every sign."""

    number: str
    supplier: Partner
    day: date
    reference: str
    charges: tuple[Charge, ...]
    late: int = 0
    credit_memo: bool = False
    text: str = ""

    @property
    def taxes(self) -> int:
        """Input tax in cents."""
        return sum(charge.net for charge in self.charges) * self.supplier.company.input_tax[1] // 100

    @property
    def gross(self) -> int:
        """In cents, with tax."""
        return sum(charge.net for charge in self.charges) + self.taxes

    @property
    def fiscal_year(self) -> str:
        """Of its posting date."""
        return fiscal_year_and_period(self.supplier.company.variant, self.day)[0]


@dataclass(frozen=True, slots=True)
class Posted:
    """An invoice in the books: ``item`` is the supplier's line, the last one; ``amount`` is what we owe, in cents."""

    number: str
    supplier: Partner
    day: date
    document: str
    fiscal_year: str
    item: str
    amount: int


def book_invoices(
    store: Store, journal: Journal, rng: Random, invoices: Iterable[Invoice], now: datetime | None = None
) -> list[Posted]:
    """Rows of the invoices and their journal entries; created ``now``, or in office hours of the posting date."""
    rows: dict[str, list[Row]] = {
        "SupplierInvoice": [], "SupplierInvoiceItemPO": [], "SupplierInvoiceItemAcctAssgmt": [],
        "SupplierInvoiceItemGL": [], "SupplierInvoiceTax": [],
    }  # fmt: skip
    posted = []
    for invoice in invoices:
        created = now or moment(invoice.day, office_hours(rng), invoice.late)
        rows["SupplierInvoice"].append(_header(invoice, f"{created:%Y-%m-%d}"))
        rows["SupplierInvoiceTax"].append(_tax(invoice))
        for index, charge in enumerate(invoice.charges, 1):
            if charge.item is None:
                rows["SupplierInvoiceItemGL"].append(_gl_item(invoice, index, charge))
            else:
                rows["SupplierInvoiceItemPO"].append(_po_item(invoice, index, charge, charge.item))
                if charge.cost_center:
                    rows["SupplierInvoiceItemAcctAssgmt"].append(_assignment(invoice, index, charge, charge.item))
        document, year = journal.post(invoice_entry(invoice), created=created)
        item, amount = f"{len(invoice.charges) + 2:03d}", -invoice.gross if invoice.credit_memo else invoice.gross
        posted.append(Posted(invoice.number, invoice.supplier, invoice.day, document, year, item, amount))
    for table, made in rows.items():
        store.insert(table, made)
    return posted


def invoice_entry(invoice: Invoice) -> Entry:
    """Its journal entry: a line for each charge, the tax, the supplier."""
    supplier, sign = invoice.supplier, -1 if invoice.credit_memo else 1
    tax_code = supplier.company.input_tax[0]
    lines = [
        EntryLine(
            charge.account, decimal(sign * charge.net), supplier.currency, charge.text or invoice.text,
            charge.cost_center, tax_code=tax_code, purchase_order=charge.order,
            purchase_order_item=charge.item.number if charge.item else "",
        )
        for charge in invoice.charges
    ]  # fmt: skip
    lines.append(EntryLine(INPUT_TAX, decimal(sign * invoice.taxes), supplier.currency, tax_code=tax_code))
    lines.append(
        EntryLine(
            PAYABLES, decimal(-sign * invoice.gross), supplier.currency, invoice.text, supplier=supplier.number,
            assignment=invoice.reference, due_date=invoice.day + timedelta(30),
        )
    )  # fmt: skip
    return Entry(
        supplier.company.code, "RE", invoice.day, invoice.day, tuple(lines), reference=invoice.reference,
        header_text=invoice.text, user="AP_CLERK", transaction="RMRP", reference_type="RMRP",
        reference_document=invoice.number,
    )  # fmt: skip


def _header(invoice: Invoice, created: str) -> Row:
    supplier, day = invoice.supplier, invoice.day.isoformat()
    return {
        "SupplierInvoice": invoice.number, "FiscalYear": invoice.fiscal_year, "CompanyCode": supplier.company.code,
        "DocumentDate": day, "PostingDate": day, "CreationDate": created, "InvoiceReceiptDate": day,
        "SupplierInvoiceIDByInvcgParty": invoice.reference, "InvoicingParty": supplier.number,
        "DocumentCurrency": supplier.currency, "InvoiceGrossAmount": money(invoice.gross), "PaymentTerms": "0001",
        "DueCalculationBaseDate": day, "NetPaymentDays": 30, "AccountingDocumentType": "RE",
        "DocumentHeaderText": invoice.text, "SupplierInvoiceStatus": "5", "SupplierInvoiceOrigin": "1",
        "TaxIsCalculatedAutomatically": 1, "SupplierInvoiceIsCreditMemo": "X" if invoice.credit_memo else "",
        "TaxDeterminationDate": day, "TaxReportingDate": day, "DirectQuotedExchangeRate": 100_000,
        "YY1_Approver_MIH": "Ülkü Öz" if invoice.gross > 1_000_000 else "",
    }  # fmt: skip


def _common(invoice: Invoice, charge: Charge) -> Row:
    return {
        "SupplierInvoice": invoice.number, "FiscalYear": invoice.fiscal_year,
        "DocumentCurrency": invoice.supplier.currency, "SupplierInvoiceItemAmount": money(charge.net),
        "TaxCode": invoice.supplier.company.input_tax[0], "SupplierInvoiceItemText": charge.text,
    }  # fmt: skip


def _gl_item(invoice: Invoice, index: int, charge: Charge) -> Row:
    return {
        **_common(invoice, charge), "SupplierInvoiceItem": f"{index:04d}",
        "CompanyCode": invoice.supplier.company.code, "GLAccount": charge.account, "CostCenter": charge.cost_center,
        "ControllingArea": CONTROLLING_AREA, "DebitCreditCode": "H" if invoice.credit_memo else "S",
    }  # fmt: skip


def _po_item(invoice: Invoice, index: int, charge: Charge, item: OrderItem) -> Row:
    return {
        **_common(invoice, charge), "SupplierInvoiceItem": f"{index:06d}", "PurchaseOrder": charge.order,
        "PurchaseOrderItem": item.number, "Plant": invoice.supplier.company.plant, "PurchaseOrderQuantityUnit": "EA",
        "QuantityInPurchaseOrderUnit": item.quantity * 1000, "PurchaseOrderPriceUnit": "EA",
        "QtyInPurchaseOrderPriceUnit": item.quantity * 1000, "ProductType": "1" if item.material else "2",
    }  # fmt: skip


def _assignment(invoice: Invoice, index: int, charge: Charge, item: OrderItem) -> Row:
    return {
        "SupplierInvoice": invoice.number, "FiscalYear": invoice.fiscal_year, "SupplierInvoiceItem": f"{index:06d}",
        "OrdinalNumber": "0001", "CostCenter": charge.cost_center, "ControllingArea": CONTROLLING_AREA,
        "GLAccount": charge.account, "DocumentCurrency": invoice.supplier.currency, "AccountAssignmentNumber": "01",
        "SuplrInvcAcctAssignmentAmount": money(charge.net), "PurchaseOrderQuantityUnit": "EA",
        "Quantity": item.quantity * 1000, "TaxCode": invoice.supplier.company.input_tax[0],
        "DebitCreditCode": "H" if invoice.credit_memo else "S", "CompanyCode": invoice.supplier.company.code,
    }  # fmt: skip


def _tax(invoice: Invoice) -> Row:
    return {
        "SupplierInvoice": invoice.number, "FiscalYear": invoice.fiscal_year, "SupplierInvoiceTaxCounter": "000001",
        "TaxCode": invoice.supplier.company.input_tax[0], "DocumentCurrency": invoice.supplier.currency,
        "TaxAmount": money(invoice.taxes), "TaxBaseAmountInTransCrcy": money(invoice.gross - invoice.taxes),
    }  # fmt: skip


def charge_of(order: str, item: OrderItem) -> Charge:
    """An item of an order, invoiced as ordered: stock against what was received, the rest to its cost center."""
    return Charge(item.value, item.account or GOODS_RECEIVED, item.cost_center, order, item, item.text)


def pay(journal: Journal, day: date, items: Sequence[Posted], now: datetime | None = None) -> tuple[str, str]:
    """Post one payment for invoices of one supplier and clear them with it."""
    supplier = items[0].supplier
    total = sum(each.amount for each in items)
    lines = (
        EntryLine(PAYABLES, decimal(total), supplier.currency, supplier=supplier.number, posting_key="25"),
        EntryLine(BANK, decimal(-total), supplier.currency),
    )
    code = supplier.company.code
    entry = Entry(code, "KZ", day, day, lines, header_text="Payment run", user="PAYRUN", reference_type="BKPFF")
    created = now or moment(day, 17 * 3600)
    number, year = journal.post(entry, created=created)
    cleared = [(code, each.document, each.fiscal_year, each.item) for each in items]
    journal.clear([*cleared, (code, number, year, "001")], (number, year), day, created)
    return number, year


def pay_due(journal: Journal, rng: Random, posted: Iterable[Posted]) -> int:
    """Most of what is due is paid: invoices of a supplier that fall due in the same month together. How many runs."""
    due: dict[tuple[str, str], list[Posted]] = {}
    for each in posted:
        when = each.day + timedelta(30)
        if when <= TODAY and rng.random() < 0.9:
            due.setdefault((f"{when:%Y-%m}", each.supplier.number), []).append(each)
    runs = 0
    for _, items in sorted(due.items()):
        latest = max(each.day for each in items) + timedelta(30)
        if sum(each.amount for each in items) > 0:
            pay(journal, min(latest, TODAY), items)
            runs += 1
    return runs
