"""What an installation brings along: known, pinned, and under licences that go with this project's."""

from __future__ import annotations

import importlib.util
import re

import pytest
from canaries.bench import ROOT

_spec = importlib.util.spec_from_file_location("licences", ROOT / "docs" / "licences.py")
assert _spec is not None
assert _spec.loader is not None
licences = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(licences)


def test_every_package_may_be_used_and_is_listed():
    assert list(licences.faults()) == []


def test_every_package_is_pinned():
    pinned = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    found, elsewhere = licences.closure()
    assert len(found) > 40
    assert (set(found) | elsewhere) - licences.OWN - pinned == set()


@pytest.mark.parametrize(
    ("expression", "fine"),
    [("MIT", True), ("LGPL-3.0-only", True), ("GPL-3.0-only", False), ("MIT AND GPL-3.0-only", False), ("", False)],
)
def test_a_licence_that_does_not_go_with_it_would_be_seen(expression, fine, monkeypatch):
    monkeypatch.setattr(licences, "licence", lambda one: expression)
    said = [fault for fault in licences.faults() if "run `make" not in fault]
    assert (said == []) == fine
