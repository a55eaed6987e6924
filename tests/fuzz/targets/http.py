"""What all servers' answers have in common: JSON bodies, headers, and the words of failures."""

from __future__ import annotations

import json
import math

import requests
from fuzz.answers import response, with_headers
from fuzz.judge import SECRET, check_line, place_of
from fuzz.target import fuzzed

from connector_kit.http import common_error, excerpt
from connector_kit.http.bodies import decoded, mended, unmarked
from connector_kit.http.failures import no_answer
from connector_kit.http.retry import Retry, moment, parse_retry_after
from connector_kit.redaction import printable, redact, register_secret, without_values

register_secret(SECRET)
NOW = "Tue, 01 Dec 2026 03:00:00 GMT"


@fuzzed(
    "http/json",
    '{"a": [1, "x", null, {"b": 1.50}], "c": "\\ud83d\\ude00"}',
    '{"text": "half \\ud83d pair"}',
    expected=[ValueError],
)
def json_body(data: bytes) -> None:
    found = decoded(data)
    # A second reading. What was mended differs in the broken texts only, so it is not compared.
    if mended(unmarked(data)) == unmarked(data):
        known = json.loads(unmarked(data))
        assert _same(found, known), (found, known)


def _same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, (int, float)):
        return one == float(other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and one == other


@fuzzed("http/retry-after", "120", "0", NOW, "Wed, 02 Dec 2026 03:00:00 -0000", "Tuesday, 01-Dec-26 03:00:00 GMT")
def retry_after(data: bytes) -> None:
    text = data.decode("latin-1")
    for date in (None, NOW, text):
        found = parse_retry_after(text, date)
        if found is not None:
            assert found >= 0, found
            assert not math.isnan(Retry().wait(3, found))
    found = moment(text)
    assert found is None or math.isfinite(found)


@fuzzed(
    "http/failures",
    '{"status": 429, "headers": {"Retry-After": "5", "Date": "Tue, 01 Dec 2026 03:00:00 GMT"}}\nslow down',
    '{"status": 503, "headers": {"Content-Type": "text/html; charset=utf-16"}}\n<html><style>x</style><p>Kaputt</p></html>',
    '{"status": 302, "headers": {"Location": "https://login.example/?token=1"}}\n',
    '{"status": 500, "headers": {"Content-Type": "text/plain; charset=no-such"}}\nno',
    tokens=[b"<script>", b"<style", b"<", b'"charset=utf-7"', b"charset=idna", b"charset=hex", b"charset=rot13"],
)
def failures(data: bytes) -> None:
    answer = with_headers(data)
    str(common_error("System", "object", answer))
    assert len(excerpt(answer)) <= 301


@fuzzed(
    "http/no-answer",
    "Connection aborted",
    "https://user:Kanarie-4711-geheim@host/\x1b[2J",
    "HTTPSConnectionPool(host='x')",
)
def nothing_came(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    for kind in (requests.ConnectionError, requests.exceptions.SSLError, requests.exceptions.InvalidHeader):
        raised = kind(text, request=response(b"").request)
        raise_it(no_answer("System", "object", raised, None, again=False))


def raise_it(error: Exception) -> None:
    """Look at its words, as if it had been raised."""
    try:
        raise error
    except type(error) as raised:
        check_line(str(raised), place_of(raised))


@fuzzed(
    "http/redaction",
    "Authorization: Basic abcdefghijk",
    "password=abc&UserId=1",
    "//u:p@host",
    "<Password>x</Password>",
    "see '5' and \"x\"",
)
def redaction(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    once = redact(text)
    assert redact(once) == once or len(once) < 10_000_000
    printable(text)
    printable(text, whole_text=True)
    without_values(text)
