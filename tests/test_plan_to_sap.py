"""Approved plans from Anaplan into SAP through `meltano run`: nothing before approval, nothing twice, to the cent."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from connector_kit.audit.database import Database
from connector_kit.audit.document_lines import DocumentLine
from connector_kit.audit.report import runs, summary
from demo.planning import PlanLine, approve, enter
from demo.reconcile.plan import compare_with_sap
from tests.conftest import FromSap

pytestmark = [pytest.mark.meltano, pytest.mark.timeout(600)]

VERSION, OFFSET = "Budget 2027", "21500000"
ACCOUNT = "0063000000"


@pytest.fixture
def model(from_sap: FromSap) -> str:
    """The hub with SAP's master data, as the accounts and cost centers of a plan."""
    found = from_sap.sandbox.info["anaplan"]["models"]["S4 Finance"]
    rows = from_sap.control.sap_rows
    companies = [{"code": row["CompanyCode"], "name": row["CompanyCode"]} for row in rows("CompanyCode")]
    accounts = [{"code": f"YCOA-{row['GLAccount'].lstrip('0')}"} for row in rows("GLAccount")]
    centers = [{"code": f"A000-{row['CostCenter'].lstrip('0')}"} for row in rows("CostCenter")]
    for name, items in (("Company Codes", companies), ("GL Accounts", accounts), ("Cost Centers", centers)):
        unique = {item["code"]: item for item in items}
        from_sap.control.fill(
            [{"name": f"{c} name", **item} for c, item in unique.items()], list_name=name, model=found
        )
    return found


def a_plan(from_sap: FromSap, *, version: str = VERSION) -> list[PlanLine]:
    center = next(
        row["CostCenter"].lstrip("0")
        for row in from_sap.control.sap_rows("CostCenter")
        if row["CompanyCode"] == "1010" and row["ValidityEndDate"] == "9999-12-31"
    )
    return [
        PlanLine(
            version, "1010", f"YCOA-{ACCOUNT.lstrip('0')}", f"A000-{center}", month, Decimal(amount), "EUR", "Plan"
        )
        for month, amount in (("Jan 27", "1000.10"), ("Feb 27", "2000.20"), ("Mar 27", "3000.35"))
    ]


def last_documents(from_sap: FromSap) -> list[DocumentLine]:
    database = Database(from_sap.environment["AUDIT_URL"])
    try:
        with database.reading() as connection:
            last = summary(connection, runs(connection, 1)[0].run)
    finally:
        database.close()
    return [line for action in last.actions for line in action.documents]


def posted(lines: list[DocumentLine]) -> list[tuple[str, str, str]]:
    return [(line.company, line.year, line.number) for line in lines if line.state == "posted"]


def test_only_an_approved_version_is_posted_once_and_later_changes_as_their_difference(
    from_sap: FromSap, model: str
) -> None:
    lines = a_plan(from_sap)
    enter(from_sap.control, model, [*lines, *a_plan(from_sap, version="Forecast 2026")])
    before = len(from_sap.control.sap_rows("JournalHeader"))
    waiting = from_sap.run_well("plan-to-sap")
    assert "not approved: Budget 2027" in waiting.output
    assert len(from_sap.control.sap_rows("JournalHeader")) == before

    approve(from_sap.control, model, VERSION)
    from_sap.run_well("plan-to-sap")
    numbers = posted(last_documents(from_sap))
    assert len(numbers) == 3
    assert compare_with_sap(from_sap.control, lines, numbers, OFFSET).differences == ()

    from_sap.run_well("plan-to-sap")
    assert len(from_sap.control.sap_rows("JournalHeader")) == before + 3

    changed = [replace(lines[0], amount=Decimal("999.99")), *lines[1:]]
    enter(from_sap.control, model, changed[:1])
    from_sap.run_well("plan-to-sap")
    numbers += posted(last_documents(from_sap))
    assert len(numbers) == 4
    assert compare_with_sap(from_sap.control, changed, numbers, OFFSET).differences == ()


def test_a_lost_answer_is_looked_up_and_a_refused_document_says_why_row_by_row(from_sap: FromSap, model: str) -> None:
    lines = a_plan(from_sap)
    enter(from_sap.control, model, lines)
    approve(from_sap.control, model, VERSION)
    before = len(from_sap.control.sap_rows("JournalHeader"))
    from_sap.control.sap_period("1010", "2027", "003", is_open=False)
    from_sap.control.fault("sap", {"reset": "before_response"}, path="journalentrycreaterequestconfi")
    # SAP may work on a request whose connection is gone; here it is certain soon that it does not.
    from_sap.run_well("plan-to-sap", TARGET_SAP_S4HANA_SETTLE_SECONDS="1")
    found = last_documents(from_sap)
    assert sorted(line.state for line in found) == ["posted", "posted", "refused"]
    (refused,) = (line for line in found if line.state == "refused")
    assert any("F5/201" in message for message in refused.messages), refused
    assert len(from_sap.control.sap_rows("JournalHeader")) == before + 2

    from_sap.control.sap_period("1010", "2027", "003", is_open=True)
    from_sap.run_well("plan-to-sap")
    assert len(from_sap.control.sap_rows("JournalHeader")) == before + 3
