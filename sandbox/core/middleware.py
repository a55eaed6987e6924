"""The layer around each system's application: journals every request and applies faults."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from sandbox.core.damage import spoil
from sandbox.core.exchange import Collected, Exchange
from sandbox.core.journal import Entry, mask

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from sandbox.core.clock import Clock
    from sandbox.core.faults import Action, Faults
    from sandbox.core.journal import Journal
    from sandbox.core.system import System

_ERROR_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>{status}</title></head>\n"
    "<body><h1>{status}</h1><p>The proxy server could not handle the request.</p></body></html>\n"
)


class Watched:
    """A system's application as the network sees it: each request journalled, faults applied."""

    def __init__(self, system: System, clock: Clock, journal: Journal, faults: Faults) -> None:
        self._app = system.app
        self._system = system.name
        self._revoke = system.revoke
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
        exchange = Exchange(receive, send, self._clock, keeps=self._journal.keeps_answers)
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
                    exchange.answered,
                )
            )
        if fault is not None and fault[1].reset is not None:
            await asyncio.sleep(0.01)  # lets uvicorn notice the cut, or it would log an unfinished response

    async def _apply(self, action: Action, scope: Scope, exchange: Exchange) -> None:
        if action.delay or _goes_on(action):
            await self._hold_back(action, exchange)
        if action.revoke:
            self._revoke()
        if action.lapse:
            self._clock.advance(action.lapse)
        if _goes_on(action):
            await self._app(scope, exchange.receive, Collected().send)
        elif action.reset == "before_request":
            exchange.cut()
        elif action.status is not None or action.html is not None or action.redirect is not None:
            await exchange.drain()
            await exchange.answer(*_instead(action, scope))
        elif any(one is not None for one in (action.reset, action.truncate, action.damage, action.edit)):
            answer = Collected()
            await self._app(scope, exchange.receive, answer.send)
            if action.edit is not None:
                start, removed, inserted = action.edit
                body = answer.body[:start] + inserted + answer.body[start + removed :]
                await exchange.send(answer.start_with_length(len(body)))
                await exchange.send({"type": "http.response.body", "body": body})
            elif action.damage is not None:
                await spoil(action, answer, exchange, head=scope["method"] == "HEAD")
            else:
                await _cut_short(action, answer, exchange)
        else:
            await self._app(scope, exchange.receive, exchange.send)

    async def _hold_back(self, action: Action, exchange: Exchange) -> None:
        """What comes before the work: what the client gets to hear meanwhile, and the delay."""
        exchange.keep(await exchange.drain())
        if action.reset == "late":
            exchange.cut()
        if action.gave_up is not None:
            await exchange.answer(action.gave_up, action.headers, action.body.encode())
        await self._clock.sleep(action.delay)


def _goes_on(action: Action) -> bool:
    """Whether the work is done though the client is gone."""
    return action.reset == "late" or action.gave_up is not None


def _instead(action: Action, scope: Scope) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer that the system knows nothing of."""
    if action.status is not None:
        return action.status, action.headers, action.body.encode()
    if action.html is not None:
        page = _ERROR_PAGE.format(status=action.html).encode()
        return action.html, {"Content-Type": "text/html; charset=utf-8"}, page
    query = scope["query_string"].decode("latin-1")
    if action.redirect != "loop":
        query = f"redirected={action.redirect}" + ("&" if query else "") + query
    target = scope["raw_path"].decode("latin-1") + ("?" if query else "") + query
    host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    other = f"localhost:{host.rpartition(':')[2]}"  # the same port, so that who follows is seen here
    places = {"other_host": f"//{other}", "plain_http": f"http://{host}"}
    return 307, {"Location": places.get(action.redirect or "", "") + target}, b""


async def _cut_short(action: Action, answer: Collected, exchange: Exchange) -> None:
    """The answer up to where ``truncate`` or ``reset`` ends it."""
    length = len(answer.body)
    if action.truncate is not None:
        body = answer.body[: action.truncate]
        await exchange.send(answer.start_with_length(len(body)))
        await exchange.send({"type": "http.response.body", "body": body})
    elif action.reset == "before_response":
        exchange.cut()
    elif action.reset == "after_body":
        await exchange.send(answer.start_with_length(length))
        await exchange.send({"type": "http.response.body", "body": answer.body})
        await exchange.cut_behind()
    else:
        half = answer.body[: length // 2]
        await exchange.send(answer.start_with_length(max(length, 1)))
        await exchange.send({"type": "http.response.body", "body": half, "more_body": True})
        await asyncio.sleep(0.05)  # the half must leave before the cut
        exchange.cut(lose_unsent=False)
