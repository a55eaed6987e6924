"""SYSPRO's part of the control API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.core.control import decoded
from sandbox.syspro import changes
from sandbox.syspro.business_day import business_day
from sandbox.syspro.store import StoreError, table_called, version_text

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from sandbox.syspro.enet.sessions import Sessions
    from sandbox.syspro.store import CompanyStore


class _BusinessDay(msgspec.Struct, forbid_unknown_fields=True):
    day: int


class ControlRoutes:
    """Handlers over the companies, the page triggers and the e.net sessions."""

    def __init__(
        self, stores: dict[str, CompanyStore], triggers: changes.PageTriggers, sessions: Sessions, seed: int
    ) -> None:
        self._stores = stores
        self._triggers = triggers
        self._sessions = sessions
        self._seed = seed

    def routes(self) -> list[BaseRoute]:
        """Mounted under /syspro."""
        return [
            Route("/change", self._change, methods=["POST"]),
            Route("/change", self._disarm, methods=["DELETE"]),
            Route("/business-day", self._business_day, methods=["POST"]),
            Route("/rows", self._rows, methods=["GET"]),
            Route("/sessions", self._list_sessions, methods=["GET"]),
        ]

    async def _change(self, request: Request) -> JSONResponse:
        change = await decoded(request, changes.Change)
        try:
            for operation in change.operations:
                table_called(operation.table)
            if change.after_pages is not None:
                table_called(change.after_pages.table)
                self._triggers.arm(change.after_pages, change.operations)
                return JSONResponse({"armed": self._triggers.waiting()})
            return JSONResponse({"applied": changes.apply(self._stores, change.operations)})
        except StoreError as error:
            raise HTTPException(400, str(error)) from None

    async def _disarm(self, _: Request) -> JSONResponse:
        self._triggers.clear()
        return JSONResponse({})

    async def _business_day(self, request: Request) -> JSONResponse:
        day = (await decoded(request, _BusinessDay)).day
        if day < 1:
            raise HTTPException(400, f"day: expected 1 or more, got {day}")
        try:
            return JSONResponse(business_day(self._stores, self._seed, day))
        except StoreError as error:
            raise HTTPException(400, f"day {day} does not fit this data (has it been done already?): {error}") from None

    async def _rows(self, request: Request) -> Response:
        company, table = request.query_params.get("company", ""), request.query_params.get("table", "")
        if company not in self._stores:
            raise HTTPException(400, f"no company {company!r}; there are: {', '.join(self._stores)}")
        try:
            table_called(table)
        except StoreError as error:
            raise HTTPException(400, str(error)) from None
        rows = []
        for row in self._stores[company].select(table):
            version = row["TimeStamp"]
            rows.append({**row, "TimeStamp": version_text(version if isinstance(version, int) else None)})
        return Response(msgspec.json.encode({"rows": rows}), media_type="application/json")

    async def _list_sessions(self, _: Request) -> JSONResponse:
        return JSONResponse({"sessions": self._sessions.listing()})
