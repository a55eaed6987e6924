"""Plan data: what replaces what, what is refused, and reading back."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pytest

from sandbox.tests.sap_posting import COST_CENTER, RENT, codes

SERVICE = "API_FINPLANNINGDATA_SRV"
ITEMS = "API_FINPLANNINGENTRYITEM_SRV/A_FinPlanningEntryItem"
LEVEL = (
    "PlanningCategory,Ledger,LedgerFiscalYear,FiscalYearPeriod,CompanyCode,GLAccount,CostCenter,"
    "AmountInCompanyCodeCurrency,CompanyCodeCurrency"
)


def row(amount, period="001.2027", account=RENT, **changes):
    values = {
        "PlanningCategory": "PLN", "LedgerFiscalYear": period[-4:], "GLAccount": account, "CompanyCode": "1010",
        "CompanyCodeCurrency": "EUR", "AmountInCompanyCodeCurrency": amount, "FiscalYearPeriod": period,
        "CostCenter": COST_CENTER,
    }  # fmt: skip
    return {**values, **changes}


def sent(poster, *rows, level=LEVEL, scope=""):
    body = {
        "PlanDataAggrgnLvlFieldsString": level,
        "PlanDataRplcScopeFieldsString": scope,
        "to_FinPlanningEntryItemTP": {"results": list(rows)},
    }
    return poster.create(SERVICE, "FinancialPlanData", body)


def plan(poster):
    """What stands: (account, period) to amount."""
    found = defaultdict(Decimal)
    names = "GLAccount,FiscalYearPeriod,AmountInCompanyCodeCurrency,CompanyCodeCurrency"
    for each in poster.rows(ITEMS, filter="CompanyCode eq '1010' and PlanningCategory eq 'PLN'", select=names):
        found[each["GLAccount"].lstrip("0"), each["FiscalYearPeriod"]] += Decimal(each["AmountInCompanyCodeCurrency"])
    return dict(found)


def test_plan_data_is_created_and_read_back_exactly(poster):
    answer = sent(poster, row("-224501.07"), row("12.34", "002.2027"))
    assert answer.status_code == 201, answer.text
    assert plan(poster) == {(RENT, "001.2027"): Decimal("-224501.07"), (RENT, "002.2027"): Decimal("12.34")}


def test_the_same_plan_sent_again_changes_nothing(poster):
    for _ in range(2):
        assert sent(poster, row("10.00")).status_code == 201
    assert plan(poster) == {(RENT, "001.2027"): Decimal(10)}


def test_every_characteristic_may_be_planned_by(poster):
    more = {
        "ControllingArea": "A000", "ProfitCenter": "YB110", "PartnerProfitCenter": "YB111", "Segment": "1000_A",
        "PartnerCostCenter": f"00{COST_CENTER}", "FunctionalArea": "YB30", "WBSElement": "P-1", "OrderID": "100001",
        "PartnerCompany": "1710", "BusinessTransactionCategory": "PLAN", "Ledger": "2L",
    }  # fmt: skip
    level = f"{LEVEL},{','.join(name for name in more if name != 'Ledger')}"
    assert sent(poster, row("1.00", **more), level=level).status_code == 201
    (read,) = poster.rows(ITEMS, filter="PlanningCategory eq 'PLN'")
    assert {name: read[name] for name in more} == more


def test_two_rows_for_one_cell_add_up(poster):
    sent(poster, row("10.00"), row("5.00"))
    assert plan(poster) == {(RENT, "001.2027"): Decimal(15)}


def test_without_a_scope_only_the_cells_that_are_sent_are_replaced(poster):
    sent(poster, row("10.00"), row("20.00", "002.2027"))
    sent(poster, row("11.00"))
    assert plan(poster) == {(RENT, "001.2027"): Decimal(11), (RENT, "002.2027"): Decimal(20)}


def test_a_coarser_scope_removes_rows_that_left_the_plan(poster):
    sent(poster, row("10.00"), row("20.00", "002.2027"))
    scope = "PlanningCategory,LedgerFiscalYear,CompanyCode"
    assert sent(poster, row("11.00"), scope=scope).status_code == 201
    assert plan(poster) == {(RENT, "001.2027"): Decimal(11)}


REFUSED = {
    "an unknown account": (row("1.00", account="77777777"), "F5/507"),
    "an unknown company code": (row("1.00", CompanyCode="9999"), "F5/165"),
    "a cost center that has ended": (row("1.00", CostCenter="10100405"), "KI/265"),
    "a period that is not PPP.YYYY": (row("1.00", FiscalYearPeriod="2027001"), "FINS_PLAN_API/001"),
    "a period of another year": (row("1.00", LedgerFiscalYear="2026"), "FINS_PLAN_API/001"),
    "a category that there is not": (row("1.00", PlanningCategory="WISH"), "FINS_PLAN_API/001"),
    "a foreign currency": (row("1.00", CompanyCodeCurrency="USD"), "FINS_PLAN_API/001"),
    "a field outside the level": (row("1.00", Segment="1000_A"), "FINS_PLAN_API/001"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_one_bad_row_refuses_the_whole_request(poster, case):
    bad, expected = REFUSED[case]
    answer = sent(poster, row("10.00"), bad)
    assert answer.status_code == 400
    assert expected in codes(answer)
    assert plan(poster) == {}


@pytest.mark.parametrize(
    ("level", "scope"),
    [
        (f"{LEVEL},Weather", ""),
        (LEVEL.replace("GLAccount,", ""), ""),
        (LEVEL, "Segment"),
        (LEVEL, "CompanyCodeCurrency"),
    ],
)
def test_level_and_scope_have_to_fit(poster, level, scope):
    assert sent(poster, row("1.00"), level=level, scope=scope).status_code == 400


def test_a_request_without_rows_is_refused(poster):
    assert sent(poster).status_code == 400


def test_which_categories_there_are_is_a_switch(poster):
    poster.switch("plan_categories", "WISH")
    assert sent(poster, row("1.00", PlanningCategory="WISH")).status_code == 201
    poster.switch("plan_categories", "")
    assert sent(poster, row("1.00", PlanningCategory="ANY")).status_code == 201
