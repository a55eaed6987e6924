"""No secret is told: recognisable values in every secret setting, and a search of all that the plugins leave behind."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
import warnings
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from cryptography.fernet import Fernet

from demo.environment import MELTANO, clean_environment, plugin_environment
from sandbox.testing import Running, running

# Tests are imported by path, so their helpers beside them have to be found by hand.
sys.path.insert(0, str(Path(__file__).parent))

from canaries.bench import Bench, Case
from canaries.echo import MODES, Echo, echoing
from canaries.plugins import PLUGINS, Plugin, canary
from canaries.search import Search, forms, unpacked
from orchestration.checkout import checkout

# The others are about answers, whoever asks.
FOR_EVERY_LOGIN = {"401", "text200", "in-500"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with echoing() as server:
        yield server


@pytest.fixture(scope="module", params=PLUGINS, ids=lambda plugin: plugin.name)
def bench(request, tmp_path_factory) -> Iterator[Bench]:
    bench = Bench(request.param, tmp_path_factory.mktemp(request.param.name))
    yield bench
    bench.close()


def addresses(plugin: Plugin, base: str) -> dict[str, str]:
    return dict.fromkeys(plugin.addresses, base)


def tokens() -> dict[str, str]:
    """What a server gives to those who log on."""
    return {name: canary(name)[:16] for name in ("session", "token", "access", "refresh")}


def failed(ran: Case) -> bool:
    """A tap that may not read some streams warns of them, and goes on."""
    return ran.code != 0 or "WARNING" in ran.said


@pytest.mark.parametrize("secret", ["Kanarie0123456789", "a/b+c&d-Kanarie9876543210"])
def test_the_search_finds_a_secret_in_any_writing(tmp_path, secret):
    search = Search({"it": secret})
    for before in ("", "u:", "us:", "user:"):
        assert search.in_bytes(b64encode(f"{before}{secret}:more".encode()))
    for written in (secret, quote(secret, safe=""), json.dumps(secret), secret.encode().hex(), secret[-9:]):
        assert search.in_bytes(written.encode())
    assert not search.in_bytes(b"nothing of the kind: " + b64encode(b"Kanaries and other birds"))
    assert all(len(form) >= 8 for form in forms("Kanarie0"))


def test_every_secret_setting_has_its_canary(bench):
    planted: dict[str, str] = {}
    for way in bench.plugin.ways.values():
        way(planted)
    assert set(planted) == bench.plugin.secret_settings()


@pytest.mark.parametrize("mode", MODES)
def test_a_server_that_repeats_what_it_was_told_brings_no_secret_out(bench, echo, mode):
    """Refused logins, outages, broken answers, redirects; and failures after a login that worked."""
    for number, (name, way) in enumerate(bench.plugin.ways.items()):
        if number and mode not in FOR_EVERY_LOGIN:
            continue
        secrets: dict[str, str] = {}
        settings = way(secrets)
        echo.secrets, echo.tokens, echo.issued, asked = secrets, tokens(), {}, len(echo.paths)
        settings = {**bench.plugin.settings, **addresses(bench.plugin, f"{echo.url}/{mode}"), **settings}
        ran = bench.run(f"{mode}-{name}", settings, secrets, issued=echo.issued)
        assert not ran.leaks, ran.leaks
        assert len(echo.paths) > asked, ran.said
        assert failed(ran), ran.said


def test_passwords_in_addresses_and_database_urls_stay_inside(bench, echo):
    """Also where the URL is not one: an unescaped @ or / makes a part of the password a host or a port."""
    way = next(iter(bench.plugin.ways.values()))
    for number, form in enumerate(
        (
            "postgresql://user:{}@127.0.0.1:1/trail",
            "postgresql://user:{}@127.0.0.1:none/trail",
            "postgresql+psycopg://user:{}/{}@127.0.0.1:1/trail",
            "postgresql://user:{}@{}@127.0.0.1:1/trail",
            "mysql://user:{}@127.0.0.1/trail",
            "postgresql://user:{}#{}@[::1/trail",
        )
    ):
        for setting in bench.plugin.databases:
            secrets = {"one": canary("data")[:16], "two": canary("base")[:16]}
            settings = {**bench.plugin.settings, **addresses(bench.plugin, f"{echo.url}/500"), **way({})}
            settings[setting] = form.format(*secrets.values())
            ran = bench.run(f"{setting}-{number}", settings | {"rate_per_minute": 3000}, secrets)
            assert not ran.leaks, ran.leaks
    for number, address in enumerate(
        ("http://user:{}@{}/500", "https://user:{}@{}/500", "user:{}@{}", "http://u:{}@{}:x")
    ):
        secrets = {"address": canary("addr")[:16]}
        host = echo.url.removeprefix("http://")
        settings = {**bench.plugin.settings, **way({})}
        settings |= addresses(bench.plugin, address.format(secrets["address"], host))
        ran = bench.run(f"address-{number}", settings | {"rate_per_minute": 3000}, secrets)
        assert not ran.leaks, ran.leaks
        assert failed(ran), ran.said


def test_settings_that_are_wrong_are_told_without_their_values(bench, echo):
    references = ("file:{}", "keyring:{}/{}", "env:{}")
    for place, name in enumerate(sorted(bench.plugin.secret_settings())):
        for wrong in ("{}", ["{}"], {"a": "{}"}, *(() if place else references)):
            secrets = {name: canary(name)[:16]}
            value = json.loads(json.dumps(wrong).replace("{}", secrets[name]))
            settings = {**bench.plugin.settings, **addresses(bench.plugin, f"{echo.url}/401"), name: value}
            # A reference is a name: it is said, so that one can mend it.
            told = {"other": canary("other")} if wrong in references else secrets
            ran = bench.run(f"wrong-{name}", settings, told)
            assert not ran.leaks, ran.leaks
            assert failed(ran), ran.said
    secrets = {"password": canary("password")[:16]}
    for text in (
        f'{{"password": "{secrets["password"]}",',
        f"password: {secrets['password']}",
        f'["{secrets["password"]}"]',
    ):
        ran = bench.run("no-json", text, secrets)
        assert not ran.leaks, ran.leaks
        assert ran.code, ran.said


def test_a_defect_in_the_program_tells_no_secret(bench, echo):
    """A traceback whose exceptions quote the secret, at the log level that shows it all."""
    for name, way in bench.plugin.ways.items():
        secrets: dict[str, str] = {}
        settings = {**way(secrets), **bench.plugin.settings, **addresses(bench.plugin, f"{echo.url}/401")}
        ran = bench.run(f"defect-{name}", settings, secrets, defect=" ".join(map(repr, secrets.values())))
        assert not ran.leaks, ran.leaks
        assert "Traceback" in ran.said
        assert ran.code


@pytest.mark.parametrize("end", ["SIGTERM", "SIGKILL"])
def test_an_end_from_outside_leaves_no_secret_behind(bench, echo, end, tmp_path):
    way = next(iter(bench.plugin.ways.values()))
    secrets: dict[str, str] = {}
    settings = {**way(secrets), **bench.plugin.settings, **addresses(bench.plugin, f"{echo.url}/hang")}
    echo.marker = tmp_path / "asked"
    ran = bench.run(end.lower(), settings, secrets, signal=end, signal_when=str(echo.marker))
    assert not ran.leaks, ran.leaks
    assert echo.marker.exists(), "it ended before it had asked anything"


def test_a_log_configuration_of_ones_own_gets_masked_lines_too(bench, echo, tmp_path):
    """JSON lines of the root logger, and a file of a single logger that passes nothing on."""
    config = tmp_path / "logging.yml"
    handlers = {
        name: {"class": "logging.FileHandler", "filename": f"{name}.log", "formatter": "structured"}
        for name in ("root", "http")
    }
    config.write_text(
        json.dumps(
            {
                "version": 1,
                "disable_existing_loggers": False,
                "formatters": {"structured": {"()": "singer_sdk.logging.StructuredFormatter"}},
                "handlers": handlers,
                "root": {"level": "DEBUG", "handlers": ["root"]},
                "loggers": {
                    name: {"handlers": ["http"], "level": "DEBUG", "propagate": False}
                    for name in ("urllib3", "connector_kit.http")
                },
            }
        )
    )
    way = next(iter(bench.plugin.ways.values()))
    secrets: dict[str, str] = {}
    settings = {**way(secrets), **bench.plugin.settings, **addresses(bench.plugin, f"{echo.url}/text200")}
    echo.secrets, echo.issued = secrets, {}
    ran = bench.run("logs", settings, secrets, environment={"SINGER_SDK_LOG_CONFIG": str(config)})
    assert not ran.leaks, ran.leaks
    assert (ran.folder / "http.log").stat().st_size
    assert (ran.folder / "root.log").stat().st_size


@pytest.mark.parametrize("option", ["--about", "--test", "--discover"])
def test_questions_to_a_plugin_are_answered_without_secrets(bench, echo, option):
    if option != "--about" and bench.plugin.messages:
        pytest.skip("a target has no such option")
    way = next(iter(bench.plugin.ways.values()))
    secrets: dict[str, str] = {}
    settings = {**way(secrets), **bench.plugin.settings, **addresses(bench.plugin, f"{echo.url}/403")}
    echo.secrets, echo.issued = secrets, {}
    assert not bench.run(option.strip("-"), settings, secrets, option).leaks


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(size="small", task_seconds=0.02) as started:
        yield started


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[tuple[str, str]]:
    """A PostgreSQL's address, and the password in it, which this one does not ask for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the session's runtime folder, which it does not need
        pgserver = pytest.importorskip("pgserver")
    with tempfile.TemporaryDirectory(prefix="pg") as folder:  # a short path: it holds a socket
        logging.getLogger("pgserver").disabled = True
        server = pgserver.get_server(folder, cleanup_mode="stop")
        password = canary("base")[:16]
        yield server.get_uri().replace("postgres:@", f"postgres:{password}@"), password
        server.cleanup()


def known(bench: Bench, sandbox: Running) -> tuple[dict[str, object], dict[str, str]]:
    """Settings with which the plugin works, and the secrets among them: the sandbox's own are as random as canaries."""
    sandbox.control.reset()
    settings = {**bench.plugin.settings, **bench.plugin.known(sandbox.info[bench.plugin.system])}
    secrets = {name: str(settings[name]) for name in bench.plugin.secret_settings() & set(settings)}
    assert secrets
    return settings, secrets


def test_a_good_run_leaves_no_secret_behind(bench, sandbox, postgres_url):
    """With the files of a host, and with a database that hosts share, whose URL has a password."""
    settings, secrets = known(bench, sandbox)
    ran = bench.run("good", settings, secrets)
    assert (ran.code, ran.leaks) == (0, []), ran.said[-2000:]
    url, secrets["database"] = postgres_url
    ran = bench.run("shared", {**settings, **dict.fromkeys(bench.plugin.databases, url)}, secrets)
    assert (ran.code, ran.leaks) == (0, []), ran.said[-2000:]
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        held = [row for (table,) in tables for row in connection.execute(f'SELECT * FROM "{table}"').fetchall()]
    assert held or not bench.plugin.messages
    told = Search(secrets).in_bytes(b"\n".join(unpacked(held)))
    assert not told, told


def test_failures_in_the_middle_of_the_work_tell_no_secret(bench, sandbox):
    """Each step answers with an error page that knows the password; the trail keeps the message, not the password."""
    for place in bench.plugin.faults:
        for status in (400, 500) if place == bench.plugin.faults[0] else (400,):
            settings, secrets = known(bench, sandbox)
            body = Echo(secrets=secrets).words("an error page: ")
            action = {"status": status, "headers": {"Content-Type": "application/json"}}
            text = json.dumps({"error": {"code": "X", "message": {"value": body}}, "status": {"message": body}})
            sandbox.control.fault(bench.plugin.system, {**action, "body": text}, path=place, times=-1)
            ran = bench.run(f"{status}-in-the-middle", settings, secrets)
            assert not ran.leaks, ran.leaks
            assert any(rule["hits"] for rule in sandbox.control.faults()), f"nothing asks for {place}"
            assert failed(ran), place


def test_meltano_runs_on_references_and_never_sees_a_value(sandbox, tmp_path):
    """Its debug log, its run folder and its database hold what it was given: the names of secrets."""
    sandbox.control.reset()
    project = checkout(tmp_path / "project")
    environment = plugin_environment(sandbox.info, project / "var")
    (project / "var").mkdir()
    environment |= {
        "HOME": str(project),
        "CONNECTOR_SECRETS_FILE": str(project / "secrets.json"),
        "CONNECTOR_SECRETS_KEY": Fernet.generate_key().decode(),
    }
    secrets = {"key": environment["CONNECTOR_SECRETS_KEY"]}
    for name in [name for name in environment if name.endswith("PASSWORD")]:
        secrets[name] = environment[name]
        command = [sys.executable, "-c", "from connector_kit.secrets.command import main; main()", "set", name]
        subprocess.run(command, input=secrets[name], env=os.environ | environment, text=True, check=True, timeout=60)
        environment[name] = f"file:{name}"
    for status in (None, 400):
        if status:
            # A plugin knows its own secrets, so the target's are what Anaplan may repeat to it.
            body = Echo(secrets={"password": secrets["TARGET_ANAPLAN_PASSWORD"]}).words("an error page: ")
            sandbox.control.fault("anaplan", {"status": status, "body": body}, path="/imports", times=-1)
        done = subprocess.run(
            [MELTANO, "--environment=sandbox", "--log-level=debug", "run", "--force", "syspro-to-anaplan"],
            cwd=project,
            env=clean_environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=300,
            check=False,
        )
        (project / "var" / f"output-{status}").write_bytes(done.stdout)
        assert bool(done.returncode) == bool(status), done.stdout[-3000:].decode()
    found = Search(secrets).in_folder(project)
    assert not found, found
