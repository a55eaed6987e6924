"""What postings are checked against: master data and periods, read from the store as they stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sandbox.sap.fiscal import fiscal_year_and_period

if TYPE_CHECKING:
    from sandbox.sap.schema import Stored
    from sandbox.sap.store import Store

TEN = 10
RECONCILIATION = "RECN"
"""The account group of accounts that only a subledger posts to."""
_DECIMALS = {"JPY": 0, "KRW": 0, "CLP": 0, "KWD": 3, "BHD": 3, "TND": 3}


@dataclass(frozen=True, slots=True)
class Company:
    """What a posting needs to know of its company code."""

    code: str
    currency: str
    chart: str
    area: str
    variant: str


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the chart; ``reconciliation``: only its subledger posts to it."""

    number: str
    profit_and_loss: bool
    group: str
    blocked: bool
    reconciliation: bool


@dataclass(frozen=True, slots=True)
class CostCenter:
    """A cost center in one interval of its validity."""

    number: str
    company: str
    profit_center: str
    functional_area: str
    locked: bool


@dataclass(frozen=True, slots=True)
class Partner:
    """A supplier's or customer's part in a company code."""

    number: str
    reconciliation: str
    payment_terms: str
    check_duplicates: bool


def decimals_of(currency: str) -> int:
    """Digits after the point that amounts in this currency have."""
    return _DECIMALS.get(currency, 2)


def padded(number: str) -> str:
    """A number as its ten characters are stored: digits alone get leading zeros."""
    return number.zfill(TEN) if number.isdigit() else number


class Books:
    """Look-ups by what a client sent: numbers with or without their leading zeros.

    One object serves one request: what it has looked up it remembers.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: dict[tuple[str, tuple[Stored, ...]], tuple[Stored, ...] | None] = {}

    def _row(self, table: str, columns: str, where: str, *values: Stored) -> tuple[Stored, ...] | None:
        statement = f'SELECT {columns} FROM "{table}" WHERE {where} LIMIT 1'
        if (statement, values) not in self._seen:
            self._seen[statement, values] = self._store.connection.execute(statement, values).fetchone()
        return self._seen[statement, values]

    def _stored(self, table: str, column: str, number: str, where: str = "1", *values: Stored) -> str | None:
        """The number as this table has it."""
        for form in dict.fromkeys((number, padded(number), number.lstrip("0"))):
            if self._row(table, "1", f'"{column}" = ? AND {where}', form, *values):
                return form
        return None

    def company(self, code: str) -> Company | None:
        """The company code, or None."""
        columns = '"CompanyCode", "Currency", "ChartOfAccounts", "ControllingArea", "FiscalYearVariant"'
        found = self._row("CompanyCode", columns, '"CompanyCode" = ?', code)
        return Company(*map(str, found)) if found else None

    def account(self, chart: str, number: str) -> Account | None:
        """The account, or None."""
        stored = self._stored("GLAccount", "GLAccount", number, '"ChartOfAccounts" = ?', chart)
        if stored is None:
            return None
        columns = '"IsProfitLossAccount", "GLAccountGroup", "AccountIsBlockedForPosting", "AccountIsMarkedForDeletion"'
        found = self._row("GLAccount", columns, '"ChartOfAccounts" = ? AND "GLAccount" = ?', chart, stored)
        profit_and_loss, group, blocked, marked = found or (0, "", 0, 0)
        reconciliation = group == RECONCILIATION
        return Account(stored, bool(profit_and_loss), str(group), bool(blocked or marked), reconciliation)

    def cost_center(self, area: str, number: str, on: date) -> CostCenter | None:
        """The cost center as it is on that day; None when there is none or it is not valid then."""
        stored = self._stored("CostCenter", "CostCenter", number, '"ControllingArea" = ?', area)
        if stored is None:
            return None
        columns = '"CostCenter", "CompanyCode", "ProfitCenter", "FunctionalArea", "IsBlkdForPrimaryCostsPosting"'
        where = '"ControllingArea" = ? AND "CostCenter" = ? AND ? BETWEEN "ValidityStartDate" AND "ValidityEndDate"'
        found = self._row("CostCenter", columns, where, area, stored, on.isoformat())
        if found is None:
            return None
        shown, company, profit_center, functional_area = map(str, found[:4])
        return CostCenter(shown, company, profit_center, functional_area, locked=bool(found[4]))

    def stored_cost_center(self, area: str, number: str) -> str:
        """The number as it is stored, or as it came when there is no such cost center."""
        return self._stored("CostCenter", "CostCenter", number, '"ControllingArea" = ?', area) or number

    def supplier(self, number: str, company: str) -> Partner | None:
        """The supplier in this company code, or None."""
        return self._partner("Supplier", number, company, '"IsToBeCheckedForDuplicates"')

    def customer(self, number: str, company: str) -> Partner | None:
        """The customer in this company code, or None."""
        return self._partner("Customer", number, company, "0")

    def _partner(self, kind: str, number: str, company: str, duplicates: str) -> Partner | None:
        table = f"{kind}Company"
        stored = self._stored(table, kind, number, '"CompanyCode" = ?', company)
        if stored is None:
            return None
        columns = f'"{kind}", "ReconciliationAccount", "PaymentTerms", {duplicates}'
        found = self._row(table, columns, f'"{kind}" = ? AND "CompanyCode" = ?', stored, company)
        if found is None:
            return None
        shown, reconciliation, terms = map(str, found[:3])
        return Partner(shown, reconciliation, terms, check_duplicates=bool(found[3]))

    def period_is_open(self, company: Company, on: date) -> bool:
        """Whether the period of that day is open. A period that nobody opened is closed."""
        year, period = fiscal_year_and_period(company.variant, on)
        where = '"CompanyCode" = ? AND "FiscalYear" = ? AND "FiscalPeriod" = ?'
        found = self._row("PostingPeriod", '"IsOpen"', where, company.code, year, period)
        return bool(found and found[0])
