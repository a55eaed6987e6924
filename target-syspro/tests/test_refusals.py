"""What SYSPRO refuses is told row by row, with its numbers and words; everything else is posted."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest


@pytest.mark.parametrize("case", ["lower", "pascal"])
@pytest.mark.parametrize("status", ["counted", "absent"])
def test_the_row_that_is_wrong_is_told_apart_from_those_beside_it(bench, case, status):
    bench.switch("echo_case", case)
    bench.switch("posting_status", status)
    rows = [
        bench.row("00-4010", "10"),
        bench.row("99-9999", "5"),
        bench.row("00-4010", "10", Period="Dec 26"),
    ]
    outcome = bench.deliver(bench.plan(*rows))
    assert outcome.states == [{"mark": "done"}]
    messages = bench.rejected()
    assert set(messages) == {'["V1","Nov 26","00-4010"]', '["V1","Nov 26","99-9999"]'}
    assert messages['["V1","Nov 26","99-9999"]'].startswith("99-9999 5.00: ")
    assert messages['["V1","Nov 26","00-4010"]'].startswith("document ")
    assert [head["GlPeriod"] for head in bench.journals()] == [12]
    states = {one["state"]: one for one in bench.documents()}
    assert set(states) == {"posted", "refused"}
    code, _, words = states["refused"]["messages"][0].partition(" ")
    assert (len(code), code.isdecimal()) == (6, True)
    assert "99-9999" in words


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([("FORCED", "5", {})], "FORCED"),
        ([("00-4010", "5", {"Period": "Jan 19"})], "2019"),
        ([("00-4010", "1000000000000.01", {})], "more than 12 digits"),
        ([("00-4010", "5", {"Comment": "x" * 251})], "251 characters, Comment takes 250"),
        ([("00-4010", "5", {"Comment": "Łódź"})], "Ł (U+0141)"),
        ([("00-4010", "5", {"Comment": "a\x00b"})], "U+0000"),
        ([("x" * 36, "5", {})], "36 characters, LedgerCode takes 35"),
    ],
)
def test_a_bad_document_is_refused_with_the_reason(bench, rows, told):
    good = bench.row("00-4010", "10", Period="Oct 26")
    bench.deliver(bench.plan(good, *(bench.row(account, amount, **more) for account, amount, more in rows)))
    (message,) = bench.rejected().values()
    assert told in message
    assert len(bench.references()) == 1


def test_a_closed_period_is_told_and_posted_when_it_is_open(bench):
    bench.switch("closed_periods", "2026-10")
    rows = [bench.row("00-4010", "10", Period="Oct 26"), bench.row("00-4010", "20")]
    bench.deliver(bench.plan(*rows))
    assert len(bench.rejected()) == 1
    bench.switch("closed_periods", "")
    bench.deliver(bench.plan(*rows))
    assert sorted(amount for place, amount in bench.books().items() if place[0] == "00-4010") == [10, 20]
    assert len(bench.references()) == 2
    assert not any(json.loads(bench.audit("failures", "--json")).values())


def test_a_plan_that_does_not_balance_never_reaches_syspro(bench):
    bench.deliver(bench.plan(bench.row("00-4010", "10")), documents=bench.changed(offset=None))
    (message,) = bench.rejected().values()
    assert "debits exceed credits by 10" in message
    assert bench.asked("Transaction/") == []


def test_the_first_refusal_can_end_the_run(bench):
    rows = [bench.row("99-9999", "5", Period=period) for period in ("Oct 26", "Nov 26", "Dec 26")]
    outcome = bench.run(bench.plan(*rows), documents=bench.changed(on_failure="stop"))
    assert "on_failure is stop" in str(outcome.error)
    assert len(bench.asked("Transaction/")) == 1


def test_text_in_windows_1252_arrives_as_it_is(bench):
    text = "Größe € „Ÿ“ <a&b> ' \" ½ – Ø"
    bench.deliver(bench.plan(bench.row("00-4010", "10", Comment=text)))
    (head,) = bench.journals()
    assert text in {line["Comment"] for line in bench.rows("GenJournalDetail") if line["Journal"] == head["GlJournal"]}


def test_long_text_in_windows_1252_arrives_as_it_is_too(bench):
    text = "Größe € „Ÿ“ ]]> <a&b> ½ – Ø"
    bench.deliver(bench.plan(bench.row("00-4010", "10", Comment=text)), longest_get=100)
    assert text in {line["Comment"] for line in bench.rows("GenJournalDetail")}


def test_elements_that_the_site_knows_beyond_the_usual_can_be_named(bench):
    further = [{"object": "gl_journal", "level": "line", "name": "date", "element": "Date", "length": 10}]
    recipes = bench.changed(lines={**bench.journal["lines"], "date": {"constant": "2026-11-18"}})
    bench.deliver(bench.plan(bench.row("00-4010", "10")), further_elements=further, documents=recipes)
    (asked,) = bench.asked("Transaction/Post")
    assert "%3CDate%3E2026-11-18%3C%2FDate%3E" in asked["path"]
    outcome = bench.run(bench.plan(bench.row("00-4010", "10")), documents=recipes)
    assert "date" in str(outcome.error)


def test_secrets_reach_no_message(bench, caplog):
    outcome = bench.run(bench.plan(bench.row("00-4010", "10")), operator_password="hunter2-secret")
    assert "Invalid operator password" in str(outcome.error)
    assert "hunter2-secret" not in str(outcome.error) + caplog.text
    assert "hunter2-secret" not in bench.audit("show", "--json")


def test_amounts_are_exact(bench):
    rows = [bench.row(account, amount) for account, amount in (("00-4010", "0.1"), ("00-4020", "0.2"))]
    bench.deliver(bench.plan(*rows, bench.row("00-4500", "123456789012.34")))
    assert bench.books()["00-2110", 2026, 11] == -Decimal("123456789012.64")
