"""An answer has bounds: what unpacks to gigabytes, or drips a byte now and then, ends in one line."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading

import pytest
from local_server import Answer, serving

from connector_kit.errors import RefusedError, UnavailableError
from connector_kit.http import HttpSession, Retry, bodies
from connector_kit.odata.client import ODataSession, PageTimeout


def text(response):
    return response.content


@contextlib.contextmanager
def dripping(head):
    """A server that sends `head`, and then a byte every few milliseconds, for ever."""
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve():
        while not done.is_set():
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(head)
                    while not done.wait(0.02):
                        connection.sendall(b"x")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        done.set()
        listener.close()


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_an_answer_that_drips_is_late_as_a_whole(head):
    with dripping(head) as url:
        session = HttpSession("Drip", retry=Retry(tries=1), timeout=(1.0, 0.1))
        with pytest.raises(UnavailableError, match="not whole after"):
            session.request("GET", url, what="page", read=text)
        paging = ODataSession("Drip", retry=Retry(tries=1), timeout=(1.0, 0.1))
        with pytest.raises(PageTimeout):
            paging.request("GET", url, what="page", read=text)


def test_headers_that_drip_are_late_too():
    with dripping(b"HTTP/1.1 200 OK\r\nX-Note: ") as url:
        session = HttpSession("Drip", retry=Retry(tries=1), timeout=(1.0, 0.1))
        with pytest.raises(UnavailableError, match=r"imed out|in time"):
            session.request("GET", url, what="page", read=text)
        paging = ODataSession("Drip", retry=Retry(tries=1), timeout=(1.0, 0.1))
        with pytest.raises(PageTimeout):
            paging.request("GET", url, what="page", read=text)


@contextlib.contextmanager
def answering(*answers):
    """A server that gives these answers, byte by byte as they are, each on a connection of its own."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        for answer in answers:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        thread.join()
        listener.close()


GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole"
BAD = {
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 2\r\n\r\nwhole",
    "a line that is no header": b"HTTP/1.1 200 OK\r\nthis is no header\r\nContent-Length: 5\r\n\r\nwhole",
    "no HTTP": b"220 mail.example.com ESMTP ready\r\n",
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_headers_that_say_nothing_of_the_body_are_a_failed_try(bad, caplog):
    with answering(bad, GOOD) as url:
        session = HttpSession("Heads", retry=Retry(tries=2, first=0.01))
        assert session.request("GET", url, what="page", read=text) == b"whole"
    assert not any(record.exc_info for record in caplog.records)
    with answering(bad, bad) as url:
        session = HttpSession("Heads", retry=Retry(tries=2, first=0.01))
        with pytest.raises(UnavailableError, match="Check that the system is up"):
            session.request("GET", url, what="page", read=text)


@pytest.mark.parametrize(("method", "error"), [("GET", RefusedError), ("POST", UnavailableError)])
def test_a_body_that_unpacks_to_more_than_fits_is_not_taken(monkeypatch, method, error):
    monkeypatch.setattr(bodies, "MOST_BYTES", 1_000_000)
    packed = gzip.compress(bytes(30_000_000))
    with serving(lambda asked: Answer(body=packed, headers={"Content-Encoding": "gzip"})) as server:
        session = HttpSession("Bomb", retry=Retry(tries=1))
        with pytest.raises(error, match="at most"):
            session.request(method, server.url, what="page", read=text)


def test_a_whole_body_is_read_packed_or_not_and_half_of_one_is_none():
    packed = gzip.compress(b"whole" * 100_000)
    answers = [
        Answer(body=b"whole"),
        Answer(body=packed, headers={"Content-Encoding": "gzip"}),
        Answer(body=b""),
        Answer(body=b"who", promise=5, after="close"),
        Answer(body=packed[:-9], headers={"Content-Encoding": "gzip"}, promise=len(packed), after="close"),
        Answer(body=b"no gzip", headers={"Content-Encoding": "gzip"}),
    ]
    with serving(lambda asked: answers[len(server.asked) - 1]) as server:
        session = HttpSession("Whole", retry=Retry(tries=1))
        for expected in (b"whole", b"whole" * 100_000, b""):
            assert session.request("GET", server.url, what="page", read=text) == expected
        for _ in range(3):
            with pytest.raises(UnavailableError):
                session.request("GET", server.url, what="page", read=text)
