"""A trail that is new, old or another one: what stands in SYSPRO is found there, and never posted again."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest


def rows(bench, amount="10"):
    return [bench.row("00-4010", amount), bench.row("00-4010", "20", Period="Oct 26")]


def lose(bench):
    for path in bench.folder.glob("audit.db*"):
        path.unlink()


def found(bench):
    (action,) = json.loads(bench.audit("show", "--json"))["actions"]
    return action["counts"]["documents"]


def total(bench):
    ours = set(bench.references())
    lines = [one for one in bench.rows("GenJournalDetail") if one["Reference"] in ours]
    return sum(Decimal(str(one["EntryValue"])) for one in lines if one["GlCode"] == "00-4010")


@pytest.mark.parametrize("rule", ["difference", "reverse"])
def test_an_unchanged_plan_is_not_posted_again_after_a_change_and_a_lost_trail(bench, rule):
    recipes = bench.changed(on_change=rule)
    bench.deliver(bench.plan(*rows(bench)), documents=recipes)
    bench.deliver(bench.plan(*rows(bench, "12")), documents=recipes)
    before = bench.references()
    lose(bench)
    bench.deliver(bench.plan(*rows(bench, "12")), documents=recipes)
    assert bench.references() == before
    assert sum(count for name, count in found(bench).items() if name.startswith("found")) == len(before)
    bench.deliver(bench.plan(*rows(bench, "15")), documents=recipes)
    assert total(bench) == Decimal(35)


def test_what_left_the_plan_and_is_in_no_trail_ends_the_run(bench):
    bench.deliver(bench.plan(*rows(bench)))
    lose(bench)
    outcome = bench.run(bench.plan(*rows(bench)[:1]))
    assert "1 more that belong to nothing in the plan or the audit trail" in str(outcome.error)
    assert len(bench.references()) == 2


def test_a_site_that_has_other_names_for_comparisons_ends_in_words_and_posts_nothing(bench):
    outcome = bench.run(bench.plan(*rows(bench)), comfnd_conditions={"at_least": "GEQ"})
    assert "Invalid condition 'GEQ'" in str(outcome.error)
    assert bench.references() == []


def test_what_was_taken_back_before_the_trail_was_lost_needs_no_plan(bench):
    bench.deliver(bench.plan(*rows(bench)))
    bench.deliver(bench.plan(*rows(bench)[:1]))
    before = bench.references()
    lose(bench)
    bench.deliver(bench.plan(*rows(bench)[:1]))
    assert bench.references() == before
    bench.deliver(bench.plan(*rows(bench)))
    assert total(bench) == Decimal(30)
