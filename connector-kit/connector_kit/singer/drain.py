"""A target that ends early reads its input to the end first.

Otherwise the tap finds its pipe broken, and what it and Meltano say of that buries the one line that counts.
"""

from __future__ import annotations

import os
import select
import signal
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_BYTES = 256 * 1024
_TICK = 0.5
_PATIENCE = 2.0


def drain(*, begun: bool, tell: Callable[[], None]) -> None:
    """Read standard input, where it is a pipe, and drop what comes, until it ends or a signal comes.

    begun: whether messages were read already; otherwise a pipe that nobody writes to is given up after two seconds.
    tell: called once, when there is something to wait for or to drop: an input that has ended is not worth a word.
    """
    try:
        descriptor = sys.stdin.fileno()
        if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            return
    except (OSError, ValueError, AttributeError):  # closed, or not a file
        return
    with _signals() as stopped:
        quiet, told = 0.0, False
        while not stopped.is_set():
            ready, _, _ = select.select([descriptor], [], [], _TICK)
            if ready and not os.read(descriptor, _BYTES):
                return
            if not told:
                told = True
                tell()
            if ready:
                begun = True
                continue
            quiet += _TICK
            if not begun and quiet >= _PATIENCE:
                return


@contextmanager
def _signals() -> Iterator[threading.Event]:
    """SIGTERM and SIGINT end the draining, and nothing else."""
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        stopped.set()

    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return
    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
