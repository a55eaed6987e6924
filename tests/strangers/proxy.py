"""A TCP proxy that breaks connections as a seed says: cut within an answer, reset, slowed down, or left alone."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from typing_extensions import Self


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to one connection.

    Args:
        cut_after: bytes of answers after which it is cut (None: it is not).
        reset: whether it is cut by RST, not by FIN.
        pause: seconds before each piece of an answer.
    """

    cut_after: int | None = None
    reset: bool = False
    pause: float = 0.0


def fair(_: random.Random) -> Fate:
    """Nothing happens."""
    return Fate()


def foul(rng: random.Random) -> Fate:
    """Two of five connections are cut, at the beginning or within a large answer; some are slow."""
    pause = rng.choice([0.0, 0.0, 0.0, 0.02])
    if rng.random() < 0.6:
        return Fate(pause=pause)
    return Fate(rng.choice([0, 20, 400, rng.randrange(1, 200_000)]), rng.random() < 0.5, pause)


@dataclass
class Proxy:
    """Forwards 127.0.0.1:`port` to `upstream` (host and port); `fate` may be changed while it runs.

    `on_request` is called before each piece that a client sends, with the number of pieces so far.
    """

    upstream: tuple[str, int]
    seed: int = 0
    fate: Callable[[random.Random], Fate] = fair
    on_request: Callable[[int], None] = lambda count: None
    connections: int = 0
    cuts: int = 0
    requests: int = 0
    _open: set[socket.socket] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def port(self) -> int:
        """The port to connect to."""
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        self._rng = random.Random(self.seed)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()

    def drop(self) -> None:
        """Cut all connections."""
        with self._lock:
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(client, self.fate(self._rng)), daemon=True).start()

    def _serve(self, client: socket.socket, fate: Fate) -> None:
        with client, self._kept(client):
            try:
                server = socket.create_connection(self.upstream, timeout=5)
            except OSError:
                return  # nobody there: the client sees a closed connection
            server.settimeout(None)
            with server, self._kept(server):
                asking = threading.Thread(target=self._forward, args=(client, server), daemon=True)
                asking.start()
                self._answer(server, client, fate)
                # A socket that another thread still reads from does not close, nor reset, by close().
                for each, how in (
                    (client, socket.SHUT_RD if fate.reset else socket.SHUT_RDWR),
                    (server, socket.SHUT_RDWR),
                ):
                    with contextlib.suppress(OSError):
                        each.shutdown(how)
                asking.join()
                if fate.reset:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := client.recv(65536):
                with self._lock:
                    self.requests += 1
                    count = self.requests
                self.on_request(count)
                server.sendall(piece)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _answer(self, server: socket.socket, client: socket.socket, fate: Fate) -> None:
        left = fate.cut_after
        with contextlib.suppress(OSError):
            while piece := server.recv(65536):
                if fate.pause:
                    threading.Event().wait(fate.pause)
                if left is not None and len(piece) >= left:
                    client.sendall(piece[:left])
                    self.cuts += 1
                    return
                left = None if left is None else left - len(piece)
                client.sendall(piece)

    @contextlib.contextmanager
    def _kept(self, one: socket.socket) -> Iterator[None]:
        with self._lock:
            self._open.add(one)
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(one)
