"""A PostgreSQL read by taps that none of us wrote, into Anaplan: equal to SQL, whatever dies on the way."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from connector_kit.audit.command import cli
from sandbox.testing import Running, running
from testkit.own_postgres import Server
from tests.hosts.own_postgres import served
from tests.strangers.foreign import Blow, Flow
from tests.strangers.postgres_source import DELETED, Source, meltanolabs, pipelinewise
from tests.strangers.proxy import Proxy, fair, foul

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
STREAM = "public-suppliers"
DELETE = {
    "import": "Mark removed suppliers from removed_suppliers.csv",
    "columns": {"Code": {"template": "PG-{id}"}, "Removed": {"constant": True}},
    "action": "Delete removed suppliers",
}
MAPPING = {
    "stream": STREAM,
    "import": "Suppliers from suppliers.csv",
    "columns": {
        "Code": {"template": "PG-{id}"},
        "Name": "name",
        "Company": "exact",
        "Supplier": "day",
        "Class": "doc_text",
        "Currency": "since",
        "Terms": "notes",
        "Branch": "branch",
        "On Hold": {"field": "on_hold", "boolean": {"true": ["true"]}},
        "Balance": "amount",
    },
    "delete": DELETE,
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served() as found:
        yield found


@pytest.fixture(scope="module")
def shared_sandbox() -> Iterator[Running]:
    with running(only="anaplan", task_seconds=0.3) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared_sandbox: Running) -> Running:
    shared_sandbox.control.reset()
    return shared_sandbox


def target(folder: Path, sandbox: Running, mapping: dict[str, Any]) -> list[str | Path]:
    info = sandbox.info["anaplan"]
    names = ("api_url", "auth_url", "oauth_url", "workspace_id", "model_id", "username", "password")
    config = {name: info[name] for name in names} | {
        "coordination_url": f"sqlite:///{folder}/coordination.db",
        "audit_url": f"sqlite:///{folder}/audit.db",
        "poll_first": 0.05,
        "poll_max": 0.2,
        "wait_seconds": 60,
        "batch_rows": 400,
        "mappings": [mapping],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "target.json").write_text(json.dumps(config))
    program = "from target_anaplan.target import main; main()"
    return [sys.executable, "-c", program, "--config", folder / "target.json"]


def expected(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": row["name"],
        "Company": row["exact"],
        "Supplier": str(row["day"]),
        "Class": row["doc"],
        "Currency": row["since"],
        "Terms": " ".join((row["notes"] or "").splitlines()),
        "Branch": row["branch"] or "",
        "On Hold": bool(row["on_hold"]),
        "Balance": row["amount"] or Decimal(0),
    }


def held(item: dict[str, Any]) -> dict[str, Any]:
    found = item["properties"]
    return {
        "name": item["name"],
        "Company": Decimal(found["Company"]),
        "Supplier": found["Supplier"][:10],
        "Class": json.loads(found["Class"]) if found["Class"] else None,
        "Currency": datetime.fromisoformat(found["Currency"].replace("Z", "+00:00")),
        "Terms": found["Terms"] or "",
        "Branch": found["Branch"] or "",
        "On Hold": found["On Hold"] in {True, "true"},
        "Balance": Decimal(found["Balance"] or 0),
    }


def differences(source: Source, sandbox: Running) -> list[str]:
    there = {f"PG-{key}": expected(row) for key, row in source.rows().items()}
    here = {item["code"]: held(item) for item in sandbox.control.list_items("Suppliers")}
    other = [f"{key}: SQL {there[key]}, Anaplan {here[key]}" for key in there.keys() & here if there[key] != here[key]]
    missing = [f"{key} is not in Anaplan" for key in there.keys() - here]
    return [*other, *missing, *(f"{key} is not in SQL" for key in here.keys() - there)]


def test_every_type_arrives_as_sql_has_it_and_structures_are_refused_by_name(server, sandbox, tmp_path):
    source = Source(server)
    source.fill(random.Random(1))
    mapping = {**MAPPING, "columns": {**MAPPING["columns"], "Class": "doc"}}
    tap = meltanolabs(tmp_path, server, "suppliers", "FULL_TABLE")
    said = Flow(tmp_path / "refused", tap, target(tmp_path / "refused", sandbox, mapping)).run().well().said
    structures = sum(row["doc"] is not None for row in source.rows().values())
    assert f"{structures} rejected: column Class: a list or object has no place in a column" in said
    Flow(tmp_path / "whole", tap, target(tmp_path / "whole", sandbox, MAPPING)).run().well()
    assert not differences(source, sandbox)[:3]
    source.sql("UPDATE suppliers SET amount = amount + 1 WHERE id = 7 OR id = 8")
    source.sql("UPDATE suppliers SET amount = 1, branch = 'other' WHERE id = 9")
    assert {each.partition(":")[0] for each in differences(source, sandbox)} >= {"PG-9"}, "it can fail"


def flow_of(kind: str, folder: Path, server: Server, sandbox: Running) -> Flow:
    to_anaplan = target(folder, sandbox, MAPPING)
    if kind == "full table":
        return Flow(folder, meltanolabs(folder, server, "suppliers", "FULL_TABLE"), to_anaplan)
    if kind == "full table with versions":
        return Flow(folder, pipelinewise(folder, server, "suppliers", "FULL_TABLE"), to_anaplan)
    return Flow(folder, meltanolabs(folder, server, "suppliers", "INCREMENTAL", stream_maps=DELETED), to_anaplan)


KINDS = ["full table", "full table with versions", "incremental"]


@pytest.mark.parametrize("kind", KINDS)
def test_killed_and_stopped_runs_lose_nothing_and_leave_nothing(server, sandbox, tmp_path, kind, seed):
    source, rng = Source(server), random.Random(f"{kind} {seed}")
    source.fill(rng)
    flow = flow_of(kind, tmp_path, server, sandbox)
    stopped = 0
    for _ in range(3):
        ended = flow.run(Blow.drawn(rng, 700, 12.0))
        stopped += not ended.ok
        assert "Traceback" not in ended.said.partition("--- target.log")[2]
        source.business(rng, delete=kind != "incremental")
    assert stopped
    flow.run().well()
    if kind == "full table with versions":
        flow.run().well()  # what a stopped run saw under that version counts as there: the next version shows the rest
    found = differences(source, sandbox)
    if kind == "full table":  # no version: nothing says that a row is gone
        found = [each for each in found if "is not in SQL" not in each]
    assert not found[:3]
    assert sandbox.control.report()["anaplan"]["max_overlap"][sandbox.info["anaplan"]["model_id"]] == 1
    runs = audit(tmp_path, "runs")
    assert "running" not in runs


def test_a_database_that_dies_and_connections_that_are_cut_end_runs_not_rows(server, sandbox, tmp_path, seed):
    source, rng = Source(server), random.Random(seed)
    source.fill(rng)
    host = ("127.0.0.1", server.port)
    with Proxy(host, seed, foul) as proxy:
        through = replace(server, port=proxy.port)
        proxy.fate = fair
        flow = flow_of("incremental", tmp_path, through, sandbox)
        proxy.fate = foul
        done = 0
        for nth in range(6):
            flow.on_record = {rng.randrange(1, 500): lambda: (server.kill(), server.start())} if nth == 2 else {}
            done += flow.run().ok
            if nth < 4:
                source.business(rng, delete=False)
        assert proxy.cuts
        proxy.fate = fair
        flow.on_record = {}
        flow.run().well()
    assert not differences(source, sandbox)[:3]


def audit(folder: Path, *arguments: str) -> str:
    """What the command says of the trail."""
    result = CliRunner().invoke(cli, ["--url", f"sqlite:///{folder}/audit.db", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output
