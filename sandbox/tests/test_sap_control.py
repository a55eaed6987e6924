"""The control routes of the local S/4HANA: changes, days of business, entries, periods, what the books hold."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sandbox.core.switches import Switches
from sandbox.sap.switches import sap_switches
from sandbox.testing import running
from sandbox.tests.sap_client import Sap, total

LINES = "API_GLACCOUNTLINEITEM", "GLAccountLineItem"
CENTERS = "CE_COSTCENTER_0001", "A_CostCenter_2"
ENTRY = (
    {"account": "63000000", "amount": "12.34", "cost_center": "10100103"},
    {"account": "11001000", "amount": "-12.34"},
)


def operation(op, table, key=None, **values):
    return {"table": table, "op": op, "key": key or {}, "values": values}


def balanced(rows):
    by = ("Ledger", "CompanyCode", "FiscalYear", "AccountingDocument")
    return all(
        not any(total(rows, by, amount).values())
        for amount in ("AmountInTransactionCurrency", "AmountInCompanyCodeCurrency", "AmountInGlobalCurrency")
    )


def test_an_inserted_row_is_completed_with_initial_values_and_read_by_every_version(sap):
    key = {"ControllingArea": "A000", "CostCenter": "0010999999", "ValidityEndDate": "9999-12-31"}
    assert sap.control.sap_change([operation("insert", "CostCenter", key, IsBlkdForPrimaryCostsPosting=True)]) == {
        "applied": 1
    }
    (old,) = sap.rows("API_COSTCENTER_SRV", "A_CostCenter", filter="CostCenter eq '0010999999'")
    (new,) = sap.rows(*CENTERS, filter="CostCenter eq '0010999999'")
    assert (old["IsBlkdForPrimaryCostsPosting"], old["IsBlockedForRevenuePosting"]) == ("X", "")
    assert (new["IsBlkdForPrimaryCostsPosting"], new["IsBlockedForRevenuePosting"]) == (True, False)
    assert (old["ValidityStartDate"], old["Department"]) == (None, "")


def test_all_operations_of_a_change_are_applied_or_none(sap):
    before = sap.control.sap_rows("GLAccountText")
    account = {"ChartOfAccounts": "YCOA", "GLAccount": "0011001000", "Language": "EN"}
    operations = [
        operation("update", "GLAccountText", account, GLAccountName="Changed"),
        operation("delete", "GLAccountText", {**account, "Language": "XX"}),
    ]
    with pytest.raises(ValueError, match="no row with key"):
        sap.control.sap_change(operations)
    assert sap.control.sap_rows("GLAccountText") == before


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (operation("insert", "Nothing"), "no table 'Nothing'"),
        (operation("insert", "GLAccountText", Language="EN"), "insert without ChartOfAccounts, GLAccount"),
        (operation("insert", "Ledger", Ledger="0L"), "UNIQUE"),
        (operation("insert", "Ledger", Ledger="TOOLONG"), "at most 2 characters"),
        (operation("update", "Ledger", {"Ledger": "9L"}, IsLeadingLedger=True), "no row with key"),
        (operation("update", "Ledger", {"Name": "9L"}), "no column called Name"),
        (operation("update", "Ledger", {"Ledger": "0L"}, Colour="red"), "no column called Colour"),
        (operation("insert", "PurchaseOrder", PurchaseOrder="1", ExchangeRate="1.000001"), "at most 5 digits"),
        (operation("insert", "PurchaseOrder", PurchaseOrder="1", PurchaseOrderDate="22.11.2026"), "expected date"),
    ],
)
def test_a_wrong_change_is_refused_with_the_reason(sap, wrong, reason):
    with pytest.raises(ValueError, match=reason):
        sap.control.sap_change([wrong])


def test_a_change_waits_for_pages_of_an_entity_set(sap):
    account = {"ChartOfAccounts": "YCOA", "GLAccount": "0011001000", "Language": "EN"}
    change = [operation("update", "GLAccountText", account, GLAccountName="Changed")]
    assert sap.control.sap_change(change, {"set": "A_GLAccountText", "pages": 2}) == {"armed": 1}
    service = "API_GLACCOUNTINCHARTOFACCOUNTS_SRV"

    def name():
        where = "GLAccount eq '0011001000' and Language eq 'EN'"
        (row,) = sap.rows(service, "A_GLAccountText", filter=where)
        return row["GLAccountName"]

    first, _second, third = name(), name(), name()
    assert (first, third) == ("Bank 1 Main", "Changed")
    assert sap.control.report()["sap"]["changes_waiting"] == 0


def test_a_change_that_waits_for_an_unknown_set_is_refused(sap):
    with pytest.raises(ValueError, match="no entity set 'Nothing'"):
        sap.control.sap_change([], {"set": "Nothing", "pages": 1})


def test_an_entry_is_found_by_its_reference_and_in_both_ledgers(sap):
    document = sap.control.sap_entry("1010", "2026-11-20", ENTRY, reference="EXT-1", header_text="By hand")
    (found,) = sap.control.sap_documents("EXT-1")
    assert (found["AccountingDocument"], found["AccountingDocumentHeaderText"]) == (document, "By hand")
    amounts = [(line["Ledger"], line["GLAccount"], line["AmountInCompanyCodeCurrency"]) for line in found["lines"]]
    assert amounts == [
        ("0L", "0063000000", "12.340"), ("0L", "0011001000", "-12.340"),
        ("2L", "0063000000", "12.340"), ("2L", "0011001000", "-12.340"),
    ]  # fmt: skip
    assert found["lines"][0]["ProfitCenter"] == "YB101"
    (item, _) = sap.rows(
        "API_OPLACCTGDOCITEMCUBE_SRV", "A_OperationalAcctgDocItemCube", filter="DocumentReferenceID eq 'EXT-1'"
    )
    assert (item["AccountingDocument"], item["CostCenterName"]) == (document, "Administration 3")
    assert sap.control.sap_documents("EXT-2") == []


def test_an_entry_of_one_ledger_is_in_that_ledger_only(sap):
    own = {row["CostCenter"].lstrip("0") for row in sap.control.sap_rows("CostCenter") if row["CompanyCode"] == "1710"}
    lines = [{**ENTRY[0], "cost_center": min(own)}, ENTRY[1]]
    sap.control.sap_entry("1710", "2026-11-20", lines, reference="EXT-1", ledger_group="2L")
    (found,) = sap.control.sap_documents("EXT-1")
    assert {line["Ledger"] for line in found["lines"]} == {"2L"}


def test_an_entry_may_have_been_created_earlier_than_now(sap):
    sap.control.sap_entry("1010", "2026-09-01", ENTRY, reference="EXT-1", created="2026-09-05T10:00:00Z")
    (found,) = sap.control.sap_documents("EXT-1")
    assert found["lines"][0]["CreationDateTime"] == "2026-09-05T10:00:00.0000000Z"
    assert found["FiscalPeriod"] == "009"


def test_a_reversal_brings_the_balances_back(sap):
    before = sap.control.sap_balances()
    document = sap.control.sap_entry("1010", "2026-11-20", ENTRY, reference="EXT-1")
    assert sap.control.sap_balances() != before
    sap.control.sap_reverse("1010", document, "2026", "2026-11-20")
    amounts = {tuple(row.values())[:-1]: Decimal(row["amount"]) for row in sap.control.sap_balances()}
    known = {tuple(row.values())[:-1]: Decimal(row["amount"]) for row in before}
    assert {key: amount for key, amount in amounts.items() if amount} == {
        key: amount for key, amount in known.items() if amount
    }
    assert {row["IsReversed"] for row in sap.control.sap_documents("EXT-1")} == {True, False}


def test_clearing_and_reversal_may_leave_the_change_time_alone(sap):
    sap.control.switch("sap", "change_moves", False)
    document = sap.control.sap_entry("1010", "2026-11-20", ENTRY, reference="EXT-1", created="2026-11-20T10:00:00Z")
    sap.control.sap_reverse("1010", document, "2026", "2026-11-20")
    by_number = {row["AccountingDocument"]: row for row in sap.control.sap_documents("EXT-1")}
    assert by_number[document]["lines"][0]["LastChangeDateTime"] == "2026-11-20T10:00:00.0000000Z"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"company_code": "9999", "posting_date": "2026-11-20", "lines": []}, "no company code '9999'"),
        ({"company_code": "1010", "posting_date": "soon", "lines": []}, "posting_date"),
        ({"company_code": "1010", "posting_date": "2026-11-20", "lines": [{"account": "1"}]}, "amount"),
        (
            {"company_code": "1010", "posting_date": "2026-11-20", "lines": [{"account": "1", "amount": "1.2345"}]},
            "more decimal places than currency EUR",
        ),
    ],
)
def test_a_wrong_entry_is_refused_with_the_reason(sap, body, reason):
    with pytest.raises(ValueError, match=reason):
        sap.control.call("POST", "/sap/entry", body)


def test_an_entry_by_hand_is_checked_as_one_that_is_posted_by_soap(sap):
    sap.control.sap_period("1010", "2026", "11", is_open=False)
    lines = [{**ENTRY[0], "cost_center": ""}, {"account": "21100000", "amount": "-12.34"}]
    with pytest.raises(ValueError, match=r"F5/201.*KI/235.*F5/354"):
        sap.control.sap_entry("1010", "2026-11-20", lines, reference="EXT-1")
    sap.control.switch("sap", "assignment_required", False)
    sap.control.sap_entry("1010", "2026-10-20", [lines[0], ENTRY[1]], reference="EXT-1")


def test_periods_and_masters_are_closed_and_blocked_on_demand(sap):
    sap.control.sap_period("1010", "2026", "11", is_open=False)
    sap.control.sap_period("1010", "2031", "001", is_open=True)
    periods = {(row["CompanyCode"], row["FiscalYear"], row["FiscalPeriod"]): row["IsOpen"]
               for row in sap.control.sap_rows("PostingPeriod")}  # fmt: skip
    assert (periods["1010", "2026", "011"], periods["1710", "2026", "011"]) == (False, True)
    assert periods["1010", "2031", "001"] is True
    sap.control.sap_block_account("63000000")
    (account,) = [row for row in sap.control.sap_rows("GLAccount") if row["GLAccount"] == "0063000000"]
    assert account["AccountIsBlockedForPosting"] is True
    sap.control.sap_block_cost_center("10100102")
    rows = sap.rows(*CENTERS, filter="CostCenter eq '0010100102'")
    assert [row["IsBlkdForPrimaryCostsPosting"] for row in rows] == [True, True]
    with pytest.raises(ValueError, match="no cost center"):
        sap.control.sap_block_cost_center("1")
    with pytest.raises(ValueError, match="no row with key"):
        sap.control.sap_block_account("1")


def test_plan_data_is_listed(sap):
    assert sap.control.sap_plan() == []
    sap.control.sap_change([operation("insert", "PlanLine", {"PlanLine": 1}, AmountInCompanyCodeCurrency="-7.5")])
    assert sap.control.sap_plan()[0]["AmountInCompanyCodeCurrency"] == "-7.500"


def test_a_business_day_leaves_the_books_in_balance_and_counts_what_it_did(sap):
    before = {table: len(sap.control.sap_rows(table)) for table in ("JournalLine", "PurchaseOrder", "GLAccount")}
    for day in range(1, 6):
        counts = sap.control.sap_business_day(day)
        assert set(counts) == {"new", "edited", "back_dated", "reversed"}
        assert counts["reversed"] == {"JournalHeader": 2, "SupplierInvoice": 1}
    assert balanced(sap.control.sap_rows("JournalLine"))
    after = {table: len(sap.control.sap_rows(table)) for table in before}
    assert (after["PurchaseOrder"], after["GLAccount"]) == (before["PurchaseOrder"] + 5, before["GLAccount"] + 5)
    assert after["JournalLine"] > before["JournalLine"]


def test_a_business_day_changes_masters_where_each_of_them_shows_it(sap):
    def named(table, column):
        return [row for row in sap.control.sap_rows(table) if "day 1" in row[column] or "Renamed 1" in row[column]]

    sap.control.sap_business_day(1)
    (supplier,) = named("Supplier", "SupplierName")
    (partner,) = named("BusinessPartner", "BusinessPartnerName")
    assert partner["BusinessPartner"] == supplier["Supplier"]
    assert partner["LastChangeDate"] > partner["CreationDate"]
    assert supplier["CreationDate"] == partner["CreationDate"]
    (text,) = named("GLAccountText", "GLAccountName")
    accounts = {row["GLAccount"]: row for row in sap.control.sap_rows("GLAccount")}
    assert text["LastChangeDateTime"] > accounts[text["GLAccount"]]["LastChangeDateTime"]
    (center_text,) = named("CostCenterText", "CostCenterName")
    centers = {(row["CostCenter"], row["ValidityEndDate"]): row for row in sap.control.sap_rows("CostCenter")}
    center = centers[center_text["CostCenter"], center_text["ValidityEndDate"]]
    assert center["CostCenterLastChangedOnDate"] == partner["LastChangeDate"]


def test_a_business_day_posts_into_the_past_and_what_is_new_is_found_by_its_change_time(sap):
    highest = max(row["LastChangeDateTime"] for row in sap.control.sap_rows("JournalLine"))
    counts = sap.control.sap_business_day(2)
    lines = [row for row in sap.control.sap_rows("JournalLine") if row["LastChangeDateTime"] > highest]
    assert min(row["PostingDate"] for row in lines if not row["IsReversed"] and not row["IsCleared"]) < "2026-10-01"
    assert len(lines) > counts["new"]["JournalLine"] + counts["back_dated"]["JournalLine"]


def test_a_cancelled_invoice_shows_in_no_date_of_its_header(sap):
    key = ("SupplierInvoice", "FiscalYear")
    before = {tuple(row[name] for name in key): row for row in sap.control.sap_rows("SupplierInvoice")}
    sap.control.sap_business_day(1)
    after = {tuple(row[name] for name in key): row for row in sap.control.sap_rows("SupplierInvoice")}
    (cancelled,) = [number for number, row in before.items() if after[number] != row]
    changed = {name for name, value in before[cancelled].items() if after[cancelled][name] != value}
    assert changed == {"ReverseDocument", "ReverseDocumentFiscalYear", "IsReversed"}
    back = after[after[cancelled]["ReverseDocument"], after[cancelled]["ReverseDocumentFiscalYear"]]
    assert (back["IsReversal"], back["ReverseDocument"]) == (True, cancelled[0])


def test_a_business_day_is_done_once(sap):
    sap.control.sap_business_day(1)
    rows = len(sap.control.sap_rows("JournalLine"))
    with pytest.raises(ValueError, match="day 1 does not fit this data"):
        sap.control.sap_business_day(1)
    assert len(sap.control.sap_rows("JournalLine")) == rows
    with pytest.raises(ValueError, match="expected 1 or more"):
        sap.control.sap_business_day(0)


def test_a_reset_brings_the_seeded_rows_back(sap):
    before = sap.control.sap_rows("JournalLine")
    sap.control.sap_business_day(1)
    sap.control.sap_change([operation("delete", "Ledger", {"Ledger": "2L"})])
    sap.control.reset()
    assert sap.control.sap_rows("JournalLine") == before
    assert len(sap.control.sap_rows("Ledger")) == 2


def test_the_json_line_has_what_a_client_needs(sap):
    assert set(sap.info) == {
        "url", "username", "password", "token_url", "client_id", "client_secret", "certificate", "private_key",
        "company_codes", "chart_of_accounts", "controlling_area", "ledgers",
    }  # fmt: skip
    assert (sap.info["company_codes"], sap.info["ledgers"]) == (["1010", "1710"], ["0L", "2L"])


def test_what_nobody_serves_is_not_found(sap):
    assert sap.session.get(f"{sap.info['url']}/sap/bc/ping").status_code == 404


def test_data_in_a_folder_outlives_the_process_and_a_reset_restores_it(tmp_path):
    with running(only="sap", data=tmp_path) as sandbox:
        sandbox.control.sap_entry("1010", "2026-11-20", ENTRY, reference="KEPT")
    with running(only="sap", data=tmp_path) as sandbox:
        assert len(sandbox.control.sap_documents("KEPT")) == 1
        sandbox.control.reset()
        assert sandbox.control.sap_documents("KEPT") == []
        assert Sap(sandbox).get("API_LEDGER_SRV", "A_Ledger").status_code == 200


def test_every_switch_tells_what_it_decides():
    assert isinstance(sap_switches(), Switches)
    assert all(switch.doc.endswith(".") for switch in sap_switches())


def test_a_change_that_waits_for_pages_can_be_called_off(sap):
    change = [
        operation("delete", "GLAccountText", {"ChartOfAccounts": "YCOA", "GLAccount": "0063000000", "Language": "DE"})
    ]
    sap.control.sap_change(change, {"set": "A_GLAccountText", "pages": 1})
    sap.control.disarm("sap")
    sap.rows("API_GLACCOUNTINCHARTOFACCOUNTS_SRV", "A_GLAccountText", top=1)
    assert any(
        row["Language"] == "DE" and row["GLAccount"] == "0063000000" for row in sap.control.sap_rows("GLAccountText")
    )
