"""The pool of connections of a session: its TLS, the check of leases right before a request's first byte, and headers
of answers within bounds.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

import urllib3
from requests.adapters import HTTPAdapter
from typing_extensions import override
from urllib3.util.response import assert_header_parsing

from connector_kit.http.heads import WHOLE_ANSWER, TimedResponse
from connector_kit.lease_check import check_leases

_CHANGES: ContextVar[bool] = ContextVar("request_changes", default=False)


@contextmanager
def sending(*, changes: bool) -> Iterator[None]:
    """Says of the request within the block whether it changes something. A log-on within it says so for itself."""
    token = _CHANGES.set(changes)
    try:
        yield
    finally:
        _CHANGES.reset(token)


class Adapter(HTTPAdapter):
    """A pool that checks the leases (`connector_kit.lease_check`) before the first byte of what changes something.

    Args:
        ssl_context: TLS connections are made with it.
        pool_size: connections at once; more requests wait.
    """

    def __init__(self, ssl_context: ssl.SSLContext, pool_size: int) -> None:
        self._ssl_context = ssl_context
        super().__init__(pool_connections=2, pool_maxsize=pool_size, pool_block=True)

    @override
    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=self._ssl_context, **options)
        _let_check(self.poolmanager)

    @override
    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, ssl_context=self._ssl_context, **options)
        if not known:
            _let_check(manager)
        return manager


class _Checking:
    """Mixed into urllib3's connections: connects first, because that may take long, and checks then."""

    sock: object
    timeout: float | None
    connect: Callable[[], None]
    response_class: Callable[..., Any]

    def request(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - as urllib3 has them
        if self.sock is None:
            self.connect()
        if _CHANGES.get():
            check_leases()
        super().request(*arguments, **options)  # type: ignore[misc] # of urllib3's connection

    def getresponse(self) -> Any:  # noqa: ANN401 - as urllib3 has it
        if self.timeout is not None:
            self.response_class = partial(TimedResponse, seconds=WHOLE_ANSWER * self.timeout)
        response = super().getresponse()  # type: ignore[misc] # of urllib3's connection
        _check_head(response)
        return response


def _check_head(response: Any) -> None:  # noqa: ANN401 - urllib3's
    """Raises ProtocolError where headers can't be read and nothing says any more where the body ends."""
    head = response._original_response  # noqa: SLF001 - urllib3 hands it out under this name
    if head.length is None and not head.chunked:
        try:
            assert_header_parsing(head.msg)
        except (urllib3.exceptions.HeaderParsingError, TypeError) as error:
            response.close()
            raise urllib3.exceptions.ProtocolError("headers that can't be read") from error


# urllib3 tells of headers that it can't read with a traceback and the address: those that matter are an error of ours.
logging.getLogger("urllib3.connection").addFilter(lambda record: "Failed to parse headers" not in str(record.msg))


def _let_check(manager: Any) -> None:  # noqa: ANN401 - urllib3's manager of pools, or a proxy's
    classes = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _checking(pool) for scheme, pool in classes.items()}


def _checking(pool: Any) -> type:  # noqa: ANN401 - a class of urllib3's pools
    connection = type(f"Checking{pool.ConnectionCls.__name__}", (_Checking, pool.ConnectionCls), {})
    return type(f"Checking{pool.__name__}", (pool,), {"ConnectionCls": connection})
