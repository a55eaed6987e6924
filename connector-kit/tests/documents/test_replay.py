"""What was refused is sent again as a whole plan: nothing looks as if it had left, nothing outdated is posted."""

from __future__ import annotations

import logging

import pytest
from plans import expected, row

PLAN = [row("1010"), row("2020"), row("3030", account="BAD")]


def test_a_replay_posts_what_was_refused_and_nothing_else(bench):
    bench.run(PLAN)
    bench.erp.refused_accounts = set()
    before = bench.erp.documents()
    bench.run(bench.replayed())
    assert (bench.replay_done.records, bench.replay_done.whole) == (3, 3)
    assert str(bench.replay_done).startswith("3 records written; 3 of them are whole plans")
    assert bench.erp.sums() == expected(PLAN)
    assert bench.erp.documents()[: len(before)] == before
    assert len(bench.erp.documents()) == len(before) + 1
    assert bench.failures() == set()


def test_a_replay_is_not_said_to_prove_nothing_of_the_source(bench, caplog):
    caplog.set_level(logging.INFO)
    bench.run(PLAN)
    bench.run(bench.replayed())
    assert "nothing was looked for" not in caplog.text


def test_the_run_says_with_the_erps_words_why_a_document_was_refused(bench, caplog):
    with caplog.at_level(logging.INFO):
        bench.run(PLAN)
    (line,) = [line for line in caplog.messages if line.startswith("  1 refused: ")]
    assert line.startswith('  1 refused: 609(RW) (e.g. ["V1","3030","Jan 26"]: 507(F5) ')


def test_a_replay_in_vain_leaves_one_open_failure_that_can_be_replayed_again(bench):
    bench.run(PLAN)
    bench.run(bench.replayed())
    assert bench.failures() == {("refused: 507(F5)", 1)}
    bench.erp.refused_accounts = set()
    bench.run(bench.replayed())
    assert bench.erp.sums() == expected(PLAN)


def test_rows_that_could_not_be_mapped_go_into_their_document_with_the_rows_that_arrived(bench):
    plan = [row("1010"), row("1010", "Feb 26"), row("1010", "February 2026", cost_center="B")]
    bench.run(plan)
    assert len(bench.erp.documents()) == 2
    recipe = {"period": {"template": "{Period}", "values": {"February 2026": "Feb 26", "Jan 26": "Jan 26"}}}
    recipe["period"]["values"]["Feb 26"] = "Feb 26"
    bench.run(bench.replayed(), recipe={**recipe, "document": ["Company", "Version"]})
    assert bench.erp.sums() == expected([*plan[:2], row("1010", "Feb 26", cost_center="B")])
    assert bench.failures() == set()


def test_invalid_records_are_replayed_with_the_rest(bench):
    bench.run([*PLAN[:2], {**row("2020", cost_center="B"), "Company": 7}], key=("Company", "Period", "Cost Center"))
    ((reason, records),) = bench.failures()
    assert (reason.startswith("schema: field Company"), records) == (True, 1)
    assert bench.erp.sums() == expected(PLAN[:2])
    lines = bench.replayed().splitlines()
    assert [line.count('"RECORD"') for line in lines].count(1) == 3


def test_a_plan_that_came_again_since_is_not_replayed(bench):
    bench.run(PLAN)
    old = bench.replayed()
    bench.erp.refused_accounts = set()
    newer = [row("1010", amount="1"), row("3030", account="BAD", amount="2")]
    bench.run(newer)
    assert bench.failures() == set()
    bench.run(old)
    assert bench.erp.sums() == expected(newer)
    assert bench.action().counts["outdated"] == 3


def test_a_plan_whose_newer_delivery_broke_off_is_not_replayed_either(bench):
    bench.run(PLAN)
    old = bench.replayed()
    bench.erp.faults = ["unsent"]
    bench.erp.refused_accounts = set()
    with pytest.raises(Exception, match="connection refused"):
        bench.run([row("1010", amount="1"), row("3030", account="BAD", amount="2")])
    bench.run(old)
    assert bench.erp.sums() == expected(PLAN[:2])


def test_failures_of_a_plan_that_stands_again_are_closed(bench):
    bench.run(PLAN[:2])
    bench.run([row("1010", account="BAD"), row("2020")])
    assert bench.failures()
    bench.run(PLAN[:2])
    assert bench.action().outcome == "unchanged"
    assert bench.failures() == set()


def test_a_row_that_left_with_its_failure_leaves_no_open_failure(bench):
    bench.run(PLAN)
    bench.run(PLAN[:2])
    assert bench.failures() == set()


def test_with_payloads_of_failures_only_a_delivery_with_failures_is_kept_whole(bench):
    bench.run(PLAN, audit_payloads="failed")
    bench.erp.refused_accounts = set()
    bench.run(bench.replayed(), audit_payloads="failed")
    assert bench.erp.sums() == expected(PLAN)
    assert bench.failures() == set()


def test_without_payloads_nothing_is_replayed_and_that_is_said(bench):
    bench.run(PLAN, audit_payloads="none")
    assert bench.replayed() == ""
    assert bench.replay_done.without_payload == 3
