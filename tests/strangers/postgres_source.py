"""A PostgreSQL with a ledger of suppliers in it, as two taps that none of us wrote read it."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from testkit.own_postgres import Server
from tests.strangers.cap_data import HOSTILE
from tests.strangers.cap_server import ROOT

MELTANOLABS = ROOT / ".venv-strangers" / "bin" / "tap-postgres"
PIPELINEWISE = ROOT / ".venv-pipelinewise" / "bin" / "tap-postgres"
TABLE = """
CREATE TABLE suppliers (
  id bigint PRIMARY KEY, name text, amount numeric(18, 4), exact numeric, on_hold boolean, doc jsonb, doc_text text,
  since timestamptz, day date, notes text, branch text, updated_at timestamptz, deleted_at timestamptz
)"""
COLUMNS = "id, name, amount, exact, on_hold, doc, doc_text, since, day, notes, branch, updated_at"


DELETED = {"*": {"_sdc_deleted_at": "deleted_at", "deleted_at": "__NULL__"}}
"""The setting of taps on the SDK that makes a table's own mark of deletion Singer's."""


def row(rng: random.Random, key: int) -> tuple[Any, ...]:
    """A row with all that is awkward: nulls, long texts, zones, structures, more digits than a float has."""
    doc = rng.choice([None, {"a": [1, "x", None], "ü": rng.choice(HOSTILE)}, [], {"n": 12345678901234567890}])
    digits = f"{rng.randrange(10**20)}.{rng.randrange(10**9):09}"
    moment = f"20{rng.randrange(10, 40)}-0{rng.randrange(1, 10)}-1{rng.randrange(10)}T0{rng.randrange(10)}:30:00.123456"
    notes = rng.choice([None, "", "line\nbreak\r\nand\ttab", "long " * 2000, rng.choice(HOSTILE)])
    return (
        key,
        f"{rng.choice(HOSTILE)} {key}",
        rng.choice([None, f"{rng.randrange(-(10**10), 10**10)}.{rng.randrange(10**4):04}"]),
        digits,
        rng.choice([None, True, False]),
        None if doc is None else Jsonb(doc),
        None if doc is None else json.dumps(doc, ensure_ascii=False),
        moment + rng.choice(["+00", "-05", "+05:30", "+14"]),
        f"20{rng.randrange(10, 40)}-02-28",
        notes,
        rng.choice([None, "", *HOSTILE]),
    )


KEYS = [*range(1, 700), 2**53 + 1, 2**62 + 1, 2**63 - 1]


@dataclass
class Source:
    """The database and its changes."""

    server: Server

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """One statement in a transaction of its own; its rows."""
        with psycopg.connect(self.server.url) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def fill(self, rng: random.Random) -> None:
        """A new table with all rows."""
        with psycopg.connect(self.server.url) as connection:
            connection.execute("DROP TABLE IF EXISTS suppliers")
            connection.execute(TABLE.encode())
            self._insert(connection, rng, KEYS)

    def business(self, rng: random.Random, *, delete: bool = True) -> None:
        """Rows change and appear, and some vanish (`delete`) or are marked as deleted."""
        known = [key for (key,) in self.sql("SELECT id FROM suppliers WHERE deleted_at IS NULL ORDER BY id")]
        with psycopg.connect(self.server.url) as connection:
            for key in rng.sample(known, 20):
                connection.execute("DELETE FROM suppliers WHERE id = %s", (key,))
                self._insert(connection, rng, [key])
            self._insert(connection, rng, [rng.randrange(10**6, 10**9) for _ in range(10)])
            gone = rng.sample(known, 5)
            if delete:
                connection.execute("DELETE FROM suppliers WHERE id = ANY(%s)", (gone,))
            else:
                marks = "UPDATE suppliers SET deleted_at = clock_timestamp(), updated_at = clock_timestamp()"
                connection.execute(f"{marks} WHERE id = ANY(%s)".encode(), (gone,))

    @staticmethod
    def _insert(connection: psycopg.Connection[Any], rng: random.Random, keys: Sequence[int]) -> None:
        places = ", ".join(["%s"] * 11)
        statement = f"INSERT INTO suppliers ({COLUMNS}) VALUES ({places}, clock_timestamp()) ON CONFLICT DO NOTHING"
        with connection.cursor() as cursor:
            cursor.executemany(statement.encode(), [row(rng, key) for key in keys])

    def rows(self) -> dict[int, dict[str, Any]]:
        """The rows that stand, by key."""
        names = [name.strip() for name in COLUMNS.split(",")]
        found = self.sql(f"SELECT {COLUMNS} FROM suppliers WHERE deleted_at IS NULL")
        return {values[0]: dict(zip(names, values, strict=True)) for values in found}


PLAN = """
CREATE TABLE plan (
  version text, company text, account text, period text, currency text, amount numeric(18, 4), comment text,
  updated_at timestamptz DEFAULT clock_timestamp(), deleted_at timestamptz,
  PRIMARY KEY (version, company, account, period)
)"""
ACCOUNTS = ["63000000", "63005000", "63010000", "63015000", "65005000"]
PERIODS = ["Nov 26", "Dec 26", "Jan 27"]


@dataclass
class PlanSource(Source):
    """A plan in the same database: few rows, many changes."""

    def fill(self, rng: random.Random) -> None:
        """A new table with a plan of two companies."""
        with psycopg.connect(self.server.url) as connection:
            connection.execute("DROP TABLE IF EXISTS plan")
            connection.execute(PLAN.encode())
            for company in ("1010", "1710"):
                for account in ACCOUNTS:
                    for period in PERIODS:
                        self._enter(connection, rng, company, account, period)

    def business(self, rng: random.Random, *, delete: bool = False) -> None:
        """Planners change amounts, take rows back and bring others back."""
        with psycopg.connect(self.server.url) as connection:
            for _ in range(3):
                self._enter(connection, rng, rng.choice(["1010", "1710"]), rng.choice(ACCOUNTS), rng.choice(PERIODS))
            connection.execute(
                "UPDATE plan SET deleted_at = clock_timestamp(), updated_at = clock_timestamp() "
                "WHERE company = %s AND account = %s AND period = %s AND deleted_at IS NULL",
                (rng.choice(["1010", "1710"]), rng.choice(ACCOUNTS), rng.choice(PERIODS)),
            )

    @staticmethod
    def _enter(connection: psycopg.Connection[Any], rng: random.Random, *key: str) -> None:
        amount = f"{rng.randrange(-(10**6), 10**6)}.{rng.randrange(100):02}"
        connection.execute(
            "INSERT INTO plan VALUES ('V1', %s, %s, %s, %s, %s, %s, clock_timestamp(), NULL) "
            "ON CONFLICT (version, company, account, period) DO UPDATE "
            "SET amount = excluded.amount, updated_at = excluded.updated_at, deleted_at = NULL",
            (*key, "EUR" if key[0] == "1010" else "USD", amount, f"Plan {key[1]}"),
        )

    def sums(self) -> dict[tuple[str, str, str], Decimal]:
        """What the plan says by company, account and period."""
        found = self.sql("SELECT company, account, period, amount FROM plan WHERE deleted_at IS NULL AND amount <> 0")
        return {tuple(key): amount for *key, amount in found}


def meltanolabs(folder: Path, server: Server, table: str, method: str, **config: Any) -> list[str | Path]:
    """The command of meltanolabs-tap-postgres for a table, `method` FULL_TABLE or INCREMENTAL by `updated_at`."""
    if not MELTANOLABS.exists():
        pytest.skip(f"no {MELTANOLABS}: `make strangers` sets it up")
    url = server.url.replace("postgres@", "postgres:none@")
    settings = {"sqlalchemy_url": url, "filter_schemas": ["public"], "default_replication_method": method, **config}
    return _command(MELTANOLABS, folder, settings, "--catalog", table, method)


def pipelinewise(folder: Path, server: Server, table: str, method: str) -> list[str | Path]:
    """The same of pipelinewise-tap-postgres, which names a version at the beginning and at the end of a table."""
    if not PIPELINEWISE.exists():
        pytest.skip(
            f"no {PIPELINEWISE}: `make strangers` sets it up, where its psycopg2 has a wheel (Python 3.10, 3.11)"
        )
    settings = {"host": "127.0.0.1", "port": server.port, "user": "postgres", "password": "none", "dbname": "postgres"}
    return _command(PIPELINEWISE, folder, {**settings, "filter_schemas": "public"}, "--properties", table, method)


def _command(
    tap: Path, folder: Path, config: Mapping[str, Any], option: str, table: str, method: str
) -> list[str | Path]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tap.json").write_text(json.dumps(config))
    found = subprocess.run([tap, "--config", folder / "tap.json", "--discover"], stdout=subprocess.PIPE, check=True)
    catalog = json.loads(found.stdout)
    for stream in catalog["streams"]:
        stream["replication_method"], stream["replication_key"] = method, "updated_at"
        for each in stream["metadata"]:
            if not each["breadcrumb"]:
                each["metadata"] |= {"selected": stream["tap_stream_id"] == f"public-{table}"}
                each["metadata"] |= {"replication-method": method, "replication-key": "updated_at"}
    (folder / "catalog.json").write_text(json.dumps(catalog))
    return [tap, "--config", folder / "tap.json", option, folder / "catalog.json"]
