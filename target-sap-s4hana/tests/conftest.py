"""A sandbox for all tests, and the target run as a user runs it: messages in, STATE out."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import Running, running
from target_sap_s4hana.target import TargetSapS4hana
from testkit.singer import Outcome, deliver, lines
from testkit.trail import TrailReader

JOURNAL = {
    "stream": "plan",
    "object": "journal_entry",
    "scope": ["Version", "Company"],
    "document": ["Company", "Period"],
    "header": {"company_code": "Company", "header_text": {"template": "{Version} {Period}"}},
    "lines": {
        "account": "Account",
        "amount": "Amount",
        "currency": "Currency",
        "cost_center": {"field": "CostCenter", "default": ""},
        "text": {"field": "Comment", "default": ""},
    },
    "period": {"field": "Period", "format": "%b %y"},
    "offset": {"account": "31000000"},
}
USER = "PLAN"
TEXT = {"type": ["string", "null"]}
SCHEMA = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("Version", "Company", "Account", "CostCenter", "Period", "Currency", "Comment"), TEXT),
        "Amount": {"type": ["number", "null"]},
    },
}
KEY = ["Version", "Company", "Account", "CostCenter", "Period"]


def row(account: str, amount: str, **values: Any) -> dict[str, Any]:
    base = {"Version": "V1", "Company": "1010", "Account": account, "CostCenter": "", "Period": "Nov 26"}
    return {**base, "Amount": Decimal(amount), "Currency": "EUR", "Comment": "", **values}


_versions = itertools.count(1)


def plan(*rows: Mapping[str, Any], state: object = "done", stream: str = "plan") -> list[dict[str, Any]]:
    """The messages of a plan that came whole, as ACTIVATE_VERSION behind its records says."""
    version = next(_versions)
    messages: list[dict[str, Any]] = [
        {"type": "SCHEMA", "stream": stream, "schema": SCHEMA, "key_properties": KEY},
        *({"type": "RECORD", "stream": stream, "record": dict(one), "version": version} for one in rows),
        {"type": "ACTIVATE_VERSION", "stream": stream, "version": version},
        {"type": "STATE", "value": {"mark": state}},
    ]
    return messages


@dataclass
class Bench(TrailReader):
    """The target with settings for the sandbox, and the sandbox itself."""

    sandbox: Running
    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)

    # Tests are imported without their folder being a package: the builders come along with the fixture.
    row = staticmethod(row)
    plan = staticmethod(plan)
    lines = staticmethod(lines)
    journal = JOURNAL

    @property
    def audit_url(self) -> str:
        return f"sqlite:///{self.folder}/audit.db"

    def config(self, **settings: Any) -> dict[str, Any]:
        info = self.sandbox.info["sap"]
        return {
            "api_url": info["url"],
            "username": info["username"],
            "password": info["password"],
            "coordination_url": f"sqlite:///{self.folder}/coordination.db",
            "audit_url": self.audit_url,
            "max_vanished_share": 1,  # many plans here change as a whole
            "on_nothing_delivered": "continue",  # many tests look at refusals alone
            "created_by": USER,
            "fiscal_years": {"1710": {"start_month": 4, "named_by": "start"}},
            "settle_seconds": 0.4,
            "wait_seconds": 30,
            "timeout": 5,
            "max_tries": 3,
            "documents": [JOURNAL],
            **self.settings,
            **settings,
        }

    def run(self, sent: Sequence[Mapping[str, Any] | str], **settings: Any) -> Outcome:
        """Run the target over messages; an error is returned, not raised."""
        return deliver(lambda: TargetSapS4hana(config=self.config(**settings)), sent)

    def deliver(self, sent: Sequence[Mapping[str, Any] | str], **settings: Any) -> Outcome:
        """Run the target; an error fails the test."""
        return self.run(sent, **settings).well()

    # What SAP's books say.

    def books(self) -> dict[tuple[str, ...], Decimal]:
        """What we posted, summed by company code, account, cost center, fiscal year, period and currency."""
        sums: Counter[tuple[str, ...]] = Counter()
        for line in self.sandbox.control.call("GET", "/sap/rows", table="JournalLine")["rows"]:
            if line["Ledger"] == "0L" and line["AccountingDocCreatedByUser"] == USER:
                names = ("CompanyCode", "GLAccount", "CostCenter", "FiscalYear", "FiscalPeriod", "TransactionCurrency")
                place = tuple(line[name].lstrip("0") if name in names[1:3] else line[name] for name in names)
                sums[place] += Decimal(line["AmountInTransactionCurrency"])  # type: ignore[assignment] # exact sums
        return {place: amount for place, amount in sums.items() if amount}

    def headers(self) -> list[dict[str, Any]]:
        """The headers of what we posted."""
        rows = self.sandbox.control.call("GET", "/sap/rows", table="JournalHeader")["rows"]
        return [row for row in rows if row["AccountingDocCreatedByUser"] == USER]

    def references(self) -> list[str]:
        """What we posted, by reference: each should be there once."""
        return sorted(row["DocumentReferenceID"] for row in self.headers())

    def changed(self, **recipe: Any) -> list[dict[str, Any]]:
        """The recipe with other options; those that are None are left out."""
        merged = {**JOURNAL, **recipe}
        return [{name: value for name, value in merged.items() if value is not None}]


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[Running]:
    with running(only="sap", size=100) as sandbox:
        yield sandbox


@pytest.fixture
def bench(shared_sandbox: Running, tmp_path: Path) -> Bench:
    shared_sandbox.control.reset()
    return Bench(shared_sandbox, tmp_path)
