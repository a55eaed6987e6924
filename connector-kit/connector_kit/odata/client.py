"""Requests to one OData service: addresses, a page at a time, and what is learned about the server on the way."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
from typing_extensions import override
from urllib3.exceptions import ReadTimeoutError

from connector_kit.errors import RefusedError, UnavailableError
from connector_kit.http import HttpSession, Unreadable, excerpt
from connector_kit.odata.links import at_home
from connector_kit.odata.literals import DateStyle, Version, encode_query
from connector_kit.odata.metadata import Metadata, parse_metadata

T = TypeVar("T")
log = logging.getLogger(__name__)

SMALLEST_PAGE = 50
_COUNTING = ("$inlinecount=allpages", "$count=true")


_repeats: ContextVar[bool] = ContextVar("repeats", default=False)
"""Whether a request that gets no answer in time is sent again, as it is after any other outage."""
_counted: ContextVar[bool] = ContextVar("counted", default=False)
"""Whether who asks for a count can do without it; else a server that breaks on it is asked again."""


class PageTimeout(Exception):  # noqa: N818 - a signal to ask for less, shown only as the error it carries
    """The server did not finish a page in time: a smaller page is worth more than the same one again."""

    def __init__(self, error: UnavailableError) -> None:
        self.error = error
        super().__init__(str(error))


class CountFailed(Exception):  # noqa: N818 - a signal to do without, shown only as the error it carries
    """The server broke (HTTP 500) on a request that asks for a count: large sets have some services do so."""

    def __init__(self, error: UnavailableError) -> None:
        self.error = error
        super().__init__(str(error))


class ODataSession(HttpSession):
    """An `HttpSession` that hands to the reader at once what he can help: by smaller pages, or without a count."""

    @override
    def _once(self, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        try:
            return super()._once(method, url, *arguments, **options)
        except UnavailableError as error:
            if _timed_out(error) and not _repeats.get():
                raise PageTimeout(error) from error
            if error.status == 500 and _counted.get() and any(option in url for option in _COUNTING):
                raise CountFailed(error) from error
            raise


def _timed_out(error: UnavailableError) -> bool:
    cause: BaseException | None = error.__cause__
    while cause is not None:
        if isinstance(cause, (requests.exceptions.ReadTimeout, ReadTimeoutError)):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


@dataclass(frozen=True, slots=True)
class Dialect:
    """What this server understands; starts as configured and changes when a request is refused.

    Args:
        page_size: rows asked for at once (`$top`).
        count: whether `$count=true` (V4) or `$inlinecount=allpages` (V2) may be asked.
        dates: how V4 writes a day in a filter.
    """

    page_size: int = 5000
    count: bool = True
    dates: DateStyle = "offset"


class ODataClient:
    """Reads from one service.

    Args:
        session: the system's session; its authentication goes only to addresses of `base_url`'s origin.
        base_url: the service's root, for checks of the origin and for messages.
        headers: sent with each request; `Accept` is set here.
        exact: ask V4 servers for decimals as texts (IEEE754Compatible).
    """

    def __init__(
        self,
        session: HttpSession,
        base_url: str,
        *,
        version: Version = "4.0",
        dialect: Dialect | None = None,
        headers: Mapping[str, str] | None = None,
        exact: bool = False,
    ) -> None:
        self.session = session
        self.base_url = base_url
        self.version: Version = version
        self.dialect = dialect or Dialect()
        self._said: set[str] = set()
        accept = "application/json"
        if version == "4.0":
            accept += ";odata.metadata=minimal" + (";IEEE754Compatible=true" if exact else "")
        self._headers = {"Accept": accept, "Accept-Encoding": "gzip, deflate", **(headers or {})}

    @property
    def system(self) -> str:
        """The name that messages use."""
        return self.session.system

    def get(
        self,
        url: str,
        read: Callable[[bytes], T],
        *,
        what: str,
        hurry: bool = False,
        counted: bool = False,
        page_size: int = 0,
    ) -> T:
        """A GET; `read` makes the value from the body and raises `Unreadable` when the body is broken.

        With `hurry`, a read timeout comes as `PageTimeout`, for a caller that can ask for less; without, it is a failed
        try among others. With `counted` a 500 for a count as `CountFailed`, for one that can do without. `page_size` is
        what V4 servers are asked to page by where they page themselves (OData 4.0 part 1, 8.2.8.5); not all heed it.
        """
        headers = self._headers
        if page_size and self.version == "4.0":
            headers = {**headers, "Prefer": f"odata.maxpagesize={page_size}"}

        def checked(response: requests.Response) -> T:
            _refuse_web_page(response)
            return read(response.content)

        repeats, without = _repeats.set(not hurry), _counted.set(counted)
        try:
            return self.session.request("GET", url, what=what, read=checked, headers=headers)
        finally:
            _counted.reset(without)
            _repeats.reset(repeats)

    def metadata(self, url: str, *, what: str = "$metadata") -> Metadata:
        """The service's metadata document."""
        headers = {**self._headers, "Accept": "application/xml"}

        def checked(response: requests.Response) -> Metadata:
            _refuse_web_page(response)
            body = response.content
            if not body.rstrip().endswith(b">"):
                raise Unreadable("no XML document")
            return parse_metadata(body, system=self.system, what=what)

        repeats = _repeats.set(True)
        try:
            return self.session.request("GET", url, what=what, read=checked, headers=headers)
        finally:
            _repeats.reset(repeats)

    def link(self, base: str, link: str) -> str:
        """A server's continuation link, in the answer to `base`, as an address of this service (see `at_home`).

        Raises:
            RefusedError: when it leads to another service on another host: our credentials stay at home.
        """
        found = at_home(link, base, self.base_url)
        if found is None:
            raise RefusedError(
                system=self.system,
                subject="continuation link",
                expected=f"an address below {self.base_url}",
                got=_origin_of(base, link),
                hint="Set api_url to the name that the server itself uses, or read by keys (`paging: keyset`).",
            )
        if found != urljoin(base, link):
            self._say_once("links", "%s links to another name or path of itself: followed below %s", self.base_url)
        return found

    def _say_once(self, about: str, message: str, *values: object) -> None:
        if about not in self._said:
            self._said.add(about)
            log.info(message, self.system, *values)


def _refuse_web_page(response: requests.Response) -> None:
    start = response.content[:200].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if "html" in response.headers.get("Content-Type", "").lower() or start.startswith((b"<!doctype html", b"<html")):
        hint = "It comes from a log-on or a gateway: check the address, and how the user logs on."
        raise Unreadable(f"a web page: {excerpt(response, 120)}", hint)


def _origin_of(base: str, link: str) -> str:
    try:
        there = urlsplit(urljoin(base, link))
    except ValueError:
        return "a text that is no address"
    return f"one at {there.scheme}://{there.hostname}"


def address(url: str, options: Mapping[str, str]) -> str:
    """An address with query options; names as they are, values percent-encoded."""
    query = "&".join(f"{name}={encode_query(value)}" for name, value in options.items() if value)
    return f"{url}{'&' if '?' in url else '?'}{query}" if query else url


def smaller(dialect: Dialect) -> Dialect:
    """The dialect with pages of half the size."""
    return replace(dialect, page_size=max(SMALLEST_PAGE, dialect.page_size // 2))
