"""What SAP checks before a document stands, as messages; an entry without errors may be posted.

Which checks there are and their texts: recorded answers, SAP's message tables and help pages on journal entries. Where
tenants differ or nobody knows, ``Rules`` decides.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.sap.document import amounts_in, converted
from sandbox.sap.fiscal import fiscal_year_and_period
from sandbox.sap.journal import LEDGERS
from sandbox.sap.posting import messages
from sandbox.sap.posting.books import decimals_of
from sandbox.sap.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.core.switches import Switches
    from sandbox.sap.entry import Entry, EntryLine
    from sandbox.sap.posting.books import Books, Company
    from sandbox.sap.posting.messages import Message

MOST_LINES = 999
DOCUMENT_TYPES = (
    "AA", "AB", "DA", "DG", "DR", "DZ", "KA", "KG", "KN", "KR", "KZ", "PR", "RE", "RV", "SA", "SB", "SK", "SX", "UE",
    "WA", "WE", "WL", "ZP",
)  # fmt: skip
BEYOND = Decimal(10) ** 13
"""Amounts from here on do not fit the operational items' columns (13 digits before the point)."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How this tenant checks.

    Args:
        balance_message: which message an unbalanced entry brings.
        assignment_required: a P&L account wants a cost center, an order or a WBS element.
        assignment_groups: account groups, comma-separated, that this holds for; empty for all.
    """

    balance_message: str = "FINS/016"
    assignment_required: bool = True
    assignment_groups: str = ""

    @classmethod
    def of(cls, switches: Switches) -> Rules:
        """As the switches stand."""
        return cls(
            switches.text("balance_message"),
            switches.flag("assignment_required"),
            switches.text("assignment_groups"),
        )


def check_entry(books: Books, entry: Entry, rules: Rules) -> list[Message]:
    """All messages for a completed entry. Empty when it may be posted.

    Those about partners come first (recorded), then the document's own, then the others by line.
    """
    company = books.company(entry.company_code)
    if company is None:
        return [messages.unknown_company(entry.company_code)]
    found = list(_document(books, company, entry, rules))
    for place, line in enumerate(entry.lines, 1):
        found += [replace(each, line=str(place)) for each in _line(books, company, entry, line, place, rules)]
    return sorted(found, key=lambda each: each.type_id not in messages.OF_PARTNERS)


def _document(books: Books, company: Company, entry: Entry, rules: Rules) -> Iterator[Message]:
    if not books.period_is_open(company, entry.posting_date):
        year, period = fiscal_year_and_period(company.variant, entry.posting_date)
        yield messages.closed_period(period, year)
    if entry.document_type not in DOCUMENT_TYPES:
        yield messages.unknown_document_type(entry.document_type)
    if entry.ledger_group and entry.ledger_group not in LEDGERS:
        yield messages.unknown_ledger_group(entry.ledger_group)
    if not entry.lines:
        yield messages.no_items()
        return
    if len(entry.lines) > MOST_LINES:
        yield messages.too_many_lines()
    yield from _balance(entry, rules)
    if all(_has_rate(line.currency, company.currency) for line in entry.lines):
        yield from _company_balance(company, entry)


def _balance(entry: Entry, rules: Rules) -> Iterator[Message]:
    currencies: dict[str, int] = {}
    for place, line in enumerate(entry.lines, 1):
        currencies.setdefault(line.currency, place)
    if len(currencies) > 1:
        first, second = list(currencies.values())[:2]
        yield messages.currencies_differ(str(first), str(second))
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for line in entry.lines:
        totals[line.currency] += line.amount
    for currency, total in totals.items():
        if total:
            yield messages.out_of_balance(rules.balance_message, total, currency)


def _company_balance(company: Company, entry: Entry) -> Iterator[Message]:
    """Where amounts in company code currency were entered, they and those at the rate have to balance as well."""
    if all(line.amount_in_company_currency is None for line in entry.lines):
        return
    at_rate = amounts_in(entry.lines, company.currency)
    own = (line.amount_in_company_currency for line in entry.lines)
    total = sum((rate if given is None else given for given, rate in zip(own, at_rate, strict=True)), Decimal(0))
    if total:
        yield messages.company_currency_balance()


def _line(books: Books, company: Company, entry: Entry, line: EntryLine, place: int, rules: Rules) -> Iterator[Message]:
    local = line.amount_in_company_currency
    for amount, currency in ((line.amount, line.currency), (local or Decimal(0), company.currency)):
        if amount != amount.quantize(Decimal(1).scaleb(-decimals_of(currency))):
            yield messages.too_many_decimals(str(place), currency)
        if abs(amount) >= BEYOND:
            yield messages.too_large(str(place))
    if not _has_rate(line.currency, company.currency):
        yield messages.unknown_currency(line.currency)
    partner = bool(line.supplier or line.customer)
    if line.supplier and books.supplier(line.supplier, company.code) is None:
        yield messages.unknown_supplier(line.supplier, company.code)
    elif line.customer and books.customer(line.customer, company.code) is None:
        yield messages.unknown_customer(line.customer, company.code)
    else:
        yield from _account(books, company, line, partner=partner)
    yield from _assignment(books, company, entry, line, rules)


def _has_rate(currency: str, into: str) -> bool:
    try:
        converted(Decimal(0), currency, into)
    except StoreError:
        return False
    return True


def _account(books: Books, company: Company, line: EntryLine, *, partner: bool) -> Iterator[Message]:
    account = books.account(company.chart, line.account)
    if account is None:
        yield from messages.unknown_account(line.account, company.chart)
    elif account.blocked:
        yield messages.blocked_account(account.number, company.code)
    elif account.reconciliation and not partner:
        yield messages.reconciliation_account(account.number, company.code)


def _assignment(books: Books, company: Company, entry: Entry, line: EntryLine, rules: Rules) -> Iterator[Message]:
    if line.cost_center:
        cost_center = books.cost_center(company.area, line.cost_center, entry.posting_date)
        if cost_center is None:
            yield messages.unknown_cost_center(company.area, line.cost_center, entry.posting_date)
        elif cost_center.locked:
            yield messages.locked_cost_center(company.area, line.cost_center, entry.posting_date)
        elif cost_center.company != company.code:
            yield messages.foreign_cost_center(cost_center.company, company.code)
        return
    if not rules.assignment_required or line.order or line.wbs_element:
        return
    account = books.account(company.chart, line.account)
    groups = {group.strip() for group in rules.assignment_groups.split(",")} - {""}
    if account is not None and account.profit_and_loss and (not groups or account.group in groups):
        yield messages.no_assignment(account.number)
