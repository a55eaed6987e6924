"""Tokens over real HTTP: fetched once, again shortly before their end, and once more after a 401."""

from __future__ import annotations

import base64
import json
import logging
import threading
import time

import pytest
from local_server import Answer

from connector_kit.errors import AuthenticationError, ConfigurationError, UnavailableError
from connector_kit.http import Retry
from connector_kit.redaction import redact
from connector_kit.sap.connecting import connect

TOKEN_PATH = "/sap/bc/sec/oauth2/token"


class Tenant:
    """Grants tokens `token-1`, `token-2`, ... and takes those that it has not revoked."""

    def __init__(self, life=3600, slow=0.0):
        self.life, self.slow = life, slow
        self.granted = 0
        self.revoked = set()
        self.guard = threading.Lock()

    def __call__(self, asked):
        if asked.path.startswith(TOKEN_PATH):
            time.sleep(self.slow)
            with self.guard:
                self.granted += 1
                token = f"token-{self.granted}-of-the-tenant"
            body = {"access_token": token, "token_type": "Bearer", "expires_in": self.life}
            return Answer(body=json.dumps(body).encode())
        token = asked.headers.get("Authorization", "").removeprefix("Bearer ")
        if not token or token in self.revoked:
            return Answer(status=401, body=b"<html>Logon failed</html>", headers={"Content-Type": "text/html"})
        return Answer(body=b"good")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(Retry, "wait", lambda self, failures, retry_after: 0.01)


@pytest.fixture
def connected():
    made = []

    def start(server, **settings):
        made.append(connect({"api_url": server.url, **settings}))
        return made[-1]

    yield start
    for each in made:
        each.close()


OAUTH = {"client_id": "TAP", "client_secret": "very secret"}


def ask(connection, path="/x"):
    return connection.session.request("GET", connection.url(path), what="x", read=lambda r: r.text)


def grants(server):
    return [each for each in server.asked if each.path.startswith(TOKEN_PATH)]


def test_one_token_serves_many_requests(serve, connected):
    server = serve(Tenant())
    connection = connected(server, **OAUTH, scope="API A")
    assert [ask(connection) for _ in range(3)] == ["good"] * 3
    (grant,) = grants(server)
    assert grant.body == b"grant_type=client_credentials&scope=API%20A"
    assert base64.b64decode(grant.headers["Authorization"].removeprefix("Basic ")) == b"TAP:very secret"


def test_a_token_is_replaced_shortly_before_its_end(serve, connected, monkeypatch):
    tenant = Tenant(life=3600)
    server = serve(tenant)
    connection = connected(server, **OAUTH)
    ask(connection)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 3600 - 70)
    ask(connection)
    assert tenant.granted == 1
    monkeypatch.setattr(time, "monotonic", lambda: now + 3600 - 50)
    ask(connection)
    assert tenant.granted == 2


def test_a_token_that_lives_for_seconds_is_used_all_the_same(serve, connected):
    tenant = Tenant(life=30)
    connection = connected(serve(tenant), **OAUTH)
    for _ in range(3):
        ask(connection)
    assert tenant.granted == 1


def test_a_token_that_is_refused_is_replaced_once(serve, connected):
    tenant = Tenant()
    connection = connected(serve(tenant), **OAUTH)
    ask(connection)
    tenant.revoked.add("token-1-of-the-tenant")
    assert ask(connection) == "good"
    tenant.revoked |= {f"token-{n}-of-the-tenant" for n in range(9)}
    with pytest.raises(AuthenticationError):
        ask(connection)
    assert tenant.granted == 3


def test_threads_that_meet_an_expired_token_fetch_one_together(serve, connected):
    tenant = Tenant(slow=0.05)
    connection = connected(serve(tenant), **OAUTH)
    ask(connection)
    tenant.revoked.add("token-1-of-the-tenant")
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(ask(connection))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["good"] * 6
    assert tenant.granted == 2


def test_a_wrong_secret_is_said_to_be_one_and_not_tried_twice(serve, connected):
    server = serve([Answer(status=401, body=b'{"error":"invalid_client","error_description":"bad credentials"}')])
    connection = connected(server, **OAUTH)
    with pytest.raises(AuthenticationError, match=r"invalid_client bad credentials.*client_secret"):
        ask(connection)
    assert len(server.asked) == 1


def test_a_token_endpoint_that_is_away_for_a_moment_is_asked_again(serve, connected):
    good = {"access_token": "token-x-of-the-tenant", "expires_in": 10}
    server = serve([Answer(status=503), Answer(body=b'{"access'), Answer(body=json.dumps(good).encode()), Answer()])
    assert ask(connected(server, **OAUTH)) == ""


def test_a_request_is_not_in_doubt_when_no_token_could_be_had(serve, connected):
    server = serve([Answer(status=503)])
    connection = connected(server, **OAUTH, max_tries=2)
    with pytest.raises(UnavailableError) as caught:
        connection.session.request("POST", connection.url("/invoices"), what="invoice 4711", read=lambda r: r.text)
    assert "OAuth token" in str(caught.value)
    assert all(each.path.startswith(TOKEN_PATH) for each in server.asked)


def test_another_token_endpoint_can_be_set(serve, connected):
    tenant = Tenant()
    identity = serve([Answer(body=b'{"access_token":"token-of-elsewhere"}')])
    server = serve(tenant)
    assert ask(connected(server, **OAUTH, token_url=identity.url + "/oauth/token")) == "good"
    assert identity.asked[0].path == "/oauth/token"
    assert tenant.granted == 0


def test_no_secret_reaches_the_log(serve, connected, caplog):
    caplog.set_level(logging.DEBUG)
    tenant = Tenant()
    connection = connected(serve(tenant), **OAUTH)
    ask(connection)
    assert redact("token-1-of-the-tenant and very secret") == "*** and ***"
    assert "very secret" not in caplog.text


def test_basic_sends_the_user_as_utf_8(serve, connected):
    server = serve([Answer(body=b"good")])
    ask(connected(server, username="TAP", password="Grüße"))
    sent = server.asked[0].headers["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent).decode() == "TAP:Grüße"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "no complete set of credentials"),
        ({"username": "TAP"}, "no complete set of credentials"),
        ({"auth_method": "oauth", "client_id": "TAP"}, "no client_secret"),
        ({"username": "TAP", "password": "abcd", **OAUTH}, "Set auth_method"),
        ({"auth_method": "saml"}, "basic, oauth, certificate"),
    ],
)
def test_incomplete_credentials_are_named(settings, said):
    with pytest.raises(ConfigurationError, match=said):
        connect({"api_url": "https://my000000-api.s4hana.cloud.sap", **settings})
