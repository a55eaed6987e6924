"""A tiny Anaplan of our own for tests of the protocol: answers are listed per route, requests are kept."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import struct as bits
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from typing_extensions import Self

from connector_kit.anaplan import Anaplan, ModelClient, Polling, hosts
from connector_kit.anaplan.auth import AnaplanAuth
from connector_kit.anaplan.login import from_settings
from connector_kit.anaplan.token_service import auth_session
from connector_kit.coordination import Holder, Lease
from connector_kit.http import Retry

WORKSPACE, MODEL = "8a81b08e4f6d2b43014fbe11a3bd3e02", "96339A3B8F224CCAB1D5C1E2F2B3C4D5"
FAST = Retry(tries=3, first=0.005, cap=0.01)
QUICK = Polling(first=0.01, longest=0.02, queue=5.0, patience=1.0, settle=(0.01, 0.02))


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """`reset`: the connection is cut instead of an answer."""

    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    reset: bool = False
    delay: float = 0.0


Script = Answer | Callable[[Request], Answer]


class Fake:
    """Answers of a route are given in order, the last one again and again."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._routes: list[tuple[str, re.Pattern[str], list[Script]]] = []
        self._guard = threading.Lock()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def __getattr__(self, name: str) -> Callable[[], None]:
                if name.startswith("do_"):
                    return lambda: fake._serve(self)
                raise AttributeError(name)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def on(self, method: str, path: str, *answers: Script | dict[str, Any]) -> None:
        """`path`: a pattern for the whole path. Later routes win."""
        scripts = [Answer(body=answer) if isinstance(answer, dict) else answer for answer in answers]
        self._routes.insert(0, (method, re.compile(path), list(scripts)))

    def sent(self, method: str, path: str) -> list[Request]:
        return [r for r in self.requests if r.method == method and re.fullmatch(path, r.path)]

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        request = Request(
            handler.command,
            parts.path,
            {key: values[-1] for key, values in parse_qs(parts.query).items()},
            {key.lower(): value for key, value in handler.headers.items()},
            handler.rfile.read(int(handler.headers.get("Content-Length") or 0)),
        )
        with self._guard:
            self.requests.append(request)
            script = self._script(request)
        answer = script if isinstance(script, Answer) else script(request)
        time.sleep(answer.delay)
        if answer.reset:
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bits.pack("ii", 1, 0))
            handler.connection.close()
            handler.close_connection = True
            handler.wfile = contextlib.nullcontext()  # nothing is left to flush
            return
        body = answer.body
        payload = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response_only(answer.status)
        standard = {"Date": formatdate(usegmt=True), "Content-Length": str(len(payload))}
        for name, value in {**standard, **answer.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(payload)

    def _script(self, request: Request) -> Script:
        for method, pattern, scripts in self._routes:
            if method == request.method and pattern.fullmatch(request.path):
                return scripts.pop(0) if len(scripts) > 1 else scripts[0]
        body = {"status": {"code": 404, "message": "Not Found"}, "path": request.path}
        return Answer(404, body)


class FakeLimiter:
    def __init__(self) -> None:
        self.acquired = 0
        self.held_off: list[float] = []

    def acquire(self) -> None:
        self.acquired += 1

    def hold_off(self, seconds: float) -> None:
        self.held_off.append(seconds)


class FakeCoordinator:
    def __init__(self) -> None:
        self.limiters: dict[str, FakeLimiter] = {}
        self.locked: list[tuple[str, str, float]] = []
        self.held = True
        self.orphaned: Holder | None = None

    def limiter(self, name: str, *, per_minute: int, burst: int | None = None) -> FakeLimiter:
        return self.limiters.setdefault(name, FakeLimiter())

    @contextlib.contextmanager
    def lock(self, name: str, *, purpose: str, wait_seconds: float) -> Iterator[Lease]:
        self.locked.append((name, purpose, wait_seconds))
        yield Lease(name, 1, lambda: self.held, self.orphaned)

    def close(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        pass


def token_body(value: str = "token-0001", seconds: float = 2100.0) -> dict[str, Any]:
    return {
        "status": "SUCCESS",
        "tokenInfo": {"tokenValue": value, "expiresAt": int((time.time() + seconds) * 1000), "refreshTokenId": "x"},
    }


@pytest.fixture
def fake() -> Iterator[Fake]:
    server = Fake()
    server.on("POST", "/token/authenticate", Answer(201, token_body()))
    server.on("POST", "/token/refresh", token_body())
    yield server
    server.close()


@pytest.fixture
def coordinator() -> FakeCoordinator:
    return FakeCoordinator()


@pytest.fixture
def reply() -> type[Answer]:
    return Answer


@pytest.fixture
def token_of() -> Callable[..., dict[str, Any]]:
    return token_body


@pytest.fixture
def root() -> str:
    return f"/2/0/workspaces/{WORKSPACE}/models/{MODEL}"


@pytest.fixture
def auth_with(fake: Fake) -> Callable[..., AnaplanAuth]:
    def made(settings: dict[str, Any] | None = None, **options: Any) -> AnaplanAuth:
        places = hosts(api_url=fake.url, auth_url=fake.url, oauth_url=fake.url)
        credentials = settings or {"username": "integration@example.com", "password": "correct horse"}
        return from_settings(credentials, hosts=places, http=auth_session(retry=FAST), **options)

    return made


@pytest.fixture
def auth(auth_with: Callable[..., AnaplanAuth]) -> AnaplanAuth:
    return auth_with()


@pytest.fixture
def open_tenant(fake: Fake, coordinator: FakeCoordinator, auth: AnaplanAuth) -> Iterator[Callable[..., Anaplan]]:
    with contextlib.ExitStack() as stack:

        def opened(**options: Any) -> Anaplan:
            settings: dict[str, Any] = {"retry": FAST, "polling": QUICK, **options}
            tenant = Anaplan(fake.url, auth, coordinator=coordinator, tenant_key="acme", **settings)
            return stack.enter_context(tenant)

        yield opened


@pytest.fixture
def tenant(open_tenant: Callable[..., Anaplan]) -> Anaplan:
    return open_tenant()


@pytest.fixture
def model(tenant: Anaplan) -> ModelClient:
    return tenant.model(WORKSPACE, MODEL, name="Finance Hub")
