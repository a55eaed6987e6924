"""A check that is made before every request that changes something: is the lease still held?

Whoever holds a lease says so once, around all that happens under it. The check is then made as the last thing before
the first byte of each try: behind the wait for a slot of the rate, a pause that the server wants, a log-on and the
set-up of the connection, so that neither a long wait nor a process that was stopped and goes on later lets a former
holder act. It is made once more before the trail notes anything as delivered: who holds the lease still, behind the
last answer, has held it all the time. Threads carry it when they are started as `connector_kit.threads` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

LeaseCheck = Callable[[], None]

_CHECKS: ContextVar[tuple[LeaseCheck, ...]] = ContextVar("lease_checks", default=())


@contextmanager
def under_lease(check: LeaseCheck) -> Iterator[None]:
    """Within the block, `check` is made before each try of a request that changes something.

    What it raises ends the request.
    """
    token = _CHECKS.set((*_CHECKS.get(), check))
    try:
        yield
    finally:
        _CHECKS.reset(token)


def check_leases() -> None:
    """Make the checks of all blocks that we are in."""
    for check in _CHECKS.get():
        check()
