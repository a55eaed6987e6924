"""Which of several ways to log on the settings describe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector_kit.errors import ConfigurationError


def chosen_method(settings: Mapping[str, Any], needed: Mapping[str, Sequence[str]], *, system: str) -> str:
    """The method that the setting `auth_method` names, else the one that the settings are complete for.

    Args:
        settings: of the plugin.
        needed: each method's indispensable settings.
        system: for messages.

    Raises:
        ConfigurationError: an unknown method, a part of it missing, none at all, or several to choose from.
    """
    named = str(settings.get("auth_method") or "")
    complete = [method for method, keys in needed.items() if all(settings.get(key) for key in keys)]
    if not named:
        if len(complete) == 1:
            return complete[0]
        got = f"settings for {' and '.join(complete)}" if complete else "no complete set of credentials"
        raise ConfigurationError(
            system=system,
            subject="credentials",
            expected="one of " + ", ".join(f"{m} ({', '.join(keys)})" for m, keys in needed.items()),
            got=got,
            hint="Set auth_method to choose." if complete else "",
        )
    if named not in needed:
        raise ConfigurationError(
            system=system, subject="auth_method", expected=f"one of {', '.join(needed)}", got=repr(named)
        )
    missing = [key for key in needed[named] if not settings.get(key)]
    if missing:
        raise ConfigurationError(
            system=system,
            subject=f"auth_method {named}",
            expected=", ".join(needed[named]),
            got=f"no {' and no '.join(missing)}",
        )
    return named
