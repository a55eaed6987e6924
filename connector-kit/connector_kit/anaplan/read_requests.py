"""Large reads: a request for a whole view or list, whose pages are taken as they are made.

Source: Anaplan transactional API reference ("large volume reads"): POST makes a request, its state goes from
NOT_STARTED over IN_PROGRESS to COMPLETE or CANCELLED, pages count from 0 and may be fetched while it is in progress,
DELETE frees it; without that it expires after 30 idle minutes. Which pages carry the header is not told anywhere, so
both are understood (see `connector_kit.anaplan.spool`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from connector_kit.anaplan.errors import SYSTEM
from connector_kit.anaplan.reading import mapping, number, text, truth
from connector_kit.anaplan.tasks import Polling
from connector_kit.anaplan.transport import Transport, WholeLines
from connector_kit.errors import BusyError, ConnectorError, NotFoundError, RefusedError, UnavailableError

log = logging.getLogger(__name__)

_GROWTH = 1.5


class ExpiredReadError(NotFoundError):
    """The read request is gone, although it was there: it can only be made anew."""


@dataclass(frozen=True, slots=True)
class _Status:
    """`successful` is None while the server says nothing."""

    state: str
    pages: int
    successful: bool | None


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """One kind of large read of one object.

    Args:
        transport: to the API.
        path: of the requests, e.g. "/models/…/views/…/readRequests".
        key: what the answers wrap a request in, "viewReadRequest" or "listReadRequest".
        body: of the request that makes one.
        what: the object in messages.
    """

    transport: Transport
    path: str
    key: str
    what: str
    body: dict[str, Any] | None = None
    polling: Polling = field(default_factory=Polling)

    def pages(self) -> Iterator[bytes]:
        """The pages in their order, as CSV; the request is deleted in the end, whatever happens.

        Raises:
            ExpiredReadError: the request vanished; pages that came before are not to be used.
            RefusedError: Anaplan gave the read up.
            BusyError: the model did not get to it within `polling.queue` seconds.
        """
        request_id = self._start()
        path = f"{self.path.rstrip('/')}/{request_id}"
        try:
            yield from self._follow(path)
        finally:
            self._delete(path)

    def _start(self) -> str:
        options: dict[str, Any] = {} if self.body is None else {"json": self.body}
        # Made twice by a repeated POST, one of them is never read and expires: nothing is changed by that.
        what = f"{self.what}, read request"
        answer = self.transport.json("POST", self.path, what=what, holds=[self.key], repeatable=True, **options)
        request_id = text(mapping(answer[self.key]).get("requestId"))
        if not request_id:
            raise UnavailableError(
                system=SYSTEM, subject=self.what, expected="the id of a read request", got="an answer without one"
            )
        return request_id

    def _follow(self, path: str) -> Iterator[bytes]:
        fetched = 0
        pause = self.polling.first
        waiting_since = time.monotonic()
        while True:
            status = self._look(path)
            for page in range(fetched, status.pages):
                yield self._page(path, page)
            if status.pages > fetched:
                fetched, pause, waiting_since = status.pages, self.polling.first, time.monotonic()
            if status.state == "COMPLETE" and status.successful is not False:
                self.transport.check_end(f"{path}/pages/{fetched}", what=f"{self.what}, behind page {fetched}")
                return
            if status.state in {"COMPLETE", "CANCELLED"}:
                raise RefusedError(
                    system=SYSTEM,
                    subject=self.what,
                    expected="all pages",
                    got=f"a read request that ended as {status.state} after {fetched} pages",
                    hint="Run again; if it stays, read the same view or list in Anaplan.",
                )
            if time.monotonic() - waiting_since > self.polling.queue:
                raise BusyError(
                    system=SYSTEM,
                    subject=self.what,
                    expected=f"a page within {self.polling.queue:.0f} s",
                    got=f"a read request in the state {status.state or 'unknown'} after {fetched} pages",
                    hint="Look in Manage models at what runs, or raise wait_seconds.",
                )
            time.sleep(pause)
            pause = min(pause * _GROWTH, self.polling.longest)

    def _look(self, path: str) -> _Status:
        try:
            answer = self.transport.json("GET", path, what=f"{self.what}, read request", holds=[self.key])
        except NotFoundError as error:
            raise self._gone(error) from error
        data = mapping(answer[self.key])
        said = data.get("successful")
        return _Status(
            text(data.get("requestState")).upper(),
            number(data.get("availablePages")),
            None if said is None else truth(said),
        )

    def _page(self, path: str, page: int) -> bytes:
        try:
            return self.transport.request(
                "GET",
                f"{path}/pages/{page}",
                what=f"{self.what}, page {page + 1}",
                read=WholeLines(),
                headers={"Accept": "text/csv"},
            )
        except NotFoundError as error:
            raise self._gone(error) from error

    def _gone(self, error: NotFoundError) -> NotFoundError:
        if error.status != 404:
            return error
        return ExpiredReadError(
            system=SYSTEM,
            subject=self.what,
            expected="the read request that was made",
            got=error.got,
            hint="Read requests expire after 30 minutes without a look at them.",
            status=404,
        )

    def _delete(self, path: str) -> None:
        try:
            self.transport.request(
                "DELETE", path, what=f"{self.what}, end of the read request", read=lambda _: None, allow=(400, 404, 409)
            )
        except ConnectorError as error:
            log.debug("%s. It expires by itself.", error)
