"""What planners do in the demo: plan lines in a hub of the local Anaplan, approved, and changed afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sandbox.testing import Control

MODULE = "Plan Lines"


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One line of a plan; account and cost center by their codes in the model, the period as `Jan 27`."""

    version: str
    company: str
    account: str
    cost_center: str
    period: str
    amount: Decimal
    currency: str
    text: str

    @property
    def key(self) -> str:
        """Its code in the list of plan lines."""
        return f"{self.version}-{self.company}-{self.account}-{self.cost_center}-{self.period}".replace(" ", "")

    @property
    def values(self) -> Mapping[str, str]:
        """Its cells."""
        return {
            "Version": self.version,
            "Company Code": self.company,
            "Account": self.account,
            "Cost Center": self.cost_center,
            "Period": self.period,
            "Amount": str(self.amount),
            "Currency": self.currency,
            "Text": self.text,
        }


def enter(control: Control, model: str | None, lines: Iterable[PlanLine]) -> None:
    """The planner types the lines into a model, the main one when none is named."""
    rows = [{"dimensions": {MODULE: line.key}, "values": dict(line.values)} for line in lines]
    control.fill(rows, module=MODULE, model=model)


def approve(control: Control, model: str | None, version: str, *, approved: bool = True) -> None:
    """The head of controlling approves a version, or withdraws the approval."""
    control.edit_cell("Plan Approval", "Approved", {"Plan Versions": version}, approved, model=model)
