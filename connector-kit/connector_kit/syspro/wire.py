"""Requests to e.net's REST service, and what their bodies mean. Knows nothing of sessions.

Facts: recorded traffic of SYSPRO 7.0.0.6 (syspro-ruby): everything is a GET whose parameters stand in the address, and
failures come with HTTP status 200; SYSPRO e.net MCP server for PostLD, the one call with a body.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import quote, urlsplit

from connector_kit.errors import ConfigurationError, RefusedError
from connector_kit.http import HttpSession, Limiter, Retry, Unreadable
from connector_kit.lease_check import LeaseCheck, under_lease
from connector_kit.syspro.failures import SYSTEM, failure, failure_text
from connector_kit.syspro.xml import decode
from connector_kit.tls import warn_of_open

if TYPE_CHECKING:
    import requests

T = TypeVar("T")

_DEFAULT_PATH = "/SYSPROWCFService/Rest"


class Wire:
    """The service at an address.

    Args:
        base_url: e.g. `http://server:31002/SYSPROWCFService/Rest`; a URL without a path gets this one.
        limiter: a rate shared by all processes.
        url_limit: characters an address may have.
        url_encoding: encoding of text in it.

    Attributes:
        may_change: the check of the operator's lease, where there is one.
    """

    def __init__(
        self,
        base_url: str,
        *,
        limiter: Limiter | None,
        retry: Retry | None,
        timeout: tuple[float, float],
        verify: Literal[True] | str,
        url_limit: int,
        url_encoding: str,
    ) -> None:
        self.base_url = _checked(base_url)
        self.url_limit = url_limit
        self.may_change: LeaseCheck | None = None
        self._url_encoding = url_encoding
        self._http = HttpSession(SYSTEM, limiter=limiter, retry=retry, timeout=timeout, verify=verify, pool_size=1)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def time(self) -> float | None:
        """See `HttpSession.time`."""
        return self._http.time()

    def length(self, path: str, parameters: Mapping[str, str]) -> int:
        """How many characters the address of a GET has."""
        return len(self._url(path, parameters))

    def get(
        self,
        path: str,
        parameters: Mapping[str, str],
        what: str,
        read: Callable[[str], T],
        *,
        logging_on: bool = False,
        repeatable: bool = True,
        changes: bool = False,
    ) -> T:
        """One GET. Queries change nothing, and a logon only replaces the operator's own: both may be repeated."""
        url = self._url(path, parameters)
        if len(url) > self.url_limit:
            raise RefusedError(
                system=SYSTEM,
                subject=what,
                expected=f"an address of at most {self.url_limit} characters",
                got=f"{len(url)} characters",
                hint="Send or ask for fewer columns or conditions at once.",
            )
        return self._send("GET", url, what, read, logging_on=logging_on, repeatable=repeatable, changes=changes)

    def _url(self, path: str, parameters: Mapping[str, str]) -> str:
        encoded = "&".join(f"{name}={self._quoted(value)}" for name, value in parameters.items())
        return f"{self.base_url}/{path}" + (f"?{encoded}" if encoded else "")

    def _send(
        self,
        method: str,
        url: str,
        what: str,
        read: Callable[[str], T],
        *,
        logging_on: bool = False,
        repeatable: bool,
        changes: bool,
        **options: Any,  # noqa: ANN401 - handed to requests as they are
    ) -> T:
        def read_answer(response: requests.Response) -> T:
            text = decode(response.content)
            failed = failure_text(text)
            if failed is not None:
                raise failure(failed, what, logging_on=logging_on)
            if not text.strip():
                raise Unreadable("nothing in it")
            return read(text)

        with under_lease(self.may_change) if self.may_change is not None else contextlib.nullcontext():
            return self._http.request(
                method, url, what=what, read=read_answer, repeatable=repeatable, changes=changes, **options
            )

    def post(self, path: str, body: bytes, what: str, read: Callable[[str], T]) -> T:
        """One POST with an XML body, which is not repeated."""
        headers = {"Content-Type": "application/xml; charset=utf-8"}
        url = f"{self.base_url}/{path}"
        return self._send("POST", url, what, read, repeatable=False, changes=True, data=body, headers=headers)

    def _quoted(self, value: str) -> str:
        # What the encoding lacks travels as a character reference: only XML has such characters.
        return quote(value, safe="", encoding=self._url_encoding, errors="xmlcharrefreplace")


def _checked(base_url: str) -> str:
    parts = urlsplit(base_url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError(
            system=SYSTEM,
            subject="e.net address",
            expected=f"http(s)://SERVER:PORT{_DEFAULT_PATH}",
            got=base_url,
        )
    warn_of_open(SYSTEM, "e.net address", base_url)
    path = parts.path.rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path or _DEFAULT_PATH}"
