"""One HTTP session per system: its pool, its timeouts, its retries, its errors."""

from __future__ import annotations

import logging
import ssl
import sys
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import backoff
import requests
from requests.auth import AuthBase

from connector_kit.errors import (
    AuthenticationError,
    BusyError,
    ConnectorError,
    RefusedError,
    TransientError,
    UnavailableError,
)
from connector_kit.http.adapter import Adapter, sending
from connector_kit.http.bodies import MOST_BYTES, TooLargeError, read_whole
from connector_kit.http.failures import NotSentError, advised, common_error, no_answer
from connector_kit.http.heads import WHOLE_ANSWER
from connector_kit.http.retry import Retry, moment
from connector_kit.tls import client_context

T = TypeVar("T")
log = logging.getLogger(__name__)

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_SAFE_TO_REPEAT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


class Limiter(Protocol):
    """A rate that several processes share (see `connector_kit.coordination`)."""

    def acquire(self) -> None:
        """Wait for a turn, then take it."""

    def hold_off(self, seconds: float) -> None:
        """Nobody takes a turn for so long: the system said that it is too much."""


class Renewable(Protocol):
    """Credentials that can be made anew after a 401."""

    def renew(self) -> None:
        """Forget the present token or session, so that the next request gets a new one."""


class Unreadable(Exception):  # noqa: N818 - a signal from a reader to the session, never shown
    """Raised by a `read` function when the body is not what its status promises: half a JSON text, a gateway's page.

    `hint`: what to do where it stays so.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        self.hint = hint
        super().__init__(message)


Classify = Callable[[requests.Response, str], "ConnectorError | None"]


class HttpSession:
    """Sends requests to one system and gives back answers, or raises one of the family in `connector_kit.errors`.

    Args:
        system: the name that messages use, e.g. "Anaplan".
        auth: a requests auth; if it is `Renewable`, a 401 renews it once and the request is sent again.
        limiter: asked before every request that goes out, retries included.
        classify: turns a failed answer into an error, for the statuses that mean something special in this
            system; returns None to leave it to the common table.
        retry_statuses: statuses that this system means as "again, please" beyond 429, 502, 503 and 504.
        timeout: seconds to connect, seconds between bytes; a whole answer may take four times as long.
        verify: the file, or folder, with the certificates to trust in place of the usual ones. There is no way not to
            verify.
        ssl_context: from `tls.client_context`, for connections that show a client certificate.
    """

    def __init__(
        self,
        system: str,
        *,
        auth: AuthBase | None = None,
        limiter: Limiter | None = None,
        classify: Classify | None = None,
        retry: Retry | None = None,
        retry_statuses: Collection[int] = (),
        timeout: tuple[float, float] = (15.0, 300.0),
        pool_size: int = 8,
        verify: Literal[True] | str = True,
        ssl_context: ssl.SSLContext | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.system = system
        self.auth = auth
        self._limiter = limiter
        self._classify = classify
        self._retry = retry or Retry()
        self._retry_statuses = frozenset({429, 502, 503, 504, *retry_statuses})
        self._timeout = timeout
        self._clock: tuple[float | None, float] = (None, 0.0)
        self._session = requests.Session()
        # Proxies and certificate bundles of the environment count; a .netrc must not replace our credentials.
        self._session.auth = _Unsigned()
        self._session.verify = str(Path(verify).expanduser()) if isinstance(verify, str) else verify
        self._session.headers.update(headers or {})
        adapter = Adapter(ssl_context or client_context(), pool_size)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def close(self) -> None:
        """Close the pool's connections."""
        self._session.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        what: str,
        read: Callable[[requests.Response], T],
        repeatable: bool | None = None,
        changes: bool | None = None,
        allow: Collection[int] = (),
        **options: Any,  # noqa: ANN401 - handed to requests as they are
    ) -> T:
        """Send one request, and again while that is safe and useful; return what `read` makes of the answer.

        Args:
            method: the HTTP method.
            url: the whole address.
            what: the object, for messages: "file suppliers.csv, chunk 3".
            read: makes the value from a good answer; raises `Unreadable` when the body is broken, which counts
                as a failed try.
            repeatable: whether the system may safely get the request twice; by default the method decides.
            changes: whether it changes something, so that leases are checked before each try (see
                `connector_kit.lease_check`); by default the method decides.
            allow: statuses of 400 and above that `read` wants to see itself.
            options: `params`, `json`, `data`, `headers` and the like, for requests. `data` must be bytes or a
                string, so that a repeated request sends it again.

        Raises:
            ConnectorError: one of the family; the transient ones only after the last try.
        """
        again = method.upper() in _SAFE_TO_REPEAT if repeatable is None else repeatable
        asks = method.upper() not in _READING if changes is None else changes
        failures = 0
        renewed = False

        def give_up(error: Exception) -> bool:
            return isinstance(error, TransientError) and (error.retry_after or 0) > self._retry.longest

        def pause(error: TransientError) -> float:
            nonlocal failures
            failures += 1
            seconds = self._retry.wait(failures, error.retry_after)
            self._hold_off(error, seconds)
            log.warning("%s (try %d of %d, next in %.1f s)", error, failures, self._retry.tries, seconds)
            return seconds

        def given_up(details: Any) -> None:  # noqa: ANN401 - a dictionary of the library
            error = details["exception"]
            seconds = self._retry.wait(failures + 1, error.retry_after) if isinstance(error, TransientError) else 0.0
            self._hold_off(error, min(seconds, self._retry.longest))

        @backoff.on_exception(
            backoff.runtime,
            TransientError,
            value=pause,
            max_tries=self._retry.tries,
            giveup=give_up,
            on_giveup=given_up,
            jitter=None,
            logger=None,
        )
        def attempt() -> T:
            nonlocal renewed
            try:
                try:
                    return self._once(method, url, what, read, again, asks, allow, options)
                except AuthenticationError as error:
                    renew = getattr(self.auth, "renew", None)
                    if renewed or renew is None or error.status != 401:
                        raise
                renewed = True
                renew()
                return self._once(method, url, what, read, again, asks, allow, options)
            except TransientError as error:
                if again or error.status == 429 or isinstance(error, NotSentError):
                    raise
                raise _Final(error) from error

        try:
            return attempt()
        except _Final as final:
            raise final.error from final.error.__cause__

    def _once(
        self,
        method: str,
        url: str,
        what: str,
        read: Callable[[requests.Response], T],
        again: bool,
        asks: bool,
        allow: Collection[int],
        options: Mapping[str, Any],
    ) -> T:
        if self._limiter is not None:
            self._limiter.acquire()
        options = {"timeout": self._timeout, "auth": self.auth, "allow_redirects": False, **options, "stream": True}
        if self._session.verify is not True:
            # requests lets REQUESTS_CA_BUNDLE of the environment win over a session's own bundle.
            options.setdefault("verify", self._session.verify)
        handled = sys.exc_info()[1]
        try:
            with sending(changes=asks):
                response = self._session.request(method, url, **options)
            self._told_time(response)
            try:
                read_whole(response, WHOLE_ANSWER * self._timeout[1])
                return self._read(response, what, read, allow)
            except BaseException:
                response.close()  # a body that nobody reads to its end would keep its connection from the pool
                raise
        except Unreadable as error:
            unreadable = UnavailableError(
                system=self.system,
                subject=what,
                expected="a complete answer",
                got=f"HTTP {response.status_code} with a body that can't be read ({error})",
                hint=error.hint,
                status=response.status_code,
            )
            raise advised(unreadable) from error
        except TooLargeError as error:
            # Of a request that changes something it says nothing of what became of it.
            raise (UnavailableError if asks else RefusedError)(
                system=self.system,
                subject=what,
                expected=f"an answer of at most {MOST_BYTES // 1024**2} MiB",
                got="a larger one",
                hint="Ask for less at once (page_size), or check what answers at this address.",
            ) from error
        except requests.exceptions.RequestException as error:
            raise no_answer(self.system, what, error, handled, again=again) from error
        except (KeyboardInterrupt, SystemExit):
            # Told to stop in the middle of an answer: its connection never comes back to the pool, and whoever still
            # has to say goodbye (a log-off, a cancelled task) must not wait for it.
            self._session.close()
            raise

    def time(self) -> float | None:
        """Seconds since 1970 on the system's clock now, by the Date of its last answer; None when none told."""
        told, at = self._clock
        return None if told is None else told + time.monotonic() - at

    def _told_time(self, response: requests.Response) -> None:
        told = moment(response.headers.get("Date", ""))
        # A cache's answer has the time at which it was stored.
        if told is not None and "Age" not in response.headers:
            self._clock = (told, time.monotonic())

    def _hold_off(self, error: BaseException, seconds: float) -> None:
        """Tell all who share the rate; also one who does not ask again himself tells the others."""
        if isinstance(error, BusyError) and self._limiter is not None and error.status == 429:
            self._limiter.hold_off(seconds)

    def _read(
        self,
        response: requests.Response,
        what: str,
        read: Callable[[requests.Response], T],
        allow: Collection[int],
    ) -> T:
        if response.status_code >= 300 and response.status_code not in allow:
            raise self._error(response, what)
        return read(response)

    def _error(self, response: requests.Response, what: str) -> ConnectorError:
        special = self._classify(response, what) if self._classify else None
        return advised(special or common_error(self.system, what, response, self._retry_statuses))


class _Final(Exception):  # noqa: N818 - carries a transient error past the retries
    def __init__(self, error: TransientError) -> None:
        self.error = error
        super().__init__(str(error))


class _Unsigned(AuthBase):
    """An auth that adds nothing: keeps requests from reading ~/.netrc."""

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        return r
