"""The control API: the journal, faults, switches, the clock, reset, and each system's own routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from sandbox.core.certificate import ServerCertificate
from sandbox.core.faults import Rule
from sandbox.core.switches import SwitchError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from sandbox.core.clock import Clock
    from sandbox.core.faults import Faults
    from sandbox.core.gates import Gates
    from sandbox.core.journal import Journal
    from sandbox.core.system import System

T = TypeVar("T")


async def decoded(request: Request, kind: type[T]) -> T:
    """The request's JSON body as ``kind``; HTTP 400 with the reason when it is not one."""
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise HTTPException(400, str(error)) from None


class _SwitchChange(msgspec.Struct, forbid_unknown_fields=True):
    system: str
    name: str
    value: str | int | float | bool


class _Gate(msgspec.Struct, forbid_unknown_fields=True):
    system: str
    certificate: ServerCertificate


class _Advance(msgspec.Struct, forbid_unknown_fields=True):
    advance: float


async def _refused(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    return JSONResponse({"error": error.detail}, status_code=error.status_code)


class Control:
    """Handlers over the shared parts; ``app`` is the Starlette application."""

    def __init__(self, systems: Sequence[System], clock: Clock, journal: Journal, faults: Faults, gates: Gates) -> None:
        self._systems = {system.name: system for system in systems}
        self._clock = clock
        self._journal = journal
        self._faults = faults
        self._gates = gates
        self.app = Starlette(
            routes=[
                Route("/requests", self._requests, methods=["GET"]),
                Route("/report", self._report, methods=["GET"]),
                Route("/faults", self._add_fault, methods=["POST"]),
                Route("/faults", self._list_faults, methods=["GET"]),
                Route("/faults", self._clear_faults, methods=["DELETE"]),
                Route("/switches", self._set_switch, methods=["POST"]),
                Route("/switches", self._list_switches, methods=["GET"]),
                Route("/clock", self._advance, methods=["POST"]),
                Route("/answers", self._keep_answers, methods=["POST"]),
                Route("/tls", self._open_gate, methods=["POST"]),
                Route("/reset", self._reset, methods=["POST"]),
                *(Mount(f"/{system.name}", routes=system.control_routes()) for system in systems),
            ],
            exception_handlers={HTTPException: _refused},
        )

    def _system(self, name: str) -> System:
        try:
            return self._systems[name]
        except KeyError:
            raise HTTPException(400, f"no system {name!r}; there are: {', '.join(self._systems)}") from None

    async def _requests(self, request: Request) -> JSONResponse:
        since = request.query_params.get("since", "0")
        try:
            return JSONResponse(self._journal.entries(request.query_params.get("system"), float(since)))
        except ValueError:
            raise HTTPException(400, f"since: expected epoch seconds, got {since!r}") from None

    async def _report(self, _: Request) -> JSONResponse:
        return JSONResponse(
            {name: {**self._journal.report(name), **system.report()} for name, system in self._systems.items()}
        )

    async def _add_fault(self, request: Request) -> JSONResponse:
        rule = await decoded(request, Rule)
        self._system(rule.system)
        return JSONResponse({"id": self._faults.add(rule)})

    async def _keep_answers(self, _: Request) -> JSONResponse:
        self._journal.keeps_answers = True
        return JSONResponse({})

    async def _list_faults(self, _: Request) -> JSONResponse:
        return JSONResponse(self._faults.listing())

    async def _clear_faults(self, _: Request) -> JSONResponse:
        self._faults.clear()
        return JSONResponse({})

    async def _set_switch(self, request: Request) -> JSONResponse:
        change = await decoded(request, _SwitchChange)
        switches = self._system(change.system).switches
        try:
            switches.set(change.name, change.value)
        except SwitchError as error:
            raise HTTPException(400, str(error)) from None
        return JSONResponse({"value": switches[change.name]})

    async def _list_switches(self, _: Request) -> JSONResponse:
        return JSONResponse({name: system.switches.as_dict() for name, system in self._systems.items()})

    async def _advance(self, request: Request) -> JSONResponse:
        try:
            self._clock.advance((await decoded(request, _Advance)).advance)
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        return JSONResponse({"now": self._clock.now()})

    async def _open_gate(self, request: Request) -> JSONResponse:
        wanted = await decoded(request, _Gate)
        try:
            url = await self._gates.url(wanted.system, wanted.certificate)
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        return JSONResponse({"url": url, "ca_bundle": self._gates.bundle})

    async def _reset(self, _: Request) -> JSONResponse:
        self._faults.clear()
        self._journal.clear()
        self._clock.reset()
        for system in self._systems.values():
            system.reset()
        return JSONResponse({})
