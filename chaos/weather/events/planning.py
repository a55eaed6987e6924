"""What planners and controllers do in Anaplan, and what the ERP's people do against what is posted."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from chaos.weather.events.base import Event, NothingToActOnError, System

if TYPE_CHECKING:
    from chaos.weather.scene import Scene

Version = Literal["Budget 2027", "Forecast 2026"]


class PlanLines(Event, frozen=True):
    """A planner enters lines of a version: ``count`` of them, over accounts, cost centers and months."""

    system: System
    version: Version
    count: int
    cents: int
    first: int = 0

    def apply(self, scene: Scene) -> None:
        """A line that is there already gets the new amount."""
        lines = scene.plans(self.system).possible(self.version)
        for place in range(self.count):
            line = lines[(self.first + place * 7) % len(lines)]
            scene.plans(self.system).enter(line, Decimal(self.cents + 1250 * place) / 100)


class PlanAmount(Event, frozen=True):
    """A planner types another amount into a line that is there; zero takes it back."""

    system: System
    version: Version
    nth: int
    cents: int

    def apply(self, scene: Scene) -> None:
        """The ``nth`` line of the version."""
        scene.plans(self.system).retype(self.version, self.nth, Decimal(self.cents) / 100)


class Approval(Event, frozen=True):
    """The head of controlling approves a version, or withdraws the approval."""

    system: System
    version: Version
    approved: bool = True

    def apply(self, scene: Scene) -> None:
        """Approving twice is nothing."""
        scene.plans(self.system).approve(self.version, self.approved)


class PlanInvoice(Event, frozen=True):
    """A planned invoice, approved or not; entered again, its approval or amount changes."""

    system: System
    number: int
    cents: int
    approved: bool
    nth: int = 0

    def apply(self, scene: Scene) -> None:
        """An approved one is not typed over: a posted invoice is never changed."""
        scene.plans(self.system).invoice(self.number, self.nth, Decimal(self.cents) / 100, self.approved)


class Period(Event, frozen=True):
    """Accounting closes or opens a posting period of SAP."""

    company: int
    month: int
    opened: bool

    def apply(self, scene: Scene) -> None:
        """Periods of 2027, in which plans are posted. All open again when the weather clears."""
        company = scene.company("sap", self.company)
        scene.close_period(company, self.month % 12 + 1, self.opened)


class BlockedAccount(Event, frozen=True):
    """Accounting blocks an account of SAP, or frees it."""

    nth: int
    blocked: bool = True

    def apply(self, scene: Scene) -> None:
        """One of those that plans use."""
        accounts = scene.plans("sap").accounts()
        if not accounts:
            raise NothingToActOnError
        scene.block(accounts[self.nth % len(accounts)], self.blocked)


PlanEvent = PlanLines | PlanAmount | Approval | PlanInvoice | Period | BlockedAccount
