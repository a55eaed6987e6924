"""A sandbox for all tests, and the target run as a user runs it: messages in, STATE out."""

from __future__ import annotations

import contextlib
import io
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from connector_kit.audit.command import cli
from sandbox.testing import Control, Running, running
from target_syspro.target import TargetSyspro

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


def messages(
    stream: str, properties: Mapping[str, Any], key: Sequence[str], rows: Sequence[Mapping[str, Any]], state: object
) -> list[dict[str, Any]]:
    """The messages of a stream that came whole."""
    schema = {"type": "object", "properties": dict(properties)}
    return [
        {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": list(key)},
        *({"type": "RECORD", "stream": stream, "record": dict(one)} for one in rows),
        {"type": "STATE", "value": {"mark": state}},
    ]


def plan(*rows: Mapping[str, Any], state: object = "done") -> list[dict[str, Any]]:
    return messages("plan", PLAN, ["Version", "Period", "Account"], rows, state)


def bills(*rows: Mapping[str, Any], state: object = "done") -> list[dict[str, Any]]:
    return messages("invoices", BILL, ["Supplier", "Invoice", "Account"], rows, state)


def lines(sent: Sequence[Mapping[str, Any] | str]) -> str:
    return "".join((m if isinstance(m, str) else _json(m)) + "\n" for m in sent)


def _json(message: Mapping[str, Any]) -> str:
    """JSON with decimals as exact numbers."""
    marked = json.dumps(message, default=lambda value: f"\x00{value}\x00")
    return marked.replace('"\\u0000', "").replace('\\u0000"', "")


@dataclass
class Outcome:
    """What a run of the target left behind."""

    states: list[Any]
    error: BaseException | None


@dataclass
class Bench:
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
        out = io.StringIO()
        error = None
        with contextlib.redirect_stdout(out):
            try:
                TargetSyspro(config=self.config(**settings)).listen(io.StringIO(lines(sent)))
            except Exception as exc:
                error = exc
        return Outcome([json.loads(line) for line in out.getvalue().splitlines()], error)

    def deliver(self, sent: Sequence[Mapping[str, Any] | str], **settings: Any) -> Outcome:
        """Run the target; an error fails the test."""
        outcome = self.run(sent, **settings)
        if outcome.error:
            raise outcome.error
        return outcome

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

    # What the audit trail says.

    def audit(self, *arguments: str) -> Any:
        result = CliRunner().invoke(cli, ["--url", self.audit_url, *arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    def documents(self) -> list[dict[str, Any]]:
        """The documents of the last run."""
        shown = json.loads(self.audit("show", "--json"))
        return [one for action in shown["actions"] for one in action["documents"]]

    def rejected(self) -> dict[str, str]:
        """The rows that the last run rejected: key to message."""
        found = map(json.loads, self.audit("export", "--run", "last").splitlines())
        return {line["key"]: line["message"] for line in found if line["outcome"] == "rejected"}

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
