"""A sandbox for all tests, and the target run as a user runs it: messages in, STATE out."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import Control, Running, running
from target_syspro.target import TargetSyspro
from testkit.singer import Outcome, deliver, lines
from testkit.trail import TrailReader

JOURNAL = {
    "stream": "plan",
    "object": "gl_journal",
    "scope": ["Version"],
    "document": ["Period"],
    "header": {"notation": {"template": "{Version} {Period}"}},
    "lines": {"account": "Account", "amount": "Amount", "text": {"field": "Comment", "default": ""}},
    "period": {"field": "Period", "format": "%b %y"},
    "offset": {"account": "00-2110"},
}
INVOICE = {
    "stream": "invoices",
    "object": "ap_invoice",
    "document": ["Supplier", "Invoice"],
    "header": {"supplier": "Supplier", "invoice": "Invoice", "notation": {"field": "Comment", "default": ""}},
    "lines": {"account": "Account", "amount": "Amount", "text": {"field": "Comment", "default": ""}},
    "document_date": "InvoiceDate",
    "on_change": "refuse",
}
TEXT = {"type": ["string", "null"]}
PLAN = {**dict.fromkeys(("Version", "Period", "Account", "Comment"), TEXT), "Amount": {"type": ["number", "null"]}}
BILL = {
    **dict.fromkeys(("Supplier", "Invoice", "InvoiceDate", "Account", "Comment"), TEXT),
    "Amount": {"type": ["number", "null"]},
}


def row(account: str, amount: str, **values: Any) -> dict[str, Any]:
    base = {"Version": "V1", "Period": "Nov 26", "Account": account, "Amount": Decimal(amount), "Comment": ""}
    return {**base, **values}


_versions = itertools.count(1)


def messages(
    stream: str, properties: Mapping[str, Any], key: Sequence[str], rows: Sequence[Mapping[str, Any]], state: object
) -> list[dict[str, Any]]:
    """The messages of a stream that came whole, as ACTIVATE_VERSION behind its records says."""
    version = next(_versions)
    schema = {"type": "object", "properties": dict(properties)}
    return [
        {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": list(key)},
        *({"type": "RECORD", "stream": stream, "record": dict(one), "version": version} for one in rows),
        {"type": "ACTIVATE_VERSION", "stream": stream, "version": version},
        {"type": "STATE", "value": {"mark": state}},
    ]


def plan(*rows: Mapping[str, Any], state: object = "done") -> list[dict[str, Any]]:
    return messages("plan", PLAN, ["Version", "Period", "Account"], rows, state)


def bills(*rows: Mapping[str, Any], state: object = "done") -> list[dict[str, Any]]:
    return messages("invoices", BILL, ["Supplier", "Invoice", "Account"], rows, state)


@dataclass
class Bench(TrailReader):
    """The target with settings for the sandbox, and the sandbox itself."""

    sandbox: Running
    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)

    # Tests are imported without their folder being a package: the builders come along with the fixture.
    row = staticmethod(row)
    plan = staticmethod(plan)
    bills = staticmethod(bills)
    lines = staticmethod(lines)
    messages = staticmethod(messages)
    journal = JOURNAL
    invoice = INVOICE

    @property
    def control(self) -> Control:
        return self.sandbox.control

    @property
    def audit_url(self) -> str:
        return f"sqlite:///{self.folder}/audit.db"

    def switch(self, name: str, value: str | float | bool) -> None:
        self.control.switch("syspro", name, value)

    def config(self, **settings: Any) -> dict[str, Any]:
        info = self.sandbox.info["syspro"]
        return {
            "enet_url": info["enet_url"],
            "operator": info["operator"],
            "operator_password": info["operator_password"],
            "company": "EDU1",
            "coordination_url": f"sqlite:///{self.folder}/coordination.db",
            "audit_url": self.audit_url,
            "max_vanished_share": 1,  # many plans here change as a whole
            "on_nothing_delivered": "continue",  # many tests look at refusals alone
            "settle_seconds": 0.5,
            "wait_seconds": 30,
            "timeout": 5,
            "max_tries": 3,
            "documents": [JOURNAL, INVOICE],
            **self.settings,
            **settings,
        }

    def run(self, sent: Sequence[Mapping[str, Any] | str], **settings: Any) -> Outcome:
        """Run the target over messages; an error is returned, not raised."""
        return deliver(lambda: TargetSyspro(config=self.config(**settings)), sent)

    def deliver(self, sent: Sequence[Mapping[str, Any] | str], **settings: Any) -> Outcome:
        """Run the target; an error fails the test."""
        return self.run(sent, **settings).well()

    # What SYSPRO's books say.

    def rows(self, table: str, company: str = "EDU1") -> list[dict[str, Any]]:
        return self.control.rows(company, table)

    def journals(self, company: str = "EDU1") -> list[dict[str, Any]]:
        """The headers of journals that bear a reference of ours."""
        return [one for one in self.rows("GenJournalCtl", company) if _ours(one["Reference"])]

    def books(self, company: str = "EDU1") -> dict[tuple[Any, ...], Decimal]:
        """What we posted, summed by account, year and period."""
        sums: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
        for line in self.rows("GenTransaction", company):
            if _ours(line["Reference"]):
                sums[line["GlCode"], line["GlYear"], line["GlPeriod"]] += Decimal(line["EntryValue"])
        return {place: amount for place, amount in sums.items() if amount}

    def references(self, company: str = "EDU1") -> list[str]:
        """What we posted, by reference: each should be there once."""
        return sorted(one["Reference"] for one in self.journals(company))

    def suppliers(self) -> dict[str, dict[str, Any]]:
        """Suppliers by their code, with their addresses."""
        addresses = {one["Supplier"]: one for one in self.rows("ApSupplierAddr")}
        return {one["Supplier"]: {**addresses.get(one["Supplier"], {}), **one} for one in self.rows("ApSupplier")}

    def asked(self, path: str) -> list[dict[str, Any]]:
        """The requests to a path, e.g. "Transaction/Post"."""
        return [one for one in self.control.requests("syspro") if path.lower() in one["path"].lower()]

    def changed(self, **recipe: Any) -> list[dict[str, Any]]:
        """The journal's recipe with other options; those that are None are left out."""
        merged = {**JOURNAL, **recipe}
        return [{name: value for name, value in merged.items() if value is not None}]


def _ours(reference: str) -> bool:
    return len(reference) == 16 and reference.isalnum() and reference.isupper()


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[Running]:
    with running(only="syspro") as sandbox:
        yield sandbox


@pytest.fixture
def bench(shared_sandbox: Running, tmp_path: Path) -> Bench:
    shared_sandbox.control.reset()
    return Bench(shared_sandbox, tmp_path)
