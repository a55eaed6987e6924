"""Our tap into a target that none of us wrote: PostgreSQL holds what SAP's tables hold, whatever dies on the way."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox.testing import Running, running
from testkit.own_postgres import Server
from tests.hosts.own_postgres import served
from tests.strangers.cap_server import ROOT
from tests.strangers.foreign import Blow, Flow

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
TARGET = ROOT / ".venv-strangers" / "bin" / "target-postgres"
LINE = ("Ledger", "CompanyCode", "FiscalYear", "AccountingDocument", "LedgerGLLineItem")
AMOUNT = "AmountInCompanyCodeCurrency"


@pytest.fixture
def server() -> Iterator[Server]:
    with served() as found:
        yield found


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running(only="sap", size="small") as started:
        yield started


def tap(folder: Path, sandbox: Running) -> list[str | Path]:
    info = sandbox.info["sap"]
    config = {"api_url": info["url"], "username": info["username"], "password": info["password"], "page_size": 100}
    config["streams"] = ["cost_centers_v4", "gl_account_line_items", "supplier_invoices"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tap.json").write_text(json.dumps(config))
    return [sys.executable, "-m", "tap_sap_s4hana", "--config", folder / "tap.json"]


def target(folder: Path, server: Server) -> list[str | Path]:
    if not TARGET.exists():
        pytest.skip(f"no {TARGET}: `make strangers` sets it up")
    config = {
        "sqlalchemy_url": server.url.replace("postgresql://postgres@", "postgresql+psycopg://postgres:none@"),
        "default_target_schema": "sap",
        "batch_size_rows": 500,
    }
    (folder / "target.json").write_text(json.dumps(config))
    return [TARGET, "--config", folder / "target.json"]


def differences(server: Server, sandbox: Running) -> list[str]:
    with psycopg.connect(server.url) as connection:

        def held(table: str, *columns: str) -> set[tuple[Any, ...]]:
            names = ", ".join(f'"{each}"' for each in columns)
            return set(connection.execute(f"SELECT {names} FROM sap.{table}".encode()).fetchall())

        pairs = {
            "lines": (
                held("gl_account_line_items", *LINE, AMOUNT),
                {
                    (*(row[name] for name in LINE), Decimal(row[AMOUNT]))
                    for row in sandbox.control.sap_rows("JournalLine")
                    if row["Ledger"] == "0L"
                },
            ),
            "centers": (
                held("cost_centers_v4", "ControllingArea", "CostCenter"),
                {(row["ControllingArea"], row["CostCenter"]) for row in sandbox.control.sap_rows("CostCenter")},
            ),
        }
    assert all(there for _, there in pairs.values())
    return [f"{name}: {row}" for name, (here, there) in pairs.items() for row in here ^ there]


def test_a_postgres_target_holds_what_sap_holds(server, sandbox, tmp_path, seed):
    rng = random.Random(seed)
    flow = Flow(tmp_path, tap(tmp_path, sandbox), target(tmp_path, server))
    for day in range(1, 4):
        flow.run(Blow.drawn(rng, 2000, 12.0))
        sandbox.control.sap_business_day(day)
    flow.run().well()
    assert not differences(server, sandbox)[:3]
    with psycopg.connect(server.url) as connection:
        connection.execute(f'UPDATE sap.gl_account_line_items SET "{AMOUNT}" = "{AMOUNT}" + 1'.encode())
        connection.commit()
    assert differences(server, sandbox), "it can fail"
