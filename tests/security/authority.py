"""A company's own authority, and the certificates with which servers fail to prove who they are."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NOW = dt.datetime.now(dt.timezone.utc)
DAY = dt.timedelta(days=1)
HERE = (x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost"))
PLAIN = serialization.NoEncryption()


@dataclass
class Authority:
    """Signs servers' certificates. `folder`: where its files lie."""

    folder: Path
    name: str

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, self.name)])
        made = _builder(self._name, self._name, self._key, NOW - DAY, NOW + DAY)
        ca = x509.BasicConstraints(ca=True, path_length=None)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        made = made.add_extension(ca, critical=True).add_extension(usage, critical=True)
        self.bundle = self.folder / f"{self.name}.pem"
        self.bundle.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def server(
        self,
        name: str,
        *,
        hosts: tuple[x509.GeneralName, ...] = HERE,
        begins: dt.datetime = NOW - DAY,
        ends: dt.datetime = NOW + DAY,
        own: bool = False,
    ) -> Path:
        """A file with a certificate and its key. own: signed by itself and by no authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        made = _builder(subject, subject if own else self._name, key, begins, ends)
        made = made.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        signed = made.sign(key if own else self._key, hashes.SHA256())
        form = serialization.PrivateFormat.PKCS8
        path = self.folder / f"{name}-of-{self.name}.pem"
        path.write_bytes(
            signed.public_bytes(serialization.Encoding.PEM) + key.private_bytes(serialization.Encoding.PEM, form, PLAIN)
        )
        return path


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, begins: dt.datetime, ends: dt.datetime
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number(), begins, ends)


@dataclass
class Certificates:
    """What servers show, by what is wrong with it."""

    folder: Path

    def __post_init__(self) -> None:
        self.ours = Authority(self.folder, "ours")
        self.strangers = Authority(self.folder, "strangers")

    @cached_property
    def contexts(self) -> dict[str, ssl.SSLContext]:
        """A server's TLS; "good" is the only one that a client may talk to that trusts our authority."""
        shown = {
            "good": self.ours.server("good"),
            "expired": self.ours.server("expired", begins=NOW - 3 * DAY, ends=NOW - DAY),
            "not yet valid": self.ours.server("early", begins=NOW + DAY, ends=NOW + 2 * DAY),
            "wrong host": self.ours.server("other", hosts=(x509.DNSName("erp.example"),)),
            "unknown authority": self.strangers.server("stranger"),
            "self-signed": self.ours.server("itself", own=True),
        }
        return {name: _context(path) for name, path in shown.items()} | {
            "old protocol": _context(shown["good"], newest=ssl.TLSVersion.TLSv1_1)
        }


def _context(path: Path, newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    if newest is not ssl.TLSVersion.MAXIMUM_SUPPORTED:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = newest
    return context
