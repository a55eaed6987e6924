"""Deliberate bugs: each still fits the code, and what the weather says of it is read."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from chaos.mutants import hunt
from chaos.mutants.planted import MUTANTS
from chaos.mutants.planting import Edit, Mutant, plant


@pytest.mark.parametrize("mutant", MUTANTS, ids=[one.name for one in MUTANTS])
def test_a_mutant_fits_the_code_and_is_python(mutant, tmp_path):
    assert mutant.outdated() == [], "the code has moved: renew the mutant in chaos/mutants/planted.py"
    plant(mutant, tmp_path)
    for edit in mutant.edits:
        changed = (tmp_path / Path(*Path(edit.file).parts[1:])).read_text(encoding="utf-8")
        ast.parse(changed)
        assert edit.new in changed


def test_there_are_more_than_twenty_with_names_of_their_own():
    assert len({one.name for one in MUTANTS}) == len(MUTANTS) > 20


def test_a_mutant_that_fits_no_more_is_named(tmp_path):
    edit = Edit("connector-kit/connector_kit/lease_check.py", "there is no such line", "")
    gone = Mutant("gone", "Nothing.", (edit,))
    assert gone.outdated() == [
        "gone: connector-kit/connector_kit/lease_check.py has this 0 times: there is no such line"
    ]
    with pytest.raises(ValueError, match="gone"):
        plant(gone, tmp_path)


def test_a_seed_that_fails_without_the_bug_finds_none(monkeypatch):
    """Seed 3 fails anyway, seed 7 because of the bug."""
    asked = []

    def play(seeds, flow, mutant, minutes):
        asked.append((seeds, mutant))
        first = int(seeds.partition("-")[0])
        failing = [seed for seed in ((3, 7) if mutant else (3,)) if seed >= first]
        stopped = failing[:1] if "-" in seeds else [seed for seed in failing if seed == first]
        return {"seeds": 1, "sentences": {str(seed): "plans: it stands\ntwice" for seed in stopped}}

    monkeypatch.setattr(hunt, "_play", play)
    weather = hunt.Weather(9)
    found = weather.hunt(MUTANTS[0])
    assert (found.seed, found.invariant, found.sentence) == (7, "plans", "it stands twice")
    assert [seeds for seeds, _ in asked] == ["1-9", "3", "4-9", "7"]
    assert weather.hunt(MUTANTS[1]).seed == 7
    assert [seeds for seeds, mutant in asked[4:]] == ["1-9", "4-9"], "what fails anyway is known by now"
    monkeypatch.setattr(hunt, "_play", lambda *_: {"seeds": 9, "sentences": {}})
    assert (weather.hunt(MUTANTS[0]).seed, weather.hunt(MUTANTS[0]).seeds) == (None, 9)
