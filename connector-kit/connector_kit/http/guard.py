"""A question that is asked before every request that changes something: may we still?

Whoever holds a lock says so once, around all that happens under it. The question is then asked as late as possible:
behind the wait for a turn and before each try, so that neither a long pause nor a process that was stopped and goes
on later lets a former holder act.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Question = Callable[[], None]

_ASKED: ContextVar[tuple[Question, ...]] = ContextVar("asked", default=())


@contextmanager
def guarded(question: Question) -> Iterator[None]:
    """Within the block, `question` is asked before each try of a request that changes something.

    What it raises ends the request. Threads that are started within the block have to bring the context along
    (`contextvars.copy_context`).
    """
    token = _ASKED.set((*_ASKED.get(), question))
    try:
        yield
    finally:
        _ASKED.reset(token)


def ask() -> None:
    """Ask all questions of the blocks that we are in."""
    for question in _ASKED.get():
        question()
