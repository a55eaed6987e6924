"""Payload bytes on their way into and out of the trail: the one place where compression (and encryption) happens."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from connector_kit.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

ZLIB = 1

# Level 1: JSON records of one stream resemble each other so much that higher levels cost more than they save.
_LEVEL = 1


def pack(payloads: Sequence[bytes]) -> tuple[int, bytes]:
    """The number of the encoding and the encoded bytes of some JSON documents, one per line."""
    text = b"\n".join(payloads)
    if text.count(b"\n") != len(payloads) - 1:
        # A line feed in JSON text can only be white space between its parts.
        text = b"\n".join(payload.replace(b"\n", b" ") for payload in payloads)
    return ZLIB, zlib.compress(text, _LEVEL)


def unpack(encoding: int, data: bytes) -> list[bytes]:
    """The JSON documents that `pack` was given."""
    if encoding != ZLIB:
        raise ConfigurationError(
            system="audit trail",
            subject="payload block",
            expected=f"encoding {ZLIB}",
            got=str(encoding),
            hint="It was written by a newer version of connector-kit: upgrade this one.",
        )
    return zlib.decompress(data).split(b"\n")
