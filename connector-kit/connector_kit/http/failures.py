"""What failed answers and missing ones mean anywhere, as errors for people."""

from __future__ import annotations

import re
import ssl
from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

import requests
import urllib3

from connector_kit.errors import (
    AuthenticationError,
    BusyError,
    ConfigurationError,
    ConnectorError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from connector_kit.http.retry import wanted_pause
from connector_kit.redaction import shortened

# No connection, so no request: safe to repeat whatever the method. (A name that is not found is a NewConnectionError.)
_NEVER_SENT = (requests.exceptions.ConnectTimeout, urllib3.exceptions.NewConnectionError)
_UNUSABLE = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
)
# What a server or gateway says that gave up on a request: too slow, too early, its client gone.
_GAVE_UP = frozenset({408, 425, 499})
# Of a longer body no more is looked at. Far beyond any excerpt: what a cut here makes of a secret is never shown.
_EXCERPTED = 64 * 1024
# Also what does not end: looking for the end once more from each beginning, a page of 64 KB would take half a minute.
_TAGS = re.compile(r"(?is)<(style|script)\b.*?(?:</\1>|\Z)|<[^<>]*>")


class NotSentError(UnavailableError):
    """There was no connection, so the system can't have seen the request."""


def excerpt(response: requests.Response, limit: int = 300) -> str:
    """The start of a body on one line, for messages. Bodies can carry personal data, so never the whole."""
    start = response.content[:_EXCERPTED]
    try:
        text = start.decode(response.encoding or "utf-8", errors="replace")
    except (LookupError, ValueError):  # an encoding that a server made up
        text = start.decode("utf-8", errors="replace")
    if "html" in response.headers.get("Content-Type", "").lower():
        text = _TAGS.sub(" ", text)
    return shortened(" ".join(text.split()), limit)


def no_answer(
    system: str, what: str, error: Exception, handled: BaseException | None, *, again: bool
) -> ConnectorError:
    """What it means that there is no answer, or only part of one.

    handled: what was being handled before the request began. again: the request may be repeated.
    """
    chain = list(_chain(error, handled))
    got = _words(chain[-1])
    theirs = any(isinstance(inner, urllib3.exceptions.InvalidHeader) for inner in chain)  # of the answer
    if isinstance(error, _UNUSABLE) and not theirs:
        # Not requests' words: they quote the header, which may be a token with a line break in it.
        return ConfigurationError(
            system=system,
            subject=what,
            expected="an address and headers that HTTP can carry",
            got=type(error).__name__,
            hint="Check the address in the settings, and tokens for line breaks.",
        )
    broken = isinstance(chain[-1], (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError))
    untrusted = isinstance(error, requests.exceptions.SSLError) and not broken
    if untrusted or (isinstance(error, requests.exceptions.ProxyError) and "407" in got):
        return RefusedError(
            system=system,
            subject=what,
            expected="a trusted connection",
            got=got,
            hint="Check the certificate bundle and the proxy settings.",
        )
    not_sent = any(isinstance(inner, _NEVER_SENT) for inner in chain)
    unsure = "" if again or not_sent else " It may have been carried out all the same."
    return (NotSentError if not_sent else UnavailableError)(
        system=system,
        subject=what,
        got=got,
        hint=f"Check that the system is up and that its address{_host(error)} is right.{unsure}",
    )


def common_error(
    system: str, what: str, response: requests.Response, retry_statuses: Collection[int] = (429, 502, 503, 504)
) -> ConnectorError:
    """The error that an HTTP status means anywhere."""
    status = response.status_code
    got = f"HTTP {status}: {excerpt(response)}" if response.content else f"HTTP {status}"
    retry_after = wanted_pause(response)
    if retry_after is not None:
        got += f" (asks to come back in {retry_after:.0f} s)"
    if status == 429:
        return BusyError(
            system=system,
            subject=what,
            expected="to stay under its rate limit",
            got=got,
            status=status,
            retry_after=retry_after,
        )
    if status in retry_statuses or status in _GAVE_UP or status >= 500:
        return UnavailableError(system=system, subject=what, got=got, status=status, retry_after=retry_after)
    if status == 401:
        return AuthenticationError(
            system=system, subject=what, got=got, status=status, hint="Check the user and the password or token."
        )
    if status in {403, 404}:
        return NotFoundError(
            system=system,
            subject=what,
            got=got,
            status=status,
            hint="Check the name, and that this user may see it.",
        )
    if 300 <= status < 400:
        return RefusedError(
            system=system,
            subject=what,
            expected="an answer",
            got=f"HTTP {status}, a redirect to {_place(response.headers.get('Location'))}",
            status=status,
            hint="Set the address to where the service really is: credentials are not sent elsewhere.",
        )
    return RefusedError(system=system, subject=what, got=got, status=status)


def advised(error: ConnectorError) -> ConnectorError:
    """The error of an answer, with advice where nobody had any: every line says what to do."""
    if error.hint:
        return error
    match error:
        case BusyError():
            error.hint = "Run again later, or with fewer requests a minute."
        case UnavailableError():
            error.hint = "Run again later; if it stays so, ask who runs the system, or a gateway before it."
        case _:
            error.hint = "Asked again, it will say the same: show this line to who runs the system."
    return error


def _place(location: str | None) -> str:
    """Where a redirect leads, without the query: that of a login page carries what was asked, secrets and all."""
    return shortened(re.split(r"[?#;]", location or "nowhere")[0], 300)


def _host(error: Exception) -> str:
    """Where the request went, to stand in a sentence: the host alone, since paths and queries may carry secrets."""
    request = getattr(error, "request", None)
    parts = urlsplit(getattr(request, "url", None) or "")
    if not parts.hostname:
        return ""
    return f" {parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _chain(error: BaseException, until: BaseException | None) -> Iterator[BaseException]:
    """The error and those behind it, without what was being handled before the request began."""
    inner: BaseException | None = error
    while inner is not None and inner is not until:
        yield inner
        inner = inner.__context__


def _words(error: BaseException) -> str:
    """An error's words, without the object addresses that requests puts around them."""
    name = type(error).__name__
    text = str(error)
    return name if not text or "object at 0x" in text else f"{name}: {text}"
