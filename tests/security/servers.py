"""Servers that count who connects to them and who says anything."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Server:
    """Its address, how many connected, and the requests that arrived: method, path, headers and body as one text."""

    url: str = ""
    connections: int = 0
    requests: list[str] = field(default_factory=list)


@contextlib.contextmanager
def listening(
    tls: ssl.SSLContext | None = None, status: int = 401, body: bytes = b"", **headers: str
) -> Iterator[Server]:
    """A server on a free port. It gives a token to whoever asks for one, and answers all else with `status`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10
        disable_nagle_algorithm = True

        def answer(self) -> None:
            asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            server.requests.append(f"{self.command} {self.path} {self.headers} {asked.decode('utf-8', 'replace')}")
            token = status == 401 and "/token" in self.path
            self.send_response(201 if token else status)
            data = json.dumps(_TOKEN).encode() if token else body
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer  # noqa: N815 - http.server's names

        def log_message(self, *arguments: object) -> None:
            pass

    class Listener(ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self):
            server.connections += 1
            return super().get_request()

        def handle_error(self, request, client_address):
            pass  # a handshake that the client ends is what is looked for

    listener = Listener(("127.0.0.1", 0), Handler)
    if tls is not None:
        listener.socket = tls.wrap_socket(listener.socket, server_side=True, do_handshake_on_connect=False)
    server = Server(f"http{'s' if tls else ''}://127.0.0.1:{listener.server_port}")
    thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


_TOKEN = {
    "status": "SUCCESS",
    "tokenInfo": {"tokenValue": "of-the-test", "expiresAt": int(time.time() * 1000) + 1_800_000},
    "access_token": "of-the-test",
    "expires_in": 1800,
}
