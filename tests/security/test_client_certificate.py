"""A client certificate is shown to the server alone, through proxies too, and its key lies nowhere in clear."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import tempfile
import threading
from pathlib import Path

import pytest
from authority import Certificates
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from servers import listening

from connector_kit.errors import ConfigurationError
from connector_kit.http import HttpSession, Retry
from connector_kit.sap.auth import tls_of

PASSWORD = "pass-of-the-key"


@pytest.fixture(scope="module")
def client(certificates: Certificates) -> dict[str, str]:
    """The client's PEM texts: its certificate, its key plain and encrypted."""
    text = certificates.ours.server("client").read_text()
    key = serialization.load_pem_private_key(text[text.index("-----BEGIN PRIVATE") :].encode(), None)
    sealed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSWORD.encode()))
    old = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(PASSWORD.encode()))
    both = {"both": text, "sealed": sealed.decode(), "old": old.decode()}
    return both | {
        "certificate": text[: text.index("-----BEGIN PRIVATE")],
        "key": text[text.index("-----BEGIN PRIV") :],
    }


@pytest.fixture(scope="module")
def mutual(certificates: Certificates) -> ssl.SSLContext:
    """A server's TLS that wants a certificate of our authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.ours.server("mutual"))
    context.load_verify_locations(certificates.ours.bundle)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def settings_of(client, form, folder):
    plain = {"certificate": client["certificate"], "private_key": client["key"]}
    (folder / "key.pem").write_text(client["key"])
    (folder / "both.pem").write_text(client["both"])
    return {
        "texts": plain,
        "one text": {"certificate": client["both"]},
        "key first": {"certificate": client["key"] + client["certificate"]},
        "line breaks as two characters": {name: text.replace("\n", "\\n") for name, text in plain.items()},
        "encrypted": {**plain, "private_key": client["sealed"], "private_key_password": PASSWORD},
        "encrypted as of old": {**plain, "private_key": client["old"], "private_key_password": PASSWORD},
        "a password that no key needs": {**plain, "private_key_password": PASSWORD},
        "files": {"certificate": str(folder / "both.pem")},
        "text and file": {"certificate": client["certificate"], "private_key": str(folder / "key.pem")},
    }[form]


FORMS = [
    "texts",
    "one text",
    "key first",
    "line breaks as two characters",
    "encrypted",
    "encrypted as of old",
    "a password that no key needs",
    "files",
    "text and file",
]


@pytest.mark.parametrize("form", FORMS)
def test_the_certificate_is_shown(certificates, client, mutual, form, tmp_path):
    context = tls_of(settings_of(client, form, tmp_path))
    session = HttpSession("SAP", verify=str(certificates.ours.bundle), ssl_context=context, retry=Retry(tries=1))
    with listening(mutual, status=200) as server, contextlib.closing(session):
        assert session.request("GET", server.url, what="x", read=lambda answer: answer.status_code) == 200


@pytest.mark.parametrize("form", FORMS[:-2])
def test_its_key_is_never_on_disk_in_clear(client, form, tmp_path, monkeypatch):
    """Of a process that is killed at the worst moment, files stay."""
    seen = []
    load = ssl.SSLContext.load_cert_chain

    def watched(context, *arguments):
        folder = Path(arguments[0]).parent
        seen.extend(path.read_text() for path in folder.iterdir())
        assert folder.stat().st_mode & 0o777 == 0o700
        load(context, *arguments)

    (tmp_path / "t").mkdir()
    settings = settings_of(client, form, tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "t"))
    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", watched)
    assert tls_of(settings) is not None
    assert len(seen) >= 1
    assert "ENCRYPTED" in "".join(seen)
    body = client["key"].split("\n")[1]
    assert not [text for text in seen if "BEGIN PRIVATE KEY" in text or body in text]
    assert list((tmp_path / "t").iterdir()) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"certificate": "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"},
        {"private_key": "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----"},
        {"private_key": "-----BEGIN PRIVATE KEY-----\nnever ends"},
        {"private_key": None},
        {"private_key": "/nowhere/key.pem"},
    ],
)
def test_what_is_no_certificate_or_key_is_said(client, wrong, tmp_path):
    with pytest.raises(ConfigurationError):
        tls_of({**settings_of(client, "texts", tmp_path), **wrong})


def test_it_trusts_nobody_but_the_bundle(client, certificates, tmp_path, monkeypatch):
    """The standard library's context trusts the system's certificates, whatever the bundle says."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ours.bundle))
    context = tls_of(settings_of(client, "texts", tmp_path))
    assert context is not None
    assert context.cert_store_stats()["x509_ca"] == 0
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_it_is_shown_through_a_proxy_and_the_proxy_sees_nothing(certificates, client, mutual, tmp_path):
    context = tls_of(settings_of(client, "texts", tmp_path))
    session = HttpSession(
        "SAP", verify=str(certificates.ours.bundle), ssl_context=context, retry=Retry(tries=1), headers={"X": "unseen"}
    )
    with listening(mutual, status=200) as server, tunnel() as (proxy, carried), contextlib.closing(session):
        options = {"proxies": {"https": proxy}, "headers": {"Authorization": "Bearer unseen"}}
        assert session.request("GET", server.url, what="x", read=lambda a: a.status_code, **options) == 200
    assert carried[0].startswith(b"CONNECT 127.0.0.1:")
    assert b"unseen" not in b"".join(carried)


@contextlib.contextmanager
def tunnel():
    """A proxy that carries one connection: its address, and what it saw."""
    carried: list[bytes] = []

    def carry():
        inner, _ = listener.accept()
        with inner:
            carried.append(inner.recv(65536))
            host, _, port = carried[0].split()[1].decode().partition(":")
            with socket.create_connection((host, int(port))) as outer:
                inner.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                ways = {inner: outer, outer: inner}
                while ready := select.select(list(ways), [], [], 5)[0]:
                    for one in ready:
                        data = one.recv(65536)
                        if not data:
                            return
                        carried.append(data)
                        ways[one].sendall(data)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=carry, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", carried
        thread.join(10)
