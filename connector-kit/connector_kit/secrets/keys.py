"""The keys of the encrypted file: newest first, so that a rotated file is readable while it changes over."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.fernet import Fernet, MultiFernet

from connector_kit.errors import ConfigurationError
from connector_kit.private_files import warn_of_exposure
from connector_kit.redaction import register_secret
from connector_kit.secrets.files import write_private
from connector_kit.secrets.places import KEY, key_path


class Keys:
    """Keys from CONNECTOR_SECRETS_KEY (comma-separated, newest first), or from the key file (one per line)."""

    def __init__(self, texts: list[str], path: Path | None) -> None:
        if not texts:
            raise _wrong(path, "no key", "Make one with: connector-secrets init")
        for text in texts:
            register_secret(text)
        try:
            self.fernet = MultiFernet([Fernet(text) for text in texts])
        except (ValueError, TypeError) as error:
            raise _wrong(path, "something that is not a key", "A key is 44 characters of URL-safe base64.") from error
        self.texts = texts
        self.path = path

    @classmethod
    def load(cls) -> Keys:
        """The keys in use. Raises ConfigurationError when there is none or it is unreadable."""
        text = os.environ.get(KEY)
        if text:
            return cls([part.strip() for part in text.split(",") if part.strip()], None)
        path = key_path()
        try:
            content = path.read_text("ascii")
        except FileNotFoundError as error:
            hint = f"Make one with: connector-secrets init, or set {KEY}."
            raise _wrong(path, "no such file", hint) from error
        except (OSError, UnicodeDecodeError) as error:
            raise _wrong(path, type(error).__name__, "Check the file and who may read it.") from error
        warn_of_exposure("The secrets' key file", path)
        return cls([line.strip() for line in content.splitlines() if line.strip()], path)

    @classmethod
    def create(cls) -> Keys:
        """A first key, in the key file. Raises ConfigurationError when there is one: a lost key loses every secret."""
        path = key_path()
        if os.environ.get(KEY) or path.exists():
            where = KEY if os.environ.get(KEY) else str(path)
            raise ConfigurationError(
                system="secrets",
                subject="new key",
                expected="no key yet",
                got=f"one in {where}",
                hint="Change it with: connector-secrets rotate",
            )
        keys = cls([Fernet.generate_key().decode()], path)
        keys.save()
        return keys

    def with_new(self) -> Keys:
        """These keys with a new one before them."""
        return Keys([Fernet.generate_key().decode(), *self.texts], self.path)

    def newest(self) -> Keys:
        """The newest key alone."""
        return Keys(self.texts[:1], self.path)

    def save(self) -> None:
        """Write the key file. Keys from the environment are the operator's to change."""
        if self.path is not None:
            write_private(self.path, "".join(f"{text}\n" for text in self.texts).encode())


def _wrong(path: Path | None, got: str, hint: str) -> ConfigurationError:
    return ConfigurationError(system="secrets", subject=f"key in {path or KEY}", expected="a key", got=got, hint=hint)
