"""SAP's part of the control API: changes, entries as a user posts them, and what the books hold."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from sandbox.core.control import decoded
from sandbox.sap import balances, changes
from sandbox.sap.catalogue import SERVICES
from sandbox.sap.catalogue.values import shown
from sandbox.sap.catalogue.views import CHART, CONTROLLING_AREA
from sandbox.sap.entry import Entry, EntryLine
from sandbox.sap.odata.writes import BusinessError
from sandbox.sap.posting.books import Books, padded
from sandbox.sap.posting.checks import Rules, check_entry
from sandbox.sap.posting.determination import completed
from sandbox.sap.store import StoreError, table_called

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from sandbox.core.switches import Switches
    from sandbox.sap.business_day import BusinessDay
    from sandbox.sap.journal import Journal
    from sandbox.sap.schema import Stored
    from sandbox.sap.store import Store

_PADDED = ("account", "cost_center", "supplier", "customer")
Handler = Callable[["Request"], Awaitable[Response]]


class _BusinessDay(msgspec.Struct, forbid_unknown_fields=True):
    day: int


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    account: str
    amount: Decimal
    currency: str = ""
    text: str = ""
    cost_center: str = ""
    profit_center: str = ""
    order: str = ""
    wbs_element: str = ""
    trading_partner: str = ""
    assignment: str = ""
    supplier: str = ""
    customer: str = ""
    tax_code: str = ""
    extension: str = ""


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    company_code: str
    posting_date: date
    lines: list[_Line]
    document_type: str = "SA"
    document_date: date | None = None
    reference: str = ""
    header_text: str = ""
    user: str = "SAPUSER"
    ledger_group: str = ""
    created: datetime | None = None


class _Reverse(msgspec.Struct, forbid_unknown_fields=True):
    company_code: str
    document: str
    fiscal_year: str
    posting_date: date
    reason: str = "01"


class _Period(msgspec.Struct, forbid_unknown_fields=True):
    company_code: str
    year: str
    period: str
    open: bool


class _BlockAccount(msgspec.Struct, forbid_unknown_fields=True):
    account: str
    blocked: bool = True


class _BlockCostCenter(msgspec.Struct, forbid_unknown_fields=True):
    cost_center: str
    blocked: bool = True


def _in_words(handler: Handler) -> Handler:
    """What the store, the journal or the application refuses becomes HTTP 400 with the reason."""

    async def guarded(request: Request) -> Response:
        try:
            return await handler(request)
        except (ValueError, BusinessError) as error:
            raise HTTPException(400, str(error)) from None

    return guarded


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


class ControlRoutes:
    """Handlers over the store, the journal, the page triggers and the business day."""

    def __init__(
        self,
        store: Store,
        journal: Journal,
        triggers: changes.PageTriggers,
        business_day: BusinessDay,
        switches: Switches,
    ) -> None:
        self._store = store
        self._journal = journal
        self._triggers = triggers
        self._business = business_day
        self._switches = switches
        self._sets = {each.name for service in SERVICES for each in service.sets}

    def routes(self) -> list[BaseRoute]:
        """Mounted under /sap."""
        gets = {"/rows": self._rows, "/documents": self._documents, "/balances": self._balances, "/plan": self._plan}
        posts = {
            "/business-day": self._business_day, "/change": self._change, "/entry": self._entry,
            "/reverse": self._reverse, "/period": self._period, "/block-account": self._block_account,
            "/block-cost-center": self._block_cost_center,
        }  # fmt: skip
        return [
            *(Route(path, _in_words(handler), methods=["GET"]) for path, handler in gets.items()),
            *(Route(path, _in_words(handler), methods=["POST"]) for path, handler in posts.items()),
            Route("/change", self._disarm, methods=["DELETE"]),
        ]

    async def _business_day(self, request: Request) -> Response:
        day = (await decoded(request, _BusinessDay)).day
        if day < 1:
            raise HTTPException(400, f"day: expected 1 or more, got {day}")
        try:
            return _json(self._business.run(day))
        except StoreError as error:
            raise HTTPException(400, f"day {day} does not fit this data (has it been done already?): {error}") from None

    async def _change(self, request: Request) -> Response:
        change = await decoded(request, changes.Change)
        if change.after_pages is None:
            return _json({"applied": changes.apply(self._store, change.operations)})
        if change.after_pages.set not in self._sets:
            raise HTTPException(400, f"no entity set {change.after_pages.set!r}")
        for each in change.operations:
            table_called(each.table)
        self._triggers.arm(change.after_pages, change.operations)
        return _json({"armed": self._triggers.waiting()})

    async def _disarm(self, _: Request) -> Response:
        self._triggers.clear()
        return _json({})

    async def _entry(self, request: Request) -> Response:
        given = await decoded(request, _Entry)
        company = self._store.get("CompanyCode", {"CompanyCode": given.company_code})
        if company is None:
            raise HTTPException(400, f"no company code {given.company_code!r}")
        currency = str(company["Currency"])
        lines = tuple(_line(each, currency) for each in given.lines)
        dated = given.document_date or given.posting_date
        entry = Entry(
            given.company_code, given.document_type, given.posting_date, dated, lines, given.reference,
            given.header_text, given.user, ledger_group=given.ledger_group,
        )  # fmt: skip
        books = Books(self._store)
        entry = completed(books, entry)
        if refused := check_entry(books, entry, Rules.of(self._switches)):
            raise HTTPException(400, "; ".join(f"{each.code} {each.note}" for each in refused))
        with self._store.transaction():
            document, year = self._journal.post(entry, created=given.created)
        return _json({"document": document, "fiscal_year": year})

    async def _reverse(self, request: Request) -> Response:
        given = await decoded(request, _Reverse)
        document, year = self._journal.reverse(
            given.company_code, given.document, given.fiscal_year, given.posting_date, given.reason
        )
        return _json({"document": document, "fiscal_year": year})

    async def _period(self, request: Request) -> Response:
        given = await decoded(request, _Period)
        key: dict[str, Stored] = {
            "CompanyCode": given.company_code, "FiscalYear": given.year, "FiscalPeriod": given.period.zfill(3),
        }  # fmt: skip
        with self._store.transaction():
            if self._store.get("PostingPeriod", key) is None:
                self._store.insert("PostingPeriod", [{**key, "IsOpen": int(given.open)}])
            else:
                self._store.update("PostingPeriod", key, {"IsOpen": int(given.open)})
        return _json({"open": given.open})

    async def _block_account(self, request: Request) -> Response:
        given = await decoded(request, _BlockAccount)
        key: dict[str, Stored] = {"ChartOfAccounts": CHART, "GLAccount": padded(given.account)}
        with self._store.transaction():
            self._store.update("GLAccount", key, {"AccountIsBlockedForPosting": int(given.blocked)})
        return _json({"blocked": given.blocked})

    async def _block_cost_center(self, request: Request) -> Response:
        """In all intervals of its validity."""
        given = await decoded(request, _BlockCostCenter)
        found = list(self._store.select("CostCenter", '"CostCenter" = ?', (padded(given.cost_center),)))
        if not found:
            raise HTTPException(400, f"no cost center {given.cost_center!r}")
        with self._store.transaction():
            for row in found:
                key: dict[str, Stored] = {"ControllingArea": CONTROLLING_AREA, "CostCenter": row["CostCenter"]}
                key["ValidityEndDate"] = row["ValidityEndDate"]
                self._store.update("CostCenter", key, {"IsBlkdForPrimaryCostsPosting": int(given.blocked)})
        return _json({"blocked": given.blocked})

    async def _rows(self, request: Request) -> Response:
        table = table_called(request.query_params.get("table", ""))
        columns = table.columns
        rows = self._store.select(table.name)
        return _json({"rows": [{name: shown(columns[name], value) for name, value in row.items()} for row in rows]})

    async def _documents(self, request: Request) -> Response:
        reference = request.query_params.get("reference")
        if reference is None:
            raise HTTPException(400, "reference: expected a DocumentReferenceID")
        return _json({"documents": balances.documents(self._store, reference)})

    async def _balances(self, _: Request) -> Response:
        return _json({"balances": balances.balances(self._store)})

    async def _plan(self, _: Request) -> Response:
        columns = table_called("PlanLine").columns
        rows = self._store.select("PlanLine")
        return _json({"rows": [{name: shown(columns[name], value) for name, value in row.items()} for row in rows]})


def _line(given: _Line, currency: str) -> EntryLine:
    values = msgspec.structs.asdict(given)
    values.update({name: padded(values[name]) if values[name] else "" for name in _PADDED})
    return EntryLine(**{**values, "currency": given.currency or currency})
