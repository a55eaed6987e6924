"""Settings that name streams, codes and addresses: what JSON schemas can't check of them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connector_kit.errors import ConfigurationError
from connector_kit.private_files import warn_of_exposure
from connector_kit.tls import client_context

_CLOCK = re.compile(r"([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?")
_NUMBER_FOR_TEXT = re.compile(r"-?\d+ is not (of type 'string'|valid under any)")


def refuse(plugin: str, faults: Sequence[str]) -> None:
    """End with what the settings' schema finds wrong, in one line.

    YAML reads a code such as 0001 as the number 1, and 0010 as 8: what is lost can't be guessed.

    Raises:
        ConfigurationError: there are faults.
    """
    if faults:
        quotes = any(map(_NUMBER_FOR_TEXT.match, faults))
        hint = "Write codes in quotes, '0001': without them YAML makes another number of them." if quotes else ""
        raise ConfigurationError(system=plugin, subject="settings", got="; ".join(faults), hint=hint)


def check_setting(plugin: str, name: str, value: object, schema: Mapping[str, Any]) -> None:
    """Look at one setting: formats are not part of the SDK's validation.

    Raises:
        ConfigurationError: a day that can't be read, a file that is not there, an address that holds a password.
    """
    if not isinstance(value, str) or not value:
        return
    if schema.get("format") in {"date", "date-time"} and not is_moment(value):
        raise ConfigurationError(
            system=plugin, subject=f"setting {name}", expected="a date such as 2026-01-31", got=repr(value)
        )
    if name.endswith("_url") and value.lower().startswith(("http:", "https:")):
        _check_address(plugin, name, value)
    if name == "ca_bundle":
        _check_bundle(plugin, value)


def _check_address(plugin: str, name: str, value: str) -> None:
    try:
        parts = urlsplit(value)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(
            system=plugin,
            subject=f"setting {name}",
            expected="an address such as https://host:443/path",
            got="a text that is none",
        )
    if "@" in parts.netloc:
        raise ConfigurationError(
            system=plugin,
            subject=f"setting {name}",
            expected="an address",
            got="one with a user in it",
            hint="Addresses are shown in logs and in the trail: set user and password in settings of their own.",
        )


def is_moment(text: str) -> bool:
    """Whether it is a day, or a day and a time, in ISO form."""
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return False
    return _CLOCK.fullmatch(text[10:]) is not None


def _check_bundle(plugin: str, path: str) -> None:
    try:
        place = Path(path).expanduser()
        if place.is_dir():  # OpenSSL takes a folder of certificates by their hashes, too
            return
        client_context().load_verify_locations(cafile=str(place))
        warn_of_exposure("The certificates to trust,", place, to_writers=True)
    except (OSError, ValueError) as error:
        got = getattr(error, "strerror", None) or getattr(error, "reason", None) or "no certificate in PEM format"
        raise ConfigurationError(
            system=plugin,
            subject="setting ca_bundle",
            expected="a file with certificates in PEM format",
            got=f"{path}: {got}",
        ) from None


def no_such_streams(plugin: str, known: Sequence[str], **settings: Iterable[str]) -> None:
    """Refuse settings that name streams which are not there; `settings`: what is left of each, by the setting's name.

    Raises:
        ConfigurationError: the first of them.
    """
    for setting, names in settings.items():
        unknown = sorted(names)
        if not unknown:
            continue
        close = difflib.get_close_matches(unknown[0], known, 1)
        raise ConfigurationError(
            system=plugin,
            subject=f"setting {setting}",
            expected="names of streams",
            got=", ".join(unknown),
            hint=(f"Did you mean {close[0]}? " if close else "") + f"`{plugin} --discover` lists them.",
        )
