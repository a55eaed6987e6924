"""Who may call the local S/4HANA: by password, token, certificate."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from sandbox.core.certificate import make
from sandbox.sap.auth import CERTIFICATE_HEADER, TOKEN_PATHS
from sandbox.tests.sap_services import PEM, USER, desk

GRANT = {"grant_type": "client_credentials"}


@pytest.fixture(scope="module")
def running():
    with desk() as one:
        yield one


@pytest.fixture
def sap(running):
    running.switches.reset()
    running.auth.clear()
    return running


def status(sap, **request):
    return requests.get(f"{sap.two}/$metadata", timeout=10, **request).status_code


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_the_communication_user_may_call_whatever_the_encoding_of_its_password(sap, encoding):
    encoded = base64.b64encode(f"{USER.username}:{USER.password}".encode(encoding)).decode()
    assert status(sap, headers={"Authorization": f"Basic {encoded}"}) == 200


@pytest.mark.parametrize(
    "authorization",
    [None, "Basic", "Basic !", "Basic eA==", "Basic Q09NTV9VU0VSOng=", "Bearer x", "Bearer", "Negotiate x"],
)
def test_anybody_else_gets_a_page_of_html_with_a_challenge(sap, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = requests.get(f"{sap.two}/A_Invoice", headers={"Accept": "application/json", **headers}, timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (401, "text/html")
    assert "realm=" in answer.headers["WWW-Authenticate"]
    assert answer.text.startswith("<html>")


@pytest.mark.parametrize("path", TOKEN_PATHS)
def test_client_credentials_buy_a_token_in_a_header_or_in_the_form(sap, path):
    by_header = requests.post(sap.url + path, GRANT, auth=("client", "secret"), timeout=10).json()
    in_form = {**GRANT, "client_id": "client", "client_secret": "secret", "scope": "API"}
    by_form = requests.post(sap.url + path, in_form, timeout=10).json()
    for answer in (by_header, by_form):
        assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
        assert status(sap, headers=bearer(answer["access_token"])) == 200
    assert by_form["scope"] == "API"


def test_a_token_is_refused_after_its_end(sap):
    sap.switches.set("token_seconds", 60)
    answer = requests.post(sap.url + TOKEN_PATHS[0], GRANT, auth=("client", "secret"), timeout=10).json()
    assert answer["expires_in"] == 60
    sap.clock.advance(61)
    refused = requests.get(f"{sap.two}/", headers=bearer(answer["access_token"]), timeout=10)
    assert refused.status_code == 401
    assert "invalid_token" in refused.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("form", "auth", "expected"),
    [
        (GRANT, ("client", "wrong"), (401, "invalid_client")),
        (GRANT, None, (401, "invalid_client")),
        ({"grant_type": "password"}, ("client", "secret"), (400, "unsupported_grant_type")),
    ],
)
def test_the_token_endpoint_says_why_not(sap, form, auth, expected):
    answer = requests.post(sap.url + TOKEN_PATHS[0], form, auth=auth, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == expected


def test_a_tenant_may_not_know_client_credentials(sap):
    sap.switches.set("oauth_client_credentials", value=False)
    answer = requests.post(sap.url + TOKEN_PATHS[0], GRANT, auth=("client", "secret"), timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    assert requests.get(sap.url + TOKEN_PATHS[0], timeout=10).status_code == 405


def test_a_client_certificate_that_the_proxy_hands_on_is_a_logon(sap):
    der = x509.load_pem_x509_certificate(PEM).public_bytes(Encoding.DER)
    for handed_on in (quote(PEM.decode()), base64.b64encode(der).decode()):
        assert status(sap, headers={CERTIFICATE_HEADER: handed_on}) == 200
    sap.switches.set("client_certificate", value=False)
    assert status(sap, headers={CERTIFICATE_HEADER: quote(PEM.decode())}) == 401


@pytest.mark.parametrize("certificate", [quote(make("COMM_USER")[1].decode()), "x", "BEGIN x", ""])
def test_another_certificate_is_none(sap, certificate):
    assert status(sap, headers={CERTIFICATE_HEADER: certificate}) == 401


def test_a_changed_password_is_the_only_one(sap):
    sap.switches.set("new_password", "another")
    assert status(sap, auth=(USER.username, USER.password)) == 401
    assert status(sap, auth=(USER.username, "another")) == 200
