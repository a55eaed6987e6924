from __future__ import annotations

import contextlib
from importlib.metadata import entry_points
from urllib.parse import parse_qs

import pytest
from click.testing import CliRunner

from connector_kit.anaplan import device_login
from connector_kit.anaplan.login_command import cli
from connector_kit.anaplan.oauth import LOGIN_COMMAND
from connector_kit.anaplan.token_service import auth_session
from connector_kit.errors import AuthenticationError
from connector_kit.redaction import redact
from connector_kit.secrets import resolve
from connector_kit.secrets.keys import Keys

CLIENT = {"oauth_client_id": "client-7", "oauth_refresh_token": "refresh-0001"}


def form(request):
    return {key: values[0] for key, values in parse_qs(request.body.decode()).items()}


def tokens(access, refresh, **more):
    return {"access_token": access, "refresh_token": refresh, "token_type": "bearer", "expires_in": 2100, **more}


def test_a_rotated_refresh_token_is_stored_before_the_access_token_is_used(fake, auth_with):
    events = []
    kept = {"token": "refresh-0001"}

    def store(token):
        events.append("stored")
        kept["token"] = token

    @contextlib.contextmanager
    def guard():
        events.append("alone")
        yield
        events.append("free")

    fake.on("POST", "/oauth/token", tokens("access-1", "refresh-0002"), tokens("access-2", "refresh-0003"))
    auth = auth_with(CLIENT, load=lambda: kept["token"], store=store, guard=guard)
    token = auth.ensure()
    events.append("used")
    assert events == ["alone", "stored", "free", "used"]
    auth._login.extend(token)
    sent = [form(request) for request in fake.sent("POST", "/oauth/token")]
    assert [request["refresh_token"] for request in sent] == ["refresh-0001", "refresh-0002"]
    assert sent[0]["grant_type"] == "refresh_token"
    assert sent[0]["client_id"] == "client-7"
    assert kept["token"] == "refresh-0003"
    assert "refresh-0003" not in redact("it is refresh-0003")


def test_a_rotation_without_a_place_to_store_is_announced(fake, auth_with, caplog):
    fake.on("POST", "/oauth/token", tokens("access-1", "refresh-0002"))
    auth_with(CLIENT).ensure()
    assert "the next run will be refused" in caplog.text


def test_a_token_that_does_not_rotate_is_not_stored(fake, auth_with):
    stored = []
    fake.on("POST", "/oauth/token", tokens("access-1", "refresh-0001"))
    auth_with(CLIENT, store=stored.append).ensure()
    assert not stored


def test_a_dead_refresh_token_says_how_to_log_in_again(fake, auth_with, reply):
    fake.on("POST", "/oauth/token", reply(400, {"error": "invalid_grant", "error_description": "Unknown token"}))
    with pytest.raises(AuthenticationError, match=r"invalid_grant: Unknown token.*connector-anaplan-login"):
        auth_with(CLIENT).ensure()
    assert len(fake.sent("POST", "/oauth/token")) == 1


DEVICE = {
    "device_code": "device-code-1",
    "user_code": "WXYZ-1234",
    "verification_uri": "https://example.com/activate",
    "interval": 5,
    "expires_in": 60,
}


@pytest.mark.parametrize("pending", [(400, "authorization_pending"), (403, "authorization_pending"), (400, "other")])
def test_a_device_login_shows_the_code_and_waits_as_long_as_it_takes(fake, reply, pending):
    status, code = pending
    fake.on("POST", "/oauth/device/code", DEVICE)
    fake.on(
        "POST",
        "/oauth/token",
        reply(status, {"error": code}),
        reply(400, {"error": "slow_down"}),
        tokens("access-1", "refresh-9"),
    )
    told, slept = [], []
    found = device_login(auth_session(), fake.url, "client-7", tell=told.append, sleep=slept.append)
    assert told == ["Open https://example.com/activate and confirm the code WXYZ-1234."]
    assert slept == [5, 5, 10]
    assert found.refresh_token == "refresh-9"
    assert "offline_access" in form(fake.sent("POST", "/oauth/device/code")[0])["scope"]


@pytest.mark.parametrize("code", ["access_denied", "expired_token", "unauthorized_client"])
def test_a_refused_device_login_ends_at_once(fake, reply, code):
    fake.on("POST", "/oauth/device/code", DEVICE)
    fake.on("POST", "/oauth/token", reply(400, {"error": code}))
    with pytest.raises(AuthenticationError, match=code):
        device_login(auth_session(), fake.url, "client-7", tell=lambda _: None, sleep=lambda _: None)
    assert len(fake.sent("POST", "/oauth/token")) == 1


def test_a_device_login_that_nobody_confirms_ends(fake, reply):
    fake.on("POST", "/oauth/device/code", DEVICE)
    fake.on("POST", "/oauth/token", reply(400, {"error": "authorization_pending"}))
    with pytest.raises(AuthenticationError, match="not confirmed in time"):
        device_login(auth_session(), fake.url, "client-7", tell=lambda _: None, sleep=lambda _: None)
    assert len(fake.sent("POST", "/oauth/token")) == 12


@pytest.fixture
def secrets_file(tmp_path, monkeypatch):
    for name in ("CONNECTOR_SECRETS_KEY", "CONNECTOR_SECRETS_KEY_FILE", "CONNECTOR_SECRETS_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    Keys.create()


@pytest.mark.usefixtures("secrets_file")
def test_the_command_that_errors_name_exists_and_keeps_the_refresh_token_without_showing_it(fake):
    assert LOGIN_COMMAND in {command.name for command in entry_points(group="console_scripts")}
    fake.on("POST", "/oauth/device/code", {**DEVICE, "interval": 0.01})
    fake.on("POST", "/oauth/token", tokens("access-1", "refresh-0009"))
    done = CliRunner().invoke(cli, ["--client-id", "client-7", "--oauth-url", fake.url], catch_exceptions=False)
    assert done.exit_code == 0
    assert "confirm the code WXYZ-1234" in done.output
    assert "refresh-0009" not in done.output
    assert resolve({"token": "file:anaplan/refresh-token"}, ()) == {"token": "refresh-0009"}


@pytest.mark.usefixtures("secrets_file")
def test_a_login_without_a_refresh_token_says_what_the_client_lacks(fake):
    fake.on("POST", "/oauth/device/code", {**DEVICE, "interval": 0.01})
    fake.on("POST", "/oauth/token", tokens("access-1", ""))
    done = CliRunner().invoke(cli, ["--client-id", "client-7", "--oauth-url", fake.url])
    assert "offline_access" in str(done.exception)
