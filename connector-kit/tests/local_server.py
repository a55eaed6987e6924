"""A local HTTP server whose answers, and breakdowns, a test writes itself."""

from __future__ import annotations

import contextlib
import http.server
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    headers: Any
    body: bytes


@dataclass
class Answer:
    """What to answer. `promise`: a Content-Length that may differ from the body's. `after`: what happens then."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    promise: int | None = None
    after: str = ""  # "" keep the connection, "close" it, "reset" it


RESET = Answer(status=0, after="reset")


@dataclass
class LocalServer:
    """Its address, and what it was asked."""

    url: str
    asked: list[Asked] = field(default_factory=list)


@contextlib.contextmanager
def serving(answer: Callable[[Asked], Answer], *, tls: Any = None) -> Iterator[LocalServer]:
    """Serve on a free loopback port until the block ends."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10
        disable_nagle_algorithm = True  # else each answer waits for the acknowledgement of its headers

        def log_message(self, *arguments):
            pass

        def handle_one(self):
            length = int(self.headers.get("Content-Length") or 0)
            asked = Asked(self.command, self.path, self.headers, self.rfile.read(length))
            server.asked.append(asked)
            reply = answer(asked)
            if reply.status:
                # The long one adds a Date of its own.
                (self.send_response_only if "Date" in reply.headers else self.send_response)(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body) if reply.promise is None else reply.promise))
                self.end_headers()
                self.wfile.write(reply.body)
                self.wfile.flush()
            if reply.after:
                self.close_connection = True
            if reply.after == "reset":
                # Linger 0: the system sends a reset in place of an orderly end.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

        do_GET = do_POST = do_PUT = do_DELETE = handle_one  # noqa: N815 - http.server's names

    class Listener(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request, client_address):
            pass  # a reset connection is meant

    listener = Listener(("127.0.0.1", 0), Handler)
    if tls is not None:
        listener.socket = tls.wrap_socket(listener.socket, server_side=True)
    server = LocalServer(f"http{'s' if tls else ''}://127.0.0.1:{listener.server_port}")
    thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
