"""From settings to a connection: address, headers, the shared rate, client certificates."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from local_server import Answer

from connector_kit.coordination import connect as coordinate
from connector_kit.errors import ConfigurationError, RefusedError
from connector_kit.http import Retry
from connector_kit.sap.connecting import connect

BASIC = {"username": "TAP", "password": "secret-of-tap"}


def ask(connection):
    return connection.session.request(
        "GET", connection.url("/sap/x"), what="x", read=lambda r: r.text, headers=connection.headers
    )


def test_language_and_client_go_with_each_request(serve):
    server = serve([Answer(body=b"good")])
    connection = connect({"api_url": server.url + "/", **BASIC, "language": "de", "sap_client": "100"})
    assert ask(connection) == "good"
    asked = server.asked[0]
    assert asked.path == "/sap/x"
    assert (asked.headers["Accept-Language"], asked.headers["sap-language"]) == ("de", "DE")
    assert asked.headers["sap-client"] == "100"
    connection.close()


def test_an_address_may_have_a_path_before_the_services():
    connection = connect({"api_url": "https://host.example/s4hanacloud/", **BASIC})
    assert connection.url("/sap/opu/x") == "https://host.example/s4hanacloud/sap/opu/x"
    connection.close()


@pytest.mark.parametrize("address", ["", "my000000-api.s4hana.cloud.sap", "ftp://x"])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(ConfigurationError, match="api_url"):
        connect({"api_url": address, **BASIC})


def test_the_rate_is_shared_with_others_of_the_tenant(serve, tmp_path):
    server = serve([Answer(body=b"good")])
    settings = {"api_url": server.url, **BASIC, "rate_per_minute": 1200}
    with coordinate(f"sqlite:///{tmp_path}/c.db") as coordinator:
        one, other = (connect(settings, coordinator=coordinator) for _ in range(2))
        for _ in range(3):
            assert ask(one) == ask(other) == "good"
        one.close()
        other.close()


def test_without_a_rate_nothing_is_shared(serve, tmp_path):
    server = serve([Answer(body=b"good")])
    url = f"sqlite:///{tmp_path}/never.db"
    connection = connect({"api_url": server.url, **BASIC, "coordination_url": url})
    ask(connection)
    connection.close()
    assert not (tmp_path / "never.db").exists()


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A certificate for 127.0.0.1 that serves both sides: files of certificate, key, and encrypted key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "local")])
    now = dt.datetime.now(dt.timezone.utc)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 7, now, now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    for file, how in (
        ("key.pem", serialization.NoEncryption()),
        ("encrypted.pem", serialization.BestAvailableEncryption(b"pass phrase")),
    ):
        text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)
        (folder / file).write_bytes(text)
    return folder


@pytest.fixture
def tenant(serve, pair):
    """A server that wants a client certificate."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pair / "certificate.pem", pair / "key.pem")
    tls.load_verify_locations(pair / "certificate.pem")
    tls.verify_mode = ssl.CERT_REQUIRED
    return serve([Answer(body=b"good")], tls=tls)


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("key", ["key.pem", "encrypted.pem"])
def test_a_client_certificate_is_shown_from_files_or_texts(tenant, pair, key, as_text):
    given = {"certificate": pair / "certificate.pem", "private_key": pair / key}
    settings = {name: path.read_text().replace("\n", "\\n") if as_text else str(path) for name, path in given.items()}
    if key == "encrypted.pem":
        settings["private_key_password"] = "pass phrase"
    connection = connect({"api_url": tenant.url, "ca_bundle": str(pair / "certificate.pem"), **settings})
    assert ask(connection) == "good"
    connection.close()


def test_a_certificate_does_not_make_us_trust_everybody(tenant, pair, monkeypatch):
    monkeypatch.setattr(Retry, "wait", lambda self, failures, retry_after: 0.01)
    settings = {"certificate": str(pair / "certificate.pem"), "private_key": str(pair / "key.pem")}
    connection = connect({"api_url": tenant.url, **settings})
    with pytest.raises(RefusedError, match="trusted connection"):
        ask(connection)
    connection.close()


@pytest.mark.parametrize(
    "wrong", [{"private_key_password": "another"}, {"private_key_password": ""}, {"certificate": "/nowhere.pem"}]
)
def test_a_certificate_that_can_not_be_used_is_a_matter_of_configuration(pair, wrong):
    settings = {"certificate": str(pair / "certificate.pem"), "private_key": str(pair / "encrypted.pem"), **wrong}
    with pytest.raises(ConfigurationError, match=r"client certificate|setting certificate.*/nowhere\.pem"):
        connect({"api_url": "https://host.example", **settings})
