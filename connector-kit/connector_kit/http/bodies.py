"""Bodies: read within bounds, and as a JSON reader needs them (no byte order mark, texts that are Unicode)."""

from __future__ import annotations

import codecs
import logging
import re
import time
from typing import Any

import msgspec
import requests
import urllib3

log = logging.getLogger(__name__)

MOST_BYTES = 512 * 1024 * 1024
"""Of a body, unpacked. A few megabytes of gzip can stand for gigabytes."""
_PIECE = 1024 * 1024
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# An escaped backslash, a pair of surrogates, or half a pair.
_ESCAPES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
_HALF = 6


class TooLargeError(Exception):
    """A body of more than `MOST_BYTES`."""


def read_whole(response: requests.Response, seconds: float) -> None:
    """Read the body of a streamed response, so that `content` has it; at most `MOST_BYTES`, and not for ever.

    A timeout of sockets is about each piece alone: a server that drips a byte now and then never meets it.

    Raises:
        TooLargeError: there is more.
        requests.RequestException: as requests has it; `ReadTimeout` when the whole takes longer than `seconds`.
    """
    end = time.monotonic() + seconds
    body = bytearray()
    try:
        while piece := response.raw.read1(_PIECE, decode_content=True):
            body += piece
            if len(body) > MOST_BYTES:
                raise TooLargeError
            if time.monotonic() > end:
                raise requests.exceptions.ReadTimeout(f"the answer was not whole after {seconds:.0f} s")
    except urllib3.exceptions.DecodeError as error:
        raise requests.exceptions.ContentDecodingError(error) from error
    except urllib3.exceptions.ReadTimeoutError as error:
        raise requests.exceptions.ConnectionError(error) from error
    except urllib3.exceptions.SSLError as error:
        raise requests.exceptions.SSLError(error) from error
    except urllib3.exceptions.ProtocolError as error:
        raise requests.exceptions.ChunkedEncodingError(error) from error
    response._content = bytes(body)  # noqa: SLF001 - what `content` does, within bounds
    response._content_consumed = True  # type: ignore[attr-defined] # noqa: SLF001


def decoded(body: bytes, kind: Any = Any) -> Any:  # noqa: ANN401 - of whatever type is asked for
    """The value of a JSON body, of type `kind`; numbers may come as texts.

    Raises:
        ValueError: no JSON (`msgspec.DecodeError`, `UnicodeDecodeError`), not of the type, or nested too deeply.
    """
    plain = unmarked(body)
    try:
        try:
            return msgspec.json.decode(plain, type=kind, strict=False)
        except ValueError:
            text = mended(plain)
            if text == plain:
                raise
            value = msgspec.json.decode(text, type=kind, strict=False)
            log.warning("Texts of an answer are no Unicode: U+FFFD stands for what can't be read")
            return value
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None


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
