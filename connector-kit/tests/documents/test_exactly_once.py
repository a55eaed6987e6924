"""Whatever goes wrong, and wherever the process dies: after the next run every document is in the ERP once."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from decimal import Decimal

import pytest
from plans import expected, row
from world import SETTLE, World

from connector_kit.audit import Trail
from connector_kit.audit.document_types import ABSENT, POSTED, Ending, Entry
from connector_kit.audit.documents import DocumentBook
from connector_kit.audit.failures import Selection, failed_batches, groups
from connector_kit.documents import references
from connector_kit.documents.model import Line
from connector_kit.errors import BusyError, RefusedError, UnavailableError

FIRST = [row(company, period) for company in ("1010", "2020") for period in ("Jan 26", "Feb 26")]
SECOND = [row("1010", "Jan 26", amount="90.00"), *FIRST[1:3], row("3030", "Mar 26", amount="5")]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def stands_once(world, rows):
    return world.erp.sums() == expected(rows) and not world.erp.twice() and world.standing() == world.posted()


@pytest.mark.parametrize("rule", ["difference", "reverse"])
@pytest.mark.parametrize("after", [False, True])
def test_a_process_that_dies_at_any_step_leaves_nothing_out_and_nothing_twice(tmp_path, rule, after):
    past = World(tmp_path / "past", on_change=rule)
    assert past.run(FIRST)
    for step in range(1, 100):
        world = past.copy(tmp_path / str(step))
        finished = world.run(SECOND, crash_at=step, after=after)
        assert world.run(SECOND)
        assert stands_once(world, SECOND), step
        if finished:
            break
    assert step > 10


FAULTS = ["crash_before", "crash_after", "late", "gateway", "dropped", "lost", "half", "unsent", "broken"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", [0, 1])
def test_a_fault_in_any_call_and_a_rerun_post_everything_once(world, fault, call):
    with suppress(UnavailableError):
        world.run(FIRST, faults=[*["ok"] * call, fault])
    assert not world.erp.twice()
    world.run(FIRST)
    assert stands_once(world, FIRST)


def test_an_answer_that_is_lost_is_found_without_waiting_and_not_sent_again(world):
    begun = world.time
    world.run(FIRST, faults=["lost", "lost"])
    assert (world.erp.seen, world.time) == (len(FIRST), begun)
    assert stands_once(world, FIRST)


def test_a_request_that_may_still_be_carried_out_is_not_repeated_before_it_no_longer_can(world):
    begun = world.time
    world.run(FIRST[:3], faults=["dropped"])
    assert world.time - begun == pytest.approx(SETTLE)
    assert world.erp.seen == 6
    assert stands_once(world, FIRST[:3])


def test_a_dead_run_s_request_that_is_carried_out_late_is_waited_for(world):
    world.erp.late_by = SETTLE - 1
    for step in range(1, 50):
        if world.erp.seen:
            break
        world.run(FIRST[:1], faults=["late"], crash_at=step)
    assert world.erp.documents() == []
    world.run(FIRST[:1])
    assert world.erp.seen == 1
    assert stands_once(world, FIRST[:1])


def test_a_run_that_lived_on_after_it_marked_its_documents_is_waited_for_from_its_last_sign_of_life(world):
    lived = 300.0
    world.erp.late_by = lived + SETTLE - 1
    for step in range(1, 50):
        if world.erp.seen:
            break
        world.run(FIRST[:1], faults=["late"], crash_at=step)
    with Trail.open(world.audit_url) as trail, trail.database.writing() as connection:
        connection.execute("UPDATE audit_runs SET heartbeat = heartbeat + :lived", {"lived": lived})
    world.wait(lived)
    world.run(FIRST[:1])
    assert world.erp.seen == 1
    assert stands_once(world, FIRST[:1])


def test_what_a_gateway_refused_is_not_sent_again_in_the_same_run_and_by_the_next_one_only_when_it_is_not_there(world):
    world.erp.late_by, begun = SETTLE - 1, world.time
    with pytest.raises(UnavailableError, match=r"got timed out\. A gateway or proxy may have answered"):
        world.run(FIRST[:1], faults=["gateway"])
    assert world.time == begun
    world.run(FIRST[:1])
    assert world.erp.seen == 1
    assert stands_once(world, FIRST[:1])


def test_every_document_that_stands_twice_is_named(world, caplog):
    assert not world.run(FIRST[:2], faults=["crash_after"])
    once = [reference for _, reference, _ in world.erp.documents()]
    world.erp.double()
    world.run(FIRST[:2])
    assert len(once) == 2
    for reference in once:
        assert any(reference in line and "stands also as" in line for line in caplog.messages)


def test_nothing_is_sent_while_the_erp_does_not_say_what_became_of_the_last_request(world):
    assert not world.run(FIRST, faults=["crash_after"])
    world.erp.deaf, seen = True, world.erp.seen
    with pytest.raises(UnavailableError):
        world.run(FIRST)
    assert world.erp.seen == seen
    world.erp.deaf = False
    world.run(FIRST)
    assert stands_once(world, FIRST)


def test_a_plan_that_changed_meanwhile_is_compared_with_what_the_dead_run_had_posted(world):
    assert not world.run(FIRST, faults=["ok", "crash_after"])
    world.run(SECOND)
    assert stands_once(world, SECOND)


def test_a_document_that_turns_up_after_it_was_given_up_is_put_right_by_the_next_plan(world):
    world.erp.late_by = SETTLE * 5
    with pytest.raises(UnavailableError, match="3 attempts"):
        world.run(FIRST[:1], faults=["late", "dropped", "dropped"])
    world.wait(SETTLE * 5)
    world.run(SECOND)
    assert stands_once(world, SECOND)


def test_an_erp_that_can_t_be_reached_costs_no_wait(world):
    begun = world.time
    with pytest.raises(UnavailableError, match="connection refused"):
        world.run(FIRST, faults=["unsent"])
    world.run(FIRST)
    assert world.time == begun
    assert stands_once(world, FIRST)


def test_a_lost_trail_does_not_post_a_plan_again_that_the_erp_has(world):
    world.run(FIRST)
    for file in world.folder.glob("audit.db*"):
        file.unlink()
    seen = world.erp.seen
    world.run(FIRST)
    assert world.erp.seen == seen
    assert stands_once(world, FIRST)


def test_the_document_that_replaces_another_waits_until_that_is_taken_back(tmp_path):
    world = World(tmp_path, on_change="reverse")
    plan = [row(account="4000"), row("2020")]
    world.run(plan)
    world.erp.refused_accounts = {"4000"}
    world.run([row(account="4000", amount="7"), row("2020")])
    assert world.erp.sums() == expected(plan)
    world.erp.refused_accounts = set()
    world.run([row(account="4000", amount="7"), row("2020")])
    assert stands_once(world, [row(account="4000", amount="7"), row("2020")])


def test_a_plan_that_a_dead_run_had_posted_already_leaves_nothing_to_be_repaired(world):
    for step in range(20, 1, -1):  # the last steps are those after the last document
        assert not world.run(FIRST, crash_at=step) or step > 10
        if world.erp.sums() == expected(FIRST):
            break
    world.run(FIRST)
    with Trail.open(world.audit_url) as trail, trail.database.reading() as connection:
        assert failed_batches(connection, Selection()) == []
        assert groups(connection, Selection()) == []


def test_a_run_that_is_told_to_stop_while_it_waits_sends_nothing_more(world):
    assert not world.run(FIRST, faults=["crash_before"])
    seen = world.erp.seen
    world.stop_when_waiting = True
    with pytest.raises(UnavailableError, match="signal to stop"):
        world.run(FIRST)
    assert world.erp.seen == seen
    world.stop_when_waiting = False
    world.run(FIRST)
    assert stands_once(world, FIRST)


def test_what_a_run_that_still_lives_has_sent_is_not_sent_again_by_one_that_holds_another_lease(world):
    world.erp.late_by = SETTLE + 100
    step = 1
    while not world.erp.seen:
        world.run(FIRST, faults=["late"], crash_at=step)
        step += 1
    seen = world.erp.seen

    def sign_of_life():
        with sqlite3.connect(world.folder / "audit.db") as trail:
            trail.execute(
                "UPDATE audit_runs SET heartbeat = ? WHERE no < (SELECT max(no) FROM audit_runs)", [world.time]
            )

    world.on_wait = sign_of_life
    with pytest.raises(BusyError, match="sign of life"):
        world.run(FIRST)
    assert world.erp.seen == seen
    world.on_wait = lambda: None
    world.run(FIRST)
    assert stands_once(world, FIRST)


def entry(reference="R1", digest=b"d" * 16):
    return Entry(b"u", b"p", '["x"]', reference, digest, b"", "plan", "", b"{}", [0])


def test_of_two_runs_that_share_a_trail_but_no_lock_only_one_sends(audit_url):
    with Trail.open(audit_url) as trail:
        book = DocumentBook(trail, "s")
        book.intend(1, [entry()], 1.0)
        with pytest.raises(BusyError, match="another run"):
            book.intend(2, [entry()], 2.0)
        book.sending(1, ["R1"], 3.0)
        with pytest.raises(BusyError, match="another run"):
            book.intend(2, [entry()], 4.0)
        with pytest.raises(BusyError, match="another run"):
            book.sending(1, ["R1"], 4.0)


def test_a_run_whose_intent_was_taken_over_sends_nothing(audit_url):
    with Trail.open(audit_url) as trail:
        book = DocumentBook(trail, "s")
        book.intend(1, [entry()], 1.0)
        book.end([Ending("R1", ABSENT)], 2.0)
        book.intend(2, [entry()], 3.0)
        with pytest.raises(BusyError, match="another run"):
            book.sending(1, ["R1"], 4.0)
        book.sending(2, ["R1"], 4.0)


def test_a_document_that_got_two_numbers_is_told(audit_url):
    with Trail.open(audit_url) as trail:
        book = DocumentBook(trail, "s")
        book.intend(1, [entry()], 1.0)
        book.sending(1, ["R1"], 2.0)
        book.end([Ending("R1", POSTED, "1")], 3.0)
        book.end([Ending("R1", POSTED, "1")], 3.0)
        with pytest.raises(RefusedError, match="twice"):
            book.end([Ending("R1", POSTED, "2")], 4.0)


def test_two_documents_never_share_a_reference(world, monkeypatch):
    monkeypatch.setattr(references, "_OWN", 1)
    rows = [row(account=str(4000 + number)) for number in range(60)]
    world.run(rows)
    world.run(rows[1:])
    assert stands_once(world, rows[1:])
    assert len({name[:-1] for name in world.posted()}) == 1
    assert len(set(world.posted())) > 12


def test_a_plan_s_digest_is_compared_by_the_rule_that_made_it(monkeypatch):
    lines = [Line("0063005000", Decimal("10.00"), "EUR", (("cost_center", "a1"),)), Line("1", Decimal(-10), "EUR")]
    as_stored = [Line("63005000", Decimal(10), "EUR", (("cost_center", "A1"),)), Line("1", Decimal("-10.0"), "EUR")]
    old = references.lines_digest(lines)
    monkeypatch.setattr(references, "FORMS", {**references.FORMS, "B": lambda _: "another rule"})
    assert references.same_lines(old, as_stored)
    assert references.same_lines(references.lines_digest([], "B"), lines)
    assert not references.same_lines(old, lines[:1])
    assert not references.same_lines(b"C" + old[1:], lines)
