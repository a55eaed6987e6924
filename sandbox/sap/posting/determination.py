"""What SAP fills in before it checks: reconciliation and tax accounts, numbers in their stored form."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sandbox.sap.seed.chart import INPUT_TAX, OUTPUT_TAX

if TYPE_CHECKING:
    from datetime import date

    from sandbox.sap.entry import Entry, EntryLine
    from sandbox.sap.posting.books import Books, Company

RATES = {"I0": "0.00", "I1": "0.10", "V0": "0.00", "V1": "0.19", "V2": "0.07", "A1": "0.19", "O0": "0.00", "O1": "0.10"}
"""Tax code to rate; codes that begin with I or V are input tax."""


def tax_account(code: str) -> str:
    """The account that tax of this code is posted to."""
    return INPUT_TAX if code[:1] in {"I", "V"} else OUTPUT_TAX


def completed(books: Books, entry: Entry) -> Entry:
    """The entry as it would stand in the books; what cannot be found stays as it came, for the checks to say so."""
    company = books.company(entry.company_code)
    if company is None:
        return entry
    return replace(entry, lines=tuple(_completed(books, company, line, entry.posting_date) for line in entry.lines))


def _completed(books: Books, company: Company, line: EntryLine, on: date) -> EntryLine:
    changes: dict[str, str] = {}
    account = line.account or _tax_line_account(line)
    if line.supplier and (partner := books.supplier(line.supplier, company.code)):
        account, changes["supplier"] = line.account or partner.reconciliation, partner.number
    elif line.customer and (partner := books.customer(line.customer, company.code)):
        account, changes["customer"] = line.account or partner.reconciliation, partner.number
    found = books.account(company.chart, account)
    changes["account"] = found.number if found else account
    if line.cost_center and (cost_center := books.cost_center(company.area, line.cost_center, on)):
        changes["cost_center"] = cost_center.number
    return replace(line, **changes)  # type: ignore[arg-type]  # only names of text fields are in it


def _tax_line_account(line: EntryLine) -> str:
    return tax_account(line.tax_code) if line.tax_code else ""
