"""One request and its answer, as the layer around a system sees, holds back, cuts and writes them."""

from __future__ import annotations

import asyncio
import socket
import struct
from email.utils import formatdate
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import Message, Receive, Send

    from sandbox.core.clock import Clock


class _Transport(Protocol):
    def abort(self) -> None: ...
    def close(self) -> None: ...
    def is_closing(self) -> bool: ...
    def write(self, data: bytes) -> None: ...
    def get_write_buffer_size(self) -> int: ...
    def get_extra_info(self, name: str) -> socket.socket | None: ...


class Exchange:
    """One request and its answer, counted as they pass; ``keeps``: the body is in ``answered`` as well."""

    def __init__(self, receive: Receive, send: Send, clock: Clock, *, keeps: bool = False) -> None:
        self._receive = receive
        self._send = send
        self._clock = clock
        self._kept: bytes | None = None
        self.status = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self.answered = b""
        self._keeps = keeps

    def keep(self, body: bytes) -> None:
        """The next who receives gets this body, which has been read already."""
        self._kept = body

    async def receive(self) -> Message:
        """ASGI's receive."""
        if self._kept is not None:
            body, self._kept = self._kept, None
            return {"type": "http.request", "body": body}
        message = await self._receive()
        if message["type"] == "http.request":
            self.bytes_in += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        """ASGI's send, with the Date that clients see."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": [*message.get("headers", ()), *self._date(message)]}
        elif message["type"] == "http.response.body":
            self.bytes_out += len(message.get("body", b""))
            if self._keeps:
                self.answered += message.get("body", b"")
        await self._send(message)

    def _date(self, message: Message) -> list[tuple[bytes, bytes]]:
        if any(name.lower() == b"date" for name, _ in message.get("headers", ())):
            return []
        return [(b"date", formatdate(self._clock.clients(), usegmt=True).encode())]

    async def drain(self) -> bytes:
        """Read the request to its end, so that the client is not cut while it still writes; the body."""
        body = b""
        while True:
            message = await self.receive()
            body += bytes(message.get("body", b""))
            if message["type"] != "http.request" or not message.get("more_body", False):
                return body

    async def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """A whole answer."""
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        raw.append((b"content-length", str(len(body)).encode()))
        await self.send({"type": "http.response.start", "status": status, "headers": raw})
        await self.send({"type": "http.response.body", "body": body})

    @property
    def _transport(self) -> _Transport:
        """ASGI has no messages for what networks do, so this goes through the bound ``send`` of uvicorn's cycle."""
        transport: _Transport = self._send.__self__.transport  # type: ignore[attr-defined]  # uvicorn's RequestResponseCycle
        return transport

    def cut(self, *, lose_unsent: bool = True) -> None:
        """Close the connection under the client, as a reset."""
        if lose_unsent:
            connection = self._transport.get_extra_info("socket")
            if connection is not None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    async def cut_behind(self) -> None:
        """Close the connection as a reset once all that was sent has left."""
        while self._transport.get_write_buffer_size() and not self._transport.is_closing():
            await asyncio.sleep(0.001)
        self.cut()

    async def write(self, status: int, pieces: Iterable[bytes], *, pace: float = 0.0, linger: float = 0.0) -> None:
        """An answer as bytes, status line and all, ``pace`` seconds between its pieces; ``linger`` seconds after the
        last one the connection is closed.
        """
        self.status = status
        for piece in pieces:
            if self._transport.is_closing():
                break
            self._transport.write(piece)
            self.bytes_out += len(piece)
            if pace:
                await self._clock.sleep(pace)
        await self._clock.sleep(linger)
        self._transport.close()
        while (await self._receive())["type"] != "http.disconnect":
            pass  # uvicorn has to know that it is gone, or it would log an unfinished response


class Collected:
    """An application's whole answer, held back."""

    def __init__(self) -> None:
        self.start: Message = {}
        self.body = b""

    async def send(self, message: Message) -> None:
        """ASGI's send."""
        if message["type"] == "http.response.start":
            self.start = message
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    def headers_without(self, *names: bytes) -> list[tuple[bytes, bytes]]:
        """Its headers but for those, in lower case, and its length, which the body has to give."""
        return [each for each in self.start["headers"] if each[0].lower() not in {b"content-length", *names}]

    def start_with_length(self, length: int) -> Message:
        """Its first message with another length."""
        return {**self.start, "headers": [*self.headers_without(), (b"content-length", str(length).encode())]}
