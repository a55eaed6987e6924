"""The encrypted file: secrets by name, each encrypted on its own (Fernet: AES-128-CBC with HMAC-SHA-256).

The name is encrypted with the value: whoever can write the file, and has no key, can't have one system's password
sent to another by changing names. He can take a secret away, or bring back a former one of the same name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from cryptography.fernet import InvalidToken

from connector_kit.errors import BusyError, ConfigurationError
from connector_kit.private_files import private_folder, warn_of_exposure
from connector_kit.secrets.files import write_private
from connector_kit.secrets.keys import Keys
from connector_kit.secrets.places import store_path

_PATIENCE = 10.0  # seconds; a change takes milliseconds


_VERSION = 2
"""Of the file. 1: names were not bound to their values."""


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    """What is in the file. Names are in the clear, so that they can be listed without the key."""

    version: int = _VERSION
    secrets: dict[str, str] = {}


class SecretStore:
    """Secrets in one file of mode 0600. Changes by several processes at once follow each other."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys: Keys | None = None
        self._read: _Document | None = None

    @classmethod
    def open(cls) -> SecretStore:
        """The store that CONNECTOR_SECRETS_FILE names, or the per-user default. Nothing is read yet."""
        return cls(store_path())

    def get(self, name: str) -> str | None:
        """The secret, or None when there is none of that name. The file is read once.

        Raises:
            ConfigurationError: no key, a wrong key, or a file that is not a store.
        """
        self._read = self._read or self._load()
        token = self._read.secrets.get(name)
        if token is None:
            return None
        self._keys = self._keys or Keys.load()
        try:
            return self._unbound(name, self._keys.fernet.decrypt(token))
        except (InvalidToken, ValueError) as error:  # a value that is no token, or no text in the end
            raise self._undecipherable(name) from error

    def names(self) -> list[str]:
        """All names, sorted. Needs no key."""
        return sorted(self._load().secrets)

    def set(self, name: str, value: str) -> None:
        """Store a secret, replacing one of the same name."""
        with self._locked():
            document = self._load()
            document.secrets[name] = Keys.load().fernet.encrypt(_bound(name, value)).decode()
            document.version = _VERSION
            self._write(document)

    def remove(self, name: str) -> bool:
        """Remove a secret; False when there was none."""
        with self._locked():
            document = self._load()
            found = document.secrets.pop(name, None) is not None
            self._write(document)
            return found

    def rotate(self) -> int:
        """Encrypt everything with a new key; how many secrets there are.

        The key file holds both keys until the store is rewritten, so that a reader, or a process killed in between,
        finds a key that fits. When the key comes from CONNECTOR_SECRETS_KEY, put the new one before the old one,
        separated by a comma, and rotate: everything is then encrypted with the first.
        """
        with self._locked():
            document, keys = self._load(), Keys.load()
            if keys.path is not None:
                keys = keys.with_new()
            secrets = {name: self._again(keys, name, token) for name, token in document.secrets.items()}
            keys.save()
            self._write(_Document(secrets=secrets))
            keys.newest().save()
        self._keys = self._read = None
        return len(secrets)

    def _again(self, keys: Keys, name: str, token: str) -> str:
        try:
            value = self._unbound(name, keys.fernet.decrypt(token))
            return keys.fernet.encrypt(_bound(name, value)).decode()
        except (InvalidToken, ValueError) as error:  # a value that is no token, or no text in the end
            raise self._undecipherable(name) from error

    def _load(self) -> _Document:
        warn_of_exposure("The encrypted file", self._path, to_writers=True)
        try:
            found = msgspec.json.decode(self._path.read_bytes(), type=_Document)
        except FileNotFoundError:
            return _Document()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ConfigurationError(
                system="secrets",
                subject=f"encrypted file {self._path}",
                expected="a store that this user may read",
                got=type(error).__name__,
                hint="Check CONNECTOR_SECRETS_FILE.",
            ) from error
        if found.version > _VERSION:
            raise ConfigurationError(
                system="secrets",
                subject=f"encrypted file {self._path}",
                expected=f"a store of version {_VERSION} at most",
                got=f"version {found.version}",
                hint="A newer connector-secrets wrote it: use that one.",
            )
        return found

    def _write(self, document: _Document) -> None:
        self._read = None
        write_private(self._path, msgspec.json.encode(document) + b"\n")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        import filelock  # noqa: PLC0415 - only changes need it

        private_folder(self._path.parent)
        lock = filelock.FileLock(self._path.with_name(f"{self._path.name}.lock"), mode=0o600)
        try:
            lock.acquire(timeout=_PATIENCE)
        except filelock.Timeout as error:
            raise BusyError(
                system="secrets", subject=f"encrypted file {self._path}", got="another process that changes it"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def _unbound(self, name: str, content: bytes) -> str:
        if not content.startswith(_MARK):
            return content.decode()
        stored_as, _, value = content.removeprefix(_MARK).partition(_MARK)
        if stored_as.decode() != name:
            raise ConfigurationError(
                system="secrets",
                subject=f"secret {name} in {self._path}",
                expected="the value that was stored under this name",
                got="another name's: somebody has changed the file",
                hint=f"Find out who writes it, then store the secret again: connector-secrets set {name}",
            )
        return value.decode()

    def _undecipherable(self, name: str) -> ConfigurationError:
        return ConfigurationError(
            system="secrets",
            subject=f"secret {name} in {self._path}",
            expected="one of the present keys",
            got="a value encrypted with another key",
            hint=f"Bring the old key back, or store the secret again: connector-secrets set {name}",
        )


_MARK = b"\0"


def _bound(name: str, value: str) -> bytes:
    """What is encrypted: the name with the value, so that it means nothing under another one."""
    if _MARK.decode() in name:
        raise ConfigurationError(system="secrets", subject="name", expected="a name", got="one with a NUL in it")
    return _MARK + name.encode() + _MARK + value.encode()
