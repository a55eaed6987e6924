from __future__ import annotations

import json
import time
from base64 import b64decode
from datetime import datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from connector_kit.anaplan.certificate import load
from connector_kit.errors import AuthenticationError, ConfigurationError

PASSWORD = "opens the key"


def pem_of(key, password=None):
    protection = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection).decode()


def certificate_of(key, days=365):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "integration")])
    now = datetime.now(timezone.utc)
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), 1000)
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days))
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(65537, 2048)


def check(key, request):
    """What Anaplan checks; returns the signed bytes."""
    scheme, _, encoded = request.headers["authorization"].partition(" ")
    assert scheme == "CACertificate"
    certificate = x509.load_pem_x509_certificate(b64decode(encoded))
    body = json.loads(request.body)
    nonce = b64decode(body["encodedData"])
    signature = b64decode(body["encodedSignedData"])
    certificate.public_key().verify(signature, nonce, padding.PKCS1v15(), hashes.SHA512())
    assert certificate.public_key() == key.public_key()
    return body, nonce


def test_the_proof_is_format_v2_by_default_with_the_time_in_seconds(fake, auth_with, key):
    auth_with({"certificate": certificate_of(key), "private_key": pem_of(key)}).ensure()
    body, nonce = check(key, fake.sent("POST", "/token/authenticate")[0])
    assert body["encodedDataFormat"] == "v2"
    assert len(nonce) == 158
    assert int.from_bytes(nonce[:8], "big") == pytest.approx(time.time(), abs=5)


def test_format_v1_can_be_chosen(fake, auth_with, key):
    settings = {"certificate": certificate_of(key), "private_key": pem_of(key), "certificate_version": "v1"}
    auth_with(settings).ensure()
    body, nonce = check(key, fake.sent("POST", "/token/authenticate")[0])
    assert "encodedDataFormat" not in body
    assert len(nonce) >= 100


def test_each_login_has_a_proof_of_its_own(key):
    loaded = load(certificate_of(key) + pem_of(key))
    assert loaded.proof()[1] != loaded.proof()[1]


def test_files_and_an_encrypted_key_are_read(tmp_path, key):
    (tmp_path / "cert.pem").write_text(certificate_of(key))
    (tmp_path / "key.pem").write_text(pem_of(key, PASSWORD))
    loaded = load(str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"), PASSWORD)
    assert loaded.subject == "CN=integration"
    assert "PRIVATE" not in repr(loaded)


@pytest.mark.parametrize(
    ("certificate", "private", "password", "words"),
    [
        ("own", "other", None, "belongs to the certificate"),
        ("own", "encrypted", "wrong", "private key in PEM format and its password"),
        ("own", "encrypted", None, "private_key_password"),
        ("own", "elliptic", None, "an RSA key"),
        ("own", "-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----", None, "can't be read"),
        ("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----", "own", None, "a certificate in PEM"),
    ],
)
def test_what_is_wrong_with_certificate_or_key_is_said(key, certificate, private, password, words):
    other = rsa.generate_private_key(65537, 2048)
    keys = {
        "own": pem_of(key),
        "other": pem_of(other),
        "encrypted": pem_of(key, PASSWORD),
        "elliptic": pem_of(ec.generate_private_key(ec.SECP256R1())),
    }
    with pytest.raises(ConfigurationError, match=words):
        load(certificate_of(key) if certificate == "own" else certificate, keys.get(private, private), password)


def test_an_expired_certificate_is_announced(key, caplog):
    load(certificate_of(key, days=-3), pem_of(key))
    assert "CN=integration expired on" in caplog.text


def test_a_certificate_that_anaplan_does_not_know_says_what_to_check(fake, auth_with, key, reply):
    failure = {"status": "FAILURE_BAD_CREDENTIAL", "statusMessage": "unknown certificate"}
    fake.on("POST", "/token/authenticate", reply(401, failure))
    with pytest.raises(AuthenticationError, match=r"certificate CN=integration.*unknown.*certificate_version"):
        auth_with({"certificate": certificate_of(key), "private_key": pem_of(key)}).ensure()


def test_of_a_chain_in_any_order_the_certificate_of_the_key_is_used(key, tmp_path):
    own, issuer = certificate_of(key), certificate_of(rsa.generate_private_key(65537, 2048))
    path = tmp_path / "chain.pem"
    for parts in ([issuer, own], [own, issuer], [issuer, pem_of(key), own]):
        path.write_text("".join(parts))
        private = None if len(parts) == 3 else pem_of(key)
        assert load(str(path), private).pem.decode() == own


def test_a_key_of_none_of_the_certificates_is_refused_by_their_names(key):
    with pytest.raises(ConfigurationError, match=r"belongs to the certificate \(CN=integration, CN=integration\)"):
        load(certificate_of(key) * 2, pem_of(rsa.generate_private_key(65537, 2048)))


def in_other_forms(key):
    certificate = x509.load_pem_x509_certificate(certificate_of(key).encode())
    nothing = serialization.NoEncryption()
    return {
        "certificate": certificate.public_bytes(serialization.Encoding.DER),
        "key": key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, nothing),
        "p12": pkcs12.serialize_key_and_certificates(b"x", key, certificate, None, nothing),
        "jks": bytes.fromhex("feedfeed00000002"),
    }


@pytest.mark.parametrize(
    ("form", "setting", "words"),
    [
        ("certificate", "certificate", r"got a DER file.*openssl x509 -inform der"),
        ("p12", "certificate", r"got a PKCS #12 file.*openssl pkcs12"),
        ("jks", "certificate", r"got a Java key store.*keytool"),
        ("key", "private_key", r"got a DER file.*openssl pkey -inform der"),
        ("p12", "private_key", r"got a PKCS #12 file"),
    ],
)
def test_a_file_in_another_form_than_pem_is_named_with_what_converts_it(key, tmp_path, form, setting, words):
    path = tmp_path / "file"
    path.write_bytes(in_other_forms(key)[form])
    given = {"certificate": certificate_of(key), "private_key": pem_of(key), setting: str(path)}
    with pytest.raises(ConfigurationError, match=rf"{setting}: expected a PEM file, {words}"):
        load(given["certificate"], given["private_key"])
