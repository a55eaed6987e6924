"""What holds for every test of the house."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector_kit import redaction


@pytest.fixture(autouse=True)
def secrets_of_one_test_mask_nothing_in_another() -> Iterator[None]:
    """Secrets are registered for the life of a process, and tests share one."""
    before, known = set(redaction._secrets), redaction._known
    yield
    redaction._secrets.clear()
    redaction._secrets.update(before)
    redaction._known = known
