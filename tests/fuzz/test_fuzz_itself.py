"""The checks can fail: parsers with planted defects are found out, and what broke them is made small."""

from __future__ import annotations

import json
import re
import time
from random import Random

import pytest
from fuzz.hunt import hunt
from fuzz.judge import SECRET, Violation, check_line, judge
from fuzz.mutation import ODD_JSON, mutated
from fuzz.target import Target

from connector_kit.errors import RefusedError


def refused(got: str) -> RefusedError:
    return RefusedError(system="System", subject="object", got=got)


def bare(text: str) -> RefusedError:
    """An error whose words nobody looked after."""
    return type("Bare", (RefusedError,), {"__str__": lambda self: text})(system="System", subject="object")


def hungry() -> None:
    assert b"x" * 400_000_000


def slow() -> None:
    while True:
        re.match(r"(a+)+$", "a" * 64 + "b")


def asleep() -> None:
    time.sleep(60)


@pytest.mark.parametrize(
    ("parse", "words"),
    [
        (lambda: {}["x"], "KeyError at the check itself"),
        (lambda: int("\u00b2"), "ValueError"),
        (slow, "hangs"),
        (asleep, "hangs"),
        (hungry, "of memory"),
    ],
)
def test_a_broken_promise_is_noticed(parse, words):
    with pytest.raises(Violation, match=words):
        judge(parse, seconds=5.0 if parse is hungry else 0.1)


@pytest.mark.parametrize("text", ["a\x1b[2J", "a\nb", "\u202eabc", f"password {SECRET}", "x" * 30_000, "\ud800"])
def test_a_line_that_nobody_should_see_is_noticed(text):
    def parse() -> None:
        raise bare(text)

    with pytest.raises(Violation, match="an error"):
        judge(parse)


def test_errors_for_people_and_signals_to_the_caller_are_no_violations():
    def parse() -> None:
        raise refused("nothing")

    assert judge(parse).way.startswith("RefusedError")
    assert judge(lambda: int("x"), (ValueError,)).way.startswith("ValueError")
    assert judge(lambda: None).way == ""
    check_line("two faults\n- one\n- two", "here")


def test_a_defect_is_found_from_a_good_input_and_made_small():
    def parse(data: bytes) -> None:
        try:
            body = json.loads(data)
        except (ValueError, RecursionError):
            return
        if isinstance(body, dict) and isinstance(body.get("amount"), list):
            raise KeyError("a list as amount")

    seed = json.dumps({"id": 1, "name": "x" * 50, "amount": 12.5, "more": [1, 2, 3]}).encode()
    [find] = hunt(Target("test/json", parse, (seed,)), "", 2000)
    assert find.violation.kind.startswith("KeyError")
    assert len(find.data) < len(seed)
    with pytest.raises(Violation):
        find.target.judge(find.data)


def test_the_same_seed_finds_the_same():
    seen: list[bytes] = []
    target = Target("test/seen", seen.append, (b'{"a": 1}', b"<a>b</a>", b"x,y\n"))
    for _ in range(2):
        assert not list(hunt(target, "7", 300))
    assert seen[: len(seen) // 2] == seen[len(seen) // 2 :]
    assert len(set(seen)) > 200


def test_json_is_changed_by_its_grammar():
    random, data = Random(1), b'{"a": [1, {"b": "c"}], "d": null}'
    valid = 0
    for _ in range(500):
        try:
            json.loads(mutated(random, data, [data]))
            valid += 1
        except (ValueError, RecursionError):
            continue
    assert valid > 100
    assert len(ODD_JSON) == len(set(ODD_JSON))
