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


def test_the_page_on_security_names_what_there_is():
    """Each file that it links to, or names, is there."""
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", page) if "://" not in link]
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
    here = {path.name for path in ROOT.glob("**/tests/**/test_*.py") if ".venv" not in str(path)}
    assert set(re.findall(r"test_\w+\.py", page)) - here == set()
    assert {path.name for path in (ROOT / "tests" / "security").glob("test_*.py")} <= set(
        re.findall(r"test_\w+\.py", page)
    )
    targets = set(re.findall(r"`make ([a-z-]+)`", page))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert [name for name in targets if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []
