"""Whatever a parser is given, it answers, or says in one line what is wrong: in time and within bounds."""

from __future__ import annotations

import logging
import os

import fuzz.targets
import pytest
from fuzz.hunt import hunt
from fuzz.target import TARGETS, Target

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
SEED = os.environ.get("FUZZ_SEED", "")

assert fuzz.targets
FINDS = [
    pytest.param(target, data, id=f"{target.name}-{name}")
    for target in TARGETS.values()
    for name, data in target.finds.items()
]


@pytest.fixture(autouse=True)
def nothing_is_logged(caplog):
    """Thousands of warnings about inputs that are meant to be wrong."""
    caplog.set_level(logging.CRITICAL + 1)


@pytest.mark.parametrize(("target", "data"), FINDS)
def test_what_once_broke_a_parser_breaks_it_no_more(target: Target, data: bytes):
    target.judge(data)


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
def test_a_parser_takes_whatever_it_is_given(target: Target, capsys):
    found = [f"{find.violation.kind}: {find.data!r:.300}" for find in hunt(target, SEED, EXAMPLES)]
    assert not found, "\n".join(found)
