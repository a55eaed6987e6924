"""Does the ERP hold what was planned and approved? By company, account, cost center and month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from decimal import Decimal

from demo.planning import PlanLine
from demo.reconcile.core import Comparison, Contents, cents, compare_contents
from sandbox.testing import Control

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def planned(lines: Iterable[PlanLine]) -> Contents:
    """The plan's totals."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        account, cost_center = (code.rpartition("-")[2] for code in (line.account, line.cost_center))
        totals[f"{line.company}|{account}|{cost_center}|{line.period}"] += line.amount
    return {key: {"Total": cents(total)} for key, total in totals.items()}


def posted_in_sap(control: Control, document_numbers: Iterable[tuple[str, str, str]], offset: str) -> Contents:
    """Totals of journal entries in the leading ledger, without the offset account.

    Args:
        control: the sandbox's control client.
        document_numbers: company code, fiscal year and number of the entries.
        offset: the account that takes the other side.
    """
    wanted = set(document_numbers)
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for row in control.sap_rows("JournalLine"):
        if row["Ledger"] != "0L" or (row["CompanyCode"], row["FiscalYear"], row["AccountingDocument"]) not in wanted:
            continue
        account, cost_center = (row[name].lstrip("0") for name in ("GLAccount", "CostCenter"))
        if account != offset:
            year, month, _ = row["PostingDate"].split("-")
            key = "|".join((row["CompanyCode"], account, cost_center, f"{_MONTHS[int(month) - 1]} {year[2:]}"))
            totals[key] += Decimal(row["AmountInTransactionCurrency"])
    return {key: {"Total": cents(total)} for key, total in totals.items() if total}


def posted_in_syspro(control: Control, company: str, journals: Collection[tuple[str, str]], offset: str) -> Contents:
    """Totals of GL journals without the offset account; journals by year and number."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for row in control.rows(company, "GenJournalDetail"):
        year, period, number = (str(int(Decimal(str(row[name])))) for name in ("GlYear", "GlPeriod", "Journal"))
        code = row["GlCode"].strip()
        if (year, number) in journals and code != offset:
            key = f"{company}|{code}||{_MONTHS[int(period) - 1]} {year[2:]}"
            totals[key] += Decimal(str(row["EntryValue"]))
    return {key: {"Total": cents(total)} for key, total in totals.items() if total}


def compare_with_syspro(
    control: Control, company: str, lines: Iterable[PlanLine], journals: Collection[tuple[str, str]], offset: str
) -> Comparison:
    """The approved plan beside what was posted for it."""
    wanted: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        wanted[f"{line.company}|{line.account.removeprefix(f'{company}-')}||{line.period}"] += line.amount
    plan = {key: {"Total": cents(total)} for key, total in wanted.items()}
    found = posted_in_syspro(control, company, journals, offset)
    return compare_contents("the plan", "Amounts per account and month", plan, found)


def compare_with_sap(
    control: Control, lines: Iterable[PlanLine], document_numbers: Iterable[tuple[str, str, str]], offset: str
) -> Comparison:
    """The approved plan beside what was posted for it."""
    found = posted_in_sap(control, document_numbers, offset)
    return compare_contents("the plan", "Amounts per account, cost center, month", planned(lines), found)
