"""A server that answers every request with all it was told and all secrets it knows: the worst error page there is.

The first part of a path chooses how: `/401/…`, `/403/…`, `/500/…`, `/html500/…`, `/text200/…`, `/garbage/…`,
`/redirect/…`, `/hang/…`, `/reset/…`; `/in-500/…` and `/in-400/…` let everybody log on first.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET
from urllib.parse import quote

MODES = ("401", "403", "500", "html500", "text200", "garbage", "redirect", "reset", "hang", "in-500", "in-400")


@dataclass
class Echo:
    """The server's address, the secrets that it repeats, and the tokens that it gives to those who log on."""

    url: str = ""
    secrets: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    issued: dict[str, str] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    # A file to make when a request hangs.
    marker: Path = Path(os.devnull)

    def words(self, asked: str) -> str:
        """What was asked, then the secrets in every writing, so often that any cut goes through one of them."""
        known = [*self.secrets.values(), *self.issued.values()]
        written = [form for one in known for form in (one, quote(one, safe=""), b64encode(one.encode()).decode())]
        return f"{asked} {' '.join(written)} {'-'.join(known)} " + " ".join(known * 10)


@contextlib.contextmanager
def echoing() -> Iterator[Echo]:
    """The server, on a free port of this machine."""
    echo = Echo()
    methods = dict.fromkeys(
        (f"do_{verb}" for verb in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")), _Handler.answer
    )
    handler = type("Handler", (_Handler,), {"echo": echo, **methods})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    echo.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield echo
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    echo: Echo

    def answer(self) -> None:
        """Any request."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        _, mode, *_ = self.path.split("/")
        self.echo.paths.append(self.path)
        if mode == "hang":
            self.echo.marker.touch()
            time.sleep(4)
        if mode in {"hang", "reset"}:
            self.connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        if mode.startswith("in-") and self._log_on():
            return
        signed = self.headers.get("Authorization") or ""
        asked = f"{self.command} {self.path} Authorization: {signed} {_decoded(signed)} {body} {self.headers}"
        self._fail(mode.removeprefix("in-"), " ".join(self.echo.words(asked).split()))

    def _log_on(self) -> bool:
        """Whether this was a login: answered with tokens then, in Anaplan's, OAuth's and e.net's manner."""
        path = self.path.partition("?")[0].lower()
        if path.endswith("/logon"):
            self._send(200, self._issue("session"), "text/plain")
        elif path.endswith(("/token/authenticate", "/token/refresh")):
            info = {
                "tokenValue": self._issue("token"),
                "expiresAt": int(time.time() * 1000) + 1_800_000,
                "tokenId": "1",
            }
            self._send(201, json.dumps({"status": "SUCCESS", "statusMessage": "Login", "tokenInfo": info}))
        elif path.endswith("/token"):
            names = {"access_token": "access", "refresh_token": "refresh"}
            answer = {name: self._issue(token) for name, token in names.items()}
            self._send(200, json.dumps({**answer, "expires_in": 1800, "token_type": "Bearer"}))
        else:
            return False
        return True

    def _issue(self, name: str) -> str:
        self.echo.issued[name] = self.echo.tokens[name]
        return self.echo.tokens[name]

    def _fail(self, mode: str, words: str) -> None:
        if mode == "redirect":
            self._send(302, "", Location=f"{self.echo.url}/elsewhere?{quote(words[:1500])}")
        elif mode == "text200":
            self._send(200, f"ERROR: {words}", "text/plain")
        elif mode == "garbage":
            self._send(200, f'{{"value": [{json.dumps(words)}, {words}', "application/json")
        elif mode.startswith("html"):
            self._send(int(mode[4:]), f"<html><body><p>{escape(words)}</p></body></html>", "text/html")
        else:
            error: object = {"code": "X/1", "message": {"lang": "en", "value": words}}
            if "token" in self.path:
                error = "invalid_client"
            said = {"error": error, "error_description": words, "statusMessage": words, "status": {"message": words}}
            self._send(int(mode), json.dumps(said))

    def _send(self, status: int, text: str, kind: str = "application/json", **headers: str) -> None:
        data = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        """Nothing: the test reads what the plugin says."""


def _decoded(signed: str) -> str:
    with contextlib.suppress(ValueError):
        return b64decode(signed.partition(" ")[2]).decode("utf-8", "replace")
    return ""
