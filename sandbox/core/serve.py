"""Several ASGI applications on loopback ports in one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from starlette.types import ASGIApp


class _Server(uvicorn.Server):
    """A server that leaves signals to ``serve``: several of them share one process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(host: str, port: int) -> socket.socket:
    """A bound TCP socket; port 0 takes a free one. OSError when the port is taken."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # asyncio sets it only on sockets whose protocol is told; without it every answer waits for the client's ACK.
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def url_of(bound: socket.socket, scheme: str = "http") -> str:
    """The URL of a bound socket, without a trailing slash."""
    host, port = bound.getsockname()[:2]
    return f"{scheme}://{host}:{port}"


class Servers:
    """The servers of this process. They share its event loop, and more of them may begin while it runs."""

    def __init__(self) -> None:
        self._servers: list[_Server] = []
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, app: ASGIApp, bound: socket.socket, certificate: Path | None = None) -> None:
        """Serve ``app`` there from now on, over TLS where there is a certificate with its key."""
        config = uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,  # `Exchange` tells the time that clients have
            timeout_graceful_shutdown=1,
            timeout_keep_alive=60,  # a busy machine's test must not meet the end of an idle connection
            ssl_certfile=certificate,
        )
        self._servers.append(_Server(config))
        self._tasks.append(asyncio.create_task(self._servers[-1].serve(sockets=[bound])))

    async def ready(self) -> bool:
        """Wait until all of them answer; False when one has ended before."""
        while not all(server.started for server in self._servers):
            if any(task.done() for task in self._tasks):
                return False
            await asyncio.sleep(0.005)
        return True

    def stop(self) -> None:
        """End all of them."""
        for server in self._servers:
            server.should_exit = True

    async def ended(self) -> None:
        """Wait until the last one has ended; raises what one of them ended with."""
        await asyncio.gather(*self._tasks)


async def serve(servers: Servers, apps: Sequence[tuple[ASGIApp, socket.socket]], ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; ``ready`` is called once when all of them answer."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, servers.stop)
    for app, bound in apps:
        servers.begin(app, bound)
    if await servers.ready():
        ready()
    else:
        servers.stop()
    await servers.ended()
