"""Small inputs that stand for large ones: none takes memory or time beyond what its own size explains."""

from __future__ import annotations

import json
import logging

import fuzz.targets
import pytest
from fuzz.target import TARGETS

assert fuzz.targets
ENTITIES = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
LAUGHS = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a0 "ha">{ENTITIES}]><{{0}}>&a11;</{{0}}>'
QUADRATIC = f'<!DOCTYPE a [<!ENTITY a "{"x" * 50_000}">]><{{0}}>{"&a;" * 20_000}</{{0}}>'
DEEP_XML = "<a>" * 100_000 + "</a>" * 100_000
WIDE_XML = "<{0} " + " ".join(f'a{n}="1"' for n in range(50_000)) + "/>"
DEEP = "[" * 100_000 + "]" * 100_000
LONG_KEY = json.dumps({"k" * 2_000_000: 1, "error": {"x" * 1_000_000: []}})
HUGE_NUMBER = json.dumps({"value": 1, "d": {"results": []}}).replace("1", "1e999999999999")
LONG_NUMBER = '{"value": [' + "9" * 2_000_000 + "]}"
MANY = '{"value": [' + ",".join(["{}"] * 100_000) + "]}"
QUOTES = '"' * 1_000_000
COMMAS = "," * 1_000_000
SPACES = "ERROR" + " " * 200_000 + "x"
MORE_SPACES = "ERROR a" + " " * 200_000 + "x"
TABS = "ERROR: <a>" + "\t\n" * 100_000 + "</a>"
BRACES = "{" * 200_000
DIGITS = "9" * 1_000_000
DATES = "/Date(" + "9" * 100_000 + ")/"
ONE_LINE = b'{"type":"RECORD","stream":"s","record":{"a":"' + b"\\" * 500_001 + b"}}"
STREAMS = b'"stream":"' * 50_000

BOMBS = {name: value for name, value in globals().items() if name.isupper() and isinstance(value, (str, bytes))}


@pytest.fixture(autouse=True)
def nothing_is_logged(caplog):
    caplog.set_level(logging.CRITICAL + 1)


OF_PEOPLE = (
    "mapping/",
    "secrets/",
    "stores/",
    "anaplan/date-format",
    "anaplan/ids",
    "anaplan/codec",
    "anaplan/certificate",
)
"""What reads settings: nobody writes megabytes into one."""
FED_BY_OTHERS = [target for target in TARGETS.values() if not target.name.startswith(OF_PEOPLE)]


@pytest.mark.slow
@pytest.mark.parametrize("target", FED_BY_OTHERS, ids=lambda target: target.name)
def test_a_bomb_does_not_go_off(target, capsys):
    for bomb in BOMBS.values():
        data = bomb if isinstance(bomb, bytes) else bomb.replace("{0}", "Edmx").encode()
        target.judge(data, times=4)
        if target.seeds:  # a bomb in the middle of what is all right
            seed = max(target.seeds, key=len)
            target.judge(seed[: len(seed) // 2] + data + seed[len(seed) // 2 :], times=4)
