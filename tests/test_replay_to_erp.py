"""What an ERP refused of a plan goes there again by `meltano run`, once the cause is put right, and stands once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from demo.job import JobRun, meltano
from demo.plan_to_syspro import changed
from demo.planning import PlanLine, approve, enter
from demo.reconcile.plan import compare_with_sap, compare_with_syspro
from tests import test_plan_to_sap as sap
from tests import test_plan_to_syspro as syspro
from tests.conftest import FromSap, FromSyspro, Installation

pytestmark = [pytest.mark.meltano, pytest.mark.slow, pytest.mark.timeout(600)]

model = sap.model


def audit(installation: Installation, *arguments: str) -> Any:
    done = meltano(
        ["--log-level", "error", "invoke", "audit", *arguments, "--json"], installation.environment, installation.log()
    )
    assert done.code == 0, done.output
    return json.loads(done.output)


def replayed(installation: Installation, job: str) -> JobRun:
    """The job did something, without a word to Anaplan, and closed all failures."""
    since = time.time()
    done = installation.run_well(job)
    assert "records written" in done.output
    assert installation.control.requests("anaplan", since) == []
    assert audit(installation, "failures")["failures"] == []
    return done


def nothing_is_left(installation: Installation, job: str, documents: Callable[[], object]) -> None:
    """A second replay says so, and changes nothing."""
    before = documents()
    assert "nothing to replay" in installation.run_well(job).output
    assert documents() == before


def test_a_document_that_sap_refused_is_posted_by_the_replay_and_the_others_are_not_doubled(
    from_sap: FromSap, model: str
) -> None:
    control, lines = from_sap.control, sap.a_plan(from_sap)

    def documents() -> int:
        return len(control.sap_rows("JournalHeader"))

    enter(control, model, lines)
    approve(control, model, sap.VERSION)
    before = documents()
    control.sap_period("1010", "2027", "003", is_open=False)
    from_sap.run_well("plan-to-sap")
    numbers = sap.posted(sap.last_documents(from_sap))
    (refused,) = audit(from_sap, "failures")["failures"]
    assert "F5/201" in refused["reason"]
    assert documents() == before + 2

    # Whoever is too early gets the same answer, and no second failure.
    from_sap.run_well("replay-to-sap")
    assert audit(from_sap, "failures")["failures"][0]["records"] == refused["records"]

    control.sap_period("1010", "2027", "003", is_open=True)
    replayed(from_sap, "replay-to-sap")
    assert documents() == before + 3
    numbers += sap.posted(sap.last_documents(from_sap))
    assert compare_with_sap(control, lines, numbers, sap.OFFSET).differences == ()
    nothing_is_left(from_sap, "replay-to-sap", documents)

    # The next evening's run finds the plan as it stands.
    from_sap.run_well("plan-to-sap")
    assert documents() == before + 3


def test_what_syspro_refused_is_there_once_after_the_replay_journals_and_master_data_alike(
    from_syspro: FromSyspro,
) -> None:
    from_syspro.run_well()
    control, company = from_syspro.control, syspro.COMPANY
    first, *_, last = syspro.a_plan(from_syspro)
    lines = [first, PlanLine(first.version, company, last.account, "", "Nov 26", last.amount, "", "Plan")]
    enter(control, None, lines)
    approve(control, None, syspro.VERSION)
    customer = next(row for row in control.rows(company, "ArCustomer") if row["Customer"].strip().isdigit())
    code = f"{company}-{customer['Customer'].lstrip('0')}"
    control.fill([{"code": code, "properties": {"Credit Limit": "77000"}}], list_name="Customers")

    account = next(
        row for row in control.rows(company, "GenMaster") if last.account == f"{company}-{row['GlCode'].strip()}"
    )
    gone = [("GenMaster", ("Company", "GlCode"), account), ("ArCustomer", ("Customer",), customer)]
    for table, key, row in gone:
        named = {name: row[name] for name in key}
        control.change([{"company": company, "table": table, "op": "delete", "key": named}])
    before = syspro.journals(from_syspro)
    from_syspro.run_well("plan-to-syspro")
    posted = syspro.journals(from_syspro) - before
    assert len(posted) == 1
    failures = audit(from_syspro, "failures")["failures"]
    assert {group["stream"] for group in failures} == {"plan_lines", "planned_customers"}

    for table, _, row in gone:
        values = {name: value for name, value in row.items() if name != "TimeStamp"}
        control.change([{"company": company, "table": table, "op": "insert", "values": values}])
    replayed(from_syspro, "replay-to-syspro")
    posted = syspro.journals(from_syspro) - before
    assert len(posted) == 2
    assert compare_with_syspro(control, company, lines, posted, syspro.OFFSET).differences == ()
    moved = changed([customer], [_customer(control.rows(company, "ArCustomer"), customer)])
    assert moved.startswith("CreditLimit of ")
    nothing_is_left(from_syspro, "replay-to-syspro", lambda: syspro.journals(from_syspro))
    assert control.sessions() == [], "the run has logged off"


def _customer(rows: list[dict[str, Any]], one: dict[str, Any]) -> dict[str, Any]:
    return next(row for row in rows if row["Customer"] == one["Customer"])
