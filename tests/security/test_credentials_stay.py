"""Passwords, tokens and records go to the configured host, at its port, by its scheme, and nowhere else."""

from __future__ import annotations

import ast
import contextlib
from functools import cache
from pathlib import Path

import pytest
import requests
from canaries.bench import ROOT
from hostile import texts
from hypothesis import example, given, settings
from hypothesis import strategies as st
from requests.auth import HTTPBasicAuth
from servers import listening
from urllib3.util import parse_url

from connector_kit.anaplan.oauth import OAuthLogin, OAuthTokens
from connector_kit.anaplan.token_service import TokenServiceLogin, password_proof
from connector_kit.audit.codec import Codec, new_key
from connector_kit.audit.database import Database
from connector_kit.errors import ConnectorError
from connector_kit.http import HttpSession, Retry
from connector_kit.http.tokens import Token, TokenAuth
from connector_kit.odata.links import at_home
from connector_kit.sap.auth import ClientCredentials
from connector_kit.secrets.rotating import RotatingSecret
from connector_kit.syspro.session import EnetSession

PLUGINS = ("tap-syspro", "tap-sap-s4hana", "tap-anaplan", "target-anaplan", "target-sap-s4hana", "target-syspro")
CODE = [
    path
    for folder in ("connector-kit/connector_kit", *(f"{name}/{name.replace('-', '_')}" for name in PLUGINS))
    for path in sorted((ROOT / folder).rglob("*.py"))
]


class Fixed:
    def obtain(self):
        return Token.lasting("token-of-the-run", 60)

    def extend(self, token):
        return token


AUTHS = {"basic": HTTPBasicAuth("u", "p"), "token": TokenAuth(Fixed()), "none": None}


def session(auth="basic", **options) -> HttpSession:
    return HttpSession("ERP", auth=AUTHS[auth], retry=Retry(tries=2, first=0.01, cap=0.02), **options)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 300, 305])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_no_redirect_is_followed(status, method):
    with listening() as elsewhere, contextlib.closing(session()) as http:
        for place in (elsewhere.url, elsewhere.url.replace("127.0.0.1", "localhost"), "//localhost:1/x", "/other"):
            with listening(status=status, Location=place, Refresh=f"0; url={place}") as server:
                with pytest.raises(ConnectorError, match="redirect to"):
                    http.request(
                        method, f"{server.url}/x?a=secret", what="x", read=bool, data=b"record", repeatable=False
                    )
                assert len(server.requests) == 1
        assert elsewhere.connections == 0


def test_a_redirect_from_tls_to_none_is_not_followed(certificates):
    with listening() as plain:
        tls = certificates.contexts["good"]
        with listening(tls, status=307, Location=plain.url) as server:
            bundle = str(certificates.ours.bundle)
            with contextlib.closing(session(verify=bundle)) as http, pytest.raises(ConnectorError, match="redirect"):
                http.request("POST", server.url, what="x", read=bool, data=b"record")
        assert plain.connections == 0


HOMES = ("https://erp.example/sap/opu/odata", "http://127.0.0.1:8080/odata/EDU1", "https://erp.example")
LINKS = st.one_of(
    texts(),
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["", "/", "//", "http://", "https://", "HTTPS:", "javascript:", "file:///", "ftp://", "\\\\"]),
        st.sampled_from(
            ["evil.example", "erp.example", "evil\\@erp.example", "erp.example\\@evil", "erp.example@evil"]
        ),
        st.sampled_from(["", ":80", ":443", ":8443", "\\@evil", "#@evil", "?@evil", ".evil", "%2eevil", "\t.evil"]),
        st.sampled_from(
            ["", "/sap/opu/odata/Set", "/odata/EDU1/Set?$skiptoken=1", "/../../x", "?a=1", "/\\evil", "//evil/x"]
        ),
    ),
)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(LINKS, st.sampled_from(HOMES))
@example("https://evil\\@erp.example/sap/opu/odata/Set", HOMES[0])
@example("https://u:p@erp.example/sap/opu/odata/Set", HOMES[0])
@example("//evil.example/sap/opu/odata/Set", HOMES[0])
def test_no_link_in_an_answer_leads_away(link, home):
    """Read as requests and urllib3 read it, who take another part of some addresses for the host than Python does."""
    try:
        found = at_home(link, f"{home}/Set", home)
    except ValueError:
        return  # no address at all: refused
    if found is None:
        return
    sent = requests.Request("GET", found).prepare().url
    there, own = parse_url(sent), parse_url(home)
    assert (there.scheme, there.host, there.port, there.auth) == (own.scheme, own.host, own.port, None), sent


@pytest.mark.parametrize("auth", AUTHS)
def test_no_netrc_replaces_or_adds_credentials(auth, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login stranger password stolen\ndefault login stranger password stolen\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with listening(status=200) as server, contextlib.closing(session(auth)) as http:
        http.request("GET", server.url, what="x", read=bool)
    sent = [line for line in server.requests[0].splitlines() if "Authorization" in line]
    assert len(sent) == (auth != "none")
    assert not sent or "token-of-the-run" in sent[0] or sent[0].endswith("dTpw")


def test_cookies_of_one_host_go_to_no_other():
    cookie = {"Set-Cookie": "session=secret; Path=/"}
    with (
        listening(status=200, **cookie) as server,
        listening(status=200) as other,
        contextlib.closing(session()) as http,
    ):
        http.request("GET", server.url, what="x", read=bool)
        http.request("GET", other.url.replace("127.0.0.1", "localhost"), what="x", read=bool)
    assert "secret" not in other.requests[0]


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def test_requests_are_sent_in_one_place_only():
    """What is tested of `HttpSession` is true of all that is sent: nothing else opens a connection over HTTP."""
    senders, clients = [], []
    own = ROOT / "connector-kit" / "connector_kit" / "http"
    for path in CODE:
        for node in nodes_of(path):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                if isinstance(owner, ast.Name) and owner.id in {"requests", "urllib3", "socket"}:
                    senders.append((path.name, f"{owner.id}.{node.func.attr}"))
            names = [one.name for one in node.names] if isinstance(node, (ast.Import, ast.ImportFrom)) else []
            module = getattr(node, "module", "") or ""
            clients += [
                (path.name, name)
                for name in [module, *names]
                if path.parent != own
                and name.startswith(
                    ("urllib.request", "http.client", "httpx", "aiohttp", "ftplib", "smtplib", "asyncio")
                )
            ]
    assert clients == []
    harmless = {"socket.gethostname"}
    assert {one for one in senders if one[1] not in harmless} == {("session.py", "requests.Session")}


def test_no_code_runs_what_data_say():
    """No program is started, no code evaluated, nothing unpickled."""
    forbidden = {"eval", "exec", "compile", "__import__", "system", "popen", "Popen", "spawnv", "execv", "loads_pickle"}
    modules = {"subprocess", "pickle", "marshal", "shelve", "dill", "yaml", "multiprocessing", "xmlrpc", "pty"}
    found = []
    for path in CODE:
        for node in nodes_of(path):
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                owner = getattr(getattr(node.func, "value", None), "id", "")
                if name in forbidden and owner != "re":
                    found.append((path.name, name))
            elif isinstance(node, ast.Import):
                found += [(path.name, one.name) for one in node.names if one.name.partition(".")[0] in modules]
            elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in modules:
                found.append((path.name, node.module))
    assert found == []


def test_what_holds_secrets_does_not_show_them():
    """As in a traceback with its locals, or a debugger's log."""
    secret = "secret-of-the-run"
    login = OAuthLogin(session(), "https://x.example", client_id="1", client_secret=secret, load=str, store=print)
    held = [
        Token.lasting(secret, 60),
        TokenAuth(Fixed()),
        login,
        OAuthTokens(secret, secret, 1.0),
        TokenServiceLogin(session(), "https://x.example", who="x", prove=password_proof("u", secret)),
        ClientCredentials(session(), "https://x.example", "1", secret),
        EnetSession("http://127.0.0.1", "OP", secret, "1", secret),
        RotatingSecret("file", "name"),
        Database(f"postgresql://u:{secret}@127.0.0.1/x"),
        Codec.of(new_key()),
        HTTPBasicAuth("u", secret),
    ]
    assert [repr(one) for one in held if secret in repr(one)] == []


def test_the_code_that_is_looked_at_is_all_of_it():
    assert len(CODE) > 200
    assert {path.name for path in CODE} >= {"session.py", "links.py"}
