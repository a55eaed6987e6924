"""The plugins, each imported once and forked for each run; certificates; servers."""

from __future__ import annotations

import logging
import sys
import tempfile
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from sandbox.testing import Running, running

# Tests are imported by path, so their helpers have to be found by hand.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

PLUGINS = import_module("canaries.plugins").PLUGINS


@pytest.fixture(scope="session", params=PLUGINS, ids=lambda plugin: plugin.name)
def bench(request, tmp_path_factory):
    bench = import_module("canaries.bench").Bench(request.param, tmp_path_factory.mktemp(request.param.name))
    yield bench
    bench.close()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Running]:
    with running(size="tiny", task_seconds=0.02) as started:
        yield started


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the session's runtime folder, which it does not need
        pgserver = pytest.importorskip("pgserver")
    with tempfile.TemporaryDirectory(prefix="pg") as folder:  # a short path: it holds a socket
        logging.getLogger("pgserver").disabled = True
        server = pgserver.get_server(folder, cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the old protocol that one server speaks
        made = import_module("authority").Certificates(tmp_path_factory.mktemp("authority"))
        assert made.contexts
    return made
