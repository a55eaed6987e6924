"""Plans become general ledger journals: to the cent, once, in the right periods, and after every change as planned."""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal

import pytest

ACCOUNTS = ["00-4010", "00-4020", "00-4500", "00-1010", "00-1120"]
PERIODS = {"Oct 26": (2026, 10), "Nov 26": (2026, 11), "Dec 26": (2026, 12), "Jan 27": (2027, 1)}


def random_plan(bench, rng, rows=30):
    found = {}
    for _ in range(rows):
        period, account = rng.choice(list(PERIODS)), rng.choice(ACCOUNTS)
        amount = Decimal(rng.randint(-(10**7), 10**7)).scaleb(-2)
        found[period, account] = bench.row(account, str(amount), Period=period)
    return list(found.values())


def expected(rows):
    """The books as the plan says, with the balancing lines."""
    sums = Counter()
    for row in rows:
        when = PERIODS[row["Period"]]
        sums[(row["Account"], *when)] += row["Amount"]
        sums[("00-2110", *when)] -= row["Amount"]
    return {place: amount for place, amount in sums.items() if amount}


def planned(bench):
    """What stands in journals, posted or not: journals ahead of their period are in the ledger's transactions later."""
    sums, ours = Counter(), set(bench.references())
    for line in bench.rows("GenJournalDetail"):
        if line["Reference"] in ours:
            sums[line["GlCode"], line["GlYear"], line["GlPeriod"]] += Decimal(line["EntryValue"])
    return {place: amount for place, amount in sums.items() if amount}


def test_what_lands_is_the_plan_to_the_cent(bench):
    rows = random_plan(bench, random.Random(1))
    outcome = bench.deliver(bench.plan(*rows))
    assert outcome.states == [{"mark": "done"}]
    assert bench.books() == expected(rows)
    assert planned(bench) == expected(rows)
    documents = bench.documents()
    assert len(documents) == len({row["Period"] for row in rows})
    in_syspro = {head["Reference"]: head for head in bench.journals()}
    for one in documents:
        head = in_syspro[one["reference"]]
        assert (one["company"], one["number"], one["year"]) == ("EDU1", str(head["GlJournal"]), str(head["GlYear"]))
        assert one["state"] == "posted"
        assert head["Notation"] == f"V1 {one['key'].split(',')[-1].strip(']').strip(chr(34))}"
    assert bench.control.sessions() == []


def test_the_same_plan_posts_nothing_whatever_the_order_of_its_rows(bench):
    rows = random_plan(bench, random.Random(2))
    bench.deliver(bench.plan(*rows))
    before = len(bench.control.requests("syspro"))
    outcome = bench.deliver(bench.plan(*reversed(rows)))
    assert outcome.states == [{"mark": "done"}]
    assert bench.books() == expected(rows)
    asked = bench.control.requests("syspro")[before:]  # a log-on, what stands, that there is no more, a log-off
    assert [one["path"].rpartition("?")[0].rpartition("/")[2] for one in asked] == ["Logon", "Query", "Query", "Logoff"]


def test_a_lost_trail_posts_nothing_twice(bench):
    rows = random_plan(bench, random.Random(3), rows=10)
    bench.deliver(bench.plan(*rows))
    before = bench.references()
    (bench.folder / "audit.db").unlink()
    bench.deliver(bench.plan(*rows))
    assert bench.references() == before
    assert {(one["state"], one["company"]) for one in bench.documents()} == {("posted", "EDU1")}


def test_journals_get_their_numbers_in_the_order_of_the_plan(bench):
    periods = list(random.Random(4).sample(list(PERIODS), len(PERIODS)))
    rows = [bench.row(account, "5", Period=period) for account in ("00-4010", "00-4020") for period in periods]
    bench.deliver(bench.plan(*rows))
    posted = bench.documents()
    assert [one["key"].split(",")[-1].strip(']"') for one in posted] == periods
    of_year = [int(one["number"]) for one in posted if one["year"] == posted[0]["year"]]
    assert of_year == sorted(of_year)


@pytest.mark.parametrize("rule", ["difference", "reverse"])
def test_a_plan_that_changes_stands_as_it_says(bench, rule):
    rng = random.Random(4)
    rows = random_plan(bench, rng, rows=10)
    recipes = bench.changed(on_change=rule)
    bench.deliver(bench.plan(*rows), documents=recipes)
    for _ in range(2):
        rows = [row for row in rows if rng.random() < 0.8]
        rows = [{**row, "Amount": row["Amount"] + rng.choice([0, Decimal("0.01"), -500])} for row in rows]
        bench.deliver(bench.plan(*rows), documents=recipes)
        assert planned(bench) == expected(rows)
    assert len(set(bench.references())) == len(bench.references())


@pytest.mark.parametrize("reply", ["mixed", "key", "item", "status"])
@pytest.mark.parametrize("case", ["lower", "pascal"])
def test_the_journals_number_is_found_wherever_the_answer_has_it(bench, reply, case):
    bench.switch("posting_reply", reply)
    bench.switch("echo_case", case)
    bench.switch("journal_element", "JournalNumber" if case == "lower" else "Journal")
    bench.switch("posting_status", "counted" if reply == "status" else "absent")
    bench.deliver(bench.plan(bench.row("00-4010", "10.50")))
    (document,) = bench.documents()
    (head,) = bench.journals()
    assert (document["number"], document["year"]) == (str(head["GlJournal"]), "2026")


def test_year_and_period_can_change_places_where_the_site_has_them_so(bench):
    bench.switch("journal_period", "swapped")
    bench.deliver(bench.plan(bench.row("00-4010", "10.50")), journal_period="swapped")
    assert set(bench.books()) == {("00-4010", 2026, 11), ("00-2110", 2026, 11)}


def test_long_journals_travel_in_a_body_and_short_ones_in_the_address(bench):
    rows = [bench.row("00-4010", str(number), Comment=f"line {number} & <more>") for number in range(1, 200)]
    recipes = bench.changed(condense=False)
    messages = bench.messages("plan", bench.plan()[0]["schema"]["properties"], [], rows, "done")
    bench.deliver(messages, documents=recipes)
    assert len(bench.asked("Transaction/PostLD")) == 1
    comments = {line["Comment"] for line in bench.rows("GenJournalDetail")}
    assert {row["Comment"] for row in rows} <= comments
    bench.deliver(bench.plan(bench.row("00-4010", "1", Version="V2")))
    assert len(bench.asked("Transaction/PostLD")) == 1


def test_journals_can_wait_in_syspro_for_somebody_to_post_them(bench):
    bench.deliver(bench.plan(bench.row("00-4010", "10.50")), post_journals=False)
    assert bench.books() == {}
    assert len(bench.journals()) == 1
    assert planned(bench) == {("00-4010", 2026, 11): Decimal("10.50"), ("00-2110", 2026, 11): Decimal("-10.50")}


def test_validate_only_asks_syspro_and_posts_nothing(bench):
    good = bench.row("00-4010", "10")
    bad = bench.row("99-9999", "10", Period="Dec 26")
    outcome = bench.deliver(bench.plan(good, bad), validate_only=True)
    assert outcome.states == []
    assert bench.journals() == []
    (message,) = bench.rejected().values()
    assert "99-9999" in message
    assert bench.deliver(bench.plan(good)).states == [{"mark": "done"}]
    assert len(bench.references()) == 1


def test_a_second_company_is_another_session(bench):
    schema = {**bench.plan()[0]["schema"]["properties"], "Company": {"type": "string"}}
    rows = [{**bench.row("00-4010", "10"), "Company": company} for company in ("EDU1", "EDU2")]
    recipes = bench.changed(document=["Company", "Period"], header={"company_code": "Company"})
    bench.deliver(bench.messages("plan", schema, ["Company"], rows, "done"), documents=recipes)
    assert [len(bench.journals(company)) for company in ("EDU1", "EDU2")] == [1, 1]
    assert [one["company"] for one in bench.documents()] == ["EDU1", "EDU2"]


def test_what_was_changed_inside_syspro_is_told_when_asked(bench, caplog):
    row = bench.row("00-4010", "10")
    bench.deliver(bench.plan(row))
    (head,) = bench.journals()
    bench.deliver(bench.plan(row), check_standing=True)
    assert "stands by the audit trail" not in caplog.text
    for table in ("GenJournalCtl", "GenJournalDetail"):
        for one in bench.rows(table):
            if one["Reference"] == head["Reference"]:
                number = "GlJournal" if table == "GenJournalCtl" else "Journal"
                names = ["GlYear", "GlPeriod", number, *(["EntryNumber"] if number == "Journal" else [])]
                key = {name: one[name] for name in names}
                change = {"company": "EDU1", "table": table, "op": "update", "key": key, "values": {"Reference": "X"}}
                bench.control.change([change])
    bench.deliver(bench.plan(row), check_standing=True)
    assert f"{head['Reference']} " in caplog.text
    assert "stands by the audit trail" in caplog.text


def test_journals_are_found_by_their_lines_where_the_header_keeps_no_reference(bench):
    bench.deliver(bench.plan(bench.row("00-4010", "10")))
    (head,) = bench.journals()
    key = {name: head[name] for name in ("GlYear", "GlPeriod", "GlJournal")}
    change = {"table": "GenJournalCtl", "op": "update", "key": key, "values": {"Reference": "the site's own"}}
    bench.control.change([{"company": "EDU1", **change}])
    (bench.folder / "audit.db").unlink()
    bench.deliver(bench.plan(bench.row("00-4010", "10")))
    assert bench.asked("Transaction/Post")[1:] == []
    (document,) = bench.documents()
    assert (document["state"], document["number"]) == ("posted", str(head["GlJournal"]))
