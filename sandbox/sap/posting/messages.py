"""Messages of the application: class, number, text. One place knows the numbers and texts that postings bring.

Texts and numbers of F5, FH, RW, M8 and FINS_FI_POSTING_IF are recorded answers or SAP's message tables; KI 235 and
KI 100 are from SAP's message tables, too. The numbers of a cost center that does not exist and of a blocked account
are from memory: nobody should compare them, people read the text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

SUCCESS, WARNING, ERROR = 1, 2, 3
POSTING = "FINS_FI_POSTING_IF"
OF_PARTNERS = ("102(F5)", "104(F5)")


@dataclass(frozen=True, slots=True)
class Message:
    """One message; ``variables`` are what its text was filled with, ``target`` is a property that it is about, ``line``
    the number of the document's line.
    """

    area: str
    number: str
    note: str
    severity: int = ERROR
    variables: tuple[str, ...] = ()
    target: str = ""
    line: str = ""

    @property
    def type_id(self) -> str:
        """As logs of SOAP services name it: ``507(F5)``."""
        return f"{self.number}({self.area})"

    @property
    def code(self) -> str:
        """As OData errors name it: ``F5/507``."""
        return f"{self.area}/{self.number}"


def posted(kind: str, key: str, system: str) -> Message:
    """The document stands; ``key`` is document, company code and fiscal year in one."""
    return Message("RW", "605", f"Document posted successfully: {kind} {system}", SUCCESS, (kind, key, system))


def checked(kind: str, system: str) -> Message:
    """A test run found nothing."""
    return Message("RW", "614", f"Document check - no errors: {kind} $ {system}", SUCCESS, (kind, "$", system))


def refused(kind: str, system: str) -> Message:
    """The head of the messages of a document that was not posted."""
    return Message("RW", "609", f"Error in document: {kind} $ {system}", ERROR, (kind, "$", system))


def no_ids() -> Message:
    """Header ids are empty."""
    return Message(POSTING, "019", "Message header id and Sub-Message header id should not be empty")


def sub_message_failed(identifier: str) -> Message:
    """An entry's own message could not be processed."""
    return Message(POSTING, "021", f"Sub-Message '{identifier}' process failed", variables=(identifier,))


def no_items() -> Message:
    """A document without lines."""
    return Message(POSTING, "008", "Item information missing")


def currencies_differ(first: str, second: str) -> Message:
    """Two items in two currencies."""
    return Message(
        POSTING, "005", f"Transaction currencies in item {first} and item {second} differ", variables=(first, second)
    )


def out_of_balance(form: str, difference: Decimal, currency: str) -> Message:
    """Debits and credits differ; which message a tenant sends is not known: ``FINS/016``, ``RW/022`` or ``F5/702``."""
    if form == "RW/022":
        return Message("RW", "022", f"FI/CO interface: Balance in transaction currency {currency} {difference}")
    if form == "F5/702":
        return Message("F5", "702", f"Balance in transaction currency: {difference} {currency}")
    return Message(POSTING, "016", "Amount balance in transaction currency must be zero")


def company_currency_balance() -> Message:
    """Amounts in company code currency were given and do not balance."""
    return Message(POSTING, "017", "Amount balance in company code currency must be zero")


def unknown_company(company: str) -> Message:
    """No such company code."""
    return Message("F5", "165", f"Company code {company} is not defined", variables=(company,))


def unknown_account(account: str, chart: str) -> tuple[Message, Message]:
    """Recorded: both come together; the first has the account and the chart as its variables."""
    text = f"G/L account {account} is not defined in chart of accounts {chart}"
    return (
        Message("F5", "507", text, variables=(account, chart)),
        Message("FH", "004", f"Account {account} does not exist in chart of accounts {chart}"),
    )


def blocked_account(account: str, company: str) -> Message:
    """The account may not be posted to."""
    return Message("F5", "351", f"G/L account {account} is blocked for posting in company code {company}")


def reconciliation_account(account: str, company: str) -> Message:
    """Only its subledger posts to this account."""
    return Message("F5", "354", f"Account {account} in company code {company} cannot be directly posted to")


def unknown_customer(customer: str, company: str) -> Message:
    """A debtor that this company code does not know."""
    return Message("F5", "102", f"Customer {customer} is not defined in company code {company}")


def unknown_supplier(supplier: str, company: str) -> Message:
    """A creditor that this company code does not know."""
    return Message("F5", "104", f"Vendor {supplier} is not defined in company code {company}")


def unknown_cost_center(area: str, cost_center: str, on: date) -> Message:
    """None, or none that is valid on the posting date."""
    return Message("KI", "265", f"Cost center {area}/{cost_center} does not exist on {on:%m/%d/%Y}")


def locked_cost_center(area: str, cost_center: str, on: date) -> Message:
    """Locked for primary postings."""
    return Message("KI", "249", f"Cost center {area}/{cost_center} is locked for primary postings on {on:%m/%d/%Y}")


def foreign_cost_center(other: str, company: str) -> Message:
    """A cost center of another company code."""
    return Message("KI", "100", f"The CO account assignment object belongs to company code {other}, not {company}")


def no_assignment(account: str) -> Message:
    """An expense without cost center, order or WBS element."""
    return Message("KI", "235", f"Account {account} requires an assignment to a CO object", variables=(account,))


def closed_period(period: str, year: str) -> Message:
    """The posting date is in a period that is not open."""
    return Message("F5", "201", f"Posting period {period} {year} is not open", variables=(period, year))


def too_many_lines() -> Message:
    """999 lines is what three digits can count."""
    return Message("F5", "727", "Maximum number of items in FI reached")


def negative_posting(item: str) -> Message:
    """A debit below zero or a credit above it, from release 2602 on (KBA 3641505, 3157729); the words are not known."""
    return Message(POSTING, "056", f"Negative posting in item {item} is not allowed", variables=(item,))


def no_tax_code(account: str) -> Message:
    """A tax account without a tax code."""
    return Message(POSTING, "023", f"Tax code must be entered for '{account}'", variables=(account,))


def too_many_decimals(item: str, currency: str) -> Message:
    """More digits after the point than the currency has; the number is not known."""
    return Message("F5", "808", f"Amount in item {item} has more decimal places than currency {currency}")


def too_large(item: str) -> Message:
    """An amount that the document's columns do not hold; the number is not known."""
    return Message("F5", "155", f"Amount in item {item} is too large")


def unknown_currency(currency: str) -> Message:
    """A currency key that no rate is kept for."""
    return Message("00", "058", f"Entry {currency} does not exist in TCURC (check entry)", variables=(currency,))


def field_missing(name: str) -> Message:
    """A mandatory field of an invoice; the number is not known."""
    return Message("M8", "319", f"Enter {name}", variables=(name,), target=name)


def unknown_status(status: str) -> Message:
    """A status that invoices do not have; the number is not known."""
    return Message("M8", "320", f"Supplier invoice status {status} is not allowed", target="SupplierInvoiceStatus")


def invoice_balance(balance: Decimal, debit: Decimal, credit: Decimal) -> Message:
    """Gross amount against items and taxes."""
    return Message("M8", "534", f"Balance not zero: {balance} debits: {debit} credits: {credit}")


def entered_already(document: str, year: str) -> Message:
    """The duplicate check of invoice verification."""
    note = f"Check if invoice already entered under accounting doc. no. {document} {year}"
    return Message("M8", "108", note, WARNING, (document, year))


def posted_already(document: str) -> Message:
    """Post was called for an invoice that stands."""
    return Message("M8", "255", f"Document {document} already posted", variables=(document,))


def not_cancellable(document: str) -> Message:
    """Cancelled before, or never posted; the number is not known."""
    return Message("M8", "385", f"Document {document} cannot be cancelled: it is reversed or not posted")


def unknown_invoice(document: str, year: str) -> Message:
    """No such invoice; the number is not known."""
    return Message("M8", "026", f"Supplier invoice {document} {year} does not exist")


def unknown_order_item(order: str, item: str) -> Message:
    """An item of a purchase order that does not exist; the number is not known."""
    return Message("M8", "321", f"Purchase order {order} item {item} does not exist", target="PurchaseOrder")


def plan(note: str) -> Message:
    """Plan data is refused; class and number are not known."""
    return Message("FINS_PLAN_API", "001", note)


def does_not_fit(reason: str) -> Message:
    """A value that the invoice's tables do not hold; the number is not known."""
    return Message("M8", "000", reason)


def unknown_document_type(kind: str) -> Message:
    """A document type that there is not; the number is not known."""
    return Message("F5", "814", f"Document type {kind} is not defined")


def unknown_ledger_group(group: str) -> Message:
    """A ledger group that there is not; the number is not known."""
    return Message("FGL0", "001", f"Ledger group {group} is not defined")
