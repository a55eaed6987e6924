"""Plans become journal entries: to the cent, once, in the right periods, and after every change what the plan says."""

from __future__ import annotations

import json
import random
from collections import Counter
from decimal import Decimal

import pytest

ACCOUNTS = ["63000000", "63005000", "63010000", "63015000", "65005000"]
CENTERS = {"1010": ["10100101", "10100103", "10100204"], "1710": ["17100101", "17100103", "17100204"]}
# Company 1710's fiscal year begins in April and bears the number of the calendar year in which it starts.
PERIODS = {
    "1010": {
        "Oct 26": ("2026", "010"),
        "Nov 26": ("2026", "011"),
        "Dec 26": ("2026", "012"),
        "Jan 27": ("2027", "001"),
    },
    "1710": {
        "Oct 26": ("2026", "007"),
        "Nov 26": ("2026", "008"),
        "Dec 26": ("2026", "009"),
        "Jan 27": ("2026", "010"),
    },
}
KEY = ("Company", "Period", "Account", "CostCenter")
CURRENCY = {"1010": "EUR", "1710": "USD"}


def random_plan(bench, rng, rows=60):
    found = {}
    for _ in range(rows):
        company = rng.choice(["1010", "1710"])
        period = rng.choice(list(PERIODS[company]))
        account, center = rng.choice(ACCOUNTS), rng.choice(CENTERS[company])
        amount = Decimal(rng.randint(-(10**7), 10**7)).scaleb(-2)
        values = {"Company": company, "Period": period, "CostCenter": center, "Currency": CURRENCY[company]}
        found[company, period, account, center] = bench.row(account, str(amount), **values)
    return list(found.values())


def expected(rows):
    """The books as the plan says, with the balancing lines."""
    sums = Counter()
    for row in rows:
        company, amount = row["Company"], row["Amount"]
        when = PERIODS[company][row["Period"]]
        sums[(company, row["Account"], row["CostCenter"], *when, row["Currency"])] += amount
        sums[(company, "31000000", "", *when, row["Currency"])] -= amount
    return {place: amount for place, amount in sums.items() if amount}


def test_what_lands_is_the_plan_to_the_cent(bench):
    rows = random_plan(bench, random.Random(1))
    outcome = bench.deliver(bench.plan(*rows))
    assert outcome.states == [{"mark": "done"}]
    assert bench.books() == expected(rows)
    documents = bench.documents()
    assert len(documents) == len({(row["Company"], row["Period"]) for row in rows})
    in_sap = {head["DocumentReferenceID"]: head for head in bench.headers()}
    for one in documents:
        head = in_sap[one["reference"]]
        assert (one["number"], one["company"], one["year"]) == (
            head["AccountingDocument"],
            head["CompanyCode"],
            head["FiscalYear"],
        )
        assert one["state"] == "posted"
        assert head["AccountingDocumentHeaderText"] == f"V1 {one['key'].split(',')[-1].strip(']').strip(chr(34))}"


def test_the_last_day_of_the_period_is_the_posting_date(bench):
    bench.deliver(bench.plan(bench.row("63005000", "10", CostCenter="10100101", Period="Oct 26")))
    (head,) = bench.headers()
    assert (head["PostingDate"], head["DocumentDate"]) == ("2026-10-31", "2026-10-31")


def test_the_same_plan_posts_nothing_whatever_the_order_of_its_rows(bench):
    rows = random_plan(bench, random.Random(2))
    bench.deliver(bench.plan(*rows))
    before = len(bench.sandbox.control.requests("sap"))
    outcome = bench.deliver(bench.plan(*reversed(rows)))
    assert outcome.states == [{"mark": "done"}]
    assert bench.books() == expected(rows)
    asked = bench.sandbox.control.requests("sap")[before:]
    assert [one["method"] for one in asked] == ["GET", "GET"]  # what stands, and that there is no more


def test_a_lost_trail_posts_nothing_twice(bench):
    rows = random_plan(bench, random.Random(3), rows=10)
    bench.deliver(bench.plan(*rows))
    before = bench.references()
    (bench.folder / "audit.db").unlink()
    bench.deliver(bench.plan(*rows))
    assert bench.references() == before
    assert {one["state"] for one in bench.documents()} == {"posted"}


@pytest.mark.parametrize("rule", ["difference", "reverse"])
def test_a_plan_that_changes_stands_as_it_says(bench, rule):
    rng = random.Random(4)
    rows = random_plan(bench, rng, rows=20)
    recipes = bench.changed(on_change=rule)
    bench.deliver(bench.plan(*rows), documents=recipes)
    for _ in range(3):
        rows = [row for row in rows if rng.random() < 0.8]
        rows = [{**row, "Amount": row["Amount"] + rng.choice([0, 0, Decimal("0.01"), -500])} for row in rows]
        merged = [*random_plan(bench, rng, rows=2), *rows]
        rows = list({tuple(row[name] for name in KEY): row for row in merged}.values())
        bench.deliver(bench.plan(*rows), documents=recipes)
        assert bench.books() == expected(rows)
    assert len(set(bench.references())) == len(bench.references())


def test_a_plan_that_may_not_change_is_refused_and_stays(bench):
    row = bench.row("63005000", "10", CostCenter="10100101")
    bench.deliver(bench.plan(row))
    before = bench.books()
    bench.deliver(bench.plan({**row, "Amount": Decimal(11)}), documents=bench.changed(on_change="refuse"))
    assert bench.books() == before
    (message,) = bench.rejected().values()
    assert "the plan has changed since it was posted" in message


def test_a_reversal_names_the_document_it_takes_back(bench):
    recipes = bench.changed(on_change="reverse")
    row = bench.row("63005000", "10", CostCenter="10100101")
    bench.deliver(bench.plan(row), documents=recipes)
    (first,) = bench.references()
    bench.deliver(
        bench.plan({**row, "Amount": Decimal(12)}), documents=recipes, reversal_header={"document_type": "SB"}
    )
    taken_back = [head for head in bench.headers() if head["Reference2InDocumentHeader"] == first]
    assert [head["AccountingDocumentType"] for head in taken_back] == ["SB"]
    assert len(bench.headers()) == 3


def test_validate_only_asks_sap_and_posts_nothing(bench):
    good = bench.row("63005000", "10", CostCenter="10100101")
    bad = bench.row("63005000", "10", CostCenter="10109999", Period="Dec 26")
    numbers = len(bench.sandbox.control.call("GET", "/sap/rows", table="JournalHeader")["rows"])
    outcome = bench.deliver(bench.plan(good, bad), validate_only=True)
    assert outcome.states == []
    assert len(bench.sandbox.control.call("GET", "/sap/rows", table="JournalHeader")["rows"]) == numbers
    (message,) = bench.rejected().values()
    assert "10109999" in message
    assert bench.deliver(bench.plan(good)).states == [{"mark": "done"}]
    assert len(bench.references()) == 1


def test_what_was_changed_inside_sap_is_told_when_asked(bench, caplog):
    row = bench.row("63005000", "10", CostCenter="10100101")
    bench.deliver(bench.plan(row))
    (head,) = bench.headers()
    key = {name: head[name] for name in ("CompanyCode", "FiscalYear", "AccountingDocument")}
    change = {"table": "JournalHeader", "op": "update", "key": key, "values": {"DocumentReferenceID": "X"}}
    bench.sandbox.control.call("POST", "/sap/change", {"operations": [change]})
    bench.deliver(bench.plan(row), check_standing=True)
    assert f"{head['DocumentReferenceID']} " in caplog.text
    assert "SAP S/4HANA does not have it" in caplog.text


def test_what_somebody_reversed_inside_sap_is_told_and_what_stands_is_not(bench, caplog):
    rows = [bench.row("63005000", "10", CostCenter="10100101", Period=period) for period in ("Oct 26", "Nov 26")]
    bench.deliver(bench.plan(*rows))
    gone, kept = bench.headers()
    document = {"company_code": "1010", "document": gone["AccountingDocument"], "fiscal_year": gone["FiscalYear"]}
    bench.sandbox.control.call("POST", "/sap/reverse", {**document, "posting_date": "2026-11-20"})
    bench.deliver(bench.plan(*rows), check_standing=True)
    told = [line for line in caplog.text.splitlines() if "stands by the audit trail" in line]
    assert len(told) == 1
    assert gone["DocumentReferenceID"] in told[0]
    assert "but was reversed in SAP S/4HANA by " in told[0]
    assert kept["DocumentReferenceID"] not in told[0]


def test_a_token_that_expires_between_two_requests_is_renewed(bench):
    control, info = bench.sandbox.control, bench.sandbox.info["sap"]
    control.switch("sap", "token_seconds", 1)
    control.fault("sap", {"delay": 1.2}, path="journalentry", method="POST")
    names = ("client_id", "client_secret", "token_url")
    rows = [bench.row("63005000", "1", CostCenter="10100101", Period=period) for period in PERIODS["1010"]]
    bench.deliver(
        bench.plan(*rows), per_call=1, auth_method="oauth", timeout=10, **{name: info[name] for name in names}
    )
    assert len(bench.references()) == 4
    assert bench.books() == expected(rows)
    tokens = [one for one in control.requests("sap") if "oauth2/token" in one["path"]]
    assert len(tokens) > 1


def test_every_row_of_a_plan_has_one_outcome_in_the_trail_also_those_whose_documents_stand(bench):
    lines = [
        bench.row(account, "5.00", CostCenter=CENTERS["1010"][0], Period=period)
        for account in ACCOUNTS[:3]
        for period in ("Nov 26", "Dec 26")
    ]
    more = bench.row(ACCOUNTS[3], "9.00", CostCenter=CENTERS["1010"][0], Period="Nov 26")
    for plan, unchanged, delivered in ((lines, 0, 6), (lines, 6, 0), ([*lines, more], 0, 7)):
        bench.deliver(bench.plan(*plan))
        (action,) = json.loads(bench.audit("show", "--json"))["actions"]
        assert (action["read"], action["unchanged"], action["delivered"]) == (len(plan), unchanged, delivered)
