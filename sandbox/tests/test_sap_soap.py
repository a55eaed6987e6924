"""Journal entries over SOAP: what is accepted, what is refused and how, what stands in the books then."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree as ET

import pytest
import requests

from sandbox.tests.sap_posting import (
    ACCRUALS,
    COST_CENTER,
    RENT,
    SFIN,
    SOAP12,
    SOAP_PATH,
    confirmed,
    creditor,
    entry,
    envelope,
    line,
    rent,
    whole_number,
)

CUBE = "API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube"
LINES = "API_GLACCOUNTLINEITEM/GLAccountLineItem"


def test_a_posted_entry_comes_back_with_its_number_and_the_requests_id(poster):
    answer = poster.one(sub_id="ROW-7")
    assert whole_number(answer.document)
    assert (answer.reference, answer.company, answer.year, answer.severity) == ("ROW-7", "1010", "2026", "1")
    assert answer.messages == [("605(RW)", "Document posted successfully: BKPFF 0M5SBX1")]


def test_a_posted_entry_is_in_the_odata_sets_at_once(poster):
    answer = poster.one(reference="EXT-ODATA", sub_id="R1")
    condition = "CompanyCode eq '1010' and DocumentReferenceID eq 'EXT-ODATA'"
    names = "AccountingDocument,FiscalYear,GLAccount,AmountInTransactionCurrency,Reference1InDocumentHeader"
    items = poster.rows(CUBE, filter=condition, select=names)
    assert {(item["AccountingDocument"], item["FiscalYear"]) for item in items} == {(answer.document, "2026")}
    assert {item["Reference1InDocumentHeader"] for item in items} == {"KEY-R1"}
    assert sorted(float(item["AmountInTransactionCurrency"]) for item in items) == [-100.0, 100.0]
    found = poster.rows(
        LINES,
        filter=f"CompanyCode eq '1010' and FiscalYear eq '2026' and AccountingDocument eq '{answer.document}'",
        select="Ledger,LedgerGLLineItem,GLAccount,CostCenter,AmountInCompanyCodeCurrency,DocumentItemText",
    )
    assert sorted((row["Ledger"], row["LedgerGLLineItem"]) for row in found) == [
        (ledger, number) for ledger in ("0L", "2L") for number in ("000001", "000002")
    ]
    assert {row["CostCenter"] for row in found if row["GLAccount"] == f"00{RENT}"} == {f"00{COST_CENTER}"}


def test_numbers_go_on_per_company_code_and_year(poster):
    first, second = (int(poster.one().document) for _ in range(2))
    assert second == first + 1


def test_one_bad_entry_does_not_keep_the_others_from_standing_unless_switched(poster):
    bad = line(RENT, "100.00", cost_center=COST_CENTER) + line(ACCRUALS, "-99.99")
    first, second, third = poster.send(entry(sub_id="A"), entry(bad, sub_id="B"), entry(sub_id="C"))
    assert [each.severity for each in (first, second, third)] == ["1", "3", "1"]
    assert (second.document, second.company, second.year) == (" ", " ", "0000")
    assert second.types == ["609(RW)", "016(FINS_FI_POSTING_IF)"]
    poster.switch("bulk", "all_or_none")
    answers = poster.send(entry(sub_id="A", reference="ALL"), entry(bad, sub_id="B", reference="ALL"))
    assert [each.severity for each in answers] == ["3", "3"]
    assert poster.documents("ALL") == []


REFUSED = {
    "unbalanced": (rent() + line(ACCRUALS, "-0.01"), {}, "016(FINS_FI_POSTING_IF)"),
    "two currencies": (rent() + rent(currency="USD"), {}, "005(FINS_FI_POSTING_IF)"),
    "a currency without a rate": (rent(currency="XXX"), {}, "058(00)"),
    "an unknown account": (line("77777777", "1.00") + line(ACCRUALS, "-1.00"), {}, "507(F5)"),
    "a blocked account": (line("99999000", "1.00") + line(ACCRUALS, "-1.00"), {}, "351(F5)"),
    "a reconciliation account": (line("21100000", "1.00") + line(ACCRUALS, "-1.00"), {}, "354(F5)"),
    "an unknown cost center": (line(RENT, "1.00", cost_center="NOWHERE") + line(ACCRUALS, "-1.00"), {}, "265(KI)"),
    "a cost center that has ended": (
        line(RENT, "1.00", cost_center="10100405") + line(ACCRUALS, "-1.00"), {}, "265(KI)",
    ),
    "a cost center of another company code": (
        line(RENT, "1.00", cost_center="17100101") + line(ACCRUALS, "-1.00"), {}, "100(KI)",
    ),
    "an expense without a cost center": (line(RENT, "1.00") + line(ACCRUALS, "-1.00"), {}, "235(KI)"),
    "a closed period": (rent(), {"on": "2024-03-31"}, "201(F5)"),
    "an unknown company code": (rent(), {"company": "9999"}, "165(F5)"),
    "a sign against its code": (
        line(RENT, "1.00", cost_center=COST_CENTER, code="H") + line(ACCRUALS, "-1.00"), {}, "056(FINS_FI_POSTING_IF)",
    ),
    "a document type that there is not": (rent(), {"kind": "QQ"}, "814(F5)"),
    "no items": ("", {}, "008(FINS_FI_POSTING_IF)"),
    "more decimals than the currency has": (rent("1.005"), {}, "808(F5)"),
    "no id of its own": (rent(), {"sub_id": ""}, "019(FINS_FI_POSTING_IF)"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_an_entry_that_breaks_a_rule_is_refused_in_saps_words_and_not_posted(poster, case):
    lines, header, expected = REFUSED[case]
    answer = poster.one(lines, **{"reference": "REFUSED", **header})
    assert (answer.document, answer.severity) == (" ", "3")
    assert answer.types[0] == "609(RW)"
    assert expected in answer.types
    assert poster.documents("REFUSED") == []


def in_dollars(euros, credited):
    """100 dollars with their amounts in euros, "" for none."""
    debit = line(RENT, "100.00", currency="USD", local=euros, cost_center=COST_CENTER)
    return debit + line(ACCRUALS, "-100.00", currency="USD", local=credited)


def test_amounts_in_company_code_currency_have_to_balance_and_win_over_the_rate(poster):
    assert poster.one(in_dollars("91.50", "-91.50"), reference="RATE").severity == "1"
    items = poster.rows(CUBE, filter="CompanyCode eq '1010' and DocumentReferenceID eq 'RATE'")
    assert sorted(float(item["AmountInCompanyCodeCurrency"]) for item in items) == [-91.5, 91.5]
    for euros, credited in (("91.50", "-91.49"), ("91.50", "")):
        assert "017(FINS_FI_POSTING_IF)" in poster.one(in_dollars(euros, credited)).types
    assert "808(F5)" in poster.one(in_dollars("91.505", "-91.505")).types


def test_messages_may_name_the_line_that_they_are_about(poster):
    text = envelope(entry(rent() + line("77777777", "1.00") + line(ACCRUALS, "-1.00")))
    name = "<ReferenceObjectNodeSenderTechnicalID>"
    assert name not in poster.soap(text).text
    poster.switch("log_lines", True)
    assert poster.soap(text).text.count(f"{name}3</") == 2


def test_what_is_closed_or_blocked_meanwhile_is_refused_from_then_on(poster):
    assert poster.one().severity == "1"
    poster.control.sap_period("1010", "2026", "011", is_open=False)
    assert ("201(F5)", "Posting period 011 2026 is not open") in poster.one().messages
    poster.control.sap_period("1010", "2026", "011", is_open=True)
    poster.control.sap_block_account(RENT)
    assert "351(F5)" in poster.one().types
    poster.control.sap_block_account(RENT, blocked=False)
    poster.control.sap_block_cost_center(COST_CENTER)
    assert "249(KI)" in poster.one().types


def test_periods_follow_the_fiscal_year_of_the_company_code(poster):
    lines = line(RENT, "1.00", currency="USD", cost_center="17100101") + line(ACCRUALS, "-1.00", currency="USD")
    assert poster.one(lines, company="1710", on="2026-03-31").year == "2025"
    poster.control.sap_period("1710", "2026", "001", is_open=False)
    closed = poster.one(lines, company="1710", on="2026-04-01")
    assert ("201(F5)", "Posting period 001 2026 is not open") in closed.messages


def test_an_unknown_account_brings_two_messages_and_all_faults_are_told_together(poster):
    answer = poster.one(line("77777777", "1.00") + line(ACCRUALS, "-2.00"))
    assert answer.messages[1:] == [
        ("016(FINS_FI_POSTING_IF)", "Amount balance in transaction currency must be zero"),
        ("507(F5)", "G/L account 77777777 is not defined in chart of accounts YCOA"),
        ("004(FH)", "Account 77777777 does not exist in chart of accounts YCOA"),
    ]


def test_the_message_of_an_unknown_account_carries_the_account_and_the_chart_and_partners_come_first(poster):
    lines = line("77777777", "1.00") + creditor("4711", "-2.00")
    answer = poster.soap(envelope(entry(lines)))
    assert "OBJECT=F5507&amp;LANGUAGE=E&amp;MSGV1=77777777&amp;MSGV2=YCOA" in answer.text
    assert confirmed(answer)[0].types[:2] == ["609(RW)", "104(F5)"]


def test_references_are_stored_in_upper_case_and_filters_may_be_converted(poster):
    poster.one(reference="Rent-nov")
    assert poster.documents("RENT-NOV")
    where = "CompanyCode eq '1010' and DocumentReferenceID eq 'Rent-nov'"
    assert poster.rows(CUBE, filter=where) == []
    poster.switch("filter_upper_case", True)
    assert {item["DocumentReferenceID"] for item in poster.rows(CUBE, filter=where)} == {"RENT-NOV"}


def test_999_lines_are_a_document_and_1000_are_not(poster):
    pair = line(RENT, "1.00", cost_center=COST_CENTER)
    accepted = poster.one(pair * 998 + line(ACCRUALS, "-998.00"), reference="MANY")
    assert accepted.severity == "1"
    assert len(poster.documents("MANY")[0]["lines"]) >= 999
    assert "727(F5)" in poster.one(pair * 999 + line(ACCRUALS, "-999.00")).types


def test_creditors_and_debtors_are_posted_over_their_reconciliation_accounts(poster):
    suppliers = poster.rows("API_BUSINESS_PARTNER/A_SupplierCompany", filter="CompanyCode eq '1010'", top=1)
    debit = line(RENT, "50.00", cost_center=COST_CENTER)
    answer = poster.one(debit + creditor(suppliers[0]["Supplier"], "-50.00"), reference="CREDITOR")
    assert answer.severity == "1"
    items = poster.rows(CUBE, filter="CompanyCode eq '1010' and DocumentReferenceID eq 'CREDITOR'")
    assert [item["GLAccount"] for item in items if item["Supplier"]] == [suppliers[0]["ReconciliationAccount"]]
    unknown = poster.one(debit + creditor("4711", "-50.00"))
    assert ("104(F5)", "Vendor 4711 is not defined in company code 1010") in unknown.messages
    nobody = poster.one(debit + creditor("4711", "-50.00", "Debtor"))
    assert ("102(F5)", "Customer 4711 is not defined in company code 1010") in nobody.messages


@pytest.mark.parametrize(("form", "expected"), [("RW/022", "022(RW)"), ("F5/702", "702(F5)")])
def test_an_unbalanced_entry_may_bring_another_message(poster, form, expected):
    poster.switch("balance_message", form)
    assert expected in poster.one(line(ACCRUALS, "5.00")).types


def test_which_expenses_want_a_cost_center_is_a_switch(poster):
    lines = line(RENT, "1.00") + line(ACCRUALS, "-1.00")
    poster.switch("assignment_groups", "PERS")
    assert poster.one(lines).severity == "1"
    poster.switch("assignment_groups", "")
    assert poster.one(lines).severity == "3"
    poster.switch("assignment_required", False)
    assert poster.one(lines).severity == "1"


def test_a_sign_against_its_code_may_be_the_amounts_or_a_negative_posting(poster):
    lines = line(RENT, "-1.00", cost_center=COST_CENTER, code="S") + line(ACCRUALS, "1.00", code="H")
    refused = poster.one(lines)
    assert (refused.document, refused.types.count("056(FINS_FI_POSTING_IF)")) == (" ", 2)
    for policy, debit_credit in (("amount", "H"), ("negative_posting", "S")):
        poster.switch("debit_credit_mismatch", policy)
        reference = policy[:16].upper()
        assert poster.one(lines, reference=reference).severity == "1"
        items = poster.rows(CUBE, filter=f"CompanyCode eq '1010' and DocumentReferenceID eq '{reference}'")
        (rented,) = [item for item in items if item["GLAccount"] == f"00{RENT}"]
        assert (rented["DebitCreditCode"], float(rented["AmountInTransactionCurrency"])) == (debit_credit, -1.0)


def test_a_test_run_posts_nothing_and_takes_no_number(poster):
    before = int(poster.one().document)
    (answer,) = poster.send(entry(reference="TEST"), test="true")
    assert (answer.document, answer.severity) == ("0000000000", "1")
    (bad,) = poster.send(entry(line(ACCRUALS, "1.00"), reference="TEST"), test="true")
    assert (bad.document, bad.severity) == (" ", "3")
    assert poster.documents("TEST") == []
    assert int(poster.one().document) == before + 1


def test_a_test_indicator_on_the_entry_alone_posts_nothing_but_takes_a_number(poster):
    before = int(poster.one().document)
    answer = poster.one(test="true", reference="TEST")
    assert (int(answer.document), answer.severity) == (before + 1, "1")
    assert poster.documents("TEST") == []
    assert int(poster.one().document) == before + 2


def test_a_request_without_an_id_is_refused_as_a_whole_unless_switched(poster):
    answer = poster.soap(envelope(entry(reference="NOID"), message_id=""))
    assert confirmed(answer)[0].types == ["019(FINS_FI_POSTING_IF)"]
    general = ET.fromstring(answer.content).find(f".//{{{SFIN}}}JournalEntryBulkCreateConfirmation/Log/Item/TypeID")
    assert general.text == "019(FINS_FI_POSTING_IF)"
    assert poster.documents("NOID") == []
    poster.switch("message_ids", "optional")
    assert poster.send(entry(sub_id="", reference="NOID"), message_id="")[0].severity == "1"


def test_the_same_message_posts_twice_because_a_synchronous_call_knows_no_duplicates(poster):
    documents = [poster.one(sub_id="SAME", reference="TWICE").document for _ in range(2)]
    assert sorted(each["AccountingDocument"] for each in poster.documents("TWICE")) == sorted(documents)


def test_reused_ids_may_be_refused(poster):
    poster.switch("duplicate_ids", "in_request")
    assert [each.severity for each in poster.send(entry(sub_id="X"), entry(sub_id="X"))] == ["3", "3"]
    assert poster.one(sub_id="X").severity == "1"
    poster.switch("duplicate_ids", "ever")
    assert poster.one(sub_id="X").types == ["609(RW)", "021(FINS_FI_POSTING_IF)"]
    assert poster.one(sub_id="Y").severity == "1"


GOOD = envelope(entry())
MALFORMED = {
    "not well-formed": GOOD.replace("</GLAccount>", "</GLKonto>"),
    "a wrong tag": GOOD.replace("<CostCenter>", "<Costcenter>").replace("</CostCenter>", "</Costcenter>"),
    "a tag twice": GOOD.replace("<CompanyCode>1010</CompanyCode>", "<CompanyCode>1010</CompanyCode>" * 2),
    "an element out of order": GOOD.replace("<CreatedByUser>PLANNER</CreatedByUser>", "").replace(
        "<Reference1", "<CreatedByUser>PLANNER</CreatedByUser><Reference1"
    ),
    "qualified children": GOOD.replace("<MessageHeader>", "<sfin:MessageHeader>").replace(
        "</MessageHeader>", "</sfin:MessageHeader>"
    ),
    "a mandatory element missing": GOOD.replace("<CompanyCode>1010</CompanyCode>", ""),
    "another payload": GOOD.replace("JournalEntryBulkCreateRequest", "JournalEntryBulkCreationRequest"),
    "no envelope": "<nothing/>",
    "a document type": f'<!DOCTYPE x [<!ENTITY e "x">]>{GOOD}',
    "a local time": GOOD.replace("0000000Z</Cre", "0000000</Cre"),
    "a date that there is not": GOOD.replace("<PostingDate>2026-11-18", "<PostingDate>2026-02-30"),
    "an amount with a comma": GOOD.replace(">100.00<", ">100,00<"),
    "seven decimals": GOOD.replace(">100.00<", ">100.0000001<"),
    "a currency of two letters": GOOD.replace('"EUR"', '"EU"'),
    "a text that is too long": envelope(entry(rent(text="x" * 51))),
    "a reference that is too long": envelope(entry(reference="X" * 17)),
    "a header text that is too long": envelope(entry(header="x" * 26)),
    "an id that is too long": envelope(entry(), message_id="M" * 36),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_message_that_is_not_as_the_wsdl_says_is_a_fault_and_posts_nothing(poster, case):
    before = len(poster.documents("EXT-0001"))
    answer = poster.soap(MALFORMED[case])
    assert answer.status_code == 500
    assert "Web service processing error" in answer.text
    fault = ET.fromstring(answer.content).find(".//{http://schemas.xmlsoap.org/soap/envelope/}Fault")
    assert fault.findtext("faultcode") == "soap-env:Server"
    assert len(poster.documents("EXT-0001")) == before


def test_a_fault_may_say_what_was_wrong(poster):
    poster.switch("soap_fault_text", "detailed")
    answer = poster.soap(MALFORMED["a text that is too long"])
    assert "DocumentItemText" in answer.text
    assert "longer than 50" in answer.text


def test_elements_out_of_place_may_be_ignored_and_long_values_cut(poster):
    misplaced = GOOD.replace("</DebitCreditCode></Item>", "</DebitCreditCode><Profit>P1</Profit></Item>")
    assert poster.soap(misplaced).status_code == 500
    poster.switch("soap_unknown_element", "ignored")
    assert confirmed(poster.soap(misplaced))[0].severity == "1"
    poster.switch("soap_too_long", "cut")
    assert poster.one(header="h" * 30, reference="CUT").severity == "1"
    items = poster.rows(CUBE, filter="CompanyCode eq '1010' and DocumentReferenceID eq 'CUT'")
    assert {item["AccountingDocumentHeaderText"] for item in items} == {"h" * 25}


def test_elements_of_later_releases_may_be_known(poster):
    text = envelope(entry(reference="LATER")).replace("<Item>", "<LedgerGroup>2L</LedgerGroup><Item>", 1)
    negative = text.replace(">S<", ">H<").replace(
        "<AccountAssignment>", "<IsNegativePosting>1</IsNegativePosting><AccountAssignment>"
    )
    assert poster.soap(text).status_code == 500
    poster.switch("soap_later_elements", True)
    assert confirmed(poster.soap(negative))[0].severity == "1"
    poster.switch("negative_posting", "refused")
    assert "056(FINS_FI_POSTING_IF)" in confirmed(poster.soap(negative))[0].types
    poster.switch("negative_posting", "accepted")
    (document,) = poster.documents("LATER")
    assert {row["Ledger"] for row in document["lines"]} == {"2L"}
    assert "001(FGL0)" in confirmed(poster.soap(text.replace("2L", "9L")))[0].types


def test_empty_optional_elements_are_taken_for_absent_as_in_saps_examples(poster):
    text = GOOD.replace("<BusinessTransactionType>", "<OriginalReferenceDocument/><BusinessTransactionType>")
    assert confirmed(poster.soap(text))[0].severity == "1"


def test_soap_12_is_answered_in_soap_12_and_faults_too(poster):
    answer = poster.soap(envelope(entry(), soap=SOAP12), "application/soap+xml; charset=utf-8")
    assert answer.headers["content-type"].startswith("application/soap+xml")
    assert answer.content.startswith(f'<env:Envelope xmlns:env="{SOAP12}">'.encode())
    assert confirmed(answer)[0].severity == "1"
    fault = poster.soap("<", "application/soap+xml")
    assert (fault.status_code, b"env:Receiver" in fault.content) == (500, True)


def test_prefix_and_the_element_that_the_wsdl_does_not_have_are_switches(poster):
    answer = poster.soap(GOOD)
    assert answer.text.startswith("<soap-env:Envelope ")
    assert "<ConfirmationInterfaceOrignName/>" in answer.text
    poster.switch("soap_prefix", "env")
    poster.switch("confirmation_origin_name", False)
    answer = poster.soap(GOOD)
    assert answer.text.startswith("<env:Envelope ")
    assert "OrignName" not in answer.text


def test_a_foreign_soap_action_is_ignored_or_a_fault(poster):
    assert poster.soap(GOOD, SOAPAction='"urn:other"').status_code == 200
    poster.switch("soap_action", "checked")
    assert poster.soap(GOOD, SOAPAction='"urn:other"').status_code == 500
    assert poster.soap(GOOD, SOAPAction='""').status_code == 200


def test_who_is_not_logged_on_and_what_is_no_soap_is_turned_away_by_http(poster):
    url = poster.url + SOAP_PATH
    assert requests.post(url, GOOD, headers={"Content-Type": "text/xml"}).status_code == 401
    assert poster.soap(GOOD, "application/json").status_code == 415
    assert poster.http.get(url).status_code == 405
    poster.switch("not_arranged", "JOURNALENTRYCREATEREQUESTCONFI")
    assert poster.soap(GOOD).status_code == 403


def test_a_lost_answer_is_a_posted_document_and_a_late_one_comes_when_nobody_waits(poster):
    poster.control.fault("sap", {"reset": "before_response"}, path="journalentrycreaterequestconfi")
    with pytest.raises(requests.ConnectionError):
        poster.one(reference="LOST")
    assert len(poster.documents("LOST")) == 1
    poster.control.fault("sap", {"reset": "late", "delay": 0.3}, path="journalentrycreaterequestconfi")
    with pytest.raises(requests.ConnectionError):
        poster.one(reference="LATE")
    assert poster.documents("LATE") == []
    deadline = time.monotonic() + 5
    while not poster.documents("LATE") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(poster.documents("LATE")) == 1


def test_posts_at_the_same_time_get_numbers_of_their_own(poster):
    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda place: poster.one(reference=f"PAR-{place % 4}").document, range(12)))
    assert len(set(numbers)) == 12
