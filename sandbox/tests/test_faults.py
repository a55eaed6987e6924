"""What is done to answers on their way, and to tokens and certificates: each is what its name says."""

from __future__ import annotations

import gzip
import http.client
import ssl
import zlib
from base64 import b64decode, b64encode
from urllib.parse import urlsplit

import pytest
import requests

from sandbox.core.certificate import SERVER_CERTIFICATES


def asked(syspro, action, **options):
    """The raw answer to one read with a fault: (status, headers, body), as far as http.client reads it."""
    syspro.control.fault("syspro", action, path=r"/ApSupplier")
    return read(syspro, **options)


def read(syspro, timeout=5.0):
    place = urlsplit(syspro.info["odata_url"])
    connection = http.client.HTTPConnection(place.netloc, timeout=timeout)
    try:
        path = f"{place.path}/EDU1/ApSupplier?$top=20"
        connection.request("GET", path, headers={"Authorization": requests.auth._basic_auth_str(*credentials(syspro))})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def credentials(syspro):
    return syspro.info["odata_username"], syspro.info["odata_password"]


@pytest.fixture
def whole(syspro):
    return read(syspro)[2]


@pytest.mark.parametrize(
    ("redirect", "place"),
    [
        ("loop", "{path}"),
        ("same_host", "{path}&redirected"),
        ("other_host", "//localhost:{port}{path}&redirected"),
        ("plain_http", "http://127.0.0.1:{port}{path}&redirected"),
    ],
)
def test_a_redirect_leads_where_it_says(syspro, redirect, place):
    status, headers, _ = asked(syspro, {"redirect": redirect})
    url = urlsplit(syspro.info["odata_url"])
    query = "?" + ("" if redirect == "loop" else f"redirected={redirect}&") + "$top=20"
    expected = place.replace("&redirected", "").format(port=url.port, path=f"{url.path}/EDU1/ApSupplier{query}")
    assert (status, headers["Location"]) == (307, expected)
    answer = requests.get(f"{url.scheme}://{url.netloc}{url.path}/EDU1/ApSupplier{query}", auth=credentials(syspro))
    assert answer.status_code == 200


def test_a_body_is_spoilt_after_the_work_was_done(syspro, whole):
    def spoilt(damage):
        return asked(syspro, {"damage": damage})

    status, headers, body = spoilt("half")
    assert (status, body, headers["Content-Length"]) == (200, whole[: len(whole) // 2], str(len(body)))
    _, _, body = spoilt("garbled")
    assert len(body) == len(whole)
    assert body[:200] == whole[:200]
    assert body[-200:] == whole[-200:]
    assert b"\x00\xfe" in body
    assert spoilt("empty")[::2] == (200, b"")
    assert spoilt("no_content")[::2] == (204, b"")
    _, headers, body = spoilt("wrong_type")
    assert (headers["Content-Type"], body) == ("image/png", whole)


def test_some_bytes_of_an_answer_are_others(syspro, whole):
    status, headers, body = asked(syspro, {"edit": [2, 3, b64encode(b"\xff\x00").decode()]})
    assert (status, body) == (200, whole[:2] + b"\xff\x00" + whole[5:])
    assert headers["Content-Length"] == str(len(body))
    assert {one["answer"] for one in syspro.control.requests("syspro")} == {""}
    syspro.control.keep_answers()
    read(syspro)
    assert b64decode(syspro.control.requests("syspro")[-1]["answer"]) == whole


def test_a_short_body_is_garbled_in_its_middle(syspro):
    syspro.control.fault("syspro", {"damage": "garbled"}, path="GetVersion")
    good = syspro.enet_raw("GetVersion").content
    syspro.control.clear_faults()
    assert len(good) == len(syspro.enet_raw("GetVersion").content)
    assert good != syspro.enet_raw("GetVersion").content


def test_a_body_is_packed_and_the_packing_spoilt(syspro, whole):
    _, headers, body = asked(syspro, {"damage": "gzip"})
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == whole
    for damage in ("gzip_half", "gzip_garbled"):
        _, _, body = asked(syspro, {"damage": damage})
        with pytest.raises((EOFError, zlib.error, gzip.BadGzipFile)):
            gzip.decompress(body)
    _, headers, body = asked(syspro, {"damage": "gzip_lie"})
    assert (headers["Content-Encoding"], body) == ("gzip", whole)


def test_a_bomb_is_small_and_unpacks_to_a_gigabyte(syspro):
    _, _, body = asked(syspro, {"damage": "gzip_bomb"})
    assert len(body) < 2_000_000
    unpacker, size = zlib.decompressobj(31), 0
    while piece := unpacker.decompress(body, 1 << 24):
        size, body = size + len(piece), unpacker.unconsumed_tail
    assert size == 1 << 30


def test_the_bytes_on_the_wire_are_not_what_they_should_be(syspro, whole):
    with pytest.raises(http.client.IncompleteRead):
        asked(syspro, {"damage": "long_length"})
    assert asked(syspro, {"damage": "short_length"})[2] == whole[: len(whole) // 2]
    _, headers, _ = asked(syspro, {"damage": "double_length"})
    assert len(set(headers.get_all("Content-Length"))) == 2
    with pytest.raises(http.client.IncompleteRead):
        asked(syspro, {"damage": "half_chunk"})
    _, headers, body = asked(syspro, {"damage": "repeated_headers"})
    assert body == whole
    assert len(headers.get_all("Content-Type")) == 2
    assert "on two lines" in headers["X-Note"]
    _, headers, body = asked(syspro, {"damage": "broken_headers"})
    assert (headers["Content-Length"], body) == (None, whole)
    with pytest.raises(http.client.BadStatusLine):
        asked(syspro, {"damage": "no_http"})


@pytest.mark.parametrize("damage", ["slow_headers", "slow_body"])
def test_an_answer_may_drip(syspro, damage):
    syspro.control.fault("syspro", {"damage": damage, "pace": 0.00001}, path="GetVersion")
    dripped = syspro.enet_raw("GetVersion").content
    assert dripped == syspro.enet_raw("GetVersion").content
    with pytest.raises(TimeoutError):
        asked(syspro, {"damage": damage, "pace": 5.0}, timeout=0.2)


def test_a_connection_may_end_behind_its_answer(syspro, whole):
    assert asked(syspro, {"reset": "after_body"})[2] == whole
    with requests.Session() as session:
        session.auth = credentials(syspro)
        syspro.control.fault("syspro", {"reset": "after_body"}, path="ApSupplier")
        url = f"{syspro.info['odata_url']}/EDU1/ApSupplier?$top=20"
        assert [session.get(url).content for _ in range(2)] == [whole, whole]


@pytest.mark.parametrize("action", [{"revoke": True}, {"lapse": 36_000}])
def test_tokens_end_in_the_middle_of_a_run(anaplan, action):
    assert anaplan.get("/files").status_code == 200
    anaplan.control.fault("anaplan", action, path="/files")
    assert [anaplan.get("/files").status_code for _ in range(2)] == [401, 401]
    assert anaplan.control.report()["anaplan"]["tokens_issued"] == 1


def test_sessions_end_in_the_middle_of_a_run(syspro):
    syspro.log_on()
    syspro.control.fault("syspro", {"revoke": True}, path="GetVersion")
    syspro.enet_raw("GetVersion")
    assert syspro.control.sessions() == []
    assert syspro.control.report()["syspro"]["logons"] == 1


@pytest.mark.parametrize("certificate", SERVER_CERTIFICATES)
def test_a_certificate_is_good_or_what_it_is_asked_to_be(syspro, certificate):
    url, bundle = syspro.control.tls("syspro", certificate)
    assert (url, bundle) == syspro.control.tls("syspro", certificate)

    def ask():
        return requests.get(f"{url}/SYSPRO8Odata/SYSPROOData/EDU1", auth=credentials(syspro), verify=bundle)

    if certificate == "good":
        assert ask().status_code == 200
        return
    with pytest.raises(requests.exceptions.SSLError) as refused:
        ask()
    said = {
        "expired": "expired",
        "not_yet_valid": "not yet valid",
        "wrong_host": "IP address mismatch",
        "unknown_ca": "unable to get local issuer",
        "self_signed": "self-signed certificate",
    }[certificate]
    reason = refused.value.args[0].reason.args[0]
    assert isinstance(reason, ssl.SSLCertVerificationError)
    assert said in reason.verify_message


def test_a_certificate_of_no_kind_or_for_no_system_is_refused(syspro):
    for wanted in ({"system": "nobody", "certificate": "good"}, {"system": "syspro", "certificate": "fine"}):
        answer = requests.post(syspro.control.url + "/tls", json=wanted)
        assert (answer.status_code, bool(answer.json()["error"])) == (400, True)
