"""A trail that is new, old or another one: what stands in SAP is found there, and never posted again."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal

import pytest

PERIODS = ("Oct 26", "Nov 26")


def rows(bench, amount="10", **values):
    return [
        bench.row("63005000", amount, CostCenter="10100101", **values),
        bench.row("63005000", "20", CostCenter="10100101", Period="Oct 26"),
    ]


def lose(bench):
    for path in bench.folder.glob("audit.db*"):
        path.unlink()


def cost(bench, period="011"):
    return sum(amount for place, amount in bench.books().items() if (place[1], place[4]) == ("63005000", period))


@pytest.mark.parametrize("rule", ["difference", "reverse"])
def test_an_unchanged_plan_is_not_posted_again_after_a_change_and_a_lost_trail(bench, rule):
    recipes = bench.changed(on_change=rule)
    bench.deliver(bench.plan(*rows(bench)), documents=recipes)
    bench.deliver(bench.plan(*rows(bench, "12")), documents=recipes)
    before = bench.references()
    lose(bench)
    bench.deliver(bench.plan(*rows(bench, "12")), documents=recipes)
    assert bench.references() == before
    (action,) = json.loads(bench.audit("show", "--json"))["actions"]
    counts = action["counts"]["documents"]
    assert sum(count for name, count in counts.items() if name.startswith("found")) == len(before)
    assert not [name for name in counts if name.startswith("posted")]
    bench.deliver(bench.plan(*rows(bench, "15")), documents=recipes)
    assert cost(bench) == Decimal(15)


def test_a_lost_trail_and_a_changed_plan_post_the_difference_to_what_stands(bench):
    bench.deliver(bench.plan(*rows(bench)))
    lose(bench)
    bench.deliver(bench.plan(*rows(bench, "12")))
    assert cost(bench) == Decimal(12)
    assert len(bench.references()) == 3


def test_a_restored_trail_learns_what_was_posted_since(bench):
    bench.deliver(bench.plan(*rows(bench)))
    copy = bench.folder / "copy"
    copy.mkdir()
    for path in bench.folder.glob("audit.db*"):
        shutil.copy(path, copy)
    bench.deliver(bench.plan(*rows(bench, "12")))
    lose(bench)
    for path in copy.iterdir():
        shutil.copy(path, bench.folder)
    bench.deliver(bench.plan(*rows(bench)))
    assert cost(bench) == Decimal(10)


def test_what_left_the_plan_and_is_in_no_trail_ends_the_run(bench):
    bench.deliver(bench.plan(*rows(bench)))
    lose(bench)
    before = bench.references()
    outcome = bench.run(bench.plan(*rows(bench, "12")[:1]))
    assert "1 more that belong to nothing in the plan or the audit trail" in str(outcome.error)
    assert bench.references() == before
    assert outcome.states == []


def test_the_scope_is_asked_for_once_however_many_documents_it_has(bench):
    periods = [f"{month} {year}" for year in (25, 26) for month in ("Jul", "Aug", "Sep", "Oct", "Nov", "Dec")]
    plan = [bench.row("63005000", "1", CostCenter="10100101", Period=period) for period in periods]
    bench.deliver(bench.plan(*plan))
    asked = [one for one in bench.sandbox.control.requests("sap") if "OperationalAcctgDocItemCube" in one["path"]]
    assert len(asked) <= 2


def test_what_was_taken_back_before_the_trail_was_lost_needs_no_plan(bench):
    bench.deliver(bench.plan(*rows(bench)))
    bench.deliver(bench.plan(*rows(bench)[:1]))
    before = bench.references()
    lose(bench)
    bench.deliver(bench.plan(*rows(bench)[:1]))
    assert bench.references() == before
    bench.deliver(bench.plan(*rows(bench)))
    assert (cost(bench), cost(bench, "010")) == (Decimal(10), Decimal(20))
