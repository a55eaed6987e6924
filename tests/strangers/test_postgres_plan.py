"""A plan in PostgreSQL, read by a tap that none of us wrote, into SAP's books: each amount stands once."""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import Running, running
from testkit.own_postgres import Server
from tests.hosts.own_postgres import served
from tests.strangers.foreign import Blow, Flow
from tests.strangers.postgres_source import DELETED, PlanSource, meltanolabs

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
USER, OFFSET = "PLAN", "31000000"
PERIODS = {
    "1010": {("2026", "011"): "Nov 26", ("2026", "012"): "Dec 26", ("2027", "001"): "Jan 27"},
    "1710": {("2026", "008"): "Nov 26", ("2026", "009"): "Dec 26", ("2026", "010"): "Jan 27"},
}
JOURNAL = {
    "stream": "public-plan",
    "object": "journal_entry",
    "scope": ["version", "company"],
    "document": ["company", "period"],
    "header": {"company_code": "company", "header_text": {"template": "{version} {period}"}},
    "lines": {
        "account": "account",
        "amount": "amount",
        "currency": "currency",
        "cost_center": {"field": "company", "values": {"1010": "10100101", "1710": "17100101"}},
        "text": "comment",
    },
    "period": {"field": "period", "format": "%b %y"},
    "offset": {"account": OFFSET},
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served() as found:
        yield found


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running(only="sap", size=100) as sandbox:
        yield sandbox


def target(folder: Path, sandbox: Running) -> list[str | Path]:
    info = sandbox.info["sap"]
    config: dict[str, Any] = {
        "api_url": info["url"],
        "username": info["username"],
        "password": info["password"],
        "coordination_url": f"sqlite:///{folder}/coordination.db",
        "audit_url": f"sqlite:///{folder}/audit.db",
        "created_by": USER,
        "settle_seconds": 2,
        "wait_seconds": 60,
        "fiscal_years": {"1710": {"start_month": 4, "named_by": "start"}},
        "documents": [JOURNAL],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "target.json").write_text(json.dumps(config))
    program = "from target_sap_s4hana.target import main; main()"
    return [sys.executable, "-c", program, "--config", folder / "target.json"]


def books(sandbox: Running) -> dict[tuple[str, str, str], Decimal]:
    """What stands of the plan by company, account and period, without the offset."""
    sums: Counter[tuple[str, str, str]] = Counter()
    for line in sandbox.control.sap_rows("JournalLine"):
        account = line["GLAccount"].lstrip("0")
        if line["Ledger"] == "0L" and line["AccountingDocCreatedByUser"] == USER and account != OFFSET:
            period = PERIODS[line["CompanyCode"]][line["FiscalYear"], line["FiscalPeriod"]]
            sums[line["CompanyCode"], account, period] += Decimal(line["AmountInTransactionCurrency"])
    return {key: amount for key, amount in sums.items() if amount}


def test_a_plan_that_changes_while_runs_die_stands_once(server, sandbox, tmp_path, seed):
    source, rng = PlanSource(server), random.Random(seed)
    source.fill(rng)
    tap = meltanolabs(tmp_path, server, "plan", "INCREMENTAL", stream_maps=DELETED)
    flow = Flow(tmp_path, tap, target(tmp_path, sandbox))
    for _ in range(4):
        ended = flow.run(Blow.drawn(rng, 12, 15.0))
        assert "Traceback" not in ended.said.partition("--- target.log")[2]
        source.business(rng)
    flow.run().well()
    assert books(sandbox) == source.sums()
    headers = [row for row in sandbox.control.sap_rows("JournalHeader") if row["AccountingDocCreatedByUser"] == USER]
    references = Counter(row["DocumentReferenceID"] for row in headers)
    assert max(references.values()) == 1
    before = len(headers)
    flow.run().well()
    after = [row for row in sandbox.control.sap_rows("JournalHeader") if row["AccountingDocCreatedByUser"] == USER]
    assert len(after) == before, "what did not change is not posted again"
