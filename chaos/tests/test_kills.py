"""Kill points: a process dies where it was told to, and what a wrong recovery leaves behind is found."""

from __future__ import annotations

import shutil
import signal
from decimal import Decimal
from random import Random

import pytest
from click.testing import CliRunner

from chaos.kills import chain as chains
from chaos.kills import command as commands
from chaos.kills.plans import compared, undone
from chaos.kills.points import Attempt, Episode, Length, episode
from chaos.kills.running import run
from chaos.kills.sap import JournalEntries
from chaos.kills.steps import Death
from chaos.kills.subjects import POSTING
from chaos.kills.trail import Trail
from chaos.kills.work import worker
from chaos.world.counting import CALL, KINDS, REQUEST, STATEMENT

SETTINGS = {"settle_seconds": 0.05}


@pytest.fixture(scope="module")
def here():
    with worker() as found:
        yield found


@pytest.fixture
def plan(here, tmp_path):
    """A plan that is approved, and nothing delivered of it yet."""
    sandbox = here.sandbox(JournalEntries.name)
    sandbox.control.reset()
    subject = JournalEntries(sandbox, tmp_path)
    subject.change(Random(1))
    subject.settings = {**subject.draw_settings(Random(1)), **SETTINGS, "per_call": 1, "parallel": 1}
    return subject


def test_runs_that_say_the_same_take_the_same_steps(plan):
    counts = []
    for version in (1, 2):
        ended = run(plan, plan.settings, version=version, counted=True)
        assert ended.code == 0
        counts.append(ended.steps)
        plan.sandbox.control.reset()
        for file in plan.folder.iterdir():
            shutil.rmtree(file) if file.is_dir() else file.unlink()
    assert set(counts[0]) == set(KINDS)
    for kind, times in counts[0].items():  # who waits may look once more
        assert counts[1][kind] == pytest.approx(times, rel=0.01)


@pytest.mark.parametrize(
    ("death", "posted", "state"),
    [
        (Death(CALL, 1), 0, False),
        (Death(STATEMENT, 1), 0, False),
        (Death(REQUEST, 9), 1, False),  # after the answer to the first post
        (Death("file", 10_000), None, True),  # behind its end
    ],
)
def test_a_process_dies_at_its_step(plan, death, posted, state):
    plan.amounts = {("63000000", "10100101", month): Decimal(7) for month in ("Oct 26", "Nov 26", "Dec 26")}
    ended = run(plan, plan.settings, version=1, death=death)
    assert ended.code == (0 if state else -signal.SIGKILL)
    assert bool(ended.out) == state
    assert posted is None or len(plan.standing()) <= posted
    assert not state or ended.steps[CALL] > 1000


def test_a_seed_draws_the_same_deaths():
    length = Length(dict.fromkeys(KINDS, 1000), 0.2)
    first, again, other = (episode(Random(seed), length, SETTINGS, trail_can_go=True) for seed in (1, 1, 2))
    assert first == again != other


def test_the_checks_see_what_is_wrong(plan):
    ended = run(plan, plan.settings, version=1)
    assert (ended.code, plan.differences()) == (0, [])
    trail = Trail(plan.audit_url)
    assert trail.disagreements(plan.standing()) == []
    standing = plan.standing()
    reference, number = standing.popitem()
    assert "is said to be posted, and does not stand" in trail.disagreements(standing)[0]
    assert "stands, and is not known" in trail.disagreements({**standing, reference: number, "A1": "1"})[0]
    assert "is said to be" in trail.disagreements({**standing, reference: "1"})[0]
    place = next(iter(plan.amounts))
    plan.amounts = {**plan.amounts, place: plan.amounts[place] + 1}
    assert len(plan.differences()) == 1
    assert compared({("a",): Decimal(1)}, {}) == ["('a',): 1 stands, 0 was planned"]


@pytest.mark.parametrize("looks", [True, False])
def test_a_target_that_posts_twice_is_found(plan, looks):
    """The trail goes, and the target was told not to look at what stands."""
    settings = {**plan.settings, "look_up_first": looks}
    posted = Attempt(CALL, settings, death=Death(CALL, 10**9), then="trail lost", changes=True)
    lived = chains._Lived(plan, Random(1), Length({}, 0.2), iter(range(1, 9)))
    found = lived.through(Episode([posted], Attempt("", settings)))
    assert lived.points == [(CALL, "exit 0")]
    assert found == [] if looks else any("stands" in fault for fault in found)


@pytest.mark.parametrize("subject", [one.name for one in POSTING])
def test_whenever_it_is_killed_each_document_stands_once(here, subject):
    """The quick share: `python -m chaos kills --points 10000` tries ten thousand of them."""
    length = here.measure(subject, 1)
    done = here.chain(subject, 1, 0, length)
    assert done.violations == []
    assert sum(point.outcome == "killed" for point in done.points) >= 3


def test_documents_that_took_each_other_back_say_nothing():
    lines = [("ASCOPE1PILE1AAA1", "x", 5), ("ASCOPE1PILE1AAA2", "x", -5), ("ASCOPE1PILE2AAA3", "x", 5)]
    assert undone((one, place, Decimal(amount)) for one, place, amount in lines) == {
        "ASCOPE1PILE1AAA1",
        "ASCOPE1PILE1AAA2",
    }


class Canned:
    """A fleet that has its results already."""

    def __init__(self, jobs):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def lengths(self, names, seed):
        return {}

    def chains(self, wanted, seed, lengths):
        for name, number in wanted:
            drawn = episode(Random(seed), Length(dict.fromkeys(KINDS, 9), 0.2), {}, trail_can_go=True)
            wrong = [chains.Violation(name, number, 0, drawn, ["it stands twice"], "")] if number == 3 else []
            yield chains.Chain([chains.Point(name, number, 0, CALL, "killed")], wrong, {name: 1}, {}, 0.1)


def test_the_command_counts_and_says_how_to_repeat(monkeypatch, tmp_path):
    monkeypatch.setattr(commands, "Fleet", Canned)
    arguments = ["--seed", "5", "--only", "syspro/supplier", "--output", str(tmp_path / "kills.json"), "--points"]
    result = CliRunner().invoke(commands.command, [*arguments, "3"])
    assert result.exit_code == 0, result.output
    assert "3 processes died" in result.output
    result = CliRunner().invoke(commands.command, [*arguments, "9"])
    assert result.exit_code == 1
    assert "it stands twice" in result.output
    assert "again: python -m chaos kills --seed 5 --only syspro/supplier --chain 3" in result.output
    assert "it stands twice" in (tmp_path / "kills.json").read_text()
