"""SYSPRO as one system of the sandbox: two services over the same companies."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse

from sandbox.syspro.changes import PageTriggers
from sandbox.syspro.control import ControlRoutes
from sandbox.syspro.enet import app as enet
from sandbox.syspro.enet.sessions import Operator, Sessions
from sandbox.syspro.odata import app as odata
from sandbox.syspro.seed.company import PROFILES, Profile, seed_company
from sandbox.syspro.seed.sizes import sizes_for
from sandbox.syspro.store import CompanyStore
from sandbox.syspro.switches import syspro_switches

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Receive, Scope, Send

    from sandbox.core.clock import Clock
    from sandbox.core.system import Options

OPERATOR = "INTEG"
_COPIED_UP_TO = 256 * 2**20  # bytes; of more, seeding again costs less than keeping a copy


def _secret(seed: int, purpose: str) -> str:
    return hashlib.sha256(f"{seed}/{purpose}".encode()).hexdigest()[:16]


class Syspro:
    """The OData service and the e.net REST service. ``app`` dispatches by path."""

    name = "syspro"

    def __init__(self, options: Options, clock: Clock) -> None:
        sizes_for(options.size)  # a wrong size is told before anything is written
        self._options = options
        self.switches = syspro_switches()
        self._operator = Operator(OPERATOR, _secret(options.seed, "enet"), _secret(options.seed, "odata"))
        self.stores = {profile.company: self._open(profile) for profile in PROFILES}
        self._triggers = PageTriggers(self.stores)
        companies = {profile.company: profile for profile in PROFILES}
        self._sessions = Sessions([self._operator], companies, self.switches, clock)
        self._odata = odata.ODataService(self.stores, self.switches, self._odata_password, self._triggers.served)
        self._enet = enet.EnetService(self.stores, self.switches, self._sessions, self._triggers.served)
        self._control = ControlRoutes(self.stores, self._triggers, self._sessions, options.seed)
        self.app: ASGIApp = self._dispatch

    def _open(self, profile: Profile) -> CompanyStore:
        store = CompanyStore(profile.company, self._options.data / f"syspro-{profile.company}.sqlite")
        if store.note("seed") != f"{self._options.seed}/{self._options.size}":
            self._seed(store, profile)
        return store

    def _seed(self, store: CompanyStore, profile: Profile) -> None:
        seed_company(store, profile, self._options.seed, self._options.size)
        if store.path.stat().st_size < _COPIED_UP_TO:
            store.save(self._copy_of(store))

    @staticmethod
    def _copy_of(store: CompanyStore) -> Path:
        return store.path.with_suffix(".seeded")

    def _restore(self, store: CompanyStore, profile: Profile) -> None:
        if self._copy_of(store).exists():
            store.restore(self._copy_of(store))
        else:
            self._seed(store, profile)

    def _odata_password(self, user: str) -> str | None:
        if user != self._operator.code or not self.switches.flag("operator_known"):
            return None
        separate = self.switches.text("odata_password") == "separate"
        if separate:
            return self.switches.text("new_odata_password") or self._operator.odata_password
        return self.switches.text("new_operator_password") or self._operator.password

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(f"no {scope['type']} here")  # tells uvicorn that there is no lifespan
        path: str = scope["path"]
        rest = self.switches.text("rest_path") or enet.BASE
        if path.startswith(odata.BASE):
            await self._odata(scope, receive, send)
        elif path.lower().startswith(rest.lower()):
            await self._enet({**scope, "path": enet.BASE + path[len(rest) :]}, receive, send)
        else:
            await PlainTextResponse("Not Found", 404)(scope, receive, send)

    def control_routes(self) -> list[BaseRoute]:
        """change, business-day, rows, sessions."""
        return self._control.routes()

    def reset(self) -> None:
        """Seeded data again, switches and sessions as at the start."""
        self.switches.reset()
        self._triggers.clear()
        self._sessions.clear()
        for profile in PROFILES:
            store = self.stores[profile.company]
            if store.note("changed"):
                self._restore(store, profile)

    def revoke(self) -> None:
        """No e.net session is alive any more."""
        self._sessions.end_all()

    def describe(self, base_url: str) -> dict[str, object]:
        """Addresses and sample credentials."""
        return {
            "odata_url": base_url + odata.BASE,
            "enet_url": base_url + "/SYSPROWCFService/Rest",
            "companies": list(self.stores),
            "odata_username": self._operator.code,
            "odata_password": self._operator.odata_password,
            "operator": self._operator.code,
            "operator_password": self._operator.password,
            "company_password": "",
        }

    def report(self) -> dict[str, object]:
        """Sessions alive, logons so far, changes that still wait for pages."""
        return {
            "sessions": len(self._sessions.listing()),
            "logons": self._sessions.logons,
            "evictions": self._sessions.evictions,
            "changes_waiting": self._triggers.waiting(),
        }
