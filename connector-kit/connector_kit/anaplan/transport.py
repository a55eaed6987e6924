"""Requests to the integration API: signed, limited, paged, and patient with a model that is blocked for a while."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, TypeVar

import requests

from connector_kit.anaplan.auth import AnaplanAuth
from connector_kit.anaplan.errors import SYSTEM, BlockedError
from connector_kit.anaplan.reading import mapping, number, rows
from connector_kit.errors import RefusedError
from connector_kit.http import HttpSession, Unreadable
from connector_kit.http.bodies import decoded

T = TypeVar("T")
log = logging.getLogger(__name__)

_PAGE = 5000
"""Rows to ask for; the API's largest page. What comes may be less."""

_CONFLICT_PATIENCE = 60.0
"""Seconds to wait at most after a 409: unlike a lock it may be there for good."""

_LOOKS = (2.0, 5.0, 10.0, 20.0, 30.0)
"""Seconds between looks at a blocked model; the last one repeats."""


class Transport:
    """Sends requests below one API address.

    Args:
        http: signed with `auth`.
        api_url: base address without /2/0.
        wait_seconds: how long to wait for a locked or offline model.
    """

    def __init__(self, http: HttpSession, api_url: str, auth: AnaplanAuth, *, wait_seconds: float = 0.0) -> None:
        self._http = http
        self._auth = auth
        self._base = f"{api_url.rstrip('/')}/2/0"
        self.wait_seconds = wait_seconds

    def request(
        self,
        method: str,
        path: str,
        *,
        what: str,
        read: Callable[[requests.Response], T],
        repeatable: bool | None = None,
        allow: Collection[int] = (),
        **options: Any,  # noqa: ANN401 - handed to requests as they are
    ) -> T:
        """As `HttpSession.request`, below the API's address.

        Raises:
            BusyError: the model is still blocked after `wait_seconds`.
            BlockedError: 409 that may be a gateway's, to what must not be repeated.
        """
        started = time.monotonic()
        looks = 0
        while True:
            # A login that fails must not be repeated by the request's own tries, nor leave its outcome in doubt.
            self._auth.ensure()
            try:
                return self._http.request(
                    method, self._base + path, what=what, read=read, repeatable=repeatable, allow=allow, **options
                )
            except BlockedError as error:
                if repeatable is False and error.status == 409 and not error.own:
                    raise  # a gateway may have said so, and the request was carried out
                limit = min(self.wait_seconds, _CONFLICT_PATIENCE) if error.status == 409 else self.wait_seconds
                waited = time.monotonic() - started
                if waited >= limit:
                    raise error.as_busy(waited if looks else 0.0) from error
                if not looks:
                    log.info("Anaplan: %s: %s, waiting for up to %.0f s", what, error.state, limit)
                time.sleep(min(_LOOKS[min(looks, len(_LOOKS) - 1)], limit - waited))
                looks += 1

    def check_end(self, path: str, *, what: str) -> None:
        """That nothing stands where a text would go on.

        Raises:
            RefusedError: there is more than Anaplan said.
        """
        absent = (400, 404, 410, 416)
        more = self.request(
            "GET", path, what=what, read=lambda answer: answer.ok and bool(read_bytes(answer)), allow=absent
        )
        if more:
            raise RefusedError(
                system=SYSTEM,
                subject=what,
                expected="nothing behind the last part",
                got="more than Anaplan counted",
                hint="Run again: what was read is not complete.",
            )

    def json(
        self,
        method: str,
        path: str,
        *,
        what: str,
        holds: Collection[str] = (),
        **options: Any,  # noqa: ANN401
    ) -> dict[str, Any]:
        """The JSON object that a request answers; without any of the members `holds` it is no answer of Anaplan's."""

        def read(response: requests.Response) -> dict[str, Any]:
            body = read_json(response)
            if holds and body.keys().isdisjoint(holds):
                raise Unreadable(f"it has no {next(iter(holds))}")
            return body

        return self.request(method, path, what=what, read=read, **options)

    def listed(self, path: str, key: str, *, what: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The answer that holds a list, or a page of it. Anaplan may leave an empty one out, but not its envelope."""
        return self.json("GET", path, what=what, holds=(key, "meta", "status"), params=params)

    def pages(
        self, path: str, key: str, *, what: str, params: Mapping[str, str] | None = None
    ) -> Iterator[list[dict[str, Any]]]:
        """The pages of a list, by the number of rows that the server really gave.

        The end is an empty page, or one shorter than asked that the server's own count agrees with.
        """
        offset = 0
        before: list[dict[str, Any]] = []
        while True:
            query = {"limit": str(_PAGE), "offset": str(offset), **(params or {})}
            body = self.listed(path, key, what=what, params=query)
            page = rows(body.get(key))
            if not page:
                return
            if page == before:
                raise RefusedError(
                    system=SYSTEM, subject=what, expected=f"rows behind the first {offset}", got="the same page again"
                )
            yield page
            offset += len(page)
            before = page
            paging = mapping(mapping(body.get("meta")).get("paging"))
            # `next` is shown on last pages too, so it counts only where the total is not told.
            more = offset < number(paging["totalSize"]) if "totalSize" in paging else "next" in paging
            if not more and len(page) < _PAGE:
                return

    def all(self, path: str, key: str, *, what: str, params: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """Every row of a list."""
        return [row for page in self.pages(path, key, what=what, params=params) for row in page]


def read_json(response: requests.Response) -> dict[str, Any]:
    """A JSON object from an answer.

    Raises:
        Unreadable: nothing, a web page, half a text, or anything that is not an object.
    """
    try:
        body: Any = decoded(response.content)
    except ValueError as error:
        raise Unreadable(str(error)) from error
    if not isinstance(body, dict):
        raise Unreadable("not a JSON object")
    return body


def read_json_or_nothing(response: requests.Response) -> dict[str, Any]:
    """As `read_json`; an empty answer is an empty object."""
    return read_json(response) if response.content else {}


class WholeLines:
    """Reads a body of whole lines.

    One that does not end with a line end, or is empty, may have been cut by a gateway, which would shorten its last
    number: it is asked for once more, and taken when it is the same again.
    """

    def __init__(self) -> None:
        self._before: bytes | None = None

    def __call__(self, response: requests.Response) -> bytes:
        """The body; raises `Unreadable` when it is to be asked for again."""
        body = read_bytes(response)
        # UTF-16 has a zero byte behind, or before, the line end.
        if body.rstrip(b"\0")[-1:] in {b"\n", b"\r"} or body == self._before:
            return body
        self._before = body
        raise Unreadable("its last line has no end" if body else "nothing is in it")


def read_bytes(response: requests.Response) -> bytes:
    """The body as it is.

    Raises:
        Unreadable: it is a web page, which a gateway may put in place of an answer, with whatever status.
    """
    html = "html" in response.headers.get("Content-Type", "").lower()
    if html or response.content[:100].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        raise Unreadable("a web page instead of an answer, from a gateway or proxy")
    return response.content
