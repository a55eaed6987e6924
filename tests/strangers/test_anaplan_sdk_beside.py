"""anaplan-sdk works in the same model, as the same user, while target-anaplan does: neither takes the other's rows."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from connector_kit.audit.command import cli
from sandbox.testing import Running, running
from tests.strangers.cap_data import HOSTILE
from tests.strangers.cap_server import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
INTERPRETER = ROOT / ".venv-anaplan-sdk" / "bin" / "python"
SCRIPT = Path(__file__).with_name("anaplan_sdk_beside.py")
TEXT = {"type": ["string", "null"]}
SCHEMA = {
    "type": "SCHEMA",
    "stream": "suppliers",
    "schema": {"properties": {"id": {"type": "integer"}, "name": TEXT, "class": TEXT, "amount": {"type": "number"}}},
    "key_properties": ["id"],
}
MAPPING = {
    "stream": "suppliers",
    "import": "Suppliers from suppliers.csv",
    "columns": {"Code": {"template": "OURS-{id}"}, "Name": "name", "Class": "class", "Balance": "amount"},
    "missing_columns": "blank",
}


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running(only="anaplan", task_seconds=0.1) as started:
        yield started


def rows(rng: random.Random, number: int) -> dict[int, dict[str, Any]]:
    return {
        key: {
            "id": key,
            "name": f"{rng.choice(HOSTILE)} {key}",
            "class": rng.choice(HOSTILE),
            "amount": rng.randrange(10**9) / 4,
        }
        for key in range(number)
    }


def deliver(folder: Path, sandbox: Running, sent: dict[int, dict[str, Any]]) -> subprocess.CompletedProcess[str]:
    """A run of target-anaplan, which may fail."""
    info = sandbox.info["anaplan"]
    names = ("api_url", "auth_url", "oauth_url", "workspace_id", "model_id", "username", "password")
    config = {name: info[name] for name in names} | {
        "coordination_url": f"sqlite:///{folder}/coordination.db",
        "audit_url": f"sqlite:///{folder}/audit.db",
        "poll_first": 0.05,
        "poll_max": 0.2,
        "batch_rows": 300,
        "mappings": [MAPPING],
    }
    (folder / "target.json").write_text(json.dumps(config))
    records = [{"type": "RECORD", "stream": "suppliers", "record": row} for row in sent.values()]
    messages = [SCHEMA, *records, {"type": "STATE", "value": {"mark": "all"}}]
    return subprocess.run(
        [sys.executable, "-c", "from target_anaplan.target import main; main()", "--config", folder / "target.json"],
        input="".join(json.dumps(each) + "\n" for each in messages),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


class Beside:
    """The SDK at work; `result` is what it says at its end."""

    result: dict[str, Any]


@contextmanager
def beside(folder: Path, sandbox: Running, does: str) -> Iterator[Beside]:
    """anaplan-sdk does that while the block runs."""
    if not INTERPRETER.exists():
        pytest.skip(f"no {INTERPRETER}: `make strangers` sets it up")
    stop, beside = folder / f"stop-{does}", Beside()
    order = json.dumps({"info": sandbox.info["anaplan"], "does": does, "stop": str(stop)})
    with subprocess.Popen(
        [INTERPRETER, SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdin.write(order)
        process.stdin.close()
        process.stdin = None  # communicate() would close it once more
        assert process.stdout.readline() == "ready\n", process.stderr.read()[-3000:]
        try:
            yield beside
        finally:
            stop.touch()
            out, said = process.communicate(timeout=200)
        assert process.returncode == 0, said[-3000:]
        beside.result = json.loads(out)


def delivered(folder: Path) -> set[int]:
    """The keys that the trail says are delivered."""
    url = f"sqlite:///{folder}/audit.db"
    shown = CliRunner().invoke(cli, ["--url", url, "export"], catch_exceptions=False)
    found = map(json.loads, shown.stdout.splitlines())
    return {json.loads(each["key"])[0] for each in found if each["outcome"] == "delivered"}


def held(sandbox: Running) -> dict[int, tuple[str, str, Decimal]]:
    """Our rows in Anaplan."""
    items = sandbox.control.list_items("Suppliers")
    return {
        int(item["code"].removeprefix("OURS-")): (
            item["name"],
            item["properties"]["Class"] or "",
            Decimal(item["properties"]["Balance"]),
        )
        for item in items
        if item["code"].startswith("OURS-")
    }


def expected(sent: dict[int, dict[str, Any]]) -> dict[int, tuple[str, str, Decimal]]:
    return {key: (row["name"], row["class"], Decimal(str(row["amount"]))) for key, row in sent.items()}


def test_both_load_export_and_read_at_once_and_share_the_rate(sandbox, tmp_path):
    sent = rows(random.Random(12), 1000)
    sandbox.control.switch("anaplan", "rate_capacity", 60)
    sandbox.control.switch("anaplan", "rate_per_second", 20.0)
    sandbox.control.switch("anaplan", "retry_after", "seconds")
    with beside(tmp_path, sandbox, "works") as sdk:
        for _ in range(2):
            run = deliver(tmp_path, sandbox, sent)
            assert run.returncode == 0, run.stderr[-3000:]
            assert json.loads(run.stdout.splitlines()[-1]) == {"mark": "all"}
    report = sandbox.control.report()["anaplan"]
    assert max(report["max_overlap"].values()) == 1
    assert held(sandbox) == expected(sent)
    assert delivered(tmp_path) == set(sent)
    theirs = sandbox.control.list_items("Warehouses")
    assert len(theirs) == 10 * sdk.result["rounds"]
    assert sdk.result["exported"] >= 0


def test_what_the_sdk_uploads_into_our_file_is_never_taken_as_our_rows(sandbox, tmp_path, seed):
    rng = random.Random(seed)
    sent = rows(rng, 1000)
    failed = 0
    with beside(tmp_path, sandbox, "overwrites"):
        for _ in range(3):
            time.sleep(rng.random())
            run = deliver(tmp_path, sandbox, sent)
            failed += run.returncode != 0
            if run.returncode:
                assert run.stdout == ""
                assert "Traceback" not in run.stderr
            else:
                assert held(sandbox) == expected(sent)
            here = held(sandbox)
            assert delivered(tmp_path) <= set(here), "none is said to be delivered that is not there"
    assert failed, "the other upload never came between ours and its import"
    run = deliver(tmp_path, sandbox, sent)
    assert run.returncode == 0, run.stderr[-3000:]
    assert held(sandbox) == expected(sent)
    assert delivered(tmp_path) == set(sent)


def test_the_sdk_reads_back_what_we_wrote(sandbox, tmp_path):
    sent = rows(random.Random(3), 700)
    run = deliver(tmp_path, sandbox, sent)
    assert run.returncode == 0, run.stderr[-3000:]
    with beside(tmp_path, sandbox, "reads") as sdk:
        pass
    items = sdk.result["items"]
    assert {key: items[f"OURS-{key}"]["name"] for key in sent} == {key: row["name"] for key, row in sent.items()}
    found = {
        int(row["Code"].removeprefix("OURS-")): (next(iter(row.values())), row["Class"], Decimal(row["Balance"]))
        for row in sdk.result["exported"]
    }
    assert found == expected(sent)
