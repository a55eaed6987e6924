"""A trail that is new, old or another one: the ERP is the book, and what stands there is never posted again."""

from __future__ import annotations

import pytest
from plans import expected, row
from world import World

from connector_kit.errors import RefusedError

PLAN = [row("1010"), row("1010", account="5000", amount="7"), row("2020")]
CHANGED = [row("1010", amount="120.00"), *PLAN[1:]]


@pytest.fixture(params=["difference", "reverse"])
def world(tmp_path, request):
    return World(tmp_path, on_change=request.param)


def documents(world):
    return len(world.erp.documents())


@pytest.mark.parametrize("plan", [PLAN, CHANGED, PLAN[:1], [*CHANGED, row("3030")]])
def test_a_lost_trail_posts_nothing_twice_whatever_comes_then(world, plan):
    world.run(PLAN)
    world.run(CHANGED)
    world.lose_trail()
    before = documents(world)
    if len({one["Company"] for one in plan}) < 2:  # what left the plan is known to nobody
        with pytest.raises(RefusedError, match="1 more that belong to nothing in the plan or the audit trail"):
            world.run(plan)
        assert documents(world) == before
        return
    world.run(plan)
    assert world.erp.sums() == expected(plan)
    assert world.standing() == world.posted()
    if plan is CHANGED:
        assert documents(world) == before


@pytest.mark.parametrize("plan", [PLAN, CHANGED, PLAN[:1]])
def test_a_restored_trail_that_is_older_than_the_erp_learns_what_was_posted_since(world, plan):
    world.run(PLAN)
    world.back_up_trail()
    world.run(CHANGED)
    world.restore_trail()
    world.run(plan)
    assert world.erp.sums() == expected(plan)
    assert world.standing() == world.posted()


def test_a_document_in_parts_is_known_again(world):
    rows = [row(account=str(4000 + number), amount=str(number)) for number in range(1, 30)]
    world.run(rows)
    world.run(rows[:-1])
    world.lose_trail()
    before = documents(world)
    world.run(rows[:-1])
    assert documents(world) == before
    world.run(rows[3:])
    assert world.erp.sums() == expected(rows[3:])


def test_what_the_erp_shows_otherwise_than_it_was_posted_ends_the_run(world):
    world.run(PLAN)
    world.run(CHANGED)
    world.lose_trail()
    world.erp.blurred = True
    before = documents(world)
    with pytest.raises(RefusedError, match=r"other lines than their references say.*follow_erp"):
        world.run([row("1010", amount="99.00"), *PLAN[1:]])
    assert documents(world) == before


def test_by_hand_the_erp_is_followed(world):
    world.run(PLAN)
    world.lose_trail()
    world.erp.rename_account("5000", "5999")
    with pytest.raises(RefusedError, match="other lines than their references say"):
        world.run(CHANGED)
    world.run(CHANGED, follow_erp=True)
    assert world.erp.sums() == expected(CHANGED)
    assert world.standing() == world.posted()


def test_what_was_reversed_in_the_erp_is_named_and_nothing_is_posted_of_its_plan(world, caplog):
    world.run(PLAN)
    number, name, _ = world.erp.documents()[0]
    world.erp.reversed.add(f"{number:010d}")
    world.run(PLAN)
    assert f"{name} " in caplog.text
    assert "was reversed in fake ERP" in caplog.text
    before = documents(world)
    world.run([*CHANGED[:2], row("2020", amount="50")])
    assert documents(world) > before  # the other plan's
    assert {one["company"] for *_, one in world.erp.documents()[before:]} == {"2020"}
    world.run([*CHANGED[:2], row("2020", amount="50")], follow_erp=True)
    assert world.erp.sums() == expected([*CHANGED[:2], row("2020", amount="50")])
    before = documents(world)
    world.run([*CHANGED[:2], row("2020", amount="50")])
    assert documents(world) == before


def test_what_stands_twice_is_named_and_nothing_is_posted_of_its_plan(world, caplog):
    world.run(PLAN)
    world.erp.double_one(1)
    world.run(CHANGED)
    assert "stands in fake ERP more than once (0000000001/2026, 0000000003/2026)" in caplog.text
    assert documents(world) == 3


def test_a_list_that_leaves_out_what_stands_is_not_believed(world):
    world.run(PLAN)
    world.erp.overlooks = {world.posted()[0]}
    with pytest.raises(RefusedError, match="a list without"):
        world.run(CHANGED)
    assert documents(world) == 2


def test_one_look_up_serves_many_documents(tmp_path):
    world = World(tmp_path, scope=None)
    rows = [row(str(1000 + number)) for number in range(30)]
    world.run(rows)
    assert world.erp.lists == 2
    world.run(rows)
    assert world.erp.lists == 4


def test_two_streams_with_the_same_plan_know_nothing_of_each_other(world, tmp_path):
    world.run(PLAN)
    other = World(tmp_path / "other", stream="forecast", on_change="difference")
    other.erp.path = world.erp.path
    other.run(PLAN)
    assert documents(world) == 4
    assert len({name[:7] for name in world.posted()}) == 2
