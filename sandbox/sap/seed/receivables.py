"""Customer invoices and incoming payments, as journal entries: there is no service for the documents behind them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sandbox.sap.entry import Entry, EntryLine
from sandbox.sap.seed.calendar import TODAY, decimal, moment, office_hours, working_days
from sandbox.sap.seed.chart import BANK, OUTPUT_TAX, RECEIVABLES, REVENUE, REVENUE_EXPORT
from sandbox.sap.seed.organisation import PROFIT_CENTERS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from random import Random

    from sandbox.sap.journal import Journal
    from sandbox.sap.seed.partners import Partner


@dataclass(frozen=True, slots=True)
class _Sale:
    customer: Partner
    day: date
    document: str
    fiscal_year: str
    gross: int


def fill_receivables(journal: Journal, rng: Random, customers: Sequence[Partner], count: int) -> int:
    """``count`` invoices over all days, most of them paid; how many journal lines."""
    sales = [
        _invoice(journal, rng, rng.choice(customers), day, index) for index, day in enumerate(working_days(rng, count))
    ]
    lines = 3 * len(sales)
    for sale in sorted(sales, key=lambda each: each.day):
        paid = sale.day + timedelta(rng.randint(5, 45))
        if paid <= TODAY and rng.random() < 0.8:
            _payment(journal, sale, paid)
            lines += 2
    return lines


def _invoice(journal: Journal, rng: Random, customer: Partner, day: date, index: int) -> _Sale:
    company, net = customer.company, rng.randint(5_000, 4_000_000)
    code, percent = company.output_tax
    tax = net * percent // 100
    revenue = REVENUE if customer.place[0] == company.country else REVENUE_EXPORT
    lines = (
        EntryLine(
            RECEIVABLES, decimal(net + tax), company.currency, customer=customer.number, due_date=day + timedelta(30)
        ),
        EntryLine(
            revenue, decimal(-net), company.currency, tax_code=code, profit_center=rng.choice(PROFIT_CENTERS),
            segment="1000_A", text=f"Invoice to {customer.name}"[:50],
        ),
        EntryLine(OUTPUT_TAX, decimal(-tax), company.currency, tax_code=code),
    )  # fmt: skip
    billing = f"{90_000_000 + index:010d}"
    entry = Entry(
        company.code, "RV", day, day, lines, reference=billing, user="BILLING", transaction="SD00",
        reference_type="VBRK", reference_document=billing,
    )  # fmt: skip
    number, year = journal.post(entry, created=moment(day, office_hours(rng)))
    return _Sale(customer, day, number, year, net + tax)


def _payment(journal: Journal, sale: _Sale, day: date) -> None:
    company = sale.customer.company
    lines = (
        EntryLine(BANK, decimal(sale.gross), company.currency),
        EntryLine(
            RECEIVABLES, decimal(-sale.gross), company.currency, customer=sale.customer.number, posting_key="15"
        ),
    )  # fmt: skip
    created = moment(day, 9 * 3600)
    number, year = journal.post(Entry(company.code, "DZ", day, day, lines, user="BANKING"), created=created)
    items = [(company.code, sale.document, sale.fiscal_year, "001"), (company.code, number, year, "002")]
    journal.clear(items, (number, year), day, created)
