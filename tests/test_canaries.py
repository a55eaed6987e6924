"""No secret is told: recognisable values in every secret setting, and a search of all that the plugins leave behind."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.canaries.bench import Bench
from tests.canaries.echo import MODES, Echo, echoing
from tests.canaries.plugins import PLUGINS, Plugin, canary
from tests.canaries.search import Search, forms

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
        assert ran.code or "WARNING" in ran.said, "nothing failed"
