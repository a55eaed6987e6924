"""What happens in a year beside the polls: business, plans, periods, renewals; which polls it stops, in which words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from chaos.soak.credentials import Credentials
from chaos.world.planning import Planners
from sandbox.syspro.business_day import date_of

if TYPE_CHECKING:
    from chaos.world import World
    from demo.planning import PlanLine

INTO_ANAPLAN = ("sap-to-anaplan", "syspro-to-anaplan")
PLANS = ("plan-to-sap", "plan-to-syspro")
_SAP_FLOWS = ("sap-to-anaplan", "plan-to-sap")
_SYSPRO_FLOWS = ("syspro-to-anaplan", "plan-to-syspro")
_LAST_YEAR = 2027  # that the sandbox's data is made for
_LAG = 4  # months after which a period is closed: business is entered up to two months late
CERTIFICATE_DAYS = 150
_SHUT_DOWN = 418  # the day on which one begins


@dataclass
class Trouble:
    """Something that stops polls, or lines of them, until somebody sees to it.

    ``flows``: those that it stops. ``says``: a pattern that a line of the log has then. ``cure``: what an operator does
    who has read it.
    """

    name: str
    flows: tuple[str, ...]
    says: str
    cure: Callable[[], None]

    def explains(self, flow: str, said: str) -> bool:
        """Whether a poll of this flow that said this has met it."""
        return flow in self.flows and any(re.search(self.says, line) for line in said.splitlines())


class Life:
    """Goes through the days in their order. ``first``: the date of day 0. ``every``: days between two polls."""

    def __init__(self, world: World, first: date, seed: int, every: int) -> None:
        self.troubles: list[Trouble] = []
        self._refresh_days = 2 * every + 1
        self.pauses = frozenset(range(_SHUT_DOWN, _SHUT_DOWN + self._refresh_days + every))
        """Days on which nothing is polled: a shut-down, longer than a refresh token lives."""
        self.counts: dict[str, int] = {}
        self._world = world
        self._control = world.sandbox.control
        self._dice = Random(f"{seed}/life")
        self._credentials = Credentials(world)
        self.planners = {flow: Planners(world, flow) for flow in PLANS}
        self._lines: dict[tuple[str, str], list[PlanLine]] = {}
        self._business = self._business_number(first)
        self._closed: list[str] = []
        self._fiscal_year = self._timescale = _LAST_YEAR

    def _count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    @staticmethod
    def _business_number(first: date) -> int:
        number = 1
        while date_of(number) < first:
            number += 1
        return number

    def morning(self, day: int, today: date) -> None:
        """Everything of a day, before its polls."""
        if today.weekday() < 5:
            self._control.business_day(self._business)
            self._control.sap_business_day(self._business)
            self._business += 1
            self._count("business days")
        self._years(today)
        self._periods(today)
        self._plans(today)
        if today.day == 15:
            # Longer than a token lives (35 minutes): who waits for the model has to renew it.
            model = self._world.sandbox.info["anaplan"]["models"]["S4 Finance"]
            self._control.foreign_task(2250.0, model)
            self._count("busy models")
        self._renewals(day)

    # Time.

    def _years(self, today: date) -> None:
        """What accountants and administrators prepare before a year begins."""
        ahead = (today + timedelta(30)).year
        while self._fiscal_year < ahead:
            self._fiscal_year += 1
            for company in ("1010", "1710"):
                for period in range(1, 17):
                    self._control.sap_period(company, str(self._fiscal_year), f"{period:03}", is_open=True)
            self._count("fiscal years opened")
        while self._timescale < ahead:
            self._timescale += 1
            self._control.extend_timescale(self._timescale)
            self._count("calendars extended")

    def _periods(self, today: date) -> None:
        if today.day == 6:
            year, month = _months_before(today, _LAG)
            self._set_period(year, month, is_open=False)
            self._closed = [*self._closed, f"{year}-{month:02}"][-12:]
            self._control.switch("syspro", "closed_periods", ",".join(self._closed))
            self._count("periods closed")

    def _set_period(self, year: int, month: int, *, is_open: bool) -> None:
        self._control.sap_period("1010", str(year), f"{month:03}", is_open=is_open)
        shifted = year * 12 + month - 1 - 3  # company code 1710 begins its year in April
        self._control.sap_period("1710", str(shifted // 12), f"{shifted % 12 + 1:03}", is_open=is_open)

    # Plans.

    def _plans(self, today: date) -> None:
        following = _months_before(today, -1)
        period = f"{date(*following, 1):%b %y}"
        version = f"Budget {following[0]}"
        for flow, planners in self.planners.items():
            if today.day == 18:
                self._begin_version(flow, version)
                self._lines[flow, period] = planners.lines(version, [period], 2, self._dice)
                planners.enter(self._lines[flow, period])
                planners.approve(version)
                self._count("plans approved")
            if today.day == 24 and (flow, period) in self._lines:
                planners.approve(version, approved=False)
                self._change(flow, period)
                self._count("plans changed")
            if today.day == 26 and (flow, period) in self._lines:
                planners.approve(version)
            if today.day == 3 and (line := next(iter(self._lines.get((flow, f"{today:%b %y}"), ())), None)):
                supplier = self._dice.choice(planners.suppliers()[:5])
                planners.invoice(f"P{today:%y%m}", supplier, line, _working_day(today).isoformat())
                self._count("invoices planned")
            self._late_change(flow, today)

    def _begin_version(self, flow: str, version: str) -> None:
        model = self._world.sandbox.info["anaplan"]["models"]["S4 Finance"] if flow == "plan-to-sap" else None
        self._control.fill([{"code": version, "name": version}], list_name="Plan Versions", model=model)

    def _change(self, flow: str, period: str) -> None:
        lines = self._lines[flow, period]
        at = self._dice.randrange(len(lines))
        lines[at] = _with_amount(lines[at], self._dice)
        self.planners[flow].enter([lines[at]])

    def _late_change(self, flow: str, today: date) -> None:
        """A line of a month that is closed changes: refused until accounting opens the month once more."""
        year, month = _months_before(today, _LAG + 1)
        period = f"{date(year, month, 1):%b %y}"
        if today.day != 12 or today.month % 3 or (flow, period) not in self._lines:
            return
        self._change(flow, period)

        def reopen() -> None:
            if flow == "plan-to-sap":
                self._set_period(year, month, is_open=True)
            else:
                open_ones = [closed for closed in self._closed if closed != f"{year}-{month:02}"]
                self._closed = open_ones
                self._control.switch("syspro", "closed_periods", ",".join(open_ones))

        self.troubles.append(
            Trouble(f"{period} is closed", (flow,), r"(?i)(WARNING|ERROR).*period.*(closed|not open)", reopen)
        )
        self._count("late changes")

    # Renewals.

    def _renewals(self, day: int) -> None:
        credentials, anaplan = self._credentials, (*INTO_ANAPLAN, *PLANS)
        if day in {40, 110}:
            password = credentials.new_anaplan_password()
            says = r"(?i)login of .*FAILURE_BAD_CREDENTIAL|password"
            self._trouble("Anaplan's password", anaplan, says, lambda: credentials.use_anaplan_password(password))
        if day % 120 == 60:
            for_sap = credentials.new_sap_password()
            self._trouble("SAP's password", _SAP_FLOWS, r"401", lambda: credentials.use_sap_password(for_sap))
        if day % 150 == 75:
            both = credentials.new_syspro_passwords()
            says = r"401|(?i:password)"
            self._trouble("SYSPRO's passwords", _SYSPRO_FLOWS, says, lambda: credentials.use_syspro_passwords(*both))
        if day == 130:
            credentials.use_certificate(*credentials.new_certificate(CERTIFICATE_DAYS))
            self._count("log-ons by certificate from then on")
        if day == 130 + CERTIFICATE_DAYS:
            self._trouble("Anaplan's certificate", anaplan, r"certificate", self._renew_certificate)
        if day == 200:
            credentials.use_tls("good")
        if day == 290:
            credentials.use_tls("expired")
            says = r"(?i)certificate has expired"
            self._trouble("SAP's TLS certificate", _SAP_FLOWS, says, lambda: credentials.use_tls("good"))
        if day == 350:
            self._control.switch("anaplan", "refresh_token_seconds", self._refresh_days * 86_400)
            credentials.prepare_store()
            credentials.log_in_by_refresh_token()
            self._count("log-ons by refresh token from then on")
        if day == max(self.pauses) + 1:
            self._trouble("Anaplan's refresh token", anaplan, r"invalid_grant", credentials.log_in_by_refresh_token)

    def _renew_certificate(self) -> None:
        self._credentials.use_certificate(*self._credentials.new_certificate(400))

    def _trouble(self, name: str, flows: tuple[str, ...], says: str, cure: Callable[[], None]) -> None:
        self.troubles.append(Trouble(name, flows, says, cure))
        self._count("renewals")


def _working_day(today: date) -> date:
    """The last one: an invoice of a Sunday is of tomorrow, where the books are still of Friday."""
    return today - timedelta(max(0, today.weekday() - 4))


def _months_before(today: date, months: int) -> tuple[int, int]:
    number = today.year * 12 + today.month - 1 - months
    return number // 12, number % 12 + 1


def _with_amount(line: PlanLine, dice: Random) -> PlanLine:
    return replace(line, amount=Decimal(dice.randint(100, 999_999)) / 100)
