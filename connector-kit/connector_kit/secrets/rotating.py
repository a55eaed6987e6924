"""A secret that its own use replaces, such as an OAuth refresh token: read anew and kept where its reference says."""

from __future__ import annotations

from dataclasses import dataclass

from connector_kit.redaction import register_secret
from connector_kit.secrets.references import REFERENCE, resolve

_SETTING = "rotating secret"


@dataclass(frozen=True, slots=True)
class RotatingSecret:
    """The secret behind `keyring:SERVICE/NAME` or `file:NAME`."""

    scheme: str
    name: str

    def load(self) -> str:
        """Its present value: another process may have replaced it since this one started.

        Raises:
            ConfigurationError: it is not there any more.
        """
        return str(resolve({_SETTING: f"{self.scheme}:{self.name}"}, {_SETTING})[_SETTING])

    def store(self, value: str) -> None:
        """Keep a new value.

        Raises:
            ConfigurationError: the store can't be written.
        """
        register_secret(value)
        if self.scheme == "keyring":
            import keyring  # noqa: PLC0415 - optional, and slow to import

            service, _, user = self.name.rpartition("/")
            keyring.set_password(service, user, value)
        else:
            from connector_kit.secrets.store import SecretStore  # noqa: PLC0415 - cryptography is slow to import

            SecretStore.open().set(self.name, value)


def rotating(reference: object) -> RotatingSecret | None:
    """The secret behind a setting's value as it was configured; None where nothing can be written back."""
    match = REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
    if match is None or match.group(1) not in {"keyring", "file"}:
        return None
    return RotatingSecret(match.group(1), match.group(2))
