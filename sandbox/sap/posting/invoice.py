"""A supplier invoice as it was sent, and the journal entry that it makes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, cast

from sandbox.sap.entry import Entry, EntryLine
from sandbox.sap.posting.books import decimals_of
from sandbox.sap.posting.determination import RATES, tax_account
from sandbox.sap.posting.rows import day
from sandbox.sap.seed.chart import GOODS_RECEIVED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from sandbox.sap.odata.writes import Values

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Assignment:
    """Where a part of a purchase order's item goes: account, cost center, its share of the amount."""

    account: str
    cost_center: str
    wbs_element: str
    order: str
    share: Decimal


@dataclass(frozen=True, slots=True)
class Invoice:
    """The header's values that decide something; ``lines`` are net, signed for an invoice (debit positive)."""

    company_code: str
    supplier: str
    reference: str
    currency: str
    gross: Decimal
    posting_date: date
    document_date: date
    document_type: str
    header_text: str
    credit_memo: bool
    lines: tuple[EntryLine, ...]
    taxes: Mapping[str, Decimal]

    @property
    def debits(self) -> Decimal:
        """Items and taxes."""
        return sum((line.amount for line in self.lines), ZERO) + sum(self.taxes.values(), ZERO)


def invoice_of(
    values: Values, assignments: Mapping[tuple[str, str], tuple[Assignment, ...]], *, memo_items: str = "credit"
) -> Invoice:
    """From the decoded body; ``assignments`` by purchase order and item. Without one the goods that were received
    clear: the account of goods and invoices receipt. ``memo_items``: the side on which a credit memo's account items
    are sent.
    """
    currency = text(values, "DocumentCurrency")
    memo = text(values, "SupplierInvoiceIsCreditMemo") == "X"
    # `entry_of` turns a credit memo whole; items that come as credits are turned here already.
    turned = memo and memo_items == "credit"
    lines = [
        *(_gl_line(item, currency, turned=turned) for item in items(values, "to_SupplierInvoiceItemGLAcct")),
        *(
            line
            for item in items(values, "to_SuplrInvcItemPurOrdRef")
            for line in _po_lines(item, currency, assignments)
        ),
    ]
    if values.get("TaxIsCalculatedAutomatically") is True:
        taxes = _calculated(lines, currency)
    else:
        taxes = _sums(
            (text(tax, "TaxCode"), number(tax, "TaxAmount")) for tax in items(values, "to_SupplierInvoiceTax")
        )
    return Invoice(
        company_code=text(values, "CompanyCode"),
        supplier=text(values, "InvoicingParty"),
        reference=text(values, "SupplierInvoiceIDByInvcgParty").upper(),  # an upper-case field by its metadata
        currency=currency,
        gross=number(values, "InvoiceGrossAmount"),
        posting_date=day(values.get("PostingDate")),
        document_date=day(values.get("DocumentDate")),
        document_type=text(values, "AccountingDocumentType") or "RE",
        header_text=text(values, "DocumentHeaderText"),
        credit_memo=memo,
        lines=tuple(lines),
        taxes=taxes,
    )


def entry_of(invoice: Invoice, number_of_invoice: str, user: str) -> Entry:
    """The supplier's line first, then items and taxes; a credit memo is the other way round."""
    payable = EntryLine(
        account="",
        supplier=invoice.supplier,
        amount=-invoice.gross,
        currency=invoice.currency,
        assignment=invoice.reference,
    )
    taxes = [
        EntryLine(account=tax_account(code), amount=amount, currency=invoice.currency, tax_code=code)
        for code, amount in invoice.taxes.items()
        if amount
    ]
    sign = -1 if invoice.credit_memo else 1
    return Entry(
        company_code=invoice.company_code,
        document_type=invoice.document_type,
        posting_date=invoice.posting_date,
        document_date=invoice.document_date,
        lines=tuple(replace(line, amount=line.amount * sign) for line in (payable, *invoice.lines, *taxes)),
        reference=invoice.reference,
        header_text=invoice.header_text,
        user=user,
        transaction="RMRP",
        reference_type="RMRP",
        reference_document=number_of_invoice,
    )


def _gl_line(item: Values, currency: str, *, turned: bool) -> EntryLine:
    sign = -1 if (text(item, "DebitCreditCode") == "H") != turned else 1
    return EntryLine(
        account=text(item, "GLAccount"),
        amount=number(item, "SupplierInvoiceItemAmount") * sign,
        currency=currency,
        text=text(item, "SupplierInvoiceItemText"),
        cost_center=text(item, "CostCenter"),
        profit_center=text(item, "ProfitCenter"),
        functional_area=text(item, "FunctionalArea"),
        order=text(item, "InternalOrder"),
        wbs_element=text(item, "WBSElement"),
        assignment=text(item, "AssignmentReference"),
        tax_code=text(item, "TaxCode"),
    )


def _po_lines(
    item: Values, currency: str, assignments: Mapping[tuple[str, str], tuple[Assignment, ...]]
) -> Iterable[EntryLine]:
    order, position = text(item, "PurchaseOrder"), text(item, "PurchaseOrderItem").zfill(5)
    parts = assignments.get((order, position)) or (Assignment(GOODS_RECEIVED, "", "", "", Decimal(1)),)
    amount = number(item, "SupplierInvoiceItemAmount")
    left = amount
    for place, part in enumerate(parts, 1):
        own = left if place == len(parts) else rounded(amount * part.share, currency)
        left -= own
        yield EntryLine(
            account=part.account or GOODS_RECEIVED,
            amount=own,
            currency=currency,
            text=text(item, "SupplierInvoiceItemText"),
            cost_center=part.cost_center,
            wbs_element=part.wbs_element,
            order=part.order,
            tax_code=text(item, "TaxCode"),
            purchase_order=order,
            purchase_order_item=position,
        )


def _calculated(lines: Iterable[EntryLine], currency: str) -> dict[str, Decimal]:
    bases = _sums((line.tax_code, line.amount) for line in lines if line.tax_code)
    return {code: rounded(base * Decimal(RATES.get(code, "0")), currency) for code, base in bases.items()}


def _sums(pairs: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for name, amount in pairs:
        found[name] = found.get(name, ZERO) + amount
    return found


def rounded(amount: Decimal, currency: str) -> Decimal:
    """To the currency's smallest unit."""
    return amount.quantize(Decimal(1).scaleb(-decimals_of(currency)), ROUND_HALF_UP)


def text(values: Mapping[str, object], name: str) -> str:
    """A string property, empty when it is absent or null."""
    value = values.get(name)
    return "" if value is None else str(value)


def number(values: Mapping[str, object], name: str) -> Decimal:
    """A decimal property, zero when it is absent or null."""
    value = values.get(name)
    return value if isinstance(value, Decimal) else ZERO


def items(values: Mapping[str, object], name: str) -> list[Values]:
    """What a navigation of a deep insert holds."""
    return cast("list[Values]", values.get(name) or [])
