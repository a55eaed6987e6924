"""Each invariant sees what is planted for it, and nothing where nothing is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from chaos.weather.contents import Everything, Memory
from chaos.weather.invariants import INVARIANTS, violations
from chaos.weather.plans import Plans, Sums
from chaos.weather.seen import Held, Part, Posted, Seen
from demo.planning import PlanLine

SUMS: Sums = frozenset({(("63000000", "10101"), Decimal("100.5"))})
GROUP = ("Budget 2027", "1010", "Jan 27")
MODEL = "M1"


class _NoControl:
    """Plans that are only looked at ask nobody."""


def suppliers(**balances: str) -> Everything:
    return {"Suppliers": {key: {"Balance": value} for key, value in balances.items()}}


def part(**given: object) -> Part:
    records = [{"type": "RECORD", "stream": "suppliers", "record": {"Supplier": "0001"}, "version": 7}]
    state = {"bookmarks": {"suppliers": {}}}
    ordinary = {
        "flow": "sap-to-anaplan", "name": "sap-to-anaplan: master data", "tap_exit": 0, "target_exit": 0,
        "tap_errors": "", "target_errors": "", "states": [state],
        "tap_lines": [*records, {"type": "ACTIVATE_VERSION", "stream": "suppliers", "version": 7},
                      {"type": "STATE", "value": state}],
        "trail": {"outcome": "delivered", "actions": [{
            "stream": "suppliers", "action": "Suppliers", "read": 1, "unchanged": 0, "filtered": 0, "delivered": 1,
            "rejected": 0, "deleted": 0, "counts": {}}]},
    }  # fmt: skip
    return Part(**{**ordinary, **given})  # type: ignore[arg-type]  # each test gives what it is about


def seen(**given: object) -> Seen:
    """A round in which all is well; each test spoils one thing."""
    memory = Memory()
    memory.note(suppliers(**{"1": "5.00"}))
    plans = Plans(_NoControl(), "sap", MODEL, ("1010",))  # type: ignore[arg-type]  # see above
    line = PlanLine("Budget 2027", "1010", "YCOA-63000000", "A000-10101", "Jan 27", Decimal("100.50"), "EUR", "")
    plans.lines["Budget 2027"][line.key] = line
    plans.approved.add("Budget 2027")
    plans.ever[GROUP].add(SUMS)
    plans.invoices["PLAN-1"] = (Decimal(7), True, "1")
    plans.invoices_ever["PLAN-1"].add(Decimal(7))
    ordinary = {
        "system": "sap", "parts": [part()], "memory": memory, "plans": plans, "model": MODEL,
        "before": Held(suppliers(**{"1": "5.00"}), suppliers(**{"1": "4.00"})),
        "after": Held(suppliers(**{"1": "5.00"}), suppliers(**{"1": "5.0"})),
        "posted": Posted(Counter(ABC=1), {GROUP: SUMS}, {"PLAN-1": [Decimal(7)]}),
        "report": {"anaplan": {"max_pending": {MODEL: 1}, "uploads_during_tasks": {MODEL: 0}, "rate_limited": 0}},
        "came": {("suppliers", 7): {"1"}}, "secrets": ["f8cc7391151e"], "ended": True,
    }  # fmt: skip
    return Seen(**{**ordinary, **given})  # type: ignore[arg-type]  # each test gives what it is about


PLANTED: dict[str, Callable[[Path], Seen]] = {
    "never_what_nobody_had": lambda _: seen(
        after=Held(suppliers(**{"1": "5.00"}), suppliers(**{"1": "5", "2": "8"})), rejected={("Suppliers", "2"): "no"}
    ),
    "nothing_vanishes_that_stands": lambda _: seen(
        after=Held(suppliers(**{"1": "5.00"}), suppliers()), rejected={("Suppliers", "1"): "no"}
    ),
    "success_means_equal": lambda _: seen(
        after=Held(suppliers(**{"1": "5.00", "9": "1"}), suppliers(**{"1": "5"})), ended=False
    ),
    "equal_in_the_end": lambda _: seen(after=Held(suppliers(**{"1": "6"}), suppliers(**{"1": "5"})), parts=[]),
    "every_document_once": lambda _: seen(
        posted=Posted(Counter(ABC=2), {GROUP: SUMS}, {"PLAN-1": [Decimal(7)]})
    ),
    "only_what_was_approved": lambda _: seen(
        posted=Posted(Counter(ABC=1), {GROUP: frozenset({(("63000000", ""), Decimal(1))})}, {"PLAN-1": [Decimal(7)]}),
        ended=False,
    ),
    "the_plan_in_the_end": lambda _: seen(planned_apart=["Amounts in SAP: 1010 is missing"]),
    "one_outcome_for_each_record": lambda _: seen(
        parts=[part(trail={"outcome": "delivered", "actions": [{
            "stream": "suppliers", "action": "Suppliers", "read": 0, "unchanged": 0, "filtered": 0, "delivered": 0,
            "rejected": 0, "deleted": 0, "counts": {}}]})]
    ),
    "state_not_ahead": lambda _: seen(parts=[part(states=[{"bookmarks": {"suppliers": {"at": 9}}}])]),
    "no_unproven_activation": lambda _: seen(came={("suppliers", 7): {"3"}}),
    "one_job_on_a_model": lambda _: seen(
        report={"anaplan": {"max_pending": {MODEL: 2}, "uploads_during_tasks": {MODEL: 0}, "rate_limited": 0}}
    ),
    "the_rate_is_kept": lambda _: seen(
        report={"anaplan": {"max_pending": {MODEL: 1}, "uploads_during_tasks": {MODEL: 0}, "rate_limited": 3}}
    ),
    "nothing_is_left": lambda _: seen(leftovers=["the file chunk-1.gz"]),
    "an_exit_code_is_true": lambda _: seen(parts=[part(target_exit=1)]),
    "no_secret_anywhere": lambda folder: seen(written=[_file(folder, "user=me&password=f8cc7391151e")]),
}  # fmt: skip


def _file(folder: Path, text: str) -> Path:
    path = folder / "state.json"
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_is_wrong_where_all_is_well() -> None:
    assert list(violations(seen())) == []


@pytest.mark.parametrize("name", INVARIANTS)
def test_what_is_planted_is_found_by_its_invariant_and_by_no_other(name: str, tmp_path: Path) -> None:
    assert {found for found, _ in violations(PLANTED[name](tmp_path))} == {name}


@pytest.mark.parametrize(
    "spoilt",
    [
        part(
            target_exit=1, target_errors="2026-12-01 ERROR target-anaplan\nTraceback (most recent call last):\nKeyError"
        ),
        part(tap_exit=3),
        part(states=[]),
    ],
    ids=["a traceback", "silence", "no state behind success"],
)
def test_an_exit_code_without_words_words_of_a_programmer_and_success_without_state_are_found(spoilt: Part) -> None:
    assert {found for found, _ in violations(seen(parts=[spoilt]))} == {"an_exit_code_is_true"}


def test_a_secret_is_found_in_an_output_too_also_in_another_form() -> None:
    for text in ("password f8cc7391151e", "Authorization: Basic ZjhjYzczOTExNTFl"):
        assert {found for found, _ in violations(seen(parts=[part(tap_errors=text)]))} == {"no_secret_anywhere"}


def test_rows_whose_rejection_the_trail_explains_may_differ_and_what_a_lost_trail_forgot_may_stay() -> None:
    differing = Held(suppliers(**{"1": "6"}), suppliers(**{"1": "5"}))
    assert list(violations(seen(after=differing, rejected={("Suppliers", "1"): "Invalid item"}))) == []
    memory = Memory()
    memory.note(suppliers(**{"1": "5", "2": "5"}))
    staying = Held(suppliers(**{"1": "5"}), suppliers(**{"1": "5", "2": "5"}))
    assert list(violations(seen(after=staying, memory=memory, stale=True))) == []
    assert [found for found, _ in violations(seen(after=staying, memory=memory))] == ["equal_in_the_end"]
