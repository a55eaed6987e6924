"""The pool of connections of a session: its TLS, and the check of leases right before a request's first byte."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from requests.adapters import HTTPAdapter
from typing_extensions import override

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
    connect: Callable[[], None]

    def request(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - as urllib3 has them
        if self.sock is None:
            self.connect()
        if _CHANGES.get():
            check_leases()
        super().request(*arguments, **options)  # type: ignore[misc] # of urllib3's connection


def _let_check(manager: Any) -> None:  # noqa: ANN401 - urllib3's manager of pools, or a proxy's
    classes = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _checking(pool) for scheme, pool in classes.items()}


def _checking(pool: Any) -> type:  # noqa: ANN401 - a class of urllib3's pools
    connection = type(f"Checking{pool.ConnectionCls.__name__}", (_Checking, pool.ConnectionCls), {})
    return type(f"Checking{pool.__name__}", (pool,), {"ConnectionCls": connection})
