"""Servers and plugins that none of us wrote; `make strangers` sets them up."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import requests

from connector_kit.http import Retry
from sandbox.testing import running
from tap_sap_s4hana.streams import SapStream
from tests.strangers import cap_model
from tests.strangers.cap_server import MODULES, Cap, project

SEEDS = int(os.environ.get("STRANGERS_SEEDS", "1"))
"""How many seeds each seeded test runs."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(1, SEEDS + 1))


@pytest.fixture(scope="session")
def cap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cap]:
    """All of SAP's services that tap-sap-s4hana reads, in CAP; not started."""
    if not MODULES.exists():
        pytest.skip(f"no {MODULES}: `make strangers` sets it up")
    made = project(tmp_path_factory.mktemp("cap") / "project", cap_model.sap_metadata() or _sandbox_metadata())
    yield made
    made.kill()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses between tries."""
    monkeypatch.setattr(Retry, "wait", lambda self, failures, retry_after: 0.02)


@pytest.fixture
def often_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    """STATE after each page, as a large set has it after a few."""
    monkeypatch.setattr(SapStream, "STATE_MSG_FREQUENCY", 1)


def _sandbox_metadata() -> dict[str, bytes]:
    """Where SAP's own EDMX is not given: the sandbox's."""
    with running(only="sap") as sandbox, requests.Session() as session:
        info = sandbox.info["sap"]
        session.auth = (info["username"], info["password"])
        found: dict[str, requests.Response] = {}
        for path in cap_model.services():
            found[path] = session.get(f"{info['url']}{path}/$metadata", timeout=60)
    return {path: answer.content for path, answer in found.items() if answer.ok}
