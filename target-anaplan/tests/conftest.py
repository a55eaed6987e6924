"""A sandbox for all tests, and the target run as a user runs it: messages in, STATE out."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connector_kit.audit import Trail
from sandbox.testing import Running, running
from target_anaplan.target import TargetAnaplan

SUPPLIERS = {
    "stream": "suppliers",
    "import": "Suppliers from suppliers.csv",
    "missing_columns": "blank",
    "columns": {
        "Code": {"template": "{CompanyId}-{Supplier|strip_zeros}"},
        "Name": "Name",
        "Company": "CompanyId",
        "Supplier": "Supplier",
        "On Hold": {"field": "OnHold", "boolean": {"true": ["Y"]}},
        "Balance": {"field": "Balance", "decimals": 2},
    },
}
SUPPLIER_SCHEMA = {
    "type": "object",
    "properties": {
        "CompanyId": {"type": "string"},
        "Supplier": {"type": "string"},
        "Name": {"type": ["string", "null"]},
        "OnHold": {"type": ["string", "null"]},
        "Balance": {"type": ["number", "null"]},
        "_sdc_deleted_at": {"type": ["string", "null"]},
    },
    "required": ["CompanyId"],
}


def schema(stream: str, definition: Mapping[str, Any], key: Sequence[str]) -> dict[str, Any]:
    return {"type": "SCHEMA", "stream": stream, "schema": dict(definition), "key_properties": list(key)}


def record(stream: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "RECORD", "stream": stream, "record": dict(values), "version": 1}


def supplier(number: int, **values: Any) -> dict[str, Any]:
    row = {"CompanyId": "EDU1", "Supplier": f"{number:015d}", "Name": f"Supplier {number}", "OnHold": "N"}
    return record("suppliers", {**row, "Balance": 12.5, **values})


def suppliers(*rows: dict[str, Any], state: object = "done") -> list[dict[str, Any]]:
    first = schema("suppliers", SUPPLIER_SCHEMA, ["CompanyId", "Supplier"])
    return [first, *rows, {"type": "STATE", "value": {"mark": state}}]


def lines(messages: Sequence[Mapping[str, Any] | str]) -> str:
    def plain(value: object) -> object:
        return float(value) if isinstance(value, Decimal) else value

    return "".join((m if isinstance(m, str) else json.dumps(m, default=plain)) + "\n" for m in messages)


@dataclass
class Outcome:
    """What a run of the target left behind."""

    states: list[Any]
    error: BaseException | None
    target: TargetAnaplan | None = None


@dataclass
class Bench:
    """The target with settings for the sandbox, and the sandbox itself."""

    sandbox: Running
    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)

    # Tests are imported without their folder being a package: the builders come along with the fixture.
    schema = staticmethod(schema)
    record = staticmethod(record)
    supplier = staticmethod(supplier)
    suppliers = staticmethod(suppliers)
    lines = staticmethod(lines)
    supplier_mapping = SUPPLIERS
    supplier_schema = SUPPLIER_SCHEMA

    @property
    def audit_url(self) -> str:
        return f"sqlite:///{self.folder}/audit.db"

    def config(self, **settings: Any) -> dict[str, Any]:
        info = self.sandbox.info["anaplan"]
        return {
            **{name: info[name] for name in ("api_url", "auth_url", "oauth_url", "workspace_id", "model_id")},
            "username": info["username"],
            "password": info["password"],
            "coordination_url": f"sqlite:///{self.folder}/coordination.db",
            "audit_url": self.audit_url,
            "rate_per_minute": 6000,
            "poll_first": 0.02,
            "poll_max": 0.1,
            "wait_seconds": 3,
            "on_nothing_delivered": "continue",  # many tests look at refusals alone
            "mappings": [SUPPLIERS],
            **self.settings,
            **settings,
        }

    def run(self, messages: Sequence[Mapping[str, Any] | str], **settings: Any) -> Outcome:
        """Run the target over messages; an error is returned, not raised."""
        out = io.StringIO()
        target = error = None
        with contextlib.redirect_stdout(out):
            try:
                target = TargetAnaplan(config=self.config(**settings))
                target.listen(io.StringIO(lines(messages)))
            except Exception as exc:
                error = exc
        return Outcome([json.loads(line) for line in out.getvalue().splitlines()], error, target)

    def deliver(self, messages: Sequence[Mapping[str, Any] | str], **settings: Any) -> Outcome:
        """Run the target; an error fails the test."""
        outcome = self.run(messages, **settings)
        if outcome.error:
            raise outcome.error
        return outcome

    def items(self, name: str = "Suppliers") -> dict[str, dict[str, Any]]:
        return {item["code"]: item for item in self.sandbox.control.list_items(name)}

    def summary(self) -> Any:
        with Trail.open(self.audit_url) as trail:
            return trail.summary("last")

    def tasks_started(self) -> list[str]:
        return [
            request["path"]
            for request in self.sandbox.control.requests("anaplan")
            if request["method"] == "POST" and request["path"].split("?")[0].endswith("/tasks")
        ]


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[Running]:
    with running(only="anaplan", task_seconds=0.02) as sandbox:
        yield sandbox


@pytest.fixture
def bench(shared_sandbox: Running, tmp_path: Path) -> Bench:
    shared_sandbox.control.reset()
    return Bench(shared_sandbox, tmp_path)


@pytest.fixture
def switch(bench: Bench) -> Callable[[str, Any], None]:
    def set_switch(name: str, value: Any) -> None:
        bench.sandbox.control.switch("anaplan", name, value)

    return set_switch
