"""A true answer that is spoilt on its way: its body, its packing, its headers, its pace."""

from __future__ import annotations

import functools
import http
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.core.exchange import Collected, Exchange
    from sandbox.core.faults import Action

Headers = list[tuple[bytes, bytes]]
_NOISE = bytes((0x00, 0xFE, 0x7B, 0xC3, 0x28, 0x1B, 0x5B, 0xFF)) * 12
"""No UTF-8, no text of JSON or XML, and a terminal's escape: longer than most values, so that it hits their ends."""
_BOMB_BYTES = 1024 * 1024 * 1024
_LINGER = 0.3


def _half(body: bytes) -> bytes:
    return body[: len(body) // 2]


def _garbled(body: bytes) -> bytes:
    """Noise in place of the middle; of a short body, of its middle third."""
    length = min(len(_NOISE), -(-len(body) // 3))
    begin = (len(body) - length) // 2
    return body[:begin] + _NOISE[:length] + body[begin + length :]


def packed(body: bytes) -> bytes:
    """The body as gzip."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()


@functools.cache
def _bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = b" " * 1024 * 1024
    return b"".join(packer.compress(piece) for _ in range(_BOMB_BYTES // len(piece))) + packer.flush()


_BODIES: dict[str, Callable[[bytes], bytes]] = {
    "half": _half,
    "garbled": _garbled,
    "empty": lambda _: b"",
    "wrong_type": lambda body: body,
}
_PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": packed,
    "gzip_half": lambda body: _half(packed(body)),
    "gzip_garbled": lambda body: _garbled(packed(body)),
    "gzip_bomb": lambda _: _bomb(),
    "gzip_lie": lambda body: body,
}


async def spoil(action: Action, answer: Collected, exchange: Exchange, *, head: bool) -> None:
    """Send the held answer with its damage. ``head``: the request was a HEAD, so there is no body to send."""
    kind = action.damage or ""
    status: int = answer.start["status"]
    if kind == "no_content":
        await exchange.send({"type": "http.response.start", "status": 204, "headers": answer.headers_without()})
        await exchange.send({"type": "http.response.body", "body": b""})
    elif kind in _BODIES or kind in _PACKED:
        headers = answer.headers_without(*([b"content-type"] if kind == "wrong_type" else []))
        headers += [(b"content-type", b"image/png")] if kind == "wrong_type" else []
        headers += [(b"content-encoding", b"gzip")] if kind in _PACKED else []
        body = {**_BODIES, **_PACKED}[kind](answer.body)
        headers.append((b"content-length", str(len(body)).encode()))
        await exchange.send({"type": "http.response.start", "status": status, "headers": headers})
        await exchange.send({"type": "http.response.body", "body": body})
    else:
        pace = action.pace if kind in {"slow_headers", "slow_body"} else 0.0
        pieces = _PIECES[kind](status, answer.headers_without(), b"" if head else answer.body)
        await exchange.write(status, pieces, pace=pace, linger=_LINGER if kind == "short_length" else 0.0)


def _message(status: int, headers: Headers, body: bytes, *lengths: int) -> bytes:
    """A whole answer as HTTP/1.1 writes it, with as many lengths as are given."""
    fields = [*headers, *((b"content-length", str(length).encode()) for length in lengths)]
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in fields)
    return _status_line(status) + lines + b"\r\n" + body


def _status_line(status: int) -> bytes:
    return f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}\r\n".encode()


def _long_length(status: int, headers: Headers, body: bytes) -> Iterator[bytes]:
    yield _message(status, headers, body, len(body) + 100)


def _short_length(status: int, headers: Headers, body: bytes) -> Iterator[bytes]:
    yield _message(status, headers, body, len(body) // 2)


def _double_length(status: int, headers: Headers, body: bytes) -> Iterator[bytes]:
    yield _message(status, headers, body, len(body), len(body) // 2)


def _half_chunk(status: int, headers: Headers, body: bytes) -> Iterator[bytes]:
    start = _message(status, [*headers, (b"transfer-encoding", b"chunked")], b"")
    yield start + b"%x\r\n" % max(len(body), 1) + _half(body)


def _repeated_headers(status: int, headers: Headers, body: bytes) -> Iterator[bytes]:
    twice = [each for header in headers for each in (header, header)]
    yield _message(status, [*twice, (b"x-note", b"one value,\r\n  on two lines")], body, len(body), len(body))


def _broken_headers(status: int, headers: Headers, body: bytes) -> Iterator[bytes]:
    yield _message(status, headers, body, len(body)).replace(b"\r\n", b"\r\nthis is no header\r\n", 1)


def _no_http(status: int, headers: Headers, body: bytes) -> Iterator[bytes]:
    del status, headers
    yield b"220 mail.example.com ESMTP ready\r\n" + body


def _slow_headers(status: int, headers: Headers, body: bytes) -> Iterator[bytes]:
    message = _message(status, headers, body, len(body))
    end = len(message) - len(body)
    yield from (message[place : place + 1] for place in range(end))
    yield body


def _slow_body(status: int, headers: Headers, body: bytes) -> Iterator[bytes]:
    yield _message(status, headers, b"", len(body))
    yield from (body[place : place + 1] for place in range(len(body)))


_PIECES: dict[str, Callable[[int, Headers, bytes], Iterator[bytes]]] = {
    "long_length": _long_length,
    "short_length": _short_length,
    "double_length": _double_length,
    "half_chunk": _half_chunk,
    "repeated_headers": _repeated_headers,
    "broken_headers": _broken_headers,
    "no_http": _no_http,
    "slow_headers": _slow_headers,
    "slow_body": _slow_body,
}
