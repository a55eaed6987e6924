"""Logins with a CA certificate: the header carries the certificate, the body a signed proof of the private key.

Source: Anaplan help on certificate authentication, with its change of June 2026: format v2 puts the time (8 bytes,
big-endian, epoch seconds) before the random bytes, v1 has random bytes only. The signature is SHA512withRSA over
the bytes themselves, as in Anaplan Connect; the header is the base64 of the certificate's PEM text.

`cryptography` is imported inside the functions: a run that logs in otherwise should not pay for it.
"""

from __future__ import annotations

import logging
import os
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from connector_kit.anaplan.errors import SYSTEM
from connector_kit.errors import ConfigurationError
from connector_kit.private_files import warn_of_exposure
from connector_kit.redaction import shortened

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

log = logging.getLogger(__name__)

Version = Literal["v1", "v2"]
_RANDOM_BYTES = 150
_EXPIRY_NOTICE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class CertificateKey:
    """A certificate, as its PEM text, with the private key that belongs to it. Made by `load`."""

    pem: bytes
    subject: str
    private_key: RSAPrivateKey = field(repr=False)

    def proof(self, version: Version = "v2", *, now: float | None = None) -> tuple[str, dict[str, str]]:
        """The Authorization header's value and the JSON body of one login at `now` (epoch seconds)."""
        from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - see the module's docstring
        from cryptography.hazmat.primitives.asymmetric import padding  # noqa: PLC0415 - see the module's docstring

        nonce = os.urandom(_RANDOM_BYTES)
        if version == "v2":
            nonce = int(time.time() if now is None else now).to_bytes(8, "big") + nonce
        signature = self.private_key.sign(nonce, padding.PKCS1v15(), hashes.SHA512())
        body = {"encodedDataFormat": "v2"} if version == "v2" else {}
        body["encodedData"] = b64encode(nonce).decode()
        body["encodedSignedData"] = b64encode(signature).decode()
        return f"CACertificate {b64encode(self.pem).decode()}", body

    def prover(self, version: Version = "v2") -> Callable[[], tuple[str, dict[str, str]]]:
        """`proof` as a login asks for it: anew each time."""
        return lambda: self.proof(version)


def load(certificate: str, private_key: str | None = None, password: str | None = None) -> CertificateKey:
    """Read a certificate and its private key.

    Args:
        certificate: path of a PEM file, or the PEM text; of several certificates (a chain, in any order) the one that
            the key belongs to is used.
        private_key: the same for the key; None when it stands in the certificate's file.
        password: of an encrypted key.

    Raises:
        ConfigurationError: unreadable, wrong password, not RSA, or the two don't belong together.
    """
    from cryptography import x509  # noqa: PLC0415 - see the module's docstring
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - see the module's docstring

    pem = _pem("certificate", certificate)
    try:
        certificates = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise _wrong("certificate", "a certificate in PEM format", str(error)) from error
    key = _private_key(_pem("private_key", private_key) if private_key else pem, password)
    public = key.public_key()
    cert = next((one for one in certificates if one.public_key() == public), None)
    if cert is None:
        subjects = ", ".join(one.subject.rfc4514_string() for one in certificates)
        raise _wrong("private_key", f"the key that belongs to the certificate ({subjects})", "another key")
    _note_expiry(cert)
    return CertificateKey(cert.public_bytes(serialization.Encoding.PEM), cert.subject.rfc4514_string(), key)


def _private_key(pem: bytes, password: str | None) -> RSAPrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - see the module's docstring
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - see the module's docstring
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415 - see the module's docstring

    encrypted = b"ENCRYPTED" in pem
    secret = password.encode() if password and encrypted else None
    try:
        key = serialization.load_pem_private_key(pem, secret)
    except TypeError as error:
        raise _wrong("private_key_password", "the password of the encrypted key", "none") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        expected = "a private key in PEM format" + (" and its password" if encrypted else "")
        raise _wrong("private_key", expected, "one that can't be read") from error
    if not isinstance(key, RSAPrivateKey):
        raise _wrong("private_key", "an RSA key", type(key).__name__.lstrip("_"))
    return key


def _pem(setting: str, value: str) -> bytes:
    if "-----BEGIN" in value:
        # Environment variables often carry the line breaks as two characters.
        return value.replace("\\n", "\n").encode()
    try:
        content = Path(value).expanduser().read_bytes()
    except (OSError, ValueError) as error:
        got = getattr(error, "strerror", None) or "no path"
        if setting == "certificate":  # the key's path may be half of a key by mistake
            got = f"{shortened(value, 200)}: {got}"
        raise _wrong(setting, "a readable PEM file or PEM text", got) from error
    if setting == "private_key" or b"PRIVATE KEY-----" in content:
        warn_of_exposure("The file with the private key", Path(value))
    if other := _other_form(content):
        form, hint = other
        raise ConfigurationError(system=SYSTEM, subject=setting, expected="a PEM file", got=form, hint=hint)
    return content


def _other_form(content: bytes) -> tuple[str, str] | None:
    """What a file is instead of PEM, by its first bytes, with the command that converts it.

    Sources: RFC 7292 (a PFX is a SEQUENCE that begins with the version 3), ITU-T X.690 (DER), the magic number of
    Java's key stores.
    """
    if content[:4] == bytes.fromhex("feedfeed"):
        return "a Java key store", "Export it: keytool -importkeystore -deststoretype PKCS12, then openssl pkcs12 -in."
    if content[:1] != b"\x30":  # DER: a SEQUENCE
        return None
    length = content[1:2]
    start = 2 + (length[0] & 0x7F if length and length[0] & 0x80 else 0)
    if content[start : start + 3] == bytes.fromhex("020103"):
        return "a PKCS #12 file (.p12, .pfx)", "Convert it: openssl pkcs12 -in FILE -out FILE.pem."
    return (
        "a DER file",
        "Convert it: openssl x509 -inform der -in FILE -out FILE.pem (of a key: openssl pkey -inform der).",
    )


def _note_expiry(cert: Certificate) -> None:
    left = cert.not_valid_after_utc - datetime.now(timezone.utc)
    if left < _EXPIRY_NOTICE:
        log.warning(
            "The Anaplan certificate %s %s on %s: register a new one.",
            cert.subject.rfc4514_string(),
            "expired" if left < timedelta(0) else "expires",
            cert.not_valid_after_utc.date().isoformat(),
        )


def _wrong(setting: str, expected: str, got: str) -> ConfigurationError:
    return ConfigurationError(system=SYSTEM, subject=setting, expected=expected, got=got)
