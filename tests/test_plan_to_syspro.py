"""Planning back into SYSPRO through `meltano run`: posted once, to the cent, and nothing of SYSPRO's own is touched."""

from __future__ import annotations

from decimal import Decimal

import pytest

from demo.plan_to_syspro import changed
from demo.planning import PlanLine, approve, enter
from demo.reconcile.plan import compare_with_syspro
from tests.conftest import FromSyspro

pytestmark = [pytest.mark.meltano, pytest.mark.timeout(600)]

COMPANY, VERSION, OFFSET = "EDU1", "Forecast 2026", "00-2110"


def a_plan(from_syspro: FromSyspro) -> list[PlanLine]:
    codes = [row["GlCode"] for row in from_syspro.control.rows(COMPANY, "GenMaster") if row["AccountType"] == "E"][:3]
    return [
        PlanLine(VERSION, COMPANY, f"{COMPANY}-{code}", "", "Dec 26", Decimal("100.10") * (place + 1), "", "Plan")
        for place, code in enumerate(codes)
    ]


def journals(from_syspro: FromSyspro) -> set[tuple[str, str]]:
    rows = from_syspro.control.rows(COMPANY, "GenJournalCtl")
    return {(str(int(Decimal(row["GlYear"]))), str(int(Decimal(row["GlJournal"])))) for row in rows}


def test_an_approved_plan_is_posted_once_owned_fields_are_kept_and_the_next_load_reads_both(
    from_syspro: FromSyspro,
) -> None:
    from_syspro.run_well()
    control, lines = from_syspro.control, a_plan(from_syspro)
    before, customers = journals(from_syspro), control.rows(COMPANY, "ArCustomer")
    one = next(row for row in customers if row["Customer"].strip().isdigit())
    code = f"{COMPANY}-{one['Customer'].lstrip('0')}"
    control.fill([{"code": code, "properties": {"Credit Limit": "77000"}}], list_name="Customers")
    enter(control, None, lines)

    from_syspro.run_well("plan-to-syspro")
    assert journals(from_syspro) == before, "nobody has approved the plan"
    moved = f"CreditLimit of {one['Name'].strip()} from {one['CreditLimit']} to 77000"
    assert changed(customers, control.rows(COMPANY, "ArCustomer")) == moved

    approve(control, None, VERSION)
    for _ in range(2):
        from_syspro.run_well("plan-to-syspro")
    new = journals(from_syspro) - before
    assert len(new) == 1
    assert compare_with_syspro(control, COMPANY, lines, new, OFFSET).differences == ()
    assert control.sessions() == [], "the run has logged off"

    from_syspro.run_well()
    assert from_syspro.differences() == []
