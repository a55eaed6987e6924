"""What stands in the ERP's books of plans and planned invoices, read from its tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from chaos.weather.events.base import System
from chaos.weather.plans import Group
from chaos.weather.seen import Posted
from demo import plan_to_sap, plan_to_syspro
from sandbox.testing import Control

_SYSPRO_OURS = ("Budget 2027", "Forecast 2026")


def posted(control: Control, system: System, user: str) -> Posted:
    """Our documents: SAP's by who created them, SYSPRO's by the notation that the recipe gives them."""
    return _in_sap(control, user) if system == "sap" else _in_syspro(control, plan_to_syspro.COMPANY)


def _in_sap(control: Control, user: str) -> Posted:
    found, sums = Posted(), _Sums()
    headers = {_key(row): row for row in control.sap_rows("JournalHeader") if _ours(row, user)}
    found.references = Counter(str(row["DocumentReferenceID"]) for row in headers.values())
    for row in control.sap_rows("JournalLine"):
        header = headers.get(_key(row))
        account = str(row["GLAccount"]).lstrip("0")
        if header is None or row["Ledger"] != "0L" or account == plan_to_sap.OFFSET:
            continue
        month = date.fromisoformat(str(row["PostingDate"])).strftime("%b %y")
        group = (str(header["AccountingDocumentHeaderText"]), str(row["CompanyCode"]), month)
        sums.add(group, account, str(row["CostCenter"]).lstrip("0"), row["AmountInTransactionCurrency"])
    found.sums = sums.frozen()
    for row in control.sap_rows("SupplierInvoice"):
        number = str(row["SupplierInvoiceIDByInvcgParty"])
        if number.startswith("PLAN-") and not row["ReverseDocument"]:
            found.invoices.setdefault(number, []).append(Decimal(str(row["InvoiceGrossAmount"])))
    return found


def _ours(row: dict[str, Any], user: str) -> bool:
    return bool(row["AccountingDocCreatedByUser"] == user and row["AccountingDocumentType"] == "SA")


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["CompanyCode"], row["FiscalYear"], row["AccountingDocument"])


def _in_syspro(control: Control, company: str) -> Posted:
    found, sums = Posted(), _Sums()
    journals = {}
    for row in control.rows(company, "GenJournalCtl"):
        version = str(row["Notation"]).rsplit(" ", 2)[0]
        if version in _SYSPRO_OURS:
            journals[_number(row, "GlJournal")] = (version, str(row["Notation"])[len(version) + 1 :])
            found.references[str(row["Reference"]).strip()] += 1
    for row in control.rows(company, "GenJournalDetail"):
        account = str(row["GlCode"]).strip()
        if _number(row, "Journal") in journals and account != plan_to_syspro.OFFSET:
            version, month = journals[_number(row, "Journal")]
            sums.add((version, company, month), account, "", row["EntryValue"])
    found.sums = sums.frozen()
    for row in control.rows(company, "ApInvoice"):
        if str(row["Invoice"]).startswith("PLAN-"):
            found.invoices.setdefault(str(row["Invoice"]).strip(), []).append(Decimal(str(row["OrigInvValue"])))
    return found


def _number(row: dict[str, Any], name: str) -> tuple[int, int, int]:
    year, period, number = (int(Decimal(str(row[column]))) for column in ("GlYear", "GlPeriod", name))
    return year, period, number


class _Sums:
    def __init__(self) -> None:
        self._groups: dict[Group, dict[tuple[str, str], Decimal]] = defaultdict(lambda: defaultdict(Decimal))

    def add(self, group: Group, account: str, center: str, amount: object) -> None:
        self._groups[group][account, center] += Decimal(str(amount)).normalize()

    def frozen(self) -> dict[Group, frozenset[tuple[tuple[str, str], Decimal]]]:
        """Zeros left out."""
        return {
            group: frozenset((place, amount) for place, amount in sums.items() if amount)
            for group, sums in self._groups.items()
        }
