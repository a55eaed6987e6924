"""Bodies as a JSON reader needs them: without a byte order mark, and with texts that are Unicode."""

from __future__ import annotations

import codecs
import logging
import re
from typing import Any

import msgspec

log = logging.getLogger(__name__)

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# An escaped backslash, a pair of surrogates, or half a pair.
_ESCAPES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
_HALF = 6


def decoded(body: bytes, kind: Any = Any) -> Any:  # noqa: ANN401 - of whatever type is asked for
    """The value of a JSON body, of type `kind`; numbers may come as texts.

    Raises:
        ValueError: no JSON (`msgspec.DecodeError`, `UnicodeDecodeError`), or not of the type.
    """
    plain = unmarked(body)
    try:
        return msgspec.json.decode(plain, type=kind, strict=False)
    except ValueError:
        text = mended(plain)
        if text == plain:
            raise
        value = msgspec.json.decode(text, type=kind, strict=False)
        log.warning("Texts of an answer are no Unicode: U+FFFD stands for what can't be read")
        return value


def unmarked(body: bytes) -> bytes:
    """The body as UTF-8 without a byte order mark: RFC 8259, 8.1, lets a reader ignore the mark."""
    if body.startswith(codecs.BOM_UTF8):
        return body[len(codecs.BOM_UTF8) :]
    return body.decode("utf-16", "replace").encode() if body.startswith(_UTF16) else body


def mended(body: bytes) -> bytes:
    """The body with U+FFFD for each half of a surrogate pair and each byte that is no UTF-8.

    Half a pair is valid JSON (RFC 8259, 8.2) and no text: databases cut long texts in the middle of a character.
    """
    whole = body.decode("utf-8", "replace").encode()
    return _ESCAPES.sub(lambda found: rb"\ufffd" if len(found[0]) == _HALF else found[0], whole)
