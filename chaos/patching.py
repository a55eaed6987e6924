"""Virtual time within a process: what is replaced, and what is not reached.

Replaced: ``time.time``, ``time_ns``, ``localtime``, ``gmtime``, ``strftime``, ``datetime.now`` and its kin (by
time-machine, which changes them in C, so that every reference to them follows); ``time.monotonic``, ``monotonic_ns``
and ``sleep``; timed waits for conditions, and with them events, queues, semaphores, barriers and futures; timeouts of
Python's sockets, TLS included; ``julianday('now')`` in SQLite.

Not reached: time in C (OpenSSL's check of a certificate's dates, SQLite's busy timeout, psycopg's own waits), timeouts
of ``Lock.acquire``, ``Thread.join``, ``select`` and subprocesses, ``perf_counter``. These stay real. The functions that
are replaced in Python are not reached where somebody has kept the old one as a default of a parameter: `chaos.preload`
comes first in a server that forks.
"""

from __future__ import annotations

import contextlib
import functools
import select
import socket
import sqlite3
import ssl
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import time_machine

from chaos.clock import all_wait, move_to_next
from sandbox.core.shared_time import SharedTime

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_SHORT = 50_000  # µs; shorter pauses are real: they wait for what another is about to do
_FIRST_LOOK, _LONGEST_LOOK = 0.0005, 0.004  # real seconds between two looks
_SOCKET_GRACE = 0.02  # real seconds that an answer has before time may move
_MICROSECONDS = 1_000_000

_real_sleep = time.sleep
_real_monotonic = time.monotonic
_real_monotonic_ns = time.monotonic_ns
_real_wait = threading.Condition.wait
_real_event_wait = threading.Event.wait
_real_connect = sqlite3.connect
_real_receive = {kind: kind.recv_into for kind in (socket.socket, ssl.SSLSocket)}


class _State:
    shared: SharedTime | None = None
    pausing = threading.local()


def wrap() -> None:
    """Put the replacements in place; they do what the originals do until `install`. Once per process tree."""
    if time.sleep is sleep:
        return
    replaced: dict[Any, Any] = {_real_sleep: sleep, _real_monotonic: monotonic, _real_monotonic_ns: monotonic_ns}
    for module in [*sys.modules.values()]:  # a copy: to read a lazy module's names may import others
        if module.__name__.startswith(("chaos.", "subprocess", "multiprocessing")):
            continue
        for name, value in [*vars(module).items()]:
            with contextlib.suppress(TypeError):  # what can't be hashed is none of them
                if value in replaced:
                    setattr(module, name, replaced[value])
    threading.Condition.wait = _condition_wait  # type: ignore[method-assign]
    threading.Event.wait = _event_wait  # type: ignore[method-assign]
    sqlite3.connect = sqlite3.dbapi2.connect = _connect  # type: ignore[assignment]  # overloads of one function
    for kind, receive in _real_receive.items():
        kind.recv_into = _receiving(receive)  # type: ignore[method-assign]


def install(path: Path, host: str = "a") -> None:
    """From here on this process lives in the time of the file ``path``, on ``host``; ends with the process."""
    wrap()
    shared = SharedTime(path)
    shared.enroll()
    traveller = time_machine.travel(0).start()
    real_time_ns = time_machine.escape_hatch.time.time_ns
    traveller.time_ns = lambda: real_time_ns() + shared.ahead(host) * 1000  # type: ignore[method-assign]
    _State.shared = shared


def monotonic() -> float:
    """As time.monotonic."""
    shared = _State.shared
    return _real_monotonic() if shared is None else shared.monotonic() / _MICROSECONDS


def monotonic_ns() -> int:
    """As time.monotonic_ns."""
    shared = _State.shared
    return _real_monotonic_ns() if shared is None else shared.monotonic() * 1000


def sleep(seconds: float, /) -> None:
    """As time.sleep."""
    shared = _State.shared
    if shared is None or seconds * _MICROSECONDS < _SHORT:
        _real_sleep(seconds)
    else:
        _await(shared, seconds, _nothing)


def _nothing(seconds: float) -> bool:
    _real_sleep(seconds)
    return False


def _await(
    shared: SharedTime, timeout: float, come: Callable[[float], bool], *, moves: bool = True, grace: float = _FIRST_LOOK
) -> bool:
    """Wait until something has ``come`` (within so many real seconds) or the timeout is over; whether it came.

    ``moves``: whether time may move for this wait. ``grace``: real seconds before it does.
    """
    until = shared.monotonic() + round(timeout * _MICROSECONDS)
    look = grace
    with shared.awaiting(until):
        while (left := until - shared.monotonic()) > 0:
            if come(min(look, left / _MICROSECONDS)):
                return True
            moved = shared.moved
            if moves and all_wait(shared):
                if come(0):
                    return True
                move_to_next(shared, moved)
                look = _FIRST_LOOK
            else:
                look = min(look * 1.5, _LONGEST_LOOK)
    return come(0)


def _condition_wait(self: Any, timeout: float | None = None) -> bool:  # noqa: ANN401  reaches into Condition
    """As Condition.wait: the condition's lock is free meanwhile, for who notifies would seem idle otherwise."""
    shared = _State.shared
    if shared is None or timeout is None or timeout * _MICROSECONDS < _SHORT:
        return _real_wait(self, timeout)
    if not self._is_owned():
        raise RuntimeError("cannot wait on un-acquired lock")
    waiter = threading.Lock()
    waiter.acquire()
    self._waiters.append(waiter)
    kept, notified = self._release_save(), False
    try:
        pauses = getattr(_State.pausing, "yes", False)
        notified = _await(shared, timeout, lambda seconds: waiter.acquire(timeout=seconds), moves=pauses)
        return notified
    finally:
        self._acquire_restore(kept)
        if not notified:
            with contextlib.suppress(ValueError):
                self._waiters.remove(waiter)


def _event_wait(self: threading.Event, timeout: float | None = None) -> bool:
    """As Event.wait: a pause that can be cut short, so time may move. Who waits for a queue's next item is no pause."""
    _State.pausing.yes = True
    try:
        return _real_event_wait(self, timeout)
    finally:
        _State.pausing.yes = False


def _receiving(real: Callable[..., int]) -> Callable[..., int]:
    @functools.wraps(real)
    def recv_into(self: socket.socket, *args: Any, **options: Any) -> int:  # noqa: ANN401  as the original takes them
        shared, timeout = _State.shared, self.gettimeout()
        if shared is not None and timeout and not (isinstance(self, ssl.SSLSocket) and self.pending()):
            _await_data(shared, self, timeout)
        return real(self, *args, **options)

    return recv_into


def _await_data(shared: SharedTime, connection: socket.socket, timeout: float) -> None:
    """Return when there is something to read; TimeoutError as the socket's own."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    if not _await(shared, timeout, lambda seconds: bool(poll.poll(seconds * 1000)), grace=_SOCKET_GRACE):
        raise TimeoutError("timed out")


def _connect(*args: Any, **options: Any) -> sqlite3.Connection:  # noqa: ANN401  as sqlite3.connect takes them
    connection: sqlite3.Connection = _real_connect(*args, **options)
    if _State.shared is not None:
        connection.create_function("julianday", -1, _julian_day)
    return connection


def _julian_day(*args: str) -> float | None:
    if args == ("now",):
        return time.time() / 86400.0 + 2440587.5
    with contextlib.closing(_real_connect(":memory:")) as plain:
        value: float | None = plain.execute(f"SELECT julianday({', '.join('?' * len(args))})", args).fetchone()[0]
    return value
