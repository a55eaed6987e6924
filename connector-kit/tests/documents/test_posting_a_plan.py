"""A plan becomes documents; the same plan again posts nothing; another plan is handled by the rule for changes."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from plans import RECIPE, expected, messages, row

from connector_kit.errors import ConfigurationError, RefusedError, UnavailableError

PLAN = [
    row("1010", "Jan 26", "4000", "A", "100.10"),
    row("1010", "Jan 26", "4000", "B", "50.00"),
    row("1010", "Feb 26", "4000", "A", "70.00"),
    row("2020", "Jan 26", "5000", "", "-30.25"),
]


def test_rows_become_one_balanced_document_per_company_and_period_and_their_numbers_are_in_the_trail(bench):
    out = bench.run(PLAN)
    assert out == '{"at": "done"}\n'
    assert bench.erp.sums() == expected(PLAN)
    documents = bench.erp.documents()
    assert [(d["company"], d["year"], d["period"]) for *_, d in documents].count(("1010", "2026", "1")) == 1
    assert {d["posting_date"] for *_, d in documents} == {"2026-01-31", "2026-02-28"}
    action = bench.action()
    assert sorted(line.number for line in action.documents) == [f"{number:010d}" for number, *_ in documents]
    assert {(line.state, line.kind) for line in action.documents} == {("posted", "plan")}
    assert (action.read, action.delivered, action.rejected) == (4, 4, 0)


def test_the_same_plan_again_posts_nothing_whatever_the_order_of_its_rows(bench):
    bench.run(PLAN)
    before = bench.erp.documents()
    bench.run(list(reversed(PLAN)))
    assert bench.erp.documents() == before
    assert (bench.action().outcome, bench.action().documents) == ("unchanged", [])


@pytest.mark.parametrize("scope", [["Version"], []])
def test_documents_are_posted_in_the_order_of_the_plan_and_taken_back_in_the_order_of_posting(bench, scope):
    months = ["Mar 26", "Jan 26", "Dec 26", "Feb 26", "Jul 26", "Apr 26", "Nov 26", "May 26"]
    plan = [row(period=period, account=account) for account in ("4000", "5000") for period in months]
    bench.run(plan, recipe={"scope": scope})
    ends = [d["posting_date"] for *_, d in bench.erp.documents()]
    assert [int(day[5:7]) for day in ends] == [3, 1, 12, 2, 7, 4, 11, 5]
    if scope:
        bench.run([row(period="Jun 26")], recipe={"scope": scope})
        assert [d["posting_date"] for *_, d in bench.erp.documents()[9:]] == ends


@pytest.mark.parametrize("rule", ["difference", "reverse"])
def test_a_plan_with_other_numbers_stands_after_it_was_posted(bench, rule):
    recipe = {"on_change": rule}
    bench.run(PLAN, recipe=recipe)
    changed = [row("1010", "Jan 26", "4000", "A", "90.00"), *PLAN[1:3], row("3030", "Mar 26", "4000", "A", "5")]
    bench.run(changed, recipe=recipe)
    assert bench.erp.sums() == expected(changed)
    kinds = [d["kind"] for *_, d in bench.erp.documents()]
    # What was changed is 1010 in January, 2020 is gone, 3030 is new.
    assert kinds[3:].count("plan") == (1 if rule == "difference" else 2)
    assert kinds[3:].count("difference") == (2 if rule == "difference" else 0)
    assert kinds[3:].count("reversal") == (0 if rule == "difference" else 2)
    bench.run(changed, recipe=recipe)
    assert len(bench.erp.documents()) == len(kinds)


def test_a_plan_that_comes_back_after_it_was_taken_back_is_posted_again(bench):
    for plan in (PLAN, PLAN[:1], PLAN, PLAN[:1], PLAN):
        bench.run(plan)
        assert bench.erp.sums() == expected(plan)
    assert not bench.erp.twice()


def test_refuse_keeps_what_stands_and_says_which_rows_have_changed(bench):
    recipe = {"on_change": "refuse"}
    bench.run(PLAN, recipe=recipe)
    before = bench.erp.documents()
    bench.run([row("1010", "Jan 26", "4000", "A", "1"), *PLAN[1:3]], recipe=recipe)
    assert bench.erp.documents() == before
    assert bench.failures() == {
        ("the plan has changed since it was posted", 2),
        ("it is not in the plan any more since it was posted", 1),
    }


def test_a_scope_that_is_not_delivered_is_left_alone(bench):
    other = [row(amount="7", Version="V2")]
    bench.run(PLAN)
    bench.run(other)
    assert bench.erp.sums() == expected([*PLAN, *other])


def test_a_delivery_without_rows_takes_nothing_back(bench):
    bench.run(PLAN)
    bench.run([])
    assert bench.erp.sums() == expected(PLAN)


def test_without_a_scope_only_the_documents_that_come_are_compared(bench):
    recipe = {"scope": []}
    bench.run(PLAN, recipe=recipe)
    bench.run([row("1010", "Jan 26", "4000", "A", "1")], recipe=recipe)
    assert bench.erp.sums() == expected([row("1010", "Jan 26", "4000", "A", "1"), *PLAN[2:]])


def test_a_bad_document_does_not_stop_the_good_ones_and_its_rows_carry_the_erp_s_words(bench):
    plan = [*PLAN, row("4040", "Jan 26", "BAD", "", "1"), row("4040", "Jan 26", "4000", "", "2")]
    assert bench.run(plan)
    assert bench.erp.sums() == expected(PLAN)
    assert bench.failures() == {("refused: 507(F5)", 1), ("refused: 609(RW)", 1)}
    (line,) = [line for line in bench.action().documents if line.state == "refused"]
    assert line.messages == ["609(RW) Error in document", "507(F5) account BAD is not defined"]


def test_on_failure_stop_posts_nothing_after_the_refused_document_and_fails_the_run(bench):
    plan = [row(f"{number:04d}", account="BAD") for number in range(20)]
    with pytest.raises(RefusedError, match="on_failure is stop"):
        bench.run(plan, recipe={"on_failure": "stop"})
    assert bench.erp.seen == 3


def test_unbalanced_rows_without_an_offset_are_refused_with_the_figures(bench):
    bench.run([row(amount="10.00"), row(amount="-9.99", cost_center="B")], recipe={"offset": None})
    assert bench.failures() == {("debits and credits differ", 2)}
    assert "0.01 EUR" in bench.action().documents[0].messages[0]


def test_an_over_long_text_is_refused_before_anything_is_sent(bench):
    bench.run([row(Text="y" * 51), row("2020")])
    assert bench.erp.sums() == expected([row("2020")])
    assert bench.failures() == {("refused: LEN", 1)}


def test_a_document_with_too_many_lines_is_split_into_balanced_parts_or_refused(bench):
    plan = [row(cost_center=f"C{number:02d}", amount=f"{number + 1}") for number in range(12)]
    bench.run(plan, recipe={"split": {"rule": "refuse"}})
    assert bench.failures() == {("more than 6 lines in a document", 12)}
    bench.run(plan)
    assert bench.erp.sums() == expected(plan)
    assert all(len(d["lines"]) <= 6 for *_, d in bench.erp.documents())
    assert bench.failures() == set()


def test_the_missing_part_of_a_split_plan_is_posted_when_it_can_be_whatever_the_rule(bench):
    recipe = {"on_change": "refuse"}
    plan = [row(cost_center=f"C{number:02d}", amount="1") for number in range(9)] + [
        row(account="BAD", cost_center="Z")
    ]
    bench.run(plan, recipe=recipe)
    part = bench.erp.documents()
    bench.erp.refused_accounts = set()
    bench.run(plan, recipe=recipe)
    assert bench.erp.documents()[: len(part)] == part
    assert bench.erp.sums() == expected(plan)
    assert bench.failures() == set()


def test_a_row_that_cant_be_mapped_keeps_its_whole_document_back(bench):
    bench.run([*PLAN, row("2020", "Jan 26", "4000", "A", "1") | {"Amount": None}])
    assert bench.erp.sums() == expected(PLAN[:3])
    assert bench.failures() == {("lines amount: blank", 1), ("another row of its document was refused", 1)}


def test_a_row_of_an_unknown_document_is_refused_alone_and_nothing_is_taken_back_meanwhile(bench):
    bench.run(PLAN)
    bench.run([*PLAN[:2], row("1010", "Febuary", "4000", "A", "70.00")])
    assert bench.erp.sums() == expected(PLAN)
    assert bench.failures() == {("not a month as in '%b %y'", 1)}


def test_rows_that_disagree_about_their_document_are_refused_with_what_they_say(bench):
    recipe = {"header": {**RECIPE["header"], "document_type": "Type"}}
    bench.run([row(Type="SA"), row(Type="SB", cost_center="B"), row("2020", Type="SA")], recipe=recipe)
    assert bench.failures() == {("rows of one document disagree in document_type", 2)}
    assert len(bench.erp.documents()) == 1


def test_of_a_keyed_stream_the_last_row_of_a_key_counts_and_a_deleted_one_does_not(bench):
    key = ("Company", "Period", "Account", "Cost Center")
    deleted = row(cost_center="D") | {"_sdc_deleted_at": "2026-01-01T00:00:00Z"}
    plan = [row(amount="1"), row(cost_center="B"), row(cost_center="D"), row(amount="2"), deleted]
    bench.run(plan, key=key)
    assert bench.erp.sums() == expected([row(cost_center="B"), row(amount="2")])
    (first, second) = bench.history("1010", "Jan 26", "4000", "A")
    assert (first.documents, [one.number for one in second.documents]) == ([], ["0000000001"])


def test_input_that_breaks_off_before_the_closing_message_posts_nothing(bench):
    with pytest.raises(UnavailableError, match="broken off"):
        bench.run(PLAN, state=None)
    assert bench.erp.documents() == []
    bench.run(PLAN, state=None, recipe={"complete_when": "input_ends"})
    assert bench.erp.sums() == expected(PLAN)


def test_rows_that_come_again_as_they_stand_need_no_closing_message(bench):
    """Taps on the SDK read the rows at their bookmark again and, where that does not move, write STATE before them."""
    key = ("Company", "Period", "Account", "Cost Center")
    deleted = row(cost_center="D") | {"_sdc_deleted_at": "2026-01-01T00:00:00Z"}
    bench.run([*PLAN, row(cost_center="D")], key=key)
    bench.run([deleted], key=key, whole=False)
    before = bench.erp.documents()
    state = '{"type": "STATE", "value": {"mark": "again"}}\n'
    said = bench.run(state + messages([PLAN[0], deleted], key=key, state=None, whole=False))
    assert json.loads(said) == {"mark": "again"}
    assert bench.erp.documents() == before
    for more in (
        row(cost_center="New"),
        PLAN[1] | {"_sdc_deleted_at": "2026-01-01T00:00:00Z"},
        PLAN[1] | {"Amount": Decimal(7)},
    ):
        with pytest.raises(UnavailableError, match="broken off"):
            bench.run(state + messages([PLAN[0], more], key=key, state=None, whole=False))
    assert bench.erp.documents() == before


def test_a_test_run_posts_nothing_lets_no_state_out_and_tells_what_would_be_refused(bench):
    plan = [*PLAN, row("4040", account="BAD")]
    assert bench.run(plan, validate_only=True) == ""
    assert bench.erp.documents() == []
    assert bench.action().outcome == "validated"
    assert bench.failures() == {("refused: 507(F5)", 1)}
    assert bench.run(plan)
    assert bench.erp.sums() == expected(PLAN)
    bench.run(PLAN)
    assert bench.failures() == set()


def test_a_real_run_closes_what_a_test_run_found_also_when_it_is_gone_by_then(bench):
    bench.run([*PLAN, row("4040", account="BAD")], validate_only=True)
    bench.run(PLAN)
    assert bench.failures() == set()


def test_what_is_missing_in_the_erp_is_reported(bench, caplog):
    bench.run(PLAN)
    bench.erp.remove(2)
    bench.run(PLAN, check_standing=True)
    assert bench.action().counts["documents"] == {"unchanged": 3, "differing between ERP and trail": 1}
    assert "but fake ERP does not have it" in caplog.text


def test_plan_data_is_replaced_and_cells_that_left_become_zero(bench):
    recipe = {"object": "cells", "offset": None}
    recipe["lines"] = {name: value for name, value in RECIPE["lines"].items() if name != "text"}
    recipe["header"] = {"company_code": "Company"}
    bench.run(PLAN, recipe=recipe)
    bench.run(PLAN, recipe=recipe)
    assert len(bench.erp.documents()) == 3
    bench.run([PLAN[1], *PLAN[2:]], recipe=recipe)
    (*_, last) = bench.erp.documents()
    assert last[2]["lines"] == [["4000", "B", "50.00"], ["4000", "A", "0"]]


def test_a_stream_without_a_recipe_fails_as_soon_as_a_record_of_it_comes(bench):
    bench.run(messages([], stream="other"))  # mappers announce also what they remove
    with pytest.raises(ConfigurationError, match="stream other"):
        bench.run(messages(PLAN, stream="other"))
    assert not bench.erp.documents()


def test_fields_that_the_stream_does_not_have_are_named(bench):
    text = messages([], schema={"type": "object", "properties": {"Version": {"type": "string"}}})
    with pytest.raises(ConfigurationError, match="needs field Amount"):
        bench.run(text)


def test_either_database_keeps_the_trail(bench, audit_url):
    bench.config["audit_url"] = bench.audit_url = audit_url
    bench.run([*PLAN, row("4040", account="BAD")])
    bench.erp.faults = ["lost"]
    bench.erp.refused_accounts = set()
    bench.run(bench.replayed())
    assert bench.erp.sums() == expected([*PLAN, row("4040", account="BAD")])
    bench.erp.faults = ["dropped"]
    bench.run(PLAN[1:], audit_payloads="failed", check_standing=True)
    assert bench.erp.sums() == expected(PLAN[1:])
    assert bench.failures() == set()
    assert {line.state for line in bench.action().documents} == {"posted"}
    bench.run(PLAN[1:])
    assert bench.action().outcome == "unchanged"
