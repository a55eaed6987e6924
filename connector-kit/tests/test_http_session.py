"""The HTTP session against a real server that breaks in the ways that servers break."""

from __future__ import annotations

import email.utils
import logging
import socket
import threading
import time

import pytest
import requests
from http_asking import GOOD, QUICK, Recorder, ask, read_json
from local_server import RESET, Answer
from requests.auth import AuthBase

from connector_kit.errors import (
    AuthenticationError,
    BusyError,
    ConfigurationError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from connector_kit.http import HttpSession, Retry

HALF = Answer(body=b'{"ok"', promise=500, after="close")
GATEWAY = Answer(
    502,
    b"<html><head><style>p {}</style></head><body><h1>Bad gateway</h1></body></html>",
    {"Content-Type": "text/html"},
)


class Token(AuthBase):
    def __init__(self, good_from=1):
        self.number = 0

    def renew(self):
        self.number += 1

    def __call__(self, request):
        request.headers["Authorization"] = f"Token {self.number}"
        return request


BROKEN = {
    "a reset": RESET,
    "half a body": HALF,
    "half a JSON text that ends properly": Answer(body=b'{"ok": tr'),
    "a gateway's page with status 200": Answer(body=b"<html>Sign in</html>", headers={"Content-Type": "text/html"}),
    "an empty body": Answer(body=b""),
    "an orderly end without an answer": Answer(status=0, after="close"),
    "502": GATEWAY,
    "503": Answer(503),
    "504": Answer(504),
    "500": Answer(500, b"oops"),
    "429": Answer(429, headers={"Retry-After": "0"}),
    "a body that is not gzip": Answer(body=b"no gzip", headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_what_breaks_is_asked_for_again_until_it_is_whole(serve, broken):
    server = serve([broken, broken, GOOD])
    assert ask(server) == {"ok": True}
    assert len(server.asked) == 3


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_what_stays_broken_is_a_transient_error_of_one_line(serve, broken):
    server = serve([broken])
    with pytest.raises((UnavailableError, BusyError)) as caught:
        ask(server)
    assert len(server.asked) == QUICK.tries
    assert str(caught.value).startswith("ERP: thing 7: ")
    assert "\n" not in str(caught.value)


def test_a_host_that_is_not_there_is_named_without_what_was_asked_of_it():
    session = HttpSession("ERP", retry=Retry(tries=1))
    with pytest.raises(UnavailableError, match=r"its address http://127\.0\.0\.1:1 is right\.$"):
        session.request("GET", "http://user:word@127.0.0.1:1/path?key=value", what="thing 7", read=read_json)


NOT_REPEATED = {name: broken for name, broken in BROKEN.items() if name != "429"}


@pytest.mark.parametrize("broken", NOT_REPEATED.values(), ids=NOT_REPEATED.keys())
def test_a_post_whose_outcome_is_unknown_is_never_sent_twice(serve, broken):
    server = serve([broken, GOOD])
    with pytest.raises(UnavailableError):
        ask(server, "POST", data=b"1")
    assert len(server.asked) == 1


def test_a_post_that_was_reset_says_that_it_may_have_been_carried_out(serve):
    with pytest.raises(UnavailableError, match="may have been carried out"):
        ask(serve([RESET]), "POST", data=b"1")


def test_a_post_that_the_system_may_get_twice_is_sent_again_with_its_body(serve):
    server = serve([RESET, Answer(503), GOOD])
    assert ask(server, "POST", data=b"body", repeatable=True) == {"ok": True}
    assert [asked.body for asked in server.asked] == [b"body"] * 3


def test_a_post_over_the_rate_limit_was_not_carried_out_and_is_sent_again(serve):
    server = serve([Answer(429), GOOD])
    assert ask(server, "POST", data=b"1") == {"ok": True}


def test_a_post_to_a_server_that_is_just_starting_is_sent_when_it_is_there(serve):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    calls = []
    session = HttpSession("ERP", retry=QUICK)
    with pytest.raises(UnavailableError, match="Connection refused") as caught:
        session.request(
            "POST", f"http://127.0.0.1:{port}/", what="x", read=read_json, auth=lambda r: calls.append(1) or r
        )
    assert len(calls) == QUICK.tries
    assert "carried out" not in str(caught.value)


def test_an_older_failure_that_is_being_handled_does_not_make_a_post_repeatable(serve):
    server = serve([RESET, GOOD])
    try:
        requests.get("http://127.0.0.1:9/", timeout=1)
    except requests.exceptions.ConnectionError:
        with pytest.raises(UnavailableError, match=r"ConnectionResetError|RemoteDisconnected"):
            ask(server, "POST", data=b"1")
    assert len(server.asked) == 1


def test_the_seconds_of_retry_after_are_waited(serve):
    server = serve([Answer(429, headers={"Retry-After": "1"}), GOOD])
    start = time.monotonic()
    assert ask(server) == {"ok": True}
    assert 1.0 <= time.monotonic() - start < 2.5


def test_the_date_of_retry_after_is_waited_for(serve):
    soon = email.utils.formatdate(time.time() + 2, usegmt=True)
    server = serve([Answer(503, headers={"Retry-After": soon}), GOOD])
    start = time.monotonic()
    assert ask(server) == {"ok": True}
    assert 0.5 <= time.monotonic() - start < 4


def test_a_wish_to_come_back_tomorrow_ends_the_try_and_is_told(serve):
    server = serve([Answer(429, headers={"Retry-After": "86400"}), GOOD])
    with pytest.raises(BusyError, match="86400 s") as caught:
        ask(server)
    assert caught.value.retry_after == 86400
    assert len(server.asked) == 1


def test_a_limiter_is_asked_before_every_try_and_told_of_every_429(serve):
    limiter = Recorder()
    server = serve([Answer(429, headers={"Retry-After": "0"}), Answer(503), GOOD])
    ask(server, session=HttpSession("ERP", retry=QUICK, limiter=limiter))
    assert limiter.turns == 3
    assert len(limiter.pauses) == 1


def test_a_limiter_is_told_of_a_429_also_by_one_who_asks_no_more(serve):
    for wish, tries, pause in (("86400", 1, QUICK.longest), ("0", QUICK.tries, 0.0)):
        limiter = Recorder()
        server = serve([Answer(429, headers={"Retry-After": wish})])
        with pytest.raises(BusyError):
            ask(server, session=HttpSession("ERP", retry=QUICK, limiter=limiter))
        assert len(limiter.pauses) == tries
        assert limiter.pauses[-1] == pytest.approx(pause, abs=0.02)


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (400, RefusedError, "HTTP 400: bad thing"),
        (401, AuthenticationError, "user and the password"),
        (403, NotFoundError, "may see it"),
        (404, NotFoundError, "may see it"),
        (409, RefusedError, "HTTP 409"),
    ],
)
def test_a_refusal_is_not_repeated(serve, status, kind, words):
    server = serve([Answer(status, b"bad\n  thing"), GOOD])
    with pytest.raises(kind, match=words) as caught:
        ask(server)
    assert caught.value.status == status
    assert len(server.asked) == 1


def test_a_web_page_is_told_by_its_words(serve):
    with pytest.raises(UnavailableError, match="HTTP 502: Bad gateway"):
        ask(serve([GATEWAY]))


def test_a_long_body_is_told_by_its_start(serve):
    with pytest.raises(RefusedError) as caught:
        ask(serve([Answer(400, b"x" * 1_000_000)]))
    assert len(str(caught.value)) < 500


def test_a_redirect_is_not_followed_because_credentials_stay_here(serve):
    elsewhere = serve([GOOD])
    server = serve([Answer(302, headers={"Location": elsewhere.url})])
    with pytest.raises(RefusedError, match=f"a redirect to {elsewhere.url}"):
        ask(server)
    assert elsewhere.asked == []


def test_allowed_statuses_reach_the_reader(serve):
    assert ask(serve([Answer(404)]), allow={404}, read=lambda response: response.status_code) == 404


def test_a_system_may_name_its_own_errors(serve):
    def classify(response, what):
        return RefusedError(system="ERP", subject=what, got="closed period") if response.status_code == 422 else None

    session = HttpSession("ERP", retry=QUICK, classify=classify)
    with pytest.raises(RefusedError, match="thing 7: got closed period"):
        ask(serve([Answer(422)]), session=session)
    with pytest.raises(NotFoundError):
        ask(serve([Answer(404)]), session=session)


def test_a_system_may_name_statuses_that_mean_try_again(serve):
    server = serve([Answer(410), GOOD])
    assert ask(server, session=HttpSession("ERP", retry=QUICK, retry_statuses={410})) == {"ok": True}


def test_an_expired_token_is_renewed_once(serve):
    token = Token()
    server = serve(lambda asked: GOOD if asked.headers["Authorization"] == "Token 1" else Answer(401))
    session = HttpSession("ERP", retry=QUICK, auth=token)
    assert ask(server, "POST", session=session, data=b"1") == {"ok": True}
    assert ask(server, session=session) == {"ok": True}
    assert token.number == 1
    assert len(server.asked) == 3


def test_credentials_that_stay_wrong_are_an_error_after_one_renewal(serve):
    token = Token()
    server = serve([Answer(401)])
    with pytest.raises(AuthenticationError):
        ask(server, session=HttpSession("ERP", retry=QUICK, auth=token))
    assert token.number == 1
    assert len(server.asked) == 2


def test_a_reset_after_a_renewal_is_told_as_a_reset(serve):
    server = serve(lambda asked: RESET if asked.headers["Authorization"] == "Token 1" else Answer(401))
    with pytest.raises(UnavailableError, match=r"ConnectionResetError|RemoteDisconnected"):
        ask(server, session=HttpSession("ERP", retry=QUICK, auth=Token()))


def test_a_netrc_does_not_replace_our_credentials(serve, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server = serve([GOOD])
    ask(server)
    assert server.asked[0].headers["Authorization"] is None


@pytest.mark.parametrize("url", ["no-scheme/x", "http://", "ftp://host/x", "http://[::1"])
def test_an_address_that_cannot_be_one_is_a_setting_to_mend_and_not_tried_again(url):
    limiter = Recorder()
    with pytest.raises(ConfigurationError, match="Check the address"):
        HttpSession("ERP", retry=QUICK, limiter=limiter).request("GET", url, what="x", read=read_json)
    assert limiter.turns == 1


def test_a_token_with_a_line_break_is_named_but_not_shown(serve):
    with pytest.raises(ConfigurationError, match="tokens for line breaks") as caught:
        ask(serve([GOOD]), headers={"X-Token": "canary-token\nx"})
    assert "canary" not in str(caught.value)


def test_streamed_answers_that_fail_give_their_connection_back(serve):
    session = HttpSession("ERP", retry=Retry(tries=1), pool_size=1)
    server = serve([Answer(404, b"x" * 100_000)] * 3 + [HALF] * 3 + [GOOD])
    for _ in range(3):
        with pytest.raises(NotFoundError):
            ask(server, session=session, stream=True)
    for _ in range(3):
        with pytest.raises(UnavailableError, match="IncompleteRead"):
            ask(server, session=session, stream=True, read=lambda response: b"".join(response.iter_content(10)))
    assert ask(server, session=session) == {"ok": True}


def test_a_slow_server_is_a_timeout_that_says_so(serve):
    session = HttpSession("ERP", retry=Retry(tries=1), timeout=(1, 0.1))
    with pytest.raises(UnavailableError, match=r"(?i)timed? ?out"):
        ask(serve(lambda asked: time.sleep(0.5) or GOOD), session=session)


def test_each_try_is_logged_and_no_secret_with_it(serve, caplog):
    server = serve([Answer(503), GOOD])
    with caplog.at_level(logging.WARNING):
        ask(server, path="/Logon?OperatorPassword=canary-1")
    assert "try 1 of 4" in caplog.text
    assert "canary" not in caplog.text


def test_waits_grow_up_to_their_cap_and_differ():
    retry = Retry(first=1.0, cap=8.0)
    for failures, most in [(1, 1), (2, 2), (3, 4), (4, 8), (9, 8)]:
        waits = [retry.wait(failures, None) for _ in range(50)]
        assert most / 4 <= min(waits) <= max(waits) <= most
        assert len(set(waits)) > 10


def test_threads_share_a_session(serve):
    server = serve([GOOD])
    session = HttpSession("ERP", retry=QUICK, pool_size=2)
    results = []
    threads = [threading.Thread(target=lambda: results.append(ask(server, session=session))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [{"ok": True}] * 8


def test_the_systems_clock_is_read_off_its_answers_and_goes_on_by_ours(serve):
    session = HttpSession("ERP", retry=QUICK)
    assert session.time() is None
    tells = [Answer(body=b"{}", headers={"Date": "Fri, 31 Dec 1999 23:59:59 GMT"})]
    ask(serve(tells), session=session)
    assert session.time() == pytest.approx(946684799, abs=5)
    stored = {"Date": "Thu, 30 Dec 1999 23:59:59 GMT", "Age": "86400"}  # by a cache, a day ago
    ask(serve([Answer(body=b"{}", headers=stored)]), session=session)
    assert session.time() == pytest.approx(946684799, abs=5)
