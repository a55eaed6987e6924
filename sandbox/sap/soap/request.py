"""The bulk request as journal entries: what each element means to the books."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, cast

from sandbox.sap.entry import Entry, EntryLine
from sandbox.sap.soap.values import Amount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.sap.soap.reading import Node


@dataclass(frozen=True, slots=True)
class EntryRequest:
    """One journal entry of a request.

    Args:
        message_id: of its own header, empty when it has none.
        test_run: its own indicator.
        items: per line its item number and its debit/credit code, as they came.
        foreign: company codes that single items name besides the header's.
    """

    message_id: str
    test_run: bool
    entry: Entry
    items: tuple[tuple[str, str], ...]
    foreign: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """A whole message; ``test_run``: nothing at all is posted."""

    message_id: str
    test_run: bool
    entries: tuple[EntryRequest, ...]


def bulk_request(node: Node) -> BulkRequest:
    """From the values of a message that has been checked against the shape."""
    header = _part(node, "MessageHeader")
    entries = tuple(_entry_request(each) for each in _parts(node, "JournalEntryCreateRequest"))
    return BulkRequest(_text(header, "ID"), _flag(header, "TestDataIndicator"), entries)


def _entry_request(node: Node) -> EntryRequest:
    header, journal_entry = _part(node, "MessageHeader"), _part(node, "JournalEntry")
    raw = [
        *((each, _general_line(each)) for each in _parts(journal_entry, "Item")),
        *((each, _debtor_line(each)) for each in _parts(journal_entry, "DebtorItem")),
        *((each, _creditor_line(each)) for each in _parts(journal_entry, "CreditorItem")),
        *((each, _tax_line(each)) for each in _parts(journal_entry, "ProductTaxItem")),
    ]
    company = _text(journal_entry, "CompanyCode")
    items = tuple(
        (_text(each, "ReferenceDocumentItem") or str(place), _text(each, "DebitCreditCode"))
        for place, (each, _) in enumerate(raw, 1)
    )
    foreign = sorted({_text(each, "CompanyCode") for each, _ in raw} - {"", company})
    entry = Entry(
        company_code=company,
        document_type=_text(journal_entry, "AccountingDocumentType"),
        posting_date=_date(journal_entry, "PostingDate"),
        document_date=_date(journal_entry, "DocumentDate"),
        lines=tuple(line for _, line in raw),
        reference=_text(journal_entry, "DocumentReferenceID"),
        header_text=_text(journal_entry, "DocumentHeaderText"),
        user=_text(journal_entry, "CreatedByUser"),
        reference1=_text(journal_entry, "Reference1InDocumentHeader"),
        reference2=_text(journal_entry, "Reference2InDocumentHeader"),
        transaction=_text(journal_entry, "BusinessTransactionType"),
        reference_type=_text(journal_entry, "OriginalReferenceDocumentType"),
        reference_document=_text(journal_entry, "OriginalReferenceDocument"),
        ledger_group=_text(journal_entry, "LedgerGroup"),
    )
    return EntryRequest(_text(header, "ID"), _flag(header, "TestDataIndicator"), entry, items, tuple(foreign))


def _general_line(node: Node) -> EntryLine:
    objects = _part(node, "AccountAssignment")
    return _line(
        node,
        account=_text(node, "GLAccount"),
        cost_center=_text(objects, "CostCenter"),
        profit_center=_text(objects, "ProfitCenter"),
        segment=_text(objects, "Segment"),
        functional_area=_text(objects, "FunctionalArea"),
        wbs_element=_text(objects, "WBSElement"),
        order=_text(objects, "OrderID"),
        trading_partner=_text(node, "TradingPartner"),
        tax_code=_text(_part(node, "Tax"), "TaxCode"),
    )


def _debtor_line(node: Node) -> EntryLine:
    return _line(node, customer=_text(node, "Debtor"), account=_text(node, "AltvRecnclnAccts"))


def _creditor_line(node: Node) -> EntryLine:
    return _line(node, supplier=_text(node, "Creditor"), account=_text(node, "AltvRecnclnAccts"))


def _tax_line(node: Node) -> EntryLine:
    return _line(node, text="ProductiveTaxText", tax_code=_text(node, "TaxCode"), account="")


def _line(node: Node, *, text: str = "DocumentItemText", **own: str) -> EntryLine:
    """What every kind of item has, and its ``own`` fields; ``text`` names the element with its text."""
    amount = _amount(node, "AmountInTransactionCurrency")
    local = node.get("AmountInCompanyCodeCurrency")
    return EntryLine(
        amount=amount.value,
        currency=amount.unit,
        text=_text(node, text),
        assignment=_text(node, "AssignmentReference"),
        amount_in_company_currency=local.value if isinstance(local, Amount) else None,
        negative=_flag(node, "IsNegativePosting"),
        **own,  # type: ignore[arg-type]  # only names of text fields are in it
    )


def _part(node: Mapping[str, object], name: str) -> Node:
    return cast("Node", node.get(name, {}))


def _parts(node: Mapping[str, object], name: str) -> list[Node]:
    return cast("list[Node]", node.get(name, []))


def _text(node: Mapping[str, object], name: str) -> str:
    return str(node.get(name, ""))


def _flag(node: Mapping[str, object], name: str) -> bool:
    return node.get(name) is True


def _date(node: Mapping[str, object], name: str) -> date:
    return cast("date", node[name])


def _amount(node: Mapping[str, object], name: str) -> Amount:
    return cast("Amount", node[name])
