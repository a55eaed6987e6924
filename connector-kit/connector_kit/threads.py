"""The one way to start threads: with the context of who starts them.

The context carries the check, before each request that changes something, that a lease is still held
(`connector_kit.lease_check`). A thread without it would go on writing when another job holds the lock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

from typing_extensions import override

P = ParamSpec("P")
T = TypeVar("T")


def thread(work: Callable[[], object], *, name: str) -> threading.Thread:
    """A thread, not started yet, that does `work` in a copy of the present context. It keeps no process alive."""
    return threading.Thread(target=copy_context().run, args=(work,), name=name, daemon=True)


class ThreadPool(ThreadPoolExecutor):
    """Threads that do each job in a copy of the context in which it was submitted, `map`'s jobs too."""

    @override
    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        context = copy_context()
        return super().submit(lambda: context.run(fn, *args, **kwargs))
