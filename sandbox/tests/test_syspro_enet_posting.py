"""Journals posted through e.net: what is checked, what the reply says, what the books hold afterwards."""

from __future__ import annotations

from decimal import Decimal

import pytest
import requests

from sandbox.tests.syspro_books import check_ledger
from sandbox.tests.syspro_client import all_texts, errors, posting_counts, xml

RENT, BANK = "10-6200", "00-1000"


def entry(amount, account=RENT, **more):
    return {"LedgerCode": account, "EntryAmount": amount, **more}


def journal(*entries, **more):
    head = {"JournalType": "N", "AuthorizeJournal": "A", "PostJournal": "Y", "JournalDate": "2026-11-10"}
    head |= {"JournalReference": "PLAN-1", "PostingYear": "2026", "PostingPeriod": "11"}
    lines = list(entries) or [entry("100.25"), entry("-100.25", BANK)]
    return xml({"Item": {**head, **more, "JournalDetails": lines}})


def balance(syspro, account=RENT):
    return Decimal(syspro.row("GenMaster", GlCode=account)["CurrentBalance"])


def closing(syspro, period, account=RENT, year=2026):
    return Decimal(syspro.row("GenHistory", GlCode=account, GlYear=year)[f"ClosingBalPer{period}"])


def test_a_posted_journal_is_in_every_table_and_found_by_its_reference(syspro):
    before = balance(syspro)
    lines = [entry("100.25", Comment="Rent <plan>", Reference="LINE-1", Date="2026-11-09"), entry("-100.25", BANK)]
    reply = syspro.post("GENTJL", journal(*lines, Notation="Approved"))
    assert (posting_counts(reply), errors(reply)) == ([1, 0, 0, 0], [])
    key = {child.tag: child.text for child in reply.find("Item/Key")}
    assert (key["JournalYear"], key["JournalPeriod"]) == ("2026", "11")
    assert reply.findtext("Item/ItemNumber") == "000001"
    (control,) = syspro.rows("GenJournalCtl", filter="Reference eq 'PLAN-1'")
    assert control["GlJournal"] == int(key["Journal"])
    assert (control["DebitAmount"], control["NumOfEntries"], control["Notation"]) == (100.25, 2, "Approved")
    assert control["PostDate"].startswith("2026-11-20")
    debit, credit = syspro.rows("GenJournalDetail", filter=f"Journal eq {control['GlJournal']}")
    assert (debit["Reference"], debit["Comment"], debit["EntryDate"][:10]) == ("LINE-1", "Rent <plan>", "2026-11-09")
    assert (credit["Reference"], credit["EntryValue"], credit["EntryPosted"]) == ("PLAN-1", -100.25, "Y")
    assert len(syspro.rows("GenTransaction", filter=f"Journal eq {control['GlJournal']}")) == 2
    assert balance(syspro) - before == Decimal("100.25")
    check_ledger(syspro.ledger())


@pytest.mark.parametrize(
    ("flags", "status", "authorised"),
    [
        ({"PostJournal": "N"}, "N", "Y"),
        ({"AuthorizeJournal": "N"}, "N", "N"),
        ({"HoldJournal": "Y"}, "H", "N"),
    ],
)
def test_a_journal_that_is_not_to_be_posted_waits_without_a_post_date(syspro, flags, status, authorised):
    before = balance(syspro)
    assert errors(syspro.post("GENTJL", journal(**flags))) == []
    (control,) = syspro.rows("GenJournalCtl", filter="Reference eq 'PLAN-1'")
    assert (control["PostDate"], control["JnlStatus"], control["Authorised"]) == (None, status, authorised)
    assert syspro.rows("GenJournalDetail", filter="Reference eq 'PLAN-1'")[0]["EntryPosted"] == "N"
    assert balance(syspro) == before


@pytest.mark.parametrize(
    ("given", "where", "words"),
    [
        (journal(entry("1.00"), entry("-1.01", BANK)), "item", "Journal does not balance, difference -0.01"),
        (xml({"Item": {"JournalReference": "x"}}), "item", "Journal has no entries"),
        (journal(entry("1.00"), entry("-1.00", "99-0000")), "ledgercode", "Ledger code '99-0000' not found"),
        (journal(entry("1.00"), entry("-1.00", "")), "ledgercode", "LedgerCode may not be blank"),
        (journal(entry("1.00"), entry("-1.00", "FORCED")), "ledgercode", "Ledger code 'FORCED' may not be posted to"),
        (journal(entry("1.00"), entry("-1.00", "00-9900")), "ledgercode", "Ledger code '00-9900' may not be posted to"),
        (journal(entry("0.1000000000000001")), "entryamount", "EntryAmount '0.1000000000000001' is not numeric"),
        (journal(entry("1e3")), "entryamount", "EntryAmount '1e3' is not numeric"),
        (journal(entry("1234567890123.00")), "entryamount", "EntryAmount '1234567890123.00' is not numeric"),
        (journal(entry("")), "entryamount", "EntryAmount may not be blank"),
        (journal(JournalReference="x" * 31), "journalreference", "JournalReference exceeds 30 characters"),
        (journal(entry("0", Comment="x" * 251)), "comment", "Comment exceeds 250 characters"),
        (journal(PostingPeriod="13"), "postingperiod", "Period 13 of 2026 does not exist"),
        (journal(PostingYear="2025", PostingPeriod="10"), "postingperiod", "Period 10 of 2025 is closed"),
        (journal(PostingYear="2028", PostingPeriod="2"), "postingperiod", "Period 2 of 2028 is closed"),
        (journal(PostingYear="soon"), "postingyear", "PostingYear 'soon' is not numeric"),
        (journal(JournalDate="10/11/2026"), "journaldate", "JournalDate '10/11/2026' is not a valid date"),
        (journal(JournalNumber="12"), "journalnumber", "Journal number must be blank when adding"),
        (journal(CancelJournal="Y"), "canceljournal", "There is no journal to cancel"),
        (journal(JournalType="R"), "journaltype", "JournalType 'R' is invalid"),
        (journal(Currency="GBP"), "currency", "Currency 'GBP' is not that of the company"),
        (journal(PostJournal="1"), "postjournal", "PostJournal '1' is invalid"),
    ],
)
def test_a_journal_that_does_not_hold_is_refused_where_it_does_not(syspro, given, where, words):
    reply = syspro.post("GENTJL", given)
    assert (where, words) in errors(reply)
    assert posting_counts(reply) == [0, 1, 0, 0]
    assert syspro.rows("GenJournalCtl", filter="Reference eq 'PLAN-1'") == []


def test_an_error_in_a_line_names_the_line(syspro):
    reply = syspro.post("GENTJL", journal(entry("1.00"), entry("-1.00", "99-0000")))
    line = reply.find("item/journaldetails")
    assert (line.findtext("entrynumber"), line.findtext("ledgercode/Value")) == ("000002", "99-0000")
    assert reply.findtext("item/ItemNumber") == "000001"


def test_an_account_on_hold_and_a_closed_period_take_nothing(syspro):
    operation = {"company": "EDU1", "table": "GenMaster", "op": "update", "values": {"AccOnHldFlag": "Y"}}
    syspro.control.change([{**operation, "key": {"Company": "EDU1", "GlCode": RENT}}])
    assert errors(syspro.post("GENTJL", journal())) == [("ledgercode", f"Ledger code '{RENT}' is on hold")]
    syspro.switch("closed_periods", "2026-10, 2026-11")
    assert ("postingperiod", "Period 11 of 2026 is closed") in errors(syspro.post("GENTJL", journal()))


def test_an_action_that_is_not_supported_is_refused(syspro):
    reply = syspro.post("GENTJL", journal(), ActionType="C")
    assert errors(reply) == [("item", "Action type 'C' is not supported")]


def test_year_and_period_may_have_changed_places(syspro):
    syspro.switch("journal_period", "swapped")
    reply = syspro.post("GENTJL", journal(PostingYear="10", PostingPeriod="2026", JournalDate="2026-10-05"))
    assert (errors(reply), all_texts(reply, "JournalPeriod")) == ([], ["10"])


@pytest.mark.parametrize(("place", "path"), [
    ("key", "Item/Key/JournalNumber"), ("item", "Item/JournalNumber"), ("status", "StatusOfItems/JournalNumber"),
])  # fmt: skip
def test_the_journals_number_may_stand_in_three_places_under_two_names(syspro, place, path):
    syspro.switch("posting_reply", place)
    syspro.switch("journal_element", "JournalNumber")
    number = syspro.post("GENTJL", journal()).findtext(path)
    assert number is not None
    assert int(number) == syspro.rows("GenJournalCtl", filter="Reference eq 'PLAN-1'")[0]["GlJournal"]


def test_the_counters_may_be_missing_and_the_letters_as_sent(syspro):
    syspro.switch("posting_status", "absent")
    assert syspro.post("GENTJL", journal()).find("StatusOfItems") is None
    syspro.switch("echo_case", "pascal")
    reply = syspro.post("GENTJL", journal(entry("1.00")))
    assert reply.tag == "PostGlJournal"
    assert reply.findtext("Item/JournalReference") == "PLAN-1"
    syspro.switch("element_case", "lower")
    assert all_texts(syspro.post("GENTJL", journal(entry("1.00"))), "ErrorDescription") != []


@pytest.mark.parametrize(("whole", "posted"), [("Y", []), ("N", ["GOOD-1", "GOOD-2"])])
def test_good_journals_wait_for_the_bad_ones_or_go_ahead(syspro, whole, posted):
    items = journal(JournalReference="GOOD-1") + journal(entry("1.00")) + journal(JournalReference="GOOD-2")
    reply = syspro.post("GENTJL", items, ApplyIfEntireDocumentValid=whole)
    assert posting_counts(reply) == [len(posted), 1, 0, 0]
    assert len(all_texts(reply, "Journal")) == len(posted)
    found = [row["Reference"] for row in syspro.rows("GenJournalCtl", filter="startswith(Reference,'GOOD')")]
    assert sorted(found) == posted


@pytest.mark.parametrize("flags", [{}, {"IgnoreWarnings": "N"}])
def test_validating_only_posts_nothing_and_gives_no_number(syspro, flags):
    before = syspro.ledger()
    reply = syspro.post("GENTJL", journal(), ValidateOnly="Y", **flags)
    assert (posting_counts(reply), errors(reply), all_texts(reply, "Journal")) == ([1, 0, 0, 0], [], [])
    assert syspro.ledger() == before


@pytest.mark.parametrize(("ignored", "counts"), [("Y", [1, 0, 0, 1]), ("N", [0, 1, 1, 0])])
def test_a_warning_passes_or_stops_the_journal(syspro, ignored, counts):
    reply = syspro.post("GENTJL", journal(JournalDate="2026-10-31"), IgnoreWarnings=ignored)
    words = "Journal date 2026-10-31 is outside of period 11 of 2026"
    assert all_texts(reply, "WarningDescription" if ignored == "Y" else "ErrorDescription") == [words]
    assert posting_counts(reply) == counts


def test_what_is_posted_into_an_earlier_period_moves_all_balances_since(syspro):
    before = [closing(syspro, period) for period in (8, 9, 11)]
    reply = syspro.post("GENTJL", journal(PostingPeriod="9", JournalDate="2026-09-30"))
    assert errors(reply) == []
    after = [closing(syspro, period) for period in (8, 9, 11)]
    assert [now - then for now, then in zip(after, before, strict=True)] == [0, Decimal("100.25"), Decimal("100.25")]
    check_ledger(syspro.ledger())


def test_what_is_posted_into_an_earlier_year_is_carried_forward(syspro):
    bank, rent = balance(syspro, BANK), balance(syspro)
    retained = balance(syspro, "RETAINED")
    syspro.post("GENTJL", journal(PostingYear="2025", PostingPeriod="12", JournalDate="2025-12-31"))
    assert balance(syspro, BANK) - bank == Decimal("-100.25")
    assert (balance(syspro), balance(syspro, "RETAINED") - retained) == (rent, Decimal("100.25"))
    check_ledger(syspro.ledger())


def test_what_is_posted_ahead_counts_when_its_period_opens(syspro):
    rent, bank = balance(syspro), balance(syspro, BANK)
    assert errors(syspro.post("GENTJL", journal(PostingPeriod="12", JournalDate="2026-12-31"))) == []
    ahead = journal(PostingYear="2027", PostingPeriod="1", JournalDate="2027-01-31")
    assert errors(syspro.post("GENTJL", ahead)) == []
    assert (balance(syspro), balance(syspro, BANK)) == (rent, bank)
    assert closing(syspro, 1, year=2027) == Decimal("100.25")
    for day in (1, 9, 31):
        syspro.control.business_day(day)
    check_ledger(syspro.ledger())
    month = syspro.rows("GenTransaction", filter=f"GlCode eq '{RENT}' and GlYear eq 2027")
    assert Decimal("100.25") in {Decimal(str(row["EntryValue"])) for row in month}
    assert balance(syspro) == closing(syspro, 1, year=2027)


def test_a_long_document_needs_the_large_post(syspro):
    many = [entry("1.00", Comment="x" * 200) for _ in range(60)] + [entry("-60.00", BANK)]
    user_id = syspro.log_on()
    given = {"UserId": user_id, "BusinessObject": "GENTJL", "XmlParameters": "", "XmlIn": journal(*many)}
    assert syspro.enet_raw("Transaction/Post", **given).status_code == 414
    reply = syspro.business("", "GENTJL", journal(*many), user_id=user_id, large=True)
    assert "<ItemsProcessed>000001</ItemsProcessed>" in reply
    assert syspro.rows("GenJournalCtl", filter="Reference eq 'PLAN-1'")[0]["NumOfEntries"] == 61


def test_an_answer_that_is_lost_leaves_a_journal_that_can_be_found(syspro):
    user_id = syspro.log_on()
    syspro.control.fault("syspro", {"reset": "before_response"}, path="/Transaction/Post")
    with pytest.raises(requests.ConnectionError):
        syspro.post("GENTJL", journal(), user_id=user_id)
    assert len(syspro.rows("GenJournalCtl", filter="Reference eq 'PLAN-1'")) == 1
    assert len(syspro.find(user_id, "GenJournalDetail", ("Journal", "Reference"), where_reference())) == 2


def where_reference():
    return (
        "<Expression><OpenBracket/><AndOr>And</AndOr><Column>Reference</Column><Condition>EQ</Condition>"
        "<Value>PLAN-1</Value><CloseBracket/></Expression>"
    )


def test_a_posting_needs_its_licence_and_a_live_session(syspro):
    user_id = syspro.log_on()
    syspro.log_on()
    gone = syspro.business("Transaction/Post", "GENTJL", journal(), user_id=user_id)
    assert gone == "ERROR: The supplied UserID is invalid"
    syspro.switch("unlicensed", "GENTJL,APSTIN")
    for code in ("GENTJL", "APSTIN"):
        refused = syspro.business("Transaction/Post", code, journal())
        assert refused == "ERROR: e.net exception raised: 100000"
    assert syspro.business("Setup/Add", "GENTJL", journal()) == "ERROR: e.net exception raised: 100000"
