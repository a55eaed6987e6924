"""A sample user's certificate and private key, made once and kept in the data folder."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path


def make(name: str) -> tuple[x509.Certificate, bytes, bytes]:
    """A self-signed certificate: itself, its PEM, and its private key's PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate, certificate.public_bytes(serialization.Encoding.PEM), private


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
