"""What SAP or its rules would not take: a message that a person can use, the rows it is about, the rest posted."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from connector_kit.errors import ConfigurationError, RefusedError

CENTER = "10100101"
WRONG = {"stream": "plan", "object": "journal", "document": ["Company"], "lines": {"account": "Account"}}


@pytest.fixture
def good(bench):
    """A row whose document is fine, in every test beside the bad one."""
    return bench.row("63005000", "77", CostCenter=CENTER, Period="Dec 26")


def key(row):
    names = ("Version", "Company", "Account", "CostCenter", "Period")
    return json.dumps([row[name] for name in names], separators=(",", ":"))


def posted(bench):
    """What was posted beside balancing lines: account and amount."""
    return {(place[1], place[4]): amount for place, amount in bench.books().items() if place[1] != "31000000"}


def test_an_unbalanced_document_is_refused_before_it_is_sent(bench, good):
    rows = [bench.row("63005000", "100.00", CostCenter=CENTER), bench.row("31000000", "-99.99")]
    balanced = [good, bench.row("31000000", "-77", Period="Dec 26")]
    outcome = bench.deliver(bench.plan(*rows, *balanced), documents=bench.changed(offset=None))
    assert outcome.states == [{"mark": "done"}]
    rejected = bench.rejected()
    assert set(rejected) == {key(row) for row in rows}
    assert all("debits exceed credits by 0.01 EUR" in message for message in rejected.values())
    assert posted(bench) == {("63005000", "012"): 77}


def test_documents_balance_per_currency(bench, good):
    rows = [bench.row("63005000", "100", CostCenter=CENTER), bench.row("31000000", "-100", Currency="USD")]
    balanced = [good, bench.row("31000000", "-77", Period="Dec 26")]
    bench.deliver(bench.plan(*rows, *balanced), documents=bench.changed(offset=None))
    messages = set(bench.rejected().values())
    assert all("100" in message and "EUR" in message and "USD" in message for message in messages)
    assert posted(bench) == {("63005000", "012"): 77}


def test_a_document_in_two_currencies_is_told_in_saps_words(bench, good):
    rows = [
        bench.row("63005000", "100", CostCenter=CENTER),
        bench.row("63010000", "50", CostCenter=CENTER, Currency="USD"),
    ]
    bench.deliver(bench.plan(*rows, good))
    rejected = bench.rejected()
    assert set(rejected) == {key(row) for row in rows}
    assert all("currenc" in message.lower() for message in rejected.values())
    assert posted(bench) == {("63005000", "012"): 77}


def test_documents_by_currency_are_posted_each_in_its_own(bench):
    rows = [
        bench.row("63005000", "100", CostCenter=CENTER),
        bench.row("63010000", "50.005", CostCenter=CENTER, Currency="JPY"),
    ]
    bench.deliver(bench.plan(*rows), documents=bench.changed(document=["Company", "Period", "Currency"]))
    amounts = {(place[1], place[5]): amount for place, amount in bench.books().items()}
    assert amounts["63005000", "EUR"] == 100
    assert amounts["63010000", "JPY"] == 50


def test_a_closed_period_names_itself(bench, good):
    bench.sandbox.control.call(
        "POST", "/sap/period", {"company_code": "1010", "year": "2026", "period": "010", "open": False}
    )
    row = bench.row("63005000", "10", CostCenter=CENTER, Period="Oct 26")
    bench.deliver(bench.plan(row, good))
    (message,) = bench.rejected().values()
    assert "F5/201 Posting period" in message
    assert "is not open" in message
    assert posted(bench) == {("63005000", "012"): 77}


def test_an_unknown_cost_center_is_told_at_its_row_and_its_document_is_held_back(bench, good):
    wrong, right = bench.row("63005000", "10", CostCenter="10109999"), bench.row("63010000", "5", CostCenter=CENTER)
    bench.deliver(bench.plan(wrong, right, good))
    rejected = bench.rejected()
    assert rejected[key(wrong)].startswith("63005000 10.00 EUR: ")
    assert "10109999" in rejected[key(wrong)].split("; document")[0]
    assert rejected[key(right)].startswith("document ")
    assert posted(bench) == {("63005000", "012"): 77}


def test_a_cost_center_that_is_not_valid_on_the_posting_date_is_refused(bench, good):
    row = bench.row("63005000", "10", CostCenter="10100405")  # until 2025-12-31
    bench.deliver(bench.plan(row, good))
    (message,) = bench.rejected().values()
    assert "10100405" in message


def test_unknown_and_blocked_accounts_are_told_with_the_row(bench, good):
    bench.sandbox.control.call("POST", "/sap/block-account", {"account": "63020000", "blocked": True})
    unknown, blocked = bench.row("63999999", "10", CostCenter=CENTER), bench.row("63020000", "5", CostCenter=CENTER)
    bench.deliver(bench.plan(unknown, blocked, good))
    rejected = bench.rejected()
    assert "63999999" in rejected[key(unknown)].split("; document")[0]
    assert "63020000 is blocked" in rejected[key(blocked)]


def test_an_over_long_text_is_told_at_its_row_before_it_is_sent(bench, good):
    row = bench.row("63005000", "10", CostCenter=CENTER, Comment="x" * 51)
    bench.deliver(bench.plan(row, good))
    (message,) = bench.rejected().values()
    assert "SAP takes at most 50 characters in DocumentItemText, got 51" in message
    assert posted(bench) == {("63005000", "012"): 77}


def test_a_thousand_lines_are_too_many_for_one_document(bench):
    rows = [bench.row("63005000", "1", CostCenter=CENTER, Comment=f"line {at}", Version=f"V{at}") for at in range(1000)]
    recipe = bench.changed(scope=None, condense=False, header={"company_code": "Company"}, split={"rule": "refuse"})
    bench.deliver(bench.plan(*rows), documents=recipe)
    rejected = bench.rejected()
    assert len(rejected) == 1000
    assert all("1001 lines, 999 are allowed" in message for message in rejected.values())
    assert bench.books() == {}


def test_a_thousand_lines_are_split_into_documents_that_balance(bench):
    rows = [
        bench.row("63005000", "1.01", CostCenter=CENTER, Comment=f"line {at}", Version=f"V{at}") for at in range(1000)
    ]
    recipe = bench.changed(scope=None, condense=False, header={"company_code": "Company"})
    bench.deliver(bench.plan(*rows), documents=recipe)
    assert len(bench.references()) == 2
    assert posted(bench) == {("63005000", "011"): Decimal("1010.00")}


def test_a_refused_document_is_posted_once_it_can_be(bench, good):
    control = bench.sandbox.control
    control.call("POST", "/sap/period", {"company_code": "1010", "year": "2026", "period": "010", "open": False})
    rows = [bench.row("63005000", "10", CostCenter=CENTER, Period="Oct 26"), good]
    bench.deliver(bench.plan(*rows))
    control.call("POST", "/sap/period", {"company_code": "1010", "year": "2026", "period": "010", "open": True})
    replayed = bench.audit("replay")
    bench.deliver([replayed.rstrip()])
    assert posted(bench) == {("63005000", "010"): 10, ("63005000", "012"): 77}
    assert json.loads(bench.audit("failures", "--json")) == {"failures": [], "batches": []}


def test_a_failure_can_stop_the_run(bench, good):
    row = bench.row("63005000", "10", CostCenter="10109999", Period="Jan 26")
    outcome = bench.run(bench.plan(row, good), documents=bench.changed(on_failure="stop"), per_call=1)
    assert isinstance(outcome.error, RefusedError)
    assert outcome.states == []


def test_rows_of_one_document_must_agree_about_its_header(bench):
    rows = [
        bench.row("63005000", "1", CostCenter=CENTER, Comment="a"),
        bench.row("63010000", "1", CostCenter=CENTER, Comment="b"),
    ]
    header = {"company_code": "Company", "header_text": "Comment"}
    bench.deliver(bench.plan(*rows), documents=bench.changed(header=header))
    assert all("disagree in header_text" in message for message in bench.rejected().values())
    assert bench.books() == {}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"documents": [WRONG]}, "object journal is not one of journal_entry"),
        (
            {"further_elements": [{"name": "x", "level": "header", "path": "X", "after": "Nope"}]},
            "no element Nope to follow",
        ),
        ({"reversal_lines": {"negative_posting": "true"}}, "got negative_posting"),
    ],
)
def test_settings_that_dont_fit_are_told_before_anything_is_read(bench, settings, words):
    outcome = bench.run(bench.plan(), **settings)
    assert isinstance(outcome.error, ConfigurationError)
    assert words in str(outcome.error)


def test_a_stream_without_a_recipe_ends_the_run_before_anything_is_posted(bench, good):
    outcome = bench.run([*bench.plan(good), *bench.plan(good, stream="other")])
    assert "expected an entry in documents, or its name in streams_ignored" in str(outcome.error)
    assert bench.books() == {}
    assert outcome.states == []


def test_a_wrong_password_is_one_line_that_says_what_to_check(bench, good):
    outcome = bench.run(bench.plan(good), password="wrong")
    assert "HTTP 401" in str(outcome.error)
    assert "communication user" in str(outcome.error)
    assert bench.books() == {}
    assert bench.deliver(bench.plan(good)).states == [{"mark": "done"}]
    assert posted(bench) == {("63005000", "012"): 77}
