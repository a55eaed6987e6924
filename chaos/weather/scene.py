"""Where a history plays: the world, and what events leave for the runs that come and for the invariants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import date, timedelta
from typing import Any

from chaos.weather.contents import Memory, in_anaplan, in_erp
from chaos.weather.events.base import Host, NothingToActOnError, System
from chaos.weather.events.processes import DatabaseStruck, Struck
from chaos.weather.events.stores import LockFreed
from chaos.weather.ground import Ground, Job, Settings, Stores
from chaos.weather.history import History, Run
from chaos.weather.plans import Plans
from chaos.weather.seen import Held, Part
from chaos.weather.tables import Operation
from sandbox.testing import Control

TODAY = date(2026, 11, 20)
"""The last day of the sandbox's seeded business."""
_MODELS = {"syspro": "Finance Hub", "sap": "S4 Finance"}
_SOURCES: dict[str, System] = {"syspro-to-anaplan": "syspro", "plan-to-syspro": "syspro"}


class Scene:
    """A world with the memory of one history."""

    def __init__(self, ground: Ground, history: History) -> None:
        self.ground = ground
        self.flows = history.flows
        self.systems: tuple[System, ...] = tuple(dict.fromkeys(system_of(flow) for flow in self.flows))
        self.days: dict[str, int] = defaultdict(int)
        self.added: dict[tuple[str, str, int], list[Operation]] = {}
        self.memory: dict[System, Memory] = {system: Memory() for system in self.systems}
        self.latest: dict[System, Held] = {system: Held() for system in self.systems}
        self.came: dict[tuple[str, object], set[str]] = defaultdict(set)
        self.hidden = self.stale = self.foreign = self.rate_eaten = self.refusing = False
        self.armed = self.touched = False
        self._plans = {system: Plans(ground.control, system, self.model(system), self.companies(system))
                       for system in self.systems}  # fmt: skip
        self._settings: dict[str, Settings] = {}
        self._strikes: dict[Host, list[Struck]] = defaultdict(list)
        self._database = history.database
        self._blows: list[DatabaseStruck] = []
        self._freed: list[LockFreed] = []
        self._pipes: dict[Host, int] = {}
        self._disks: dict[Host, int] = {}
        self._closed: set[tuple[str, int]] = set()
        self._blocked: set[str] = set()
        self._replays: list[str] = []
        self.narrowed: set[str] = set()
        self._switches = _switches(ground.control)

    @property
    def control(self) -> Control:
        """The sandbox's control API."""
        return self.ground.control

    @property
    def info(self) -> Mapping[str, Any]:
        """What the sandbox says when it is ready."""
        return self.ground.info

    @property
    def stores(self) -> Stores:
        """Trail, coordination and state."""
        return self.ground.stores

    # What events ask.

    def companies(self, system: System) -> tuple[str, ...]:
        """All companies of an ERP."""
        return tuple(self.info["syspro"]["companies"] if system == "syspro" else self.info["sap"]["company_codes"])

    def company(self, system: System, nth: int) -> str:
        """One of them, counted round."""
        companies = self.companies(system)
        return companies[nth % len(companies)]

    def model(self, system: str) -> str:
        """The id of the model that the flows of an ERP work on."""
        return str(self.info["anaplan"]["models"][_MODELS[system]])

    def rows(self, system: System, table: str, company: str) -> list[dict[str, Any]]:
        """All rows of a table of an ERP."""
        return self.control.rows(company, table) if system == "syspro" else self.control.sap_rows(table)

    def plans(self, system: System) -> Plans:
        """The plans in the hub of an ERP; NothingToActOnError when this history is not about it."""
        if system not in self._plans:
            raise NothingToActOnError
        return self._plans[system]

    def now(self) -> float:
        """The world's time."""
        return self.ground.now()

    def today(self, days_back: int = 0) -> date:
        """The day of the last seeded business, or some days before."""
        return TODAY - timedelta(days_back)

    # What events do.

    def change(self, system: System, operations: Sequence[Operation], pages_of: str, after_pages: int) -> None:
        """Rows change at once, or when so many more pages of a table were served."""
        named = "table" if system == "syspro" else "set"
        when = {named: pages_of, "pages": after_pages} if after_pages else None
        self.armed |= bool(after_pages)
        (self.control.change if system == "syspro" else self.control.sap_change)(operations, when)

    def disarm(self) -> None:
        """What was to happen between two pages of the last run, and did not, never does."""
        if self.armed:
            for system in self.systems:
                self.control.disarm(system)
        self.armed = False

    def close_period(self, company: str, month: int, opened: bool) -> None:
        """A posting period of 2027 in the calendar of the company."""
        year, period = (2027, month) if company != "1710" else (2026, month + 9)
        self.control.sap_period(company, str(year), f"{period:03d}", is_open=opened)
        (self._closed.discard if opened else self._closed.add)((f"{company} {year}", period))

    def block(self, account: str, blocked: bool) -> None:
        """An account of SAP; no time stamp tells of it."""
        self.hidden = True
        self.control.sap_block_account(account, blocked=blocked)
        (self._blocked.add if blocked else self._blocked.discard)(account)

    def pass_time(self, seconds: float) -> None:
        """For everybody."""
        self.ground.advance(seconds)

    def set_apart(self, host: Host, seconds: float) -> None:
        """A host's clock."""
        self.ground.set_apart(host, seconds)

    def strike(self, blow: Struck) -> None:
        """In the next run on that host."""
        self._strikes[blow.host].append(blow)

    def strike_database(self, blow: DatabaseStruck) -> None:
        """In the next run."""
        if self._database != "postgresql":
            raise NothingToActOnError
        self._blows.append(blow)

    def free_locks(self, freed: LockFreed) -> None:
        """In the next run."""
        self._freed.append(freed)

    def break_pipe(self, host: Host, nth: int) -> None:
        """In the next run on that host."""
        self._pipes[host] = nth

    def fill_disk(self, host: Host, kilobytes: int) -> None:
        """In the next run on that host."""
        self._disks[host] = kilobytes

    def with_settings(self, flow: str, process: str, values: Mapping[str, Any]) -> None:
        """In the next run of that flow."""
        self._settings.setdefault(flow, {}).setdefault(process, {}).update(values)

    def narrow(self, flow: str) -> None:
        """The next run of that flow reads the first company alone."""
        system = system_of(flow)
        name = "companies" if system == "syspro" else "company_codes"
        self.with_settings(flow, "tap", {name: [self.companies(system)[0]]})
        self.narrowed.add(flow)

    def replay(self, flow: str) -> None:
        """Before the next run."""
        self._replays.append(flow)

    # What the driver does.

    def jobs(self, runs: Sequence[Run]) -> list[Job]:
        """The runs of a round with all that is armed for them, which is used up thereby."""
        jobs = []
        for run in runs:
            strikes, pipe, disk = (
                self._strikes.pop(run.host, []),
                self._pipes.pop(run.host, 0),
                self._disks.pop(run.host, 0),
            )
            jobs.append(Job(run.flow, run.host, deepcopy(self._settings.get(run.flow, {})), strikes, pipe, disk))
        for job in jobs[:1]:  # there is one server, and one set of locks
            job.database, job.locks_freed = self._blows, self._freed
        self._blows, self._freed = [], []
        self._settings.clear()
        return jobs

    def replays(self) -> list[Part]:
        """Those that were asked for."""
        flows, self._replays = dict.fromkeys(self._replays), []
        return [part for flow in flows for part in self.ground.replay(flow)]

    def before(self, system: System) -> Held:
        """Both sides before a run: the ERP as events left it, Anaplan as the last run did."""
        if self.touched or not self.latest[system].erp:
            erp = in_erp(self.control, system, self.companies(system))
            self.memory[system].note(erp)
            return Held(erp, self.latest[system].anaplan)
        return self.latest[system]

    def held(self, system: System) -> Held:
        """Both sides as they are now; what the ERP holds is remembered."""
        erp = in_erp(self.control, system, self.companies(system))
        self.memory[system].note(erp)
        self.latest[system] = Held(erp, in_anaplan(self.control, system, self.model(system)))
        return self.latest[system]

    def clear_up(self) -> None:
        """The weather clears: servers do as they should, clocks agree, periods are open, nothing is armed."""
        self.control.clear_faults()
        for (system, name), value in _switches(self.control).items():
            if value != self._switches[system, name]:
                self.control.switch(system, name, self._switches[system, name])
        for one in self.systems:
            self.control.model_state("UNLOCKED", self.model(one))
            self.control.accept(model=self.model(one))
        for place, period in self._closed:
            company, year = place.split()
            self.control.sap_period(company, year, f"{period:03d}", is_open=True)
        for account in self._blocked:
            self.control.sap_block_account(account, blocked=False)
        for host in ("a", "b"):
            self.ground.set_apart(host, 0)
        for store in (self._settings, self._strikes, self._pipes, self._disks, self._blows, self._freed):
            store.clear()
        self._closed.clear()
        self._blocked.clear()
        self.narrowed.clear()
        self.touched = True


def system_of(flow: str) -> System:
    """The ERP of a flow."""
    return _SOURCES.get(flow, "sap")


def _switches(control: Control) -> dict[tuple[str, str], Any]:
    found = control.switches()
    return {(system, name): one["value"] for system, switches in found.items() for name, one in switches.items()}
