"""No secret is told by the commands: in their settings and environment, when they work and in whatever goes wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from connector_kit.audit import Trail
from connector_kit.audit.codec import new_key
from demo.environment import MELTANO, clean_environment

# Tests are imported by path, so their helpers beside them have to be found by hand.
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).with_name("hosts")))

from canaries.commands import Caller, defect
from canaries.plugins import canary
from canaries.search import Search
from orchestration.checkout import checkout
from own_postgres import served

pytestmark = pytest.mark.slow

PASSWORD = canary("base")[:16]
READERS = {
    "audit": ["audit", "runs"],
    "tap-audit-trail": ["tap-audit-trail"],
    "connector-locks": ["connector-locks"],
}
# Where a URL comes from the environment, and the option that takes its place.
VARIABLE = {"audit": "AUDIT_URL", "tap-audit-trail": "AUDIT_URL", "connector-locks": "COORDINATION_URL"}
FORMS = (
    "postgresql://user:{}@127.0.0.1:1/trail",
    "postgresql://user:{}@127.0.0.1:none/trail",
    "postgresql+psycopg://user:{}/{}@127.0.0.1:1/trail",
    "postgresql://user:{}@{}@127.0.0.1:1/trail",
    "mysql://user:{}@127.0.0.1/trail",
    "postgresql://user:{}#{}@[::1/trail",
    "postgresql://user@127.0.0.1:1/trail?password={}",
    "host=127.0.0.1 port=1 password={}",
)


@pytest.fixture
def call(tmp_path):
    (tmp_path / "calls").mkdir()
    return Caller(tmp_path / "calls")


@pytest.fixture(scope="module")
def server():
    with served() as found:
        yield found


@pytest.fixture(scope="module")
def url(server):
    return server.url_of("connectors", PASSWORD)


@pytest.fixture(scope="module")
def trail(tmp_path_factory):
    """A trail of this host whose records are encrypted, and its key."""
    key, place = new_key(), f"sqlite:///{tmp_path_factory.mktemp('trail')}/audit.db"
    Trail.open(place, key=key).close()
    return place, key


@pytest.mark.parametrize("name", READERS)
def test_a_url_that_leads_nowhere_is_told_without_its_password(call, name):
    """By the environment, by an option or by a file; and where the URL is not one."""
    for form in FORMS:
        secrets = {"one": canary("data")[:16], "two": canary("base")[:16]}
        url = form.format(*secrets.values())
        ran = call(READERS[name], secrets, {VARIABLE[name]: url})
        assert (ran.code, ran.leaks) == (1, []), ran.said
        assert "Traceback" not in ran.said
        if name != "tap-audit-trail":
            ran = call([name, "--url", url, *READERS[name][1:]], secrets)
            assert (ran.code, ran.leaks) == (1, []), ran.said
        ran = call([*READERS[name], url], secrets)
        # What is no URL may be a name: what a command does not understand is repeated.
        assert (ran.code, ran.leaks) == (2, []) or form.startswith("host="), ran.said


@pytest.mark.parametrize("name", READERS)
def test_a_server_that_refuses_the_password_or_is_gone_is_told_without_it(call, server, url, name):
    wrong = canary("wrong")[:16]
    secrets = {"right": PASSWORD, "wrong": wrong}
    ran = call(READERS[name], secrets, {VARIABLE[name]: url})
    assert (ran.code, ran.leaks) == (0, []), ran.said
    ran = call(READERS[name], secrets, {VARIABLE[name]: url.replace(PASSWORD, wrong)})
    assert (ran.code, ran.leaks) == (1, []), ran.said
    assert "password authentication failed" in ran.said
    ran = call(READERS[name], secrets, {"A_URL": url.replace(PASSWORD, wrong), VARIABLE[name]: "env:A_URL"})
    assert (ran.code, ran.leaks) == (1, []), ran.said
    server.kill()
    try:
        ran = call(READERS[name], secrets, {VARIABLE[name]: url})
    finally:
        server.start()
    assert (ran.code, ran.leaks) == (1, []), ran.said
    assert "Traceback" not in ran.said


def test_the_trails_key_is_not_told(call, trail, tmp_path):
    place, key = trail
    for given in (key, new_key(), f"{canary('key')},{key}", canary("no key"), f"raw:{canary('raw')}"):
        secrets = {f"key {number}": one for number, one in enumerate([key, *given.split(",")])}
        environment = {"AUDIT_URL": place, "AUDIT_KEY": given}
        config = tmp_path / "config.json"
        config.write_text(json.dumps({"audit_url": place, "audit_key": given}))
        for command in (
            ["audit", "runs"],
            ["audit", "failures", "--json"],
            ["audit", "export", "--records"],
            ["audit", "--audit-key", given, "show"],
            ["audit", "--audit-key", given, "nonsense"],
            ["audit", "prune", "--older-than", "ever"],
            ["tap-audit-trail"],
            ["tap-audit-trail", "--config", str(config)],
            ["tap-audit-trail", "--config", str(config), "--discover"],
        ):
            ran = call(command, secrets, environment)
            assert not ran.leaks, (command, ran.leaks)
            assert "Traceback" not in ran.said


def test_settings_of_the_tap_that_are_wrong_are_told_without_their_values(call, tmp_path):
    config = tmp_path / "config.json"
    for name in ("audit_url", "audit_key"):
        for wrong in ('"{}"', '["{}"]', '{{"a": "{}"}}', '"{}'):
            secrets = {name: canary(name)[:16]}
            config.write_text(f'{{"{name}": {wrong.format(secrets[name])}}}')
            ran = call(["tap-audit-trail", "--config", str(config)], secrets)
            assert (ran.code, ran.leaks) == (1, []), ran.said
            assert "Traceback" not in ran.said


@pytest.mark.parametrize("option", ["--help", "--about", "--nonsense"])
def test_questions_are_answered_without_secrets(call, url, option):
    secrets = {"password": PASSWORD, "key": new_key(), "store": Fernet.generate_key().decode()}
    environment = {
        "AUDIT_URL": url,
        "COORDINATION_URL": url,
        "AUDIT_KEY": secrets["key"],
        "CONNECTOR_SECRETS_KEY": secrets["store"],
    }
    for name in (*READERS, "connector-secrets"):
        ran = call([name, option], secrets, environment)
        assert not ran.leaks, ran.leaks
        assert ran.said


def test_a_defect_in_a_command_tells_no_secret(call, url):
    key = new_key()
    secrets = {"password": PASSWORD, "key": key}
    for name, module, broken, function, words in (
        ("audit", "connector_kit.audit.command", "audit.command", "runs", ["runs"]),
        ("audit", "connector_kit.audit.command", "audit.command", "prepare", ["--url", url, "runs"]),
        ("tap-audit-trail", "connector_kit.audit.tap", "audit.replay", "replay", []),
        ("connector-locks", "connector_kit.coordination.command", "coordination.command", "lines", ["--url", url]),
    ):
        own = {VARIABLE[name]: url, **({} if name == "connector-locks" else {"AUDIT_KEY": key})}
        ran = call([*defect(name, module, broken, function), *words], secrets, own)
        assert (ran.code, ran.leaks) == (1, []), ran.said
        assert "what nobody expected" in ran.said


def test_the_store_of_secrets_tells_none(call, tmp_path):
    """Filled, listed, rotated; with a wrong key, no key, a broken file, a place where nothing can be written."""
    key, other, value = Fernet.generate_key().decode(), Fernet.generate_key().decode(), canary("value")
    secrets = {"key": key, "other": other, "value": value}
    store = tmp_path / "store.json"
    good = {"CONNECTOR_SECRETS_FILE": str(store), "CONNECTOR_SECRETS_KEY": key}
    for command, environment, code in (
        (["set", "anaplan/password"], good, 0),
        (["set", "anaplan/password", value], good, 1),
        (["set", "anaplan/password", f"--value={value}"], good, 2),
        (["list"], good, 0),
        (["where"], good, 0),
        (["rotate"], {**good, "CONNECTOR_SECRETS_KEY": f"{other},{key}"}, 0),
        (["rotate"], good, 1),
        (["init"], good, 1),
        (["set", "more"], {**good, "CONNECTOR_SECRETS_KEY": value}, 1),
        (["set", "more"], {**good, "CONNECTOR_SECRETS_KEY": ""}, 1),
        (["set", "more"], {**good, "CONNECTOR_SECRETS_FILE": "/proc/no/store.json"}, 1),
        (["init"], {"CONNECTOR_SECRETS_KEY_FILE": "/proc/no/key"}, 1),
        (["init", value], good, 2),
        (["remove", "nothing"], good, 1),
    ):
        ran = call(["connector-secrets", *command], secrets, environment, stdin=value)
        # What stands where a name is asked for is said: init takes nothing.
        told = [leak for leak in ran.leaks if command != ["init", value]]
        assert (ran.code, told) == (code, []), (command, ran.said)
        assert "Traceback" not in ran.said
        assert not Search(secrets).in_bytes(store.read_bytes() if store.exists() else b"")
    store.write_text(f'{{"version": 1, "secrets": {{"a": "{value}"')
    for command in (["list"], ["set", "a"], ["rotate"]):
        ran = call(["connector-secrets", *command], secrets, good, stdin=value)
        assert (ran.code, ran.leaks) == (1, []), (command, ran.said)
    wrong = {**good, "AUDIT_URL": "file:a", "COORDINATION_URL": "file:a"}
    for command in READERS.values():
        ran = call(command, secrets, wrong)
        assert (ran.code, ran.leaks) == (1, []), (command, ran.said)


def test_meltano_shows_no_secret_of_the_commands(url, tmp_path):
    """Its settings are marked, so that `meltano config` masks them, and its logs and run folder hold none."""
    project = checkout(tmp_path / "project")
    (project / "var").mkdir()
    key = new_key()
    secrets = {"password": PASSWORD, "key": key}
    environment = {"HOME": str(project), "AUDIT_URL": url, "AUDIT_KEY": key, "COORDINATION_URL": url}
    environment |= {"MELTANO_DATABASE_URI": f"sqlite:///{project}/var/meltano.db"}
    environment |= {"TAP_AUDIT_TRAIL_AUDIT_URL": url, "TAP_AUDIT_TRAIL_AUDIT_KEY": key}
    for command, code in (
        (["invoke", "audit", "runs"], 0),
        (["invoke", "connector-locks"], 0),
        (["invoke", "tap-audit-trail"], 0),
        (["config", "print", "audit"], 0),
        (["config", "list", "audit"], 0),
        (["config", "print", "connector-locks"], 0),
        (["config", "list", "connector-locks"], 0),
        (["config", "print", "tap-audit-trail"], 0),
        (["config", "list", "tap-audit-trail"], 0),
        (["--log-level=debug", "invoke", "audit", "runs"], 0),
    ):
        done = subprocess.run(
            [MELTANO, "--environment=sandbox", *command],
            cwd=project,
            env=clean_environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120,
            check=False,
        )
        told = Search(secrets).in_bytes(done.stdout)
        assert (done.returncode, told) == (code, set()), (command, done.stdout[-1500:])
    found = Search(secrets).in_folder(project)
    assert not found, found
