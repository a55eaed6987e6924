"""Plugins as users run them, from files and answers that are nearly right: a word in one line, never a traceback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzz.judge import Violation
from fuzz.whole_plugins import NAMES, Answer, Runs, _check, edit, kept

from chaos.matrix.abilities import ABILITIES
from chaos.matrix.process import Ran
from chaos.matrix.run import bench

EXAMPLES = int(os.environ.get("FUZZ_RUNS", "1"))
SEED = os.environ.get("FUZZ_SEED", "")
QUICK = ("tap-syspro e.net", "tap-anaplan definition", "target-sap-s4hana journals")


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    with bench() as made:
        yield Runs(made)


@pytest.mark.parametrize(
    ("name", "kind", "path"),
    [pytest.param(*each, id=f"{each[0]} {each[1]} {each[2].name}") for each in kept()],
)
def test_what_once_broke_a_run_breaks_it_no_more(runs: Runs, name: str, kind: str, path: Path):
    runs.judge(ABILITIES[name], kind, path.read_bytes())


@pytest.mark.parametrize("name", NAMES if EXAMPLES > 1 else QUICK)
def test_a_plugin_takes_whatever_it_is_given(runs: Runs, name: str):
    found = [f"{find.kind}: {find.violation}\n{find.data!r:.300}" for find in runs.hunt(name, SEED, EXAMPLES * 3)]
    assert not found, "\n".join(found)


def ran(code: int | None = 1, out: str = "", err: str = "System: object: got nothing") -> Ran:
    return Ran(code, out, err, 0.0, ())


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (ran(code=None), "hangs"),
        (ran(code=-6), "exit code -6"),
        (ran(err=""), "without a word"),
        (
            ran(err='Traceback (most recent call last):\n  File "/x/odata/links.py", line 5, in f\nKeyError: 1'),
            "KeyError at odata/links.py:5",
        ),
        (ran(err="System: \x1b[2J"), "an error with"),
        (ran(err="password geheim"), "a secret"),
        (ran(code=0, out='{"type": "RECO'), "no JSON"),
    ],
)
def test_a_broken_promise_is_noticed(run, words):
    with pytest.raises(Violation, match=words):
        _check(run, frozenset({"geheim"}))
    _check(ran(), frozenset({"geheim"}))


@pytest.mark.parametrize(
    ("before", "after"), [(b"abc", b"abc"), (b"", b"x"), (b"aaa", b"aa"), (b"abcdef", b"abXef"), (b"abab", b"ababab")]
)
def test_an_edit_turns_one_body_into_the_other(before, after):
    start, removed, inserted = edit(before, after)
    assert before[:start] + inserted + before[start + removed :] == after
    answer = Answer("sap", 3, after)
    assert Answer.read(answer.written()) == answer
