"""S/4HANA as one system of the sandbox: its OData services and its SOAP service over one set of books."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse

from sandbox.core.certificate import Certificate
from sandbox.sap.auth import TOKEN_PATHS, Auth, CommunicationUser
from sandbox.sap.business_day import BusinessDay
from sandbox.sap.catalogue import SERVICES
from sandbox.sap.catalogue.values import moment_of
from sandbox.sap.catalogue.views import CHART, CONTROLLING_AREA
from sandbox.sap.changes import PageTriggers
from sandbox.sap.control import ControlRoutes
from sandbox.sap.journal import LEDGERS, Journal
from sandbox.sap.odata import app as odata
from sandbox.sap.posting.invoice_functions import InvoiceFunctions
from sandbox.sap.posting.invoices import SupplierInvoices
from sandbox.sap.posting.planning import PlanData
from sandbox.sap.seed.fill import fill
from sandbox.sap.seed.lookup import INTEGRATION_USER
from sandbox.sap.seed.organisation import COMPANIES
from sandbox.sap.seed.sizes import sizes_for
from sandbox.sap.soap import app as soap
from sandbox.sap.store import Store
from sandbox.sap.switches import sap_switches

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Receive, Scope, Send

    from sandbox.core.clock import Clock
    from sandbox.core.system import Options

USER = INTEGRATION_USER
_COPIED_UP_TO = 256 * 2**20  # bytes; of more, seeding again costs less than keeping a copy


def _secret(seed: int, purpose: str) -> str:
    return hashlib.sha256(f"{seed}/{purpose}".encode()).hexdigest()[:20]


class Sap:
    """One tenant. ``app`` dispatches by path."""

    name = "sap"

    def __init__(self, options: Options, clock: Clock) -> None:
        sizes_for(options.size)  # a wrong size is told before anything is written
        self._options = options
        self._clock = clock
        self.switches = sap_switches()
        self._store = self._open(options.data / "sap.sqlite")
        self._journal = Journal(self._store, self._now, lambda: self.switches.flag("change_moves"))
        self._certificate = Certificate(options.data / "sap", USER)
        self._user = CommunicationUser(
            USER, _secret(options.seed, "sap password"), f"sb-{USER.lower()}", _secret(options.seed, "sap client"),
            self._certificate.certificate,
        )  # fmt: skip
        self._auth = Auth(self._user, self.switches, clock)
        self._triggers = PageTriggers(self._store)
        invoices = SupplierInvoices(self._store, self._journal, self.switches, self._now, USER)
        functions = InvoiceFunctions(self._store, self._journal, invoices, self._now)
        plan = PlanData(self._store, self.switches, self._now, USER)
        self._odata = odata.ODataApp(
            SERVICES, self._store, self.switches, clock, self._auth, self._triggers.served,
            {"A_SupplierInvoice": invoices.create, "FinancialPlanData": plan.create}, functions.functions(),
        )  # fmt: skip
        self._soap = soap.SoapApp(self._store, self._journal, self.switches, clock, self._auth)
        business_day = BusinessDay(self._store, self._journal, functions.cancel, self._now, options.seed)
        self._control = ControlRoutes(self._store, self._journal, self._triggers, business_day, self.switches)
        self.app: ASGIApp = self._dispatch

    def _now(self) -> datetime:
        return moment_of(self._clock.now())

    def _open(self, path: Path) -> Store:
        store = Store(path)
        if store.note("seed") != f"{self._options.seed}/{self._options.size}":
            self._seed(store)
        return store

    def _seed(self, store: Store) -> None:
        fill(store, self._options.seed, self._options.size)
        if store.path.stat().st_size < _COPIED_UP_TO:
            store.save(self._copy_of(store))

    @staticmethod
    def _copy_of(store: Store) -> Path:
        return store.path.with_suffix(".seeded")

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(f"no {scope['type']} here")  # tells uvicorn that there is no lifespan
        path: str = scope["path"]
        if path in TOKEN_PATHS:
            await self._auth.token(scope, receive, send)
        elif path.startswith(odata.ROOT):
            await self._odata(scope, receive, send)
        elif path == soap.PATH:
            await self._soap(scope, receive, send)
        else:
            await PlainTextResponse("Not Found", 404)(scope, receive, send)

    def control_routes(self) -> list[BaseRoute]:
        """Changes, entries, rows, balances and the like."""
        return self._control.routes()

    def reset(self) -> None:
        """Seeded data again, switches, tokens and sessions as at the start."""
        self.switches.reset()
        self._triggers.clear()
        self.revoke()
        self._soap.clear()
        if self._store.changed:
            if self._copy_of(self._store).exists():
                self._store.restore(self._copy_of(self._store))
            else:
                self._seed(self._store)

    def revoke(self) -> None:
        """No OAuth token and no CSRF token is good any more."""
        self._auth.clear()
        self._odata.clear()

    def describe(self, base_url: str) -> dict[str, object]:
        """Addresses and sample credentials."""
        return {
            "url": base_url,
            "username": self._user.username,
            "password": self._user.password,
            "token_url": base_url + TOKEN_PATHS[0],
            "client_id": self._user.client_id,
            "client_secret": self._user.client_secret,
            "certificate": str(self._certificate.path),
            "private_key": str(self._certificate.key_path),
            "company_codes": [company.code for company in COMPANIES],
            "chart_of_accounts": CHART,
            "controlling_area": CONTROLLING_AREA,
            "ledgers": list(LEDGERS),
        }

    def report(self) -> dict[str, object]:
        """Changes that still wait for pages, documents in the books."""
        documents = self._store.connection.execute('SELECT COUNT(*) FROM "JournalHeader"').fetchone()[0]
        return {"changes_waiting": self._triggers.waiting(), "documents": documents}
