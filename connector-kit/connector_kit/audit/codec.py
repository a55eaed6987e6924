"""Bytes on their way into and out of the trail: the one place where compression and encryption happen.

Encrypted are the records as they came, the contents of documents, and messages, which quote both. In the clear stay
what people look for and what the trail compares: ERP keys (of a stream without key a hash of its records), documents'
titles, references and numbers, outcomes, reasons, counts and times.
"""

from __future__ import annotations

import base64
import binascii
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, cast

import msgspec

from connector_kit.errors import ConfigurationError
from connector_kit.redaction import register_secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_ZLIB = 1
_SEALED = 2  # 4 bytes that name the key, 12 of nonce, AES-256-GCM of the zlib stream

_SEALED_TEXT = "sealed message "
ENCRYPTED = "(encrypted)"

# Level 1: JSON records of one stream resemble each other so much that higher levels cost more than they save.
_LEVEL = 1

try:
    # Five times as fast as the standard library, for streams of the same format and size; not on every platform.
    from isal import isal_zlib
except ImportError:
    _deflate: Callable[[bytes, int], bytes] = zlib.compress
    _inflate: Callable[[bytes], bytes] = zlib.decompress
    _NOT_INFLATED: tuple[type[Exception], ...] = (zlib.error, TypeError)
else:
    _deflate, _inflate = isal_zlib.compress, isal_zlib.decompress
    _NOT_INFLATED = (zlib.error, TypeError, cast("type[Exception]", isal_zlib.error))
_KEY_SIZE, _NAME_SIZE, _NONCE_SIZE = 32, 4, 12


@dataclass(frozen=True, slots=True)
class Codec:
    """How one process seals and opens. keys: by their names; the newest, which seals, first; none: no encryption."""

    keys: dict[bytes, AESGCM] = field(default_factory=dict)

    @classmethod
    def of(cls, setting: str | None) -> Codec:
        """From the setting audit_key: keys of 32 bytes in URL-safe base64, the newest first, separated by commas.

        Raises:
            ConfigurationError: something that is not a key.
        """
        texts = [part.strip() for part in (setting or "").split(",") if part.strip()]
        if not texts:
            return CLEAR
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - only for those who encrypt

        keys: dict[bytes, AESGCM] = {}
        for text in texts:
            register_secret(text)
            key = _decoded(text)
            keys[blake2b(key, digest_size=_NAME_SIZE, person=b"audit key").digest()] = AESGCM(key)
        return cls(keys)

    @property
    def encoding(self) -> int:
        """Stored beside what `seal` returns."""
        return _SEALED if self.keys else _ZLIB

    def seal(self, data: bytes) -> bytes:
        """How the trail stores records."""
        packed = compress(data)
        if not self.keys:
            return packed
        name, key = next(iter(self.keys.items()))
        nonce = os.urandom(_NONCE_SIZE)
        return name + nonce + key.encrypt(nonce, packed, None)

    def seal_text(self, text: str) -> str:
        """How the trail stores a message."""
        return _SEALED_TEXT + base64.b64encode(self.seal(text.encode())).decode() if text and self.keys else text

    def open_text(self, stored: str) -> str:
        """What `seal_text` was given, or `ENCRYPTED` where its key is not here."""
        if not stored.startswith(_SEALED_TEXT):
            return stored
        data = _from_base64(stored.removeprefix(_SEALED_TEXT))
        return _text(self.unseal(_SEALED, data)) if self.opens(_SEALED, data) else ENCRYPTED

    def opens(self, encoding: int, data: bytes) -> bool:
        """Whether `unseal` has the key that it needs."""
        return encoding != _SEALED or bytes(data[:_NAME_SIZE]) in self.keys

    def unseal(self, encoding: int, data: bytes) -> bytes:
        """What `seal` was given.

        Raises:
            ConfigurationError: its key is not here, or it was written by a version that knows more encodings.
        """
        if encoding == _ZLIB:
            return decompress(data)
        if encoding != _SEALED:
            raise ConfigurationError(
                system="audit trail",
                subject="record",
                expected=f"encoding {_ZLIB} or {_SEALED}",
                got=str(encoding),
                hint="A newer connector-kit has written it: upgrade this one.",
            )
        if not self.opens(encoding, data):
            raise ConfigurationError(
                system="audit trail",
                subject="record",
                expected="the key that it is encrypted with",
                got="another key" if self.keys else "none",
                hint="Give it in the setting audit_key, or in AUDIT_KEY; old keys stand behind the new one.",
            )
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - only for those who encrypt

        nonce, sealed = data[_NAME_SIZE : _NAME_SIZE + _NONCE_SIZE], data[_NAME_SIZE + _NONCE_SIZE :]
        try:
            packed = self.keys[bytes(data[:_NAME_SIZE])].decrypt(nonce, sealed, None)
        except (InvalidTag, ValueError) as error:
            raise _changed() from error
        return decompress(packed)

    def seal_json(self, data: bytes) -> str:
        """How the trail stores small JSON arrays in a text column: as they are, or sealed."""
        return base64.b64encode(self.seal(data)).decode() if self.keys else data.decode()

    def unseal_json(self, text: str) -> bytes:
        """What `seal_json` was given. Raises ConfigurationError: as `unseal`."""
        return text.encode() if text.startswith("[") else self.unseal(_SEALED, _from_base64(text))


CLEAR = Codec()


def new_key() -> str:
    """A key for the setting audit_key."""
    return base64.urlsafe_b64encode(os.urandom(_KEY_SIZE)).decode()


def compress(data: bytes) -> bytes:
    """What stays readable for everybody who may read the trail."""
    return _deflate(data, _LEVEL)


def decompress(data: bytes) -> bytes:
    """What `compress` was given.

    Raises:
        ConfigurationError: the trail holds something else.
    """
    try:
        return _inflate(data)
    except _NOT_INFLATED as error:
        raise _changed() from error


def stored_json(column: Any, kind: Any = Any) -> Any:  # noqa: ANN401 - a column's bytes or text; of whatever type is asked for
    """A JSON value that the trail holds.

    Raises:
        ConfigurationError: it holds something else there.
    """
    try:
        return msgspec.json.decode(column if isinstance(column, str) else bytes(column), type=kind)
    except (msgspec.DecodeError, ValueError, TypeError, RecursionError) as error:
        raise _changed() from error


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise _changed() from error


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError as error:
        raise _changed() from error


def _changed() -> ConfigurationError:
    return ConfigurationError(
        system="audit trail",
        subject="record",
        expected="as it was written",
        got="changed bytes",
        hint="The trail was changed by something else, or its storage is damaged: restore it from a copy.",
    )


def _decoded(text: str) -> bytes:
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_SIZE:
        raise ConfigurationError(
            system="audit trail",
            subject="setting audit_key",
            expected="32 bytes in URL-safe base64, which are 44 characters",
            got=f"{len(text)} characters that are not",
            hint="Make one with: audit new-key | connector-secrets set audit/key; then audit_key is file:audit/key.",
        )
    return key
