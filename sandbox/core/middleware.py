"""The layer around each system's application: journals every request and applies faults."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from typing import TYPE_CHECKING, Protocol

from sandbox.core.journal import Entry, mask

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from sandbox.core.clock import Clock
    from sandbox.core.faults import Action, Faults
    from sandbox.core.journal import Journal

_ERROR_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>{status}</title></head>\n"
    "<body><h1>{status}</h1><p>The proxy server could not handle the request.</p></body></html>\n"
)


class _Transport(Protocol):
    def abort(self) -> None: ...
    def get_extra_info(self, name: str) -> socket.socket | None: ...


class _Exchange:
    """One request and its answer, counted as they pass."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._kept: bytes | None = None
        self.status = 0
        self.bytes_in = 0
        self.bytes_out = 0

    def keep(self, body: bytes) -> None:
        """The next who receives gets this body, which has been read already."""
        self._kept = body

    async def receive(self) -> Message:
        if self._kept is not None:
            body, self._kept = self._kept, None
            return {"type": "http.request", "body": body}
        message = await self._receive()
        if message["type"] == "http.request":
            self.bytes_in += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body":
            self.bytes_out += len(message.get("body", b""))
        await self._send(message)

    async def drain(self) -> bytes:
        """Read the request to its end, so that the client is not cut while it still writes; the body."""
        body = b""
        while True:
            message = await self.receive()
            body += bytes(message.get("body", b""))
            if message["type"] != "http.request" or not message.get("more_body", False):
                return body

    async def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        raw.append((b"content-length", str(len(body)).encode()))
        await self.send({"type": "http.response.start", "status": status, "headers": raw})
        await self.send({"type": "http.response.body", "body": body})

    def cut(self, *, lose_unsent: bool = True) -> None:
        """Close the connection under the client, as a reset.

        ASGI has no such message, so this reaches the transport through the bound ``send`` of uvicorn's request cycle.
        """
        transport: _Transport = self._send.__self__.transport  # type: ignore[attr-defined]  # uvicorn's RequestResponseCycle
        if lose_unsent:
            connection = transport.get_extra_info("socket")
            if connection is not None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


class _Collected:
    """An application's whole answer, held back."""

    def __init__(self) -> None:
        self.start: Message = {}
        self.body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    def start_with_length(self, length: int) -> Message:
        headers = [(name, value) for name, value in self.start["headers"] if name.lower() != b"content-length"]
        return {**self.start, "headers": [*headers, (b"content-length", str(length).encode())]}


class Watched:
    """``app`` as the network sees it: each request journalled under ``system``, faults applied."""

    def __init__(self, app: ASGIApp, system: str, clock: Clock, journal: Journal, faults: Faults) -> None:
        self._app = app
        self._system = system
        self._clock = clock
        self._journal = journal
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request: journalled, with the fault that claims it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        target = scope["raw_path"].decode("latin-1")
        if scope["query_string"]:
            target += "?" + scope["query_string"].decode("latin-1")
        exchange = _Exchange(receive, send)
        started, ticks = self._clock.now(), time.perf_counter()
        self._journal.arrived(self._system, started)
        fault = self._faults.claim(self._system, scope["method"], target)
        try:
            if fault is None:
                await self._app(scope, exchange.receive, exchange.send)
            else:
                await self._apply(fault[1], scope, exchange)
        finally:
            self._journal.finished(
                Entry(
                    self._system,
                    scope["method"],
                    mask(target),
                    exchange.status,
                    started,
                    time.perf_counter() - ticks,
                    exchange.bytes_in,
                    exchange.bytes_out,
                    fault[0] if fault else None,
                )
            )
        if fault is not None and fault[1].reset is not None:
            await asyncio.sleep(0.01)  # lets uvicorn notice the cut, or it would log an unfinished response

    async def _apply(self, action: Action, scope: Scope, exchange: _Exchange) -> None:
        goes_on = action.reset == "late" or action.gave_up is not None
        if action.delay or goes_on:
            exchange.keep(await exchange.drain())
            if action.reset == "late":
                exchange.cut()
            if action.gave_up is not None:
                await exchange.answer(action.gave_up, action.headers, action.body.encode())
            await asyncio.sleep(action.delay)
        if goes_on:
            await self._app(scope, exchange.receive, _Collected().send)
        elif action.reset == "before_request":
            exchange.cut()
        elif action.status is not None:
            await exchange.drain()
            await exchange.answer(action.status, action.headers, action.body.encode())
        elif action.html is not None:
            await exchange.drain()
            page = _ERROR_PAGE.format(status=action.html).encode()
            await exchange.answer(action.html, {"Content-Type": "text/html; charset=utf-8"}, page)
        elif action.reset is not None or action.truncate is not None:
            collected = _Collected()
            await self._app(scope, exchange.receive, collected.send)
            await _damage(action, collected, exchange)
        else:
            await self._app(scope, exchange.receive, exchange.send)


async def _damage(action: Action, collected: _Collected, exchange: _Exchange) -> None:
    if action.truncate is not None:
        body = collected.body[: action.truncate]
        await exchange.send(collected.start_with_length(len(body)))
        await exchange.send({"type": "http.response.body", "body": body})
    elif action.reset == "before_response":
        exchange.cut()
    else:
        length = len(collected.body)
        half = collected.body[: length // 2]
        await exchange.send(collected.start_with_length(max(length, 1)))
        await exchange.send({"type": "http.response.body", "body": half, "more_body": True})
        await asyncio.sleep(0.05)  # the half must leave before the cut
        exchange.cut(lose_unsent=False)
