"""What planners need and do in a world: master data without a run of a flow, lines, invoices, approvals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

from demo.planning import PlanLine, approve, enter

if TYPE_CHECKING:
    from chaos.world.world import World

COMPANY = "EDU1"
_INVOICES = "Planned Invoices"


class Planners:
    """Those who plan for one ERP: `flow` is "plan-to-sap" or "plan-to-syspro"."""

    def __init__(self, world: World, flow: str) -> None:
        self._control = world.sandbox.control
        self._for_sap = flow == "plan-to-sap"
        self._model = world.sandbox.info["anaplan"]["models"]["S4 Finance"] if self._for_sap else None
        self._companies = ["1010", "1710"] if self._for_sap else [COMPANY]

    def settle(self) -> None:
        """Put what plans refer to into the model's lists, as the loads of master data would."""
        for name, items in (_of_sap(self._control) if self._for_sap else _of_syspro(self._control)).items():
            unique = {item["code"]: {"name": f"{item['code']} name", **item} for item in items}
            self._control.fill([*unique.values()], list_name=name, model=self._model)

    def lines(self, version: str, periods: Sequence[str], each: int, dice: Random) -> list[PlanLine]:
        """For each company and period, such as "Jan 27", so many lines of costs."""
        found = []
        for company in self._companies:
            accounts, centers = self._accounts(), self._centers(company)
            for period in periods:
                for account in dice.sample(accounts, each):
                    center = dice.choice(centers) if centers else ""
                    amount = Decimal(dice.randint(100, 999_999)) / 100
                    currency = {"1010": "EUR", "1710": "USD"}.get(company, "")
                    found.append(PlanLine(version, company, account, center, period, amount, currency, "Plan"))
        return found

    def _accounts(self) -> list[str]:
        if self._for_sap:
            return [code for code in self._codes("GL Accounts") if code.startswith("YCOA-630")][:12]
        return [code for code in self._codes("Accounts") if code.startswith(f"{COMPANY}-00-5")][:12]

    def _centers(self, company: str) -> list[str]:
        if not self._for_sap:
            return []
        items = self._control.list_items("Cost Centers", self._model)
        return [item["code"] for item in items if item["properties"]["Company Code"] == company][:4]

    def _codes(self, name: str) -> list[str]:
        return [item["code"] for item in self._control.list_items(name, self._model)]

    def enter(self, lines: Iterable[PlanLine]) -> None:
        """They type the lines; a line of the same key gets the new values."""
        enter(self._control, self._model, lines)

    def approve(self, version: str, *, approved: bool = True) -> None:
        """The version is approved, or the approval withdrawn."""
        approve(self._control, self._model, version, approved=approved)

    def invoice(self, number: str, supplier: str, line: PlanLine, day: str, *, approved: bool = True) -> None:
        """A planned invoice over a line's amount; `supplier`: its code in the model."""
        values = {
            "Supplier": supplier,
            "Company Code": line.company,
            "Invoice": number,
            "Invoice Date": day,
            "Account": line.account,
            "Cost Center": line.cost_center,
            "Amount": str(line.amount),
            "Currency": line.currency,
            "Text": line.text,
            "Approved": "true" if approved else "false",
        }
        self._control.fill([{"dimensions": {_INVOICES: number}, "values": values}], module=_INVOICES, model=self._model)

    def suppliers(self) -> list[str]:
        """Codes of suppliers that take invoices in their company's currency."""
        if self._for_sap:
            return self._codes("Suppliers")
        home = self._control.rows(COMPANY, "GenJournalDetail")[0]["PostCurrency"]
        return [
            f"{COMPANY}-{row['Supplier'].lstrip('0')}"
            for row in self._control.rows(COMPANY, "ApSupplier")
            if row["OnHold"] != "Y" and row["Currency"] in {home, ""} and row["Supplier"].isdigit()
        ]


def _of_sap(control: Any) -> Mapping[str, list[dict[str, Any]]]:  # noqa: ANN401 - the sandbox's control
    centers = [row for row in control.sap_rows("CostCenter") if row["ValidityEndDate"] == "9999-12-31"]
    return {
        "Company Codes": [{"code": row["CompanyCode"]} for row in control.sap_rows("CompanyCode")],
        "GL Accounts": [{"code": f"YCOA-{row['GLAccount'].lstrip('0')}"} for row in control.sap_rows("GLAccount")],
        "Cost Centers": [
            {"code": f"A000-{row['CostCenter'].lstrip('0')}", "properties": {"Company Code": row["CompanyCode"]}}
            for row in centers
        ],
        "Suppliers": [{"code": row["Supplier"].lstrip("0")} for row in control.sap_rows("Supplier")],
    }


def _of_syspro(control: Any) -> Mapping[str, list[dict[str, Any]]]:  # noqa: ANN401 - see above
    def partner(row: Mapping[str, Any], kind: str, **properties: str) -> dict[str, Any]:
        number = str(row[kind])
        code = f"{COMPANY}-{number.lstrip('0') if number.isdigit() else number}"
        return {"code": code, "properties": {"Company": COMPANY, kind: number, **properties}}

    return {
        "Accounts": [{"code": f"{COMPANY}-{row['GlCode']}"} for row in control.rows(COMPANY, "GenMaster")],
        "Suppliers": [
            partner(row, "Supplier", Class=row["SupplierClass"]) for row in control.rows(COMPANY, "ApSupplier")
        ],
        "Customers": [
            partner(row, "Customer", **{"Credit Limit": row["CreditLimit"]})
            for row in control.rows(COMPANY, "ArCustomer")
        ],
    }
