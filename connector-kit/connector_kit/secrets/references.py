"""References in settings, such as `keyring:syspro/password`, and what they stand for."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping

from connector_kit.errors import ConfigurationError
from connector_kit.redaction import register_secret, register_url

# A scheme, then anything: what only looks like a reference (a path, "env:" alone) is refused rather than guessed at.
# "file:///data" is a URL and stays as it is.
REFERENCE = re.compile(r"(keyring|file|env|raw):(?!//)(.*)", re.DOTALL)
_HOW = {
    "keyring": "keyring:SERVICE/NAME",
    "file": "file:NAME",
    "env": "env:NAME",
}


def resolve(config: Mapping[str, object], secret_names: Collection[str]) -> dict[str, object]:
    """A copy of `config` in which every reference is replaced by what it stands for.

    References may stand anywhere, in lists and objects too: `keyring:SERVICE/NAME` (the operating system's
    keyring), `file:NAME` (the encrypted file, see `connector-secrets`), `env:NAME` (an environment variable).
    `raw:TEXT` is `TEXT`, for a value that only looks like a reference. Resolved values, and all values under a key
    in `secret_names` and all passwords in URLs, are masked from now on wherever `connector_kit.redaction` is asked.

    Raises:
        ConfigurationError: a reference that leads nowhere; names the setting and the reference, never a value.
    """
    walk = _Walk(frozenset(secret_names))
    return {name: walk.value(value, name, name in walk.secret_names) for name, value in config.items()}


class _Walk:
    """One pass over one configuration; the encrypted file is read once, and only when something refers to it."""

    def __init__(self, secret_names: frozenset[str]) -> None:
        self.secret_names = secret_names
        self._file: Callable[[str], str | None] | None = None

    def value(self, value: object, setting: str, secret: bool) -> object:
        if isinstance(value, Mapping):
            for key in value:
                _must_be_unicode(str(key), setting)
            return {
                key: self.value(inner, f"{setting}.{key}", secret or key in self.secret_names)
                for key, inner in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self.value(inner, f"{setting}[{place}]", secret) for place, inner in enumerate(value)]
        if isinstance(value, str):
            return self._text(value, setting, secret)
        if secret and value is not None and not isinstance(value, bool):
            register_secret(str(value))
        return value

    def _text(self, text: str, setting: str, secret: bool) -> str:
        _must_be_unicode(text, setting)
        match = REFERENCE.fullmatch(text)
        scheme, name = match.groups() if match else ("", text)
        if scheme in _HOW:
            found = self._look_up(scheme, name, setting, text)
            register_secret(found)
            _must_be_unicode(found, setting)
        else:
            found = name
        if "://" in found or setting.endswith("url"):
            register_url(found)
        if scheme in _HOW:
            return found
        if secret:
            register_secret(name)
        return name

    def _look_up(self, scheme: str, name: str, setting: str, reference: str) -> str:
        found: str | None = None
        hint = f"Write {_HOW[scheme]}, or raw:{reference} when the value itself begins like this."
        if scheme == "env" and name:
            found = os.environ.get(name)
            hint = f"Set the environment variable {name}. {hint}"
        elif scheme == "keyring" and all(name.rpartition("/")):
            service, _, user = name.rpartition("/")
            found = _from_keyring(service, user, setting, reference)
            hint = f"Store it with: keyring set {service} {user}"
        elif scheme == "file" and name:
            found = self._from_file(name)
            hint = f"Store it with: connector-secrets set {name}"
        if not found:
            raise ConfigurationError(
                system="secrets",
                subject=f"setting {setting}, reference {reference}",
                expected="a stored secret",
                got="nothing",
                hint=hint,
            )
        return found

    def _from_file(self, name: str) -> str | None:
        if self._file is None:
            from connector_kit.secrets.store import SecretStore  # noqa: PLC0415 - cryptography is slow to import

            self._file = SecretStore.open().get
        return self._file(name)


def _must_be_unicode(text: str, setting: str) -> None:
    """JSON can write halves of surrogate pairs, a variable that is no UTF-8 comes with them: no system takes such."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ConfigurationError(
            system="secrets",
            subject=f"setting {setting}",
            expected="a text of Unicode characters",
            got="one with half a surrogate pair, or bytes that are not UTF-8",
        ) from None


def _from_keyring(service: str, user: str, setting: str, reference: str) -> str | None:
    try:
        import keyring  # noqa: PLC0415 - optional, and slow to import
        import keyring.errors  # noqa: PLC0415
    except ImportError as error:
        raise ConfigurationError(
            system="secrets",
            subject=f"setting {setting}, reference {reference}",
            expected="the package keyring",
            got="none installed",
            hint="Install connector-kit[keyring], or use file:NAME or env:NAME.",
        ) from error
    try:
        return keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise ConfigurationError(
            system="secrets",
            subject=f"setting {setting}, reference {reference}",
            expected="an unlocked keyring",
            got=type(error).__name__,
            hint="Unlock the keyring; on a server without one use file:NAME.",
        ) from error
