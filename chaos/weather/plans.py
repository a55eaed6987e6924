"""What planners entered and approved, at any time: what the ERP may hold of it, and what it has to hold in the end."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from chaos.weather.events.base import NothingToActOnError, System
from demo.planning import PlanLine, approve, enter
from sandbox.testing import Control

Group = tuple[str, str, str]
"""Version, company, period: the rows of one document."""
Sums = frozenset[tuple[tuple[str, str], Decimal]]
"""Per account and cost center the amount, zeros left out."""
_SAP_MONTHS, _SYSPRO_MONTHS = ("Jan 27", "Feb 27", "Mar 27"), ("Nov 26", "Dec 26", "Jan 27")
_CURRENCIES = {"1010": "EUR", "1710": "USD"}


@dataclass
class Plans:
    """The plans of one hub: lines and invoices as they stand, and every state in which they were approved."""

    control: Control
    system: System
    model: str
    companies: tuple[str, ...]
    lines: dict[str, dict[str, PlanLine]] = field(default_factory=lambda: defaultdict(dict))
    approved: set[str] = field(default_factory=set)
    ever: dict[Group, set[Sums]] = field(default_factory=lambda: defaultdict(set))
    invoices: dict[str, tuple[Decimal, bool, str]] = field(default_factory=dict)
    invoices_ever: dict[str, set[Decimal]] = field(default_factory=lambda: defaultdict(set))

    def possible(self, version: str) -> list[PlanLine]:
        """Lines that a planner could enter: cost accounts and cost centers of the model, three months."""
        found = [
            PlanLine(version, company, account, center, month, Decimal(0), currency, "Weather")
            for company, account, center, currency in self._places()
            for month in (_SAP_MONTHS if self.system == "sap" else _SYSPRO_MONTHS)
        ]
        if not found:
            raise NothingToActOnError
        return found

    def accounts(self) -> list[str]:
        """The account numbers of SAP that plans use."""
        return sorted({line.account.rpartition("-")[2] for lines in self.lines.values() for line in lines.values()})

    def enter(self, line: PlanLine, amount: Decimal) -> None:
        """Type a line in, or another amount into it."""
        line = replace(line, amount=amount)
        enter(self.control, self.model, [line])
        self.lines[line.version][line.key] = line
        self._remember()

    def retype(self, version: str, nth: int, amount: Decimal) -> None:
        """Another amount for the ``nth`` line."""
        lines = sorted(self.lines[version].items())
        if not lines:
            raise NothingToActOnError
        self.enter(lines[nth % len(lines)][1], amount)

    def approve(self, version: str, approved: bool) -> None:
        """Approve a version, or no longer."""
        approve(self.control, self.model, version, approved=approved)
        (self.approved.add if approved else self.approved.discard)(version)
        self._remember()

    def invoice(self, number: int, nth: int, amount: Decimal, approved: bool) -> None:
        """Enter a planned invoice of the ``nth`` supplier, or change it; its supplier stays."""
        name = f"PLAN-{number}"
        line = self.possible("Budget 2027")[0]
        suppliers = self._suppliers(line.company)
        if not suppliers:
            raise NothingToActOnError
        _, standing, supplier = self.invoices.get(name, (amount, False, suppliers[nth % len(suppliers)]))
        if standing and approved:
            raise NothingToActOnError
        values = {
            "Supplier": supplier, "Company Code": line.company, "Invoice": name,
            "Invoice Date": "2026-11-18", "Account": line.account, "Cost Center": line.cost_center,
            "Amount": str(amount), "Currency": line.currency, "Text": "Weather",
            "Approved": "true" if approved else "false",
        }  # fmt: skip
        rows = [{"dimensions": {"Planned Invoices": name}, "values": values}]
        self.control.fill(rows, module="Planned Invoices", model=self.model)
        self.invoices[name] = (amount, approved, supplier)
        if approved:
            self.invoices_ever[name].add(amount)

    def wanted(self, version: str) -> dict[Group, Sums]:
        """What the ERP has to hold once this version is delivered as it stands."""
        groups: dict[Group, dict[tuple[str, str], Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for line in self.lines[version].values():
            account = line.account.partition("-")[2]
            center = line.cost_center.rpartition("-")[2]
            groups[version, line.company, line.period][account, center] += line.amount
        return {group: frozenset((k, v) for k, v in sums.items() if v) for group, sums in groups.items()}

    def _remember(self) -> None:
        for version in self.approved:
            for group, sums in self.wanted(version).items():
                self.ever[group].add(sums)

    def _items(self, name: str) -> list[dict[str, Any]]:
        return sorted(self.control.list_items(name, self.model), key=lambda item: str(item["code"]))

    def _places(self) -> list[tuple[str, str, str, str]]:
        if self.system == "syspro":
            own = [i["code"] for i in self._items("Accounts") if i["parent"].startswith("E-")]
            return [(self.companies[0], code, "", "") for code in own if code.startswith(f"{self.companies[0]}-")][:6]
        accounts = [i["code"] for i in self._items("GL Accounts") if i["code"].startswith("YCOA-630")][:4]
        centers = self._items("Cost Centers")
        return [
            (company, account, center, _CURRENCIES[company])
            for company in self.companies
            for center in [i["code"] for i in centers if i["properties"]["Company Code"] == company][:2]
            for account in accounts
        ]

    def _suppliers(self, company: str) -> list[str]:
        """Those that the company can get an invoice from in its own currency."""
        if self.system == "sap":
            rows = [row for row in self.control.sap_rows("SupplierCompany") if row["CompanyCode"] == company]
            known = {i["code"] for i in self._items("Suppliers")}
            return sorted(known & {row["Supplier"].lstrip("0") for row in rows})
        home = self.control.rows(self.companies[0], "GenJournalDetail")[0]["PostCurrency"]
        rows = self.control.rows(self.companies[0], "ApSupplier")
        usual = (row for row in rows if row["OnHold"] != "Y" and row["Currency"] in {home, ""})
        return [f"{self.companies[0]}-{row['Supplier'].lstrip('0')}" for row in usual if row["Supplier"].isdigit()]
