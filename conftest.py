"""What holds for every test of the house."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from connector_kit import redaction


@pytest.fixture(autouse=True)
def secrets_of_one_test_mask_nothing_in_another() -> Iterator[None]:
    """Secrets are registered for the life of a process, and tests share one."""
    before, known = set(redaction._secrets), redaction._known
    yield
    redaction._secrets.clear()
    redaction._secrets.update(before)
    redaction._known = known


@pytest.fixture(autouse=True)
def one_at_a_time(request: pytest.FixtureRequest) -> Iterator[None]:
    """Meltano keeps a plugin's catalog in one place per project: tests that run it follow each other."""
    if request.node.get_closest_marker("meltano") is None:
        yield
        return
    with FileLock(Path(__file__).parent / ".meltano" / "tests.lock"):
        yield
