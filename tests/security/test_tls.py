"""No password, token or record leaves for a server that has not proved who it is, and nothing turns that off."""

from __future__ import annotations

import contextlib
import re

import pytest
from canaries.bench import ROOT, Bench, Case
from servers import Server, listening

from connector_kit.errors import RefusedError
from connector_kit.http import HttpSession, Retry

BAD = ("expired", "not yet valid", "wrong host", "unknown authority", "self-signed", "old protocol")
FOR_EVERY_LOGIN = {"unknown authority"}


def run(bench: Bench, way: str, servers: dict[str, Server], *, environment=None, **more) -> Case:
    """A run whose addresses are the servers': by setting, "" for the others."""
    secrets: dict[str, str] = {}
    settings = bench.plugin.ways[way](secrets)
    addresses = {name: servers.get(name, servers.get("")).url for name in bench.plugin.addresses}
    given = {**bench.plugin.settings, **addresses, **settings, **more}
    ran = bench.run(f"tls-{way}", given, secrets, environment=environment)
    assert not ran.leaks, ran.leaks
    assert "Traceback" not in ran.said.partition("Traceback (most recent")[0]
    return ran


def failed(ran: Case) -> bool:
    return ran.code != 0 or "WARNING" in ran.said


@pytest.mark.parametrize("fault", BAD)
def test_a_session_tells_nothing_to_a_server_that_does_not_prove_who_it_is(certificates, fault):
    session = HttpSession("ERP", verify=str(certificates.ours.bundle), retry=Retry(tries=1))
    with listening(certificates.contexts[fault]) as server, contextlib.closing(session):
        with pytest.raises(RefusedError, match=r"certificate|protocol"):
            session.request("GET", server.url, what="x", read=bool, headers={"Authorization": "Bearer unseen"})
        assert (server.connections, server.requests) == (1, [])


@pytest.mark.parametrize("bundle", [True, "strangers", "empty"])
def test_a_session_heeds_no_variable_that_turns_the_check_off(certificates, bundle, monkeypatch, tmp_path):
    for name, value in off(certificates).items():
        monkeypatch.setenv(name, value)
    verify = {True: True, "strangers": str(certificates.strangers.bundle), "empty": str(tmp_path)}[bundle]
    session = HttpSession("ERP", verify=verify, retry=Retry(tries=1))
    with listening(certificates.contexts["good"]) as server, contextlib.closing(session):
        with pytest.raises(RefusedError, match="certificate"):
            session.request("GET", server.url, what="x", read=bool)
        assert server.requests == []


def off(certificates) -> dict[str, str]:
    """Variables by which this and other programs are told not to check, or to trust whom the system trusts."""
    return {
        "REQUESTS_CA_BUNDLE": "",
        "CURL_CA_BUNDLE": "",
        "PYTHONHTTPSVERIFY": "0",
        "GIT_SSL_NO_VERIFY": "1",
        "NODE_TLS_REJECT_UNAUTHORIZED": "0",
        "SSL_CERT_FILE": str(certificates.ours.bundle),
        "SSL_CERT_DIR": str(certificates.folder),
    }


@pytest.mark.parametrize(
    "fault", [fault if fault in FOR_EVERY_LOGIN else pytest.param(fault, marks=pytest.mark.slow) for fault in BAD]
)
def test_a_server_that_does_not_prove_who_it_is_is_told_nothing(bench, certificates, fault):
    bundle = str(certificates.ours.bundle)
    for number, way in enumerate(bench.plugin.ways):
        if number and fault not in FOR_EVERY_LOGIN:
            continue
        with listening(certificates.contexts[fault]) as server:
            ran = run(bench, way, {"": server}, ca_bundle=bundle)
        assert server.connections, ran.said
        assert server.requests == []
        assert failed(ran), ran.said
        assert re.search("certificate|protocol", ran.said, re.IGNORECASE), ran.said


def test_a_server_of_the_companys_own_authority_is_talked_to(bench, certificates, tmp_path):
    """And the keys of its connections are written nowhere."""
    keys = {"SSLKEYLOGFILE": str(tmp_path / "keys")}
    for way in bench.plugin.ways:
        with listening(certificates.contexts["good"]) as server:
            run(bench, way, {"": server}, environment=keys, ca_bundle=str(certificates.ours.bundle))
        assert server.requests
    assert not (tmp_path / "keys").exists()


def test_the_tenant_is_held_to_its_certificate_also_where_the_token_service_proved_its_own(bench, certificates):
    """And the other way round: a token, or a client's secret, goes to neither by the other's trust."""
    bundle = str(certificates.ours.bundle)
    tokens = [name for name in bench.plugin.addresses if name in {"auth_url", "oauth_url", "token_url"}]
    if not tokens:
        pytest.skip("logs on where it reads")
    with listening(certificates.contexts["good"]) as good, listening(certificates.contexts["unknown authority"]) as bad:
        ran = run(bench, "oauth", {**dict.fromkeys(tokens, good), "": bad}, ca_bundle=bundle)
        assert (good.requests != [], bad.requests) == (True, []), ran.said
        good.requests.clear()
        ran = run(bench, "oauth", {**dict.fromkeys(tokens, bad), "": good}, ca_bundle=bundle)
        assert bad.requests == [], ran.said


@pytest.mark.slow
def test_no_setting_and_no_variable_turns_the_check_off(bench, certificates, tmp_path):
    """Empty and false bundles; what other programs read; trust in the system's certificates beside our own bundle."""
    empty = tmp_path / "empty"
    empty.mkdir()
    unknown = {"verify": False, "verify_ssl": False, "insecure": True, "ssl_verify": "false"}
    strangers = {"ca_bundle": str(certificates.strangers.bundle)}
    first = next(iter(bench.plugin.ways))
    with listening(certificates.contexts["good"]) as server:
        for way in bench.plugin.ways:
            for bundle in (strangers, {}) if way == first else (strangers,):
                ran = run(bench, way, {"": server}, environment=off(certificates), **unknown, **bundle)
                assert failed(ran), ran.said
        assert server.connections
        for wrong in ("", False, "false", "/dev/null", str(empty)):
            assert failed(run(bench, first, {"": server}, environment=off(certificates), ca_bundle=wrong))
    assert server.requests == []


def test_credentials_do_not_travel_unencrypted(bench):
    """SAP and Anaplan: refused. SYSPRO, which many sites run without TLS: said. Within this machine is no way."""
    way = list(bench.plugin.ways)[-1]
    for place in bench.plugin.addresses if bench.plugin.system != "syspro" else [""]:
        elsewhere = {"": Server("https://erp.invalid:9"), place: Server("http://erp.invalid:9")}
        ran = run(bench, way, elsewhere)
        assert ran.code == 1, ran.said
        if bench.plugin.system == "syspro":
            assert "http://, over which everybody between reads passwords" in ran.said
        else:
            assert f"{place}: expected an address with https://" in ran.said


def test_no_code_turns_the_check_off():
    words = re.compile(
        r"verify\s*=\s*False|CERT_NONE|CERT_OPTIONAL|check_hostname\s*=\s*False|_create_unverified|disable_warnings"
    )
    code = [
        path
        for folder in ("connector-kit/connector_kit", *(plugin for plugin in PLUGIN_FOLDERS))
        for path in (ROOT / folder).rglob("*.py")
    ]
    assert len(code) > 200
    assert [str(path) for path in code if words.search(path.read_text(encoding="utf-8"))] == []


PLUGIN_FOLDERS = [
    f"{name}/{name.replace('-', '_')}"
    for name in ("tap-syspro", "tap-sap-s4hana", "tap-anaplan", "target-anaplan", "target-sap-s4hana", "target-syspro")
]
