"""What is not known of SAP for certain: the target works with each possibility that the sandbox offers."""

from __future__ import annotations

import pytest

CENTER = "10100101"


def rows(bench):
    return [bench.row("63005000", "10", CostCenter=CENTER, Period=period) for period in ("Oct 26", "Nov 26", "Dec 26")]


def posted(bench):
    return {place[4]: amount for place, amount in bench.books().items() if place[1] == "63005000"}


@pytest.fixture
def switch(bench):
    def set_switch(name, value):
        bench.sandbox.control.switch("sap", name, value)

    return set_switch


def choices(bench, name):
    known = bench.sandbox.control.switches()["sap"][name]["values"]
    return [True, False] if known == "bool" else known


@pytest.mark.parametrize(
    "name", ["bulk", "duplicate_ids", "message_ids", "soap_prefix", "confirmation_origin_name", "debit_credit_mismatch"]
)
def test_the_good_documents_are_posted_and_the_bad_one_is_told(bench, switch, name):
    for at, choice in enumerate(choices(bench, name)):
        switch(name, choice)
        bad = bench.row("63005000", "10", CostCenter="10109999", Period="Jan 26")
        bench.settings["audit_url"] = f"sqlite:///{bench.folder}/audit{at}.db"
        messages = bench.plan(*(dict(row, Version=f"V{at}") for row in (*rows(bench), bad)))
        bench.deliver(messages)
        assert posted(bench) == dict.fromkeys(("010", "011", "012"), 10 * (at + 1)), choice


@pytest.mark.parametrize("text", range(3))
def test_an_element_that_the_tenant_does_not_know_is_told_for_every_document(bench, switch, text):
    known = choices(bench, "soap_fault_text")
    switch("soap_fault_text", known[min(text, len(known) - 1)])
    header = {"company_code": "Company", "wrong": {"constant": "0L"}}
    further = [{"name": "wrong", "level": "header", "path": "NobodyKnowsThis"}]
    outcome = bench.run(bench.plan(*rows(bench)), documents=bench.changed(header=header), further_elements=further)
    assert bench.references() == []
    told = str(outcome.error) if outcome.error else "; ".join(bench.rejected().values())
    assert "SOAP" in told


LEDGER_GROUP = [{"name": "ledger_group", "level": "header", "path": "LedgerGroup", "after": "CompanyCode"}]


@pytest.mark.parametrize("fault", [None, {"reset": "before_response"}, {"reset": "late", "delay": 0.1}])
def test_documents_of_a_ledger_group_are_posted_once_although_they_have_no_entry_view(bench, switch, fault):
    switch("soap_later_elements", True)
    if fault:
        bench.sandbox.control.fault("sap", fault, path="journalentry", method="POST")
    header = {"company_code": "Company", "ledger_group": {"constant": "2L"}}
    settings = {"documents": bench.changed(header=header), "further_elements": LEDGER_GROUP}
    bench.deliver(bench.plan(*rows(bench)), **settings)
    assert [head["LedgerGroup"] for head in bench.headers()] == ["2L"] * 3
    assert posted(bench) == {}  # nothing in the leading ledger
    (bench.folder / "audit.db").unlink()
    bench.deliver(bench.plan(*rows(bench)), **settings)
    assert len(bench.references()) == 3


def test_what_a_ledger_groups_documents_are_found_by_can_not_be_mapped(bench, switch):
    switch("soap_later_elements", True)
    header = {"company_code": "Company", "ledger_group": {"constant": "2L"}}
    recipe = bench.changed(header=header, lines={**bench.journal["lines"], "assignment_reference": "Comment"})
    bench.deliver(
        bench.plan(*(dict(row, Comment="x") for row in rows(bench))), documents=recipe, further_elements=LEDGER_GROUP
    )
    assert all("assignment_reference is needed" in message for message in bench.rejected().values())
    assert bench.references() == []


def test_reversals_can_be_marked_as_negative_postings(bench, switch):
    switch("soap_later_elements", True)
    switch("debit_credit_mismatch", "negative_posting")
    further = [{"name": "negative_posting", "level": "line", "path": "IsNegativePosting", "after": "DebitCreditCode"}]
    settings = {
        "documents": bench.changed(on_change="reverse"),
        "further_elements": further,
        "reversal_lines": {"negative_posting": True},
    }
    first = rows(bench)
    bench.deliver(bench.plan(*first), **settings)
    bench.deliver(bench.plan(*first[1:]), **settings)
    assert bench.rejected() == {}
    assert posted(bench) == {"011": 10, "012": 10}
    lines = bench.sandbox.control.call("GET", "/sap/rows", table="JournalLine")["rows"]
    marked = [line for line in lines if line["IsNegativePosting"] and line["Ledger"] == "0L"]
    assert len(marked) == 2


def test_a_tenant_that_refuses_negative_postings_says_so_and_reversals_without_the_mark_are_posted(bench, switch):
    switch("soap_later_elements", True)
    switch("negative_posting", "refused")  # from release 2602 on the check is there
    further = [{"name": "negative_posting", "level": "line", "path": "IsNegativePosting", "after": "DebitCreditCode"}]
    plain = {"documents": bench.changed(on_change="reverse"), "further_elements": further}
    marked = {**plain, "reversal_lines": {"negative_posting": True}}
    first = rows(bench)
    bench.deliver(bench.plan(*first), **marked)
    before = posted(bench)
    outcome = bench.run(bench.plan(*first[1:]), **marked)
    told = "; ".join([*bench.rejected().values(), str(outcome.error or "")])
    assert "FINS_FI_POSTING_IF/056" in told
    assert posted(bench) == before, "nothing is taken back by halves"
    bench.deliver(bench.plan(*first[1:]), **plain)
    assert posted(bench) == {"011": 10, "012": 10}
