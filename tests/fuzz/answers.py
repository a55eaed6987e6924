"""Server answers without a server: a status, headers and a body, as parsers get them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any, TypeVar

import requests
from requests.structures import CaseInsensitiveDict

from connector_kit.anaplan.transport import Transport

T = TypeVar("T")


def response(body: bytes, status: int = 200, method: str = "GET", **headers: str) -> requests.Response:
    """An answer that was read whole."""
    made = requests.Response()
    made.status_code = status
    made.headers = CaseInsensitiveDict({name.replace("_", "-"): value for name, value in headers.items()})
    made.encoding = requests.utils.get_encoding_from_headers(made.headers)
    made._content = body
    made._content_consumed = True
    made.url = "https://server.example/path"
    made.request = requests.Request(method, made.url, headers={"Authorization": "Basic abc"}).prepare()
    return made


def with_headers(data: bytes) -> requests.Response:
    """An answer whose first line is JSON: status and headers; the rest is the body.

    What is no such line is an answer of status 400 altogether.
    """
    line, _, body = data.partition(b"\n")
    try:
        told: Any = json.loads(line)
        headers = {str(name): str(value) for name, value in told["headers"].items()}
        # What http.client would not hand on: line breaks, and anything beyond Latin-1.
        headers = {n: v.encode("latin-1", "replace").decode("latin-1").translate(_BREAKS) for n, v in headers.items()}
        return response(body, int(told["status"]) % 1000, **headers)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return response(data, 400)


_BREAKS = {ord("\r"): None, ord("\n"): None}


class OneAnswer(Transport):
    """A transport to an Anaplan that has the same answer to everything."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def request(
        self,
        method: str,
        path: str,
        *,
        what: str,
        read: Callable[[requests.Response], T],
        repeatable: bool | None = None,
        allow: Collection[int] = (),
        **options: Any,
    ) -> T:
        return read(response(self.body, method=method))
