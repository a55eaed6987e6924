"""Certificates made on the spot: a sample user's, kept in the data folder, and servers' ones, good and bad."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Literal, get_args

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

ServerCertificate = Literal["good", "expired", "not_yet_valid", "wrong_host", "unknown_ca", "self_signed"]
SERVER_CERTIFICATES: tuple[ServerCertificate, ...] = get_args(ServerCertificate)
_DAY = timedelta(days=1)


def make(name: str, since: datetime | None = None, days: float = 3650) -> tuple[x509.Certificate, bytes, bytes]:
    """A self-signed certificate, valid from ``since`` (yesterday) for ``days``: itself, its PEM, its key's PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = _named(name)
    begin = since or datetime.now(timezone.utc) - _DAY
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + days * _DAY)
        .sign(key, hashes.SHA256())
    )
    return certificate, certificate.public_bytes(serialization.Encoding.PEM), _private(key)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _private(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


class Certificate:
    """``certificate.pem`` and ``private_key.pem`` in ``folder``, made when they are not there."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "certificate.pem"
        self.key_path = folder / "private_key.pem"
        if not (self.path.exists() and self.key_path.exists()):
            _, public, private = make(name)
            self.key_path.touch(mode=0o600)
            self.key_path.write_bytes(private)
            self.path.write_bytes(public)
        self.certificate = x509.load_pem_x509_certificate(self.path.read_bytes())


class Authority:
    """A certification authority. ``path`` is what a client has to trust."""

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self._name = _named(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(timezone.utc)
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        own = (
            x509.CertificateBuilder(self._name, self._name, self._key.public_key(), x509.random_serial_number())
            .not_valid_before(now - 60 * _DAY)
            .not_valid_after(now + 3650 * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        path.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def issue(self, kind: ServerCertificate, host: str) -> bytes:
        """A server's certificate for ``host``, an IP address, wrong as its kind says, and its key: PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(timezone.utc)
        begin, end = {
            "expired": (now - 30 * _DAY, now - _DAY),
            "not_yet_valid": (now + _DAY, now + 30 * _DAY),
        }.get(kind, (now - _DAY, now + 30 * _DAY))
        names: list[x509.GeneralName] = [x509.DNSName("elsewhere.example.com")]
        if kind != "wrong_host":
            names += [x509.IPAddress(ipaddress.ip_address(host)), x509.DNSName("localhost")]
        alone = kind == "self_signed"
        issuer, signer = (_named(host), key) if alone else (self._name, self._key)
        signed = (
            x509.CertificateBuilder(issuer, _named(host), key.public_key(), x509.random_serial_number(), begin, end)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
            .sign(signer, hashes.SHA256())
        )
        return signed.public_bytes(serialization.Encoding.PEM) + _private(key)
