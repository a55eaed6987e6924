from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate

import pytest

from connector_kit.anaplan import connect
from connector_kit.errors import AuthenticationError, ConfigurationError
from connector_kit.redaction import redact

ME = {"user": {"id": "abc", "email": "integration@example.com", "customerId": 42}}


def tokens_seen(fake):
    return [request.headers["authorization"] for request in fake.sent("GET", "/2/0/users/me")]


def test_many_requests_share_one_token(fake, tenant):
    fake.on("GET", "/2/0/users/me", ME)
    assert [tenant.me().customer_id for _ in range(5)] == ["42"] * 5
    assert len(fake.sent("POST", "/token/authenticate")) == 1
    assert set(tokens_seen(fake)) == {"AnaplanAuthToken token-0001"}


def test_a_basic_login_sends_no_body_and_its_password_is_masked_afterwards(fake, tenant):
    fake.on("GET", "/2/0/users/me", ME)
    tenant.me()
    login = fake.sent("POST", "/token/authenticate")[0]
    assert login.headers["authorization"] == "Basic aW50ZWdyYXRpb25AZXhhbXBsZS5jb206Y29ycmVjdCBob3JzZQ=="
    assert login.body == b""
    assert "correct horse" not in redact("it was correct horse")
    assert "token-0001" not in redact("it was token-0001")


def test_a_token_near_its_end_is_refreshed_rather_than_made_anew(fake, tenant, token_of, reply):
    fake.on("GET", "/2/0/users/me", ME)
    fake.on("POST", "/token/authenticate", reply(201, token_of(seconds=0.7)))
    tenant.me()
    time.sleep(0.62)
    tenant.me()
    assert len(fake.sent("POST", "/token/authenticate")) == 1
    refresh = fake.sent("POST", "/token/refresh")
    assert [request.headers["authorization"] for request in refresh] == ["AnaplanAuthToken token-0001"]


def test_a_token_of_35_minutes_is_refreshed_when_less_than_five_remain(auth):
    token = auth.ensure()
    assert token.expires_at - token.refresh_at == pytest.approx(300, abs=1)
    assert token.expires_at - time.monotonic() == pytest.approx(2100, abs=2)


def test_a_refused_refresh_leads_to_a_new_login(fake, tenant, token_of, reply):
    fake.on("GET", "/2/0/users/me", ME)
    tokens = (token_of("first-token", 0.7), token_of("second-token"))
    fake.on("POST", "/token/authenticate", *(reply(201, token) for token in tokens))
    fake.on("POST", "/token/refresh", reply(401, {"status": "FAILURE_BAD_CREDENTIAL", "statusMessage": "expired"}))
    tenant.me()
    time.sleep(0.62)
    tenant.me()
    assert tokens_seen(fake) == ["AnaplanAuthToken first-token", "AnaplanAuthToken second-token"]


def test_a_401_is_answered_by_one_new_login_and_a_second_one_by_an_error(fake, tenant, token_of, reply):
    fake.on("POST", "/token/authenticate", reply(201, token_of("first-token")), reply(201, token_of("second-token")))
    fake.on("GET", "/2/0/users/me", reply(401, {"status": {"code": 401, "message": "Unauthorized"}}), ME, reply(401))
    assert tenant.me().id == "abc"
    assert tokens_seen(fake) == ["AnaplanAuthToken first-token", "AnaplanAuthToken second-token"]
    with pytest.raises(AuthenticationError, match="HTTP 401"):
        tenant.me()
    assert len(tokens_seen(fake)) == 4


def test_threads_whose_token_was_revoked_share_one_new_login(fake, tenant, token_of, reply):
    logins = iter(range(100))
    fake.on("POST", "/token/authenticate", lambda _: reply(201, token_of(f"token-{next(logins):04}"), delay=0.05))

    def me(request):
        return reply(body=ME) if request.headers["authorization"].endswith("token-0001") else reply(401)

    fake.on("GET", "/2/0/users/me", me)
    with ThreadPoolExecutor(8) as threads:
        assert [user.id for user in threads.map(lambda _: tenant.me(), range(8))] == ["abc"] * 8
    assert len(fake.sent("POST", "/token/authenticate")) == 2


def test_threads_that_find_an_old_token_refresh_it_once(fake, tenant, token_of, reply):
    fake.on("GET", "/2/0/users/me", ME)
    fake.on("POST", "/token/authenticate", reply(201, token_of(seconds=0.7)))
    fake.on("POST", "/token/refresh", reply(body=token_of(), delay=0.02))
    tenant.me()
    time.sleep(0.61)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: tenant.me(), range(8)))
    assert len(fake.sent("POST", "/token/refresh")) == 1


def test_a_computer_whose_clock_is_wrong_still_knows_when_its_token_ends(fake, auth, reply):
    an_hour_ahead = time.time() + 3600
    info = {"tokenInfo": {"tokenValue": "token-0001", "expiresAt": int((an_hour_ahead + 2100) * 1000)}}
    fake.on("POST", "/token/authenticate", reply(201, info, headers={"Date": formatdate(an_hour_ahead, usegmt=True)}))
    token = auth.ensure()
    assert token.expires_at - time.monotonic() == pytest.approx(2100, abs=2)


def test_a_wrong_password_is_tried_once_and_never_shown(fake, open_tenant, reply):
    failure = {"status": "FAILURE_BAD_CREDENTIAL", "statusMessage": "Invalid credentials"}
    fake.on("POST", "/token/authenticate", reply(401, failure))
    with pytest.raises(AuthenticationError) as error:
        open_tenant().me()
    assert len(fake.sent("POST", "/token/authenticate")) == 1
    assert "user integration@example.com" in str(error.value)
    assert "Invalid credentials" in str(error.value)
    assert "exception user" in str(error.value)
    assert "correct horse" not in str(error.value)


def test_a_failure_with_a_good_status_is_a_failure(fake, auth, reply):
    fake.on("POST", "/token/authenticate", reply(200, {"status": "FAILURE_BAD_HEADER", "statusMessage": "Invalid"}))
    with pytest.raises(AuthenticationError, match="FAILURE_BAD_HEADER"):
        auth.ensure()


def test_a_gateways_page_in_place_of_a_token_is_tried_again(fake, auth, token_of, reply):
    answers = (reply(200, b"<html>busy</html>"), reply(503), reply(201, token_of("good-token")))
    fake.on("POST", "/token/authenticate", *answers)
    assert auth.ensure().value == "good-token"


def test_logins_count_in_the_shared_rate(fake, coordinator):
    fake.on("GET", "/2/0/users/me", ME)
    settings = {"api_url": fake.url, "auth_url": fake.url, "username": "me@example.com", "password": "secret words"}
    with connect(settings, coordinator=coordinator) as tenant:
        tenant.me()
    (limiter,) = coordinator.limiters.values()
    assert limiter.acquired == 2


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"username": "me"}, "no complete set of credentials"),
        ({"auth_method": "basic", "username": "me"}, "no password"),
        ({"auth_method": "kerberos"}, "one of basic, certificate, oauth"),
        ({"username": "me", "password": "abcd", "certificate": "x.pem"}, "Set auth_method"),
        ({"certificate": "missing.pem"}, "No such file"),
    ],
)
def test_incomplete_credentials_are_named_before_anything_is_sent(fake, auth_with, settings, words):
    with pytest.raises(ConfigurationError, match=words):
        auth_with(settings)
    assert not fake.requests
