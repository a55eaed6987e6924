"""Bytes on their way into and out of the trail: the one place where compression (and encryption) happens."""

from __future__ import annotations

import zlib

from connector_kit.errors import ConfigurationError

ENCODING = 1  # zlib

# Level 1: JSON records of one stream resemble each other so much that higher levels cost more than they save.
_LEVEL = 1


def seal(data: bytes) -> bytes:
    """How the trail stores bytes; `ENCODING` is stored beside them."""
    return zlib.compress(data, _LEVEL)


def unseal(encoding: int, data: bytes) -> bytes:
    """What `seal` was given.

    Raises:
        ConfigurationError: written by a version that knows more encodings.
    """
    if encoding != ENCODING:
        raise ConfigurationError(
            system="audit trail",
            subject="payload block",
            expected=f"encoding {ENCODING}",
            got=str(encoding),
            hint="A newer connector-kit has written it: upgrade this one.",
        )
    return zlib.decompress(data)
