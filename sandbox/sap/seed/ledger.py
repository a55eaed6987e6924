"""General ledger entries: expenses, payroll, depreciation, accruals with their reversal, adjustments of one ledger."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from sandbox.sap.entry import Entry, EntryLine
from sandbox.sap.seed.calendar import DAYS, TODAY, decimal, moment, office_hours, working_days
from sandbox.sap.seed.chart import (
    ACCRUALS,
    BANK,
    COST_OF_SALES,
    DEPRECIATION,
    INVENTORY,
    MACHINES_DEPRECIATED,
    PAYROLL_CLEARING,
    PENSIONS,
    PROVISIONS,
)
from sandbox.sap.seed.organisation import COMPANIES, cost_centers_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from random import Random

    from sandbox.sap.journal import Journal
    from sandbox.sap.seed.organisation import Company
    from sandbox.sap.store import Store

_TEXTS = ("Reisekosten", "Q3 correction", "Umbuchung; Projekt", "Allocation 50%", 'Invoice "late"', "R&D supplies", "")
_CAMPAIGNS = ("", "", "", "SPRING26", "HERBST")
_SALARIES = "0061200000"


def fill_ledger(journal: Journal, store: Store, rng: Random, accounts: Sequence[str], lines: int) -> int:
    """Month-end entries of both company codes, then others until there are about ``lines``; how many lines."""
    written = 0
    centers = {company.code: cost_centers_of(store, company.code) for company in COMPANIES}
    months = _month_ends()
    few = lines < 30 * len(months)
    for company in COMPANIES:
        for month in months:
            written += _depreciation(journal, company, month, centers[company.code][: 2 if few else 6])
            written += _payroll(journal, rng, company, month, centers[company.code][: 2 if few else 12])
        for month in months[1::3]:
            written += _accrual(journal, rng, company, month, centers[company.code][0])
            _ledger_only(journal, rng, company, month, centers[company.code][0])
    room = max(0, lines - written)
    average = 5
    for day in working_days(rng, room // average):
        company = rng.choice(COMPANIES)
        entry = expense(rng, company, day, accounts, centers[company.code])
        late = rng.randint(1, 5) if rng.random() < 0.05 else 0
        journal.post(entry, created=moment(day, office_hours(rng), late))
        written += len(entry.lines)
    return written


def _month_ends() -> list[date]:
    """The last day of business of every month that is over."""
    return [day for day, following in pairwise(DAYS) if day.month != following.month]


def expense(rng: Random, company: Company, day: date, accounts: Sequence[str], centers: Sequence[str]) -> Entry:
    """Two to eight lines: costs of several cost centers against one balance sheet account."""
    costs = [
        EntryLine(
            rng.choice(accounts), decimal(rng.randint(500, 800_000)), company.currency, rng.choice(_TEXTS),
            rng.choice(centers), extension=rng.choice(_CAMPAIGNS),
        )
        for _ in range(rng.randint(1, 7))
    ]  # fmt: skip
    against = EntryLine(rng.choice((BANK, ACCRUALS)), -_total(costs), company.currency)
    return Entry(company.code, "SA", day, day, (*costs, against), header_text="Expenses", user="GL_ACCT")


def _total(lines: Sequence[EntryLine]) -> Decimal:
    return sum((line.amount for line in lines), Decimal(0))


def _depreciation(journal: Journal, company: Company, day: date, centers: Sequence[str]) -> int:
    costs = [EntryLine(DEPRECIATION, decimal(120_050), company.currency, cost_center=center) for center in centers]
    against = EntryLine(MACHINES_DEPRECIATED, -_total(costs), company.currency)
    entry = Entry(
        company.code, "AF", day, day, (*costs, against), header_text="Depreciation", user="AFAB", transaction="RFBU",
        reference_type="AMDP",
    )  # fmt: skip
    journal.post(entry, created=moment(day, 20 * 3600))
    return len(entry.lines)


def _payroll(journal: Journal, rng: Random, company: Company, day: date, centers: Sequence[str]) -> int:
    costs = [
        EntryLine(_SALARIES, decimal(rng.randint(800_000, 4_000_000)), company.currency, cost_center=center)
        for center in centers
    ]
    against = EntryLine(PAYROLL_CLEARING, -_total(costs), company.currency)
    entry = Entry(company.code, "SA", day, day, (*costs, against), header_text="Payroll", user="HRPAY")
    journal.post(entry, created=moment(day, 19 * 3600))
    return len(entry.lines)


def _accrual(journal: Journal, rng: Random, company: Company, day: date, center: str) -> int:
    """Accrued at the end of the month and reversed on the first day of the next."""
    amount = decimal(rng.randint(100_000, 900_000))
    lines = (
        EntryLine(PENSIONS, amount, company.currency, "Accrual", center),
        EntryLine(ACCRUALS, -amount, company.currency, "Accrual"),
    )
    entry = Entry(company.code, "SA", day, day, lines, header_text="Accrual", user="GL_ACCT")
    number, year = journal.post(entry, created=moment(day, 21 * 3600))
    following = next(each for each in DAYS if each > day)
    journal.reverse(company.code, number, year, following, "05", moment(following, 6 * 3600))
    return 4


def _ledger_only(journal: Journal, rng: Random, company: Company, day: date, center: str) -> None:
    """Valued differently in the second ledger: entries that the leading one never sees."""
    amount = decimal(rng.randint(50_000, 500_000))
    lines = (
        EntryLine(COST_OF_SALES, amount, company.currency, "IFRS 16", center),
        EntryLine(PROVISIONS, -amount / 4, company.currency, "IFRS 16"),
        EntryLine(INVENTORY, -amount + amount / 4, company.currency, "IFRS 16"),
    )
    rounded = tuple(_to_cents(lines))
    entry = Entry(company.code, "SA", day, day, rounded, header_text="IFRS only", user="GL_ACCT", ledger_group="2L")
    journal.post(entry, created=moment(min(day + timedelta(1), TODAY), 12 * 3600))


def _to_cents(lines: Sequence[EntryLine]) -> list[EntryLine]:
    cent = decimal(1)
    rounded = [line.amount.quantize(cent) for line in lines]
    rounded[-1] -= sum(rounded)
    return [
        EntryLine(line.account, amount, line.currency, line.text, line.cost_center)
        for line, amount in zip(lines, rounded, strict=True)
    ]
