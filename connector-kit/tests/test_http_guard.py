"""Who holds a lock is asked before every request that changes something, as late as possible."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest
from http_asking import GOOD, QUICK, Recorder, ask
from local_server import Answer

from connector_kit.coordination import LockLostError
from connector_kit.http import HttpSession, guarded


class Lock:
    """Held for so many questions."""

    def __init__(self, times=10**9):
        self.left = times
        self.asked = 0

    def __call__(self):
        self.asked += 1
        self.left -= 1
        if self.left < 0:
            raise LockLostError(system="coordination", subject="lock x", got="that it was lost")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_changes_something_is_not_sent_without_the_lock(serve, method):
    server = serve([GOOD])
    with guarded(Lock(0)), pytest.raises(LockLostError, match="was lost"):
        ask(server, method)
    assert server.asked == []


def test_reading_asks_nobody(serve):
    lock = Lock(0)
    with guarded(lock):
        ask(serve([GOOD]))
        ask(serve([GOOD]), "POST", changes=False)
    assert lock.asked == 0


def test_a_get_that_changes_something_asks_too(serve):
    server = serve([GOOD])
    with guarded(Lock(0)), pytest.raises(LockLostError):
        ask(server, "GET", changes=True)
    assert server.asked == []


def test_each_try_asks_again(serve):
    server = serve([Answer(503), GOOD])
    with guarded(Lock(1)), pytest.raises(LockLostError):
        ask(server, "PUT")
    assert len(server.asked) == 1


def test_the_question_comes_behind_the_wait_for_a_turn(serve):
    lock = Lock(1)

    class Losing(Recorder):
        def acquire(self):
            lock.left = 0  # the turn took so long that the lock was lost meanwhile

    server = serve([GOOD])
    with guarded(lock), pytest.raises(LockLostError):
        ask(server, "POST", session=HttpSession("ERP", retry=QUICK, limiter=Losing()))
    assert server.asked == []


def test_blocks_may_stand_in_each_other_and_end(serve):
    outer, inner = Lock(), Lock()
    server = serve([GOOD])
    with guarded(outer):
        with guarded(inner):
            ask(server, "POST")
        ask(server, "POST")
    ask(server, "POST")
    assert (outer.asked, inner.asked) == (2, 1)


def test_threads_that_bring_the_context_along_ask_too(serve):
    server = serve([GOOD])
    with guarded(Lock(0)), ThreadPoolExecutor(1) as threads, pytest.raises(LockLostError):
        threads.submit(copy_context().run, ask, server, "PUT").result()
    assert server.asked == []
