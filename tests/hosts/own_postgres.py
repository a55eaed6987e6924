"""The PostgreSQL of `testkit.own_postgres`; a test is skipped where its wheel does not exist."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from testkit import own_postgres


@contextlib.contextmanager
def served(address: str = "127.0.0.1") -> Iterator[own_postgres.Server]:
    """A new server that listens on `address`."""
    pytest.importorskip("pgserver", exc_type=ImportError)
    with own_postgres.served(address) as server:
        yield server


@contextlib.contextmanager
def postgres(address: str = "127.0.0.1") -> Iterator[str]:
    """The URL of a new server."""
    with served(address) as server:
        yield server.url
