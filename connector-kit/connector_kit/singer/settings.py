"""Settings that name streams, codes and addresses: what JSON schemas can't check of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from connector_kit.errors import ConfigurationError


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
