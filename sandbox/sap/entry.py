"""A journal entry on its way into the books."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One line. ``amount`` is signed, debit positive, in the transaction currency; keys as they are stored.

    ``due_date`` of an open item, its document date plus 30 days when None; ``extension`` is the customer's own field.
    """

    account: str
    amount: Decimal
    currency: str
    text: str = ""
    cost_center: str = ""
    profit_center: str = ""
    segment: str = ""
    functional_area: str = ""
    order: str = ""
    wbs_element: str = ""
    trading_partner: str = ""
    assignment: str = ""
    supplier: str = ""
    customer: str = ""
    tax_code: str = ""
    purchase_order: str = ""
    purchase_order_item: str = ""
    amount_in_company_currency: Decimal | None = None
    posting_key: str = ""
    negative: bool = False
    due_date: date | None = None
    extension: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A whole document. ``ledger_group`` empty: all ledgers. ``reverses``: company code, document, fiscal year."""

    company_code: str
    document_type: str
    posting_date: date
    document_date: date
    lines: tuple[EntryLine, ...]
    reference: str = ""
    header_text: str = ""
    user: str = ""
    reference1: str = ""
    reference2: str = ""
    transaction: str = "RFBU"
    reference_type: str = "BKPFF"
    reference_document: str = ""
    ledger_group: str = ""
    reverses: tuple[str, str, str] | None = None
    reversal_reason: str = ""
