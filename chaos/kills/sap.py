"""target-sap-s4hana: plans as journal entries and as plan data, and supplier invoices."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from random import Random
from typing import Any, ClassVar, Literal

from typing_extensions import override

from chaos.kills.plans import compared, revised, stream, undone
from chaos.kills.subject import Subject

_USER = "PLAN"
_OFFSET = "31000000"
_PERIODS = {"Oct 26": "010", "Nov 26": "011", "Dec 26": "012"}
_ACCOUNTS = ("63000000", "63005000", "63010000")
_CENTERS = ("10100101", "10100103", "10100204")
_TEXTS = ("Version", "Company", "Account", "CostCenter", "Period", "Currency")
_KEY = ("Version", "Company", "Account", "CostCenter", "Period")
_JOURNAL = {
    "stream": "plan",
    "object": "journal_entry",
    "scope": ["Version", "Company"],
    "document": ["Company", "Period"],
    "header": {"company_code": "Company", "header_text": {"template": "{Version} {Period}"}},
    "lines": {"account": "Account", "amount": "Amount", "currency": "Currency", "cost_center": "CostCenter"},
    "period": {"field": "Period", "format": "%b %y"},
    "offset": {"account": _OFFSET},
}
_PLAN_DATA = {
    **_JOURNAL,
    "object": "plan_data",
    "scope": ["Version"],
    "header": {"company_code": "Company", "planning_category": {"constant": "PLN"}},
}
del _PLAN_DATA["offset"]
_INVOICE = {
    "stream": "invoices",
    "object": "supplier_invoice",
    "document": ["Company", "Supplier", "Invoice"],
    "header": {
        "company_code": "Company",
        "supplier": "Supplier",
        "invoice_reference": "Invoice",
        "document_type": {"constant": "KR"},
        "tax_is_calculated": {"constant": "true"},
    },
    "lines": {
        "account": "Account",
        "amount": "Amount",
        "currency": "Currency",
        "cost_center": "CostCenter",
        "tax_code": "TaxCode",
    },
    "posting_date": "Date",
    "on_change": "refuse",
}


class _Sap(Subject):
    system: ClassVar[Literal["sap"]] = "sap"
    command = "target-sap-s4hana"

    @override
    def config(self, settings: dict[str, Any]) -> dict[str, Any]:
        info = self.sandbox.info["sap"]
        return {
            **self.shared_settings(),
            **{name: info[name] for name in ("username", "password")},
            "api_url": info["url"],
            "created_by": _USER,
            "max_vanished_share": 1,
            **settings,
        }


class JournalEntries(_Sap):
    """A plan that is approved again and again, as journal entries."""

    name = "sap/journal_entry"
    posts = ("POST", "journalentrycreaterequestconfi")

    @override
    def revise(self, rng: Random) -> None:
        self.amounts = revised(rng, self.amounts, (_ACCOUNTS, _CENTERS, tuple(_PERIODS)))

    @override
    def draw_settings(self, rng: Random) -> dict[str, Any]:
        recipe = {**_JOURNAL, "on_change": rng.choice(["difference", "reverse"])}
        return {"documents": [recipe], "per_call": rng.choice([1, 2, 50]), "parallel": rng.choice([1, 1, 2])}

    @override
    def messages(self, version: int) -> str:
        rows = [
            dict(zip(_KEY, ("V1", "1010", *place), strict=True), Currency="EUR", Amount=amount)
            for place, amount in self.amounts.items()
        ]
        return stream("plan", _TEXTS, _KEY, rows, plan=self.plan, version=version)

    @override
    def differences(self) -> list[str]:
        landed: defaultdict[tuple[str, ...], Decimal] = defaultdict(Decimal)
        for line in self.sandbox.control.sap_rows("JournalLine"):
            if line["Ledger"] == "0L" and line["AccountingDocCreatedByUser"] == _USER:
                place = (line["GLAccount"].lstrip("0"), line["CostCenter"].lstrip("0"), line["FiscalPeriod"])
                landed[place] += Decimal(line["AmountInTransactionCurrency"])
        planned = {(account, center, _PERIODS[month]): one for (account, center, month), one in self.amounts.items()}
        found = compared({place: amount for place, amount in landed.items() if place[0] != _OFFSET}, planned)
        twice = Counter(row["DocumentReferenceID"] for row in self._headers())
        return found + [f"{reference} stands {times} times" for reference, times in twice.items() if times > 1]

    @override
    def standing(self) -> dict[str, str]:
        return {row["DocumentReferenceID"]: row["AccountingDocument"] for row in self._headers()}

    @override
    def undone(self) -> set[str]:
        references = {row["AccountingDocument"]: row["DocumentReferenceID"] for row in self._headers()}
        lines = [
            (references[line["AccountingDocument"]], (line["GLAccount"], line["CostCenter"]), line)
            for line in self.sandbox.control.sap_rows("JournalLine")
            if line["Ledger"] == "0L" and line["AccountingDocCreatedByUser"] == _USER
        ]
        return undone((one, place, Decimal(line["AmountInTransactionCurrency"])) for one, place, line in lines)

    def _headers(self) -> list[dict[str, Any]]:
        rows = self.sandbox.control.sap_rows("JournalHeader")
        return [row for row in rows if row["AccountingDocCreatedByUser"] == _USER]


class PlanData(JournalEntries):
    """The same plan as plan data: a period that was planned stays planned, which no lost trail has to tell."""

    name = "sap/plan_data"
    posts = ("POST", "FinancialPlanData")

    @override
    def revise(self, rng: Random) -> None:
        super().revise(rng)
        for period in _PERIODS:
            self.amounts = {(_ACCOUNTS[0], _CENTERS[0], period): Decimal(1), **self.amounts}

    @override
    def draw_settings(self, rng: Random) -> dict[str, Any]:
        return {"documents": [_PLAN_DATA], "parallel": rng.choice([1, 1, 2])}

    @override
    def differences(self) -> list[str]:
        landed: dict[tuple[str, ...], Decimal] = {}
        found = []
        for row in self.sandbox.control.sap_plan():
            place = (row["GLAccount"].lstrip("0"), row["CostCenter"].lstrip("0"), row["FiscalYearPeriod"][:3])
            found += [f"{place} stands twice"] if place in landed else []
            landed[place] = Decimal(row["AmountInCompanyCodeCurrency"])
        planned = {(account, center, _PERIODS[month]): one for (account, center, month), one in self.amounts.items()}
        return found + compared(landed, planned)

    @override
    def standing(self) -> None:  # type: ignore[override]  # replaced, not added to: no document bears a reference
        return None


class SupplierInvoices(_Sap):
    """Invoices that come once, and again."""

    name = "sap/supplier_invoice"
    posts = ("POST", "A_SupplierInvoice")

    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 - as the base takes them
        super().__init__(*arguments)
        self.lines: list[dict[str, Any]] = []

    @override
    def revise(self, rng: Random) -> None:
        for at in range(rng.randint(1, 3)):
            head = {"Company": "1010", "Supplier": "10300001", "Invoice": f"K-{self.plan}-{at}", "Date": "2026-11-20"}
            for account in rng.sample(["65005000", "65010000"], rng.randint(1, 2)):
                amount = Decimal(rng.randint(1, 99999)) / 100
                place = {"Account": account, "CostCenter": "10100101", "Currency": "EUR", "TaxCode": "V0"}
                self.lines.append({**head, **place, "Amount": amount})

    @override
    def draw_settings(self, rng: Random) -> dict[str, Any]:
        return {"documents": [_INVOICE], "parallel": rng.choice([1, 1, 2])}

    @override
    def messages(self, version: int) -> str:
        texts = ("Company", "Supplier", "Invoice", "Account", "CostCenter", "Currency", "TaxCode", "Date")
        return stream(
            "invoices",
            texts,
            ("Company", "Supplier", "Invoice", "Account"),
            self.lines,
            plan=self.plan,
            version=version,
        )

    @override
    def differences(self) -> list[str]:
        planned: defaultdict[tuple[str, ...], Decimal] = defaultdict(Decimal)
        for line in self.lines:
            planned[(line["Invoice"],)] += line["Amount"]
        found, landed = [], {}
        for row in self._invoices():
            place = (row["SupplierInvoiceIDByInvcgParty"],)
            found += [f"{place} stands twice"] if place in landed else []
            landed[place] = Decimal(row["InvoiceGrossAmount"])
        return found + compared(landed, planned)

    @override
    def standing(self) -> dict[str, str]:
        return {row["AssignmentReference"]: row["SupplierInvoice"] for row in self._invoices()}

    def _invoices(self) -> list[dict[str, Any]]:
        rows = self.sandbox.control.sap_rows("SupplierInvoice")
        return [row for row in rows if row["SupplierInvoiceIDByInvcgParty"].startswith("K-")]
