"""Fixtures of the sandbox's tests."""

from __future__ import annotations

import pytest

from sandbox.testing import running
from sandbox.tests.anaplan_client import Anaplan
from sandbox.tests.sap_client import Sap
from sandbox.tests.sap_posting import Poster
from sandbox.tests.syspro_client import Syspro


@pytest.fixture(scope="session")
def anaplan_sandbox():
    with running(only="anaplan", task_seconds=0.02) as sandbox:
        yield sandbox


@pytest.fixture
def anaplan(anaplan_sandbox):
    """A logged-on caller of a fresh tenant."""
    anaplan_sandbox.control.reset()
    return Anaplan(anaplan_sandbox)


@pytest.fixture
def other_user(anaplan_sandbox, anaplan):
    """Callers for the tenant's other users, by the first part of their address."""
    users = {user["email"].partition("@")[0]: user for user in anaplan.control.call("GET", "/anaplan/users")["users"]}

    def log_on(name):
        return Anaplan(anaplan_sandbox, users[name]["email"], users[name]["password"])

    return log_on


@pytest.fixture(scope="session")
def syspro_sandbox():
    with running(only="syspro", size="small") as sandbox:
        yield sandbox


@pytest.fixture
def syspro(syspro_sandbox):
    """A caller of freshly seeded companies, switches at their defaults."""
    syspro_sandbox.control.reset()
    return Syspro(syspro_sandbox)


@pytest.fixture(scope="session")
def sap_sandbox():
    with running(only="sap", size="small") as sandbox:
        yield sandbox


@pytest.fixture
def poster(sap_sandbox):
    """A communication user who posts into freshly seeded books."""
    sap_sandbox.control.reset()
    return Poster(sap_sandbox)


@pytest.fixture
def sap(sap_sandbox):
    """A caller of a freshly seeded tenant, switches at their defaults."""
    sap_sandbox.control.reset()
    return Sap(sap_sandbox)
