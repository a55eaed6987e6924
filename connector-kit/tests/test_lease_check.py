"""Leases are checked before every request that changes something, as the last thing before its first byte."""

from __future__ import annotations

import socket
import threading

import pytest
from http_asking import GOOD, QUICK, Recorder, ask
from local_server import Answer
from requests.auth import AuthBase

from connector_kit.coordination import LockLostError
from connector_kit.http import HttpSession
from connector_kit.http.tokens import Token, TokenAuth
from connector_kit.lease_check import check_leases, under_lease
from connector_kit.threads import ThreadPool, thread


class Lease:
    """Held for so many checks."""

    def __init__(self, times=10**9):
        self.left = times
        self.checked = 0

    def __call__(self):
        self.checked += 1
        self.left -= 1
        if self.left < 0:
            raise LockLostError(system="coordination", subject="lock x", got="that it was lost")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_changes_something_is_not_sent_without_the_lock(serve, method):
    server = serve([GOOD])
    with under_lease(Lease(0)), pytest.raises(LockLostError, match="was lost"):
        ask(server, method)
    assert server.asked == []


def test_reading_checks_nothing(serve):
    lease = Lease(0)
    with under_lease(lease):
        ask(serve([GOOD]))
        ask(serve([GOOD]), "POST", changes=False)
    assert lease.checked == 0


def test_a_get_that_changes_something_checks_too(serve):
    server = serve([GOOD])
    with under_lease(Lease(0)), pytest.raises(LockLostError):
        ask(server, "GET", changes=True)
    assert server.asked == []


def test_each_try_checks_again(serve):
    server = serve([Answer(503), GOOD])
    with under_lease(Lease(1)), pytest.raises(LockLostError):
        ask(server, "PUT")
    assert len(server.asked) == 1


def test_a_pause_that_the_server_wants_is_over_before_the_check(serve):
    server = serve([Answer(429, headers={"Retry-After": "0"}), GOOD])
    with under_lease(Lease(1)), pytest.raises(LockLostError):
        ask(server, "POST", repeatable=False)
    assert len(server.asked) == 1


def test_a_slot_of_the_rate_is_waited_for_before_the_check(serve):
    lease = Lease()

    class Losing(Recorder):
        def acquire(self):
            lease.left = 0  # it took so long that the lock was lost meanwhile

    server = serve([GOOD])
    with under_lease(lease), pytest.raises(LockLostError):
        ask(server, "POST", session=HttpSession("ERP", retry=QUICK, limiter=Losing()))
    assert server.asked == []


class LongLogin:
    """A login by HTTP that takes so long that the lease is lost meanwhile, from the `lost_at`-th on."""

    def __init__(self, lease, server, lost_at):
        self._lease, self._server, self._left = lease, server, lost_at
        self._http = HttpSession("ERP", retry=QUICK)

    def obtain(self):
        ask(self._server, "POST", session=self._http, path="/token", changes=False)
        self._left -= 1
        if not self._left:
            self._lease.left = 0
        return Token.lasting(f"token {self._left}", 3600)

    extend = None


def test_a_log_on_is_done_before_the_check(serve):
    lease = Lease()
    server = serve([GOOD])
    auth = TokenAuth(LongLogin(lease, server, 1))
    with under_lease(lease), pytest.raises(LockLostError):
        ask(server, "POST", session=HttpSession("ERP", auth=auth, retry=QUICK))
    assert [one.path for one in server.asked] == ["/token"]


def test_a_token_is_renewed_before_the_check(serve):
    lease = Lease()
    server = serve([GOOD, Answer(401), GOOD, GOOD])
    auth = TokenAuth(LongLogin(lease, server, 2))
    with under_lease(lease), pytest.raises(LockLostError):
        ask(server, "POST", session=HttpSession("ERP", auth=auth, retry=QUICK), repeatable=False)
    assert [one.path for one in server.asked] == ["/token", "/thing", "/token"]


def test_the_connection_is_set_up_before_the_check(serve, monkeypatch):
    lease = Lease()
    connect = socket.socket.connect

    def slowly(self, address):
        lease.left = 0
        return connect(self, address)

    server = serve([GOOD])
    monkeypatch.setattr(socket.socket, "connect", slowly)
    with under_lease(lease), pytest.raises(LockLostError):
        ask(server, "POST")
    assert server.asked == []


def test_a_connection_from_a_proxys_pool_checks_too(serve):
    proxy = serve([GOOD])
    with under_lease(Lease(0)), pytest.raises(LockLostError):
        ask(proxy, "POST", session=HttpSession("ERP", retry=QUICK), proxies={"http": proxy.url})
    assert proxy.asked == []


def test_after_a_refused_check_the_pool_serves_on(serve):
    server = serve([GOOD])
    session = HttpSession("ERP", retry=QUICK, pool_size=1)
    for _ in range(2):
        with under_lease(Lease(0)), pytest.raises(LockLostError):
            ask(server, "POST", session=session)
    ask(server, "POST", session=session)
    assert len(server.asked) == 1


def test_a_signature_that_asks_the_server_does_not_hide_what_the_request_is(serve):
    """A nested request that only reads leaves the outer one checked."""

    class Signing(AuthBase):
        def __call__(self, r):
            ask(server, "GET")
            return r

    server = serve([GOOD])
    with under_lease(Lease(0)), pytest.raises(LockLostError):
        ask(server, "POST", session=HttpSession("ERP", auth=Signing(), retry=QUICK))
    assert [one.method for one in server.asked] == ["GET"]


def test_blocks_may_stand_in_each_other_and_end(serve):
    outer, inner = Lease(), Lease()
    server = serve([GOOD])
    with under_lease(outer):
        with under_lease(inner):
            ask(server, "POST")
        ask(server, "POST")
    ask(server, "POST")
    assert (outer.checked, inner.checked) == (2, 1)


def test_threads_of_a_pool_check_too():
    with under_lease(Lease(0)), ThreadPool(2) as pool:
        for future in [pool.submit(check_leases) for _ in range(3)]:
            assert isinstance(future.exception(), LockLostError)
        with pytest.raises(LockLostError):
            list(pool.map(lambda _: check_leases(), range(3)))


def test_a_pools_job_checks_what_its_submitter_holds_not_what_the_thread_was_started_under():
    lease = Lease()
    with ThreadPool(1) as pool:
        pool.submit(int).result()
        with under_lease(lease):
            pool.submit(check_leases).result()
        pool.submit(check_leases).result()
    assert lease.checked == 1


def test_a_thread_of_its_own_checks_too():
    lease, done = Lease(), threading.Event()
    with under_lease(lease):
        thread(lambda: (check_leases(), done.set()), name="one").start()
    assert done.wait(10)
    assert lease.checked == 1
