"""Connections that are not trusted, not finished or not reached."""

from __future__ import annotations

import datetime as dt
import ipaddress
import itertools
import socket
import ssl
import threading

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from http_asking import GOOD, QUICK, Recorder, ask, read_json

from connector_kit.errors import RefusedError, UnavailableError
from connector_kit.http import HttpSession


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "local")])
    now = dt.datetime.now(dt.timezone.utc)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 7, now, now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    plain = serialization.NoEncryption()
    pkcs8 = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + pkcs8)
    return path


def test_an_untrusted_certificate_is_refused_at_once(serve, certificate):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    limiter = Recorder()
    with pytest.raises(RefusedError, match="certificate"):
        ask(serve([GOOD], tls=tls), session=HttpSession("ERP", retry=QUICK, limiter=limiter))
    assert limiter.turns == 1


def test_our_own_certificate_bundle_counts_also_beside_one_of_the_environment(serve, certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", requests.certs.where())
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    server = serve([GOOD], tls=tls)
    assert ask(server, session=HttpSession("ERP", retry=QUICK, verify=str(certificate))) == {"ok": True}


def test_a_connection_that_breaks_inside_the_tls_handshake_is_tried_again():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        seen = itertools.count(1)
        count = []

        def serve_nothing():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                count.append(next(seen))
                connection.recv(1000)
                connection.close()

        thread = threading.Thread(target=serve_nothing)
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        with pytest.raises(UnavailableError):
            HttpSession("ERP", retry=QUICK).request("GET", url, what="x", read=read_json)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert len(count) == QUICK.tries


def test_a_proxy_that_is_away_for_a_moment_is_tried_again():
    limiter = Recorder()
    session = HttpSession("ERP", retry=QUICK, limiter=limiter)
    with pytest.raises(UnavailableError):
        session.request("GET", "http://erp.invalid/", what="x", read=read_json, proxies={"http": "http://127.0.0.1:9"})
    assert limiter.turns == QUICK.tries
