"""A trail that was copied into another database, or put back from a file, goes on as if nothing had happened."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing

import psycopg
import pytest
from click.testing import CliRunner
from plans import expected, row

from connector_kit.audit import Trail, copying
from connector_kit.audit.codec import new_key
from connector_kit.audit.command import cli
from connector_kit.audit.copying import copy
from connector_kit.audit.database import Database
from connector_kit.errors import RefusedError

PLAN = [row("1010"), row("1010", account="5000", amount="7"), row("2020"), row("4040", account="BAD")]
CHANGED = [row("1010", amount="120.00"), *PLAN[1:]]


def audit(*arguments):
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(autouse=True)
def first(bench, tmp_path):
    bench.audit_url = bench.config["audit_url"] = f"sqlite:///{tmp_path / 'first.db'}"
    return bench.audit_url


@pytest.mark.parametrize("sealed", [False, True])
def test_a_copied_trail_goes_on_where_the_first_one_stopped(bench, first, audit_url, tmp_path, sealed):
    more = {"audit_key": new_key()} if sealed else {}
    bench.run(PLAN, **more)
    told = audit("--url", first, "runs", "--json")
    assert "tables copied and compared" in audit("copy", first, audit_url)
    back = f"sqlite:///{tmp_path / 'back.db'}"
    audit("copy", audit_url, back)
    assert audit("--url", back, "runs", "--json") == audit("--url", audit_url, "runs", "--json") == told
    bench.audit_url = bench.config["audit_url"] = audit_url
    bench.run(PLAN, **more)
    assert len(bench.erp.documents()) == 2
    assert len(bench.failures()) == 1
    bench.run(CHANGED, **more)
    assert bench.erp.sums() == expected(CHANGED[:-1])


def test_a_copy_is_made_into_an_empty_database_or_not_at_all(bench, tmp_path):
    bench.run(PLAN)
    other = f"sqlite:///{tmp_path / 'other.db'}"
    audit("copy", bench.audit_url, other)
    with pytest.raises(RefusedError, match="expected an empty database"):
        copy(Database(bench.audit_url), Database(other))


def test_a_copy_that_differs_is_none(bench, first, tmp_path, monkeypatch):
    bench.run(PLAN)
    other, real = tmp_path / "other.db", copying._rows

    def forgets_one(old, new, name, columns):
        rows = list(real(old, name, columns))
        copying._put(new, name, columns, rows[1:])
        return copying._sum(iter(rows))

    monkeypatch.setattr(copying, "_table", forgets_one)
    with pytest.raises(RefusedError, match="copy of audit_"):
        copy(Database(first), Database(f"sqlite:///{other}"))
    with closing(sqlite3.connect(other)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM audit_documents").fetchone() == (0,)


def test_a_trail_that_is_written_to_is_not_copied(bench, tmp_path):
    bench.run(PLAN)
    with Trail.open(bench.audit_url) as trail:
        trail.begin_run(plugin="p", version="1", destination="d")
        with pytest.raises(RefusedError, match="that no run writes to it"):
            copy(Database(bench.audit_url), Database(f"sqlite:///{tmp_path / 'other.db'}"))


def test_numbers_that_were_pruned_are_not_given_again(bench, audit_url, tmp_path):
    bench.run(PLAN)
    with Database(bench.audit_url).writing() as connection:
        last = connection.value("SELECT MAX(no) FROM audit_batches")
        connection.execute("UPDATE sqlite_sequence SET seq = seq + 50 WHERE name = 'audit_batches'")
    audit("copy", bench.audit_url, audit_url)
    bench.config["audit_url"] = audit_url
    bench.run(CHANGED)
    with Database(audit_url).reading() as connection:
        assert connection.value("SELECT MAX(no) FROM audit_batches") == last + 51


def test_a_file_that_sqlite_backed_up_and_somebody_put_back_is_the_trail(bench, tmp_path):
    bench.run(PLAN)
    path, saved = bench.audit_url.removeprefix("sqlite:///"), tmp_path / "saved.db"
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(saved)) as target:
        source.backup(target)
    bench.run(CHANGED)
    bench.audit_url = bench.config["audit_url"] = f"sqlite:///{saved}"
    bench.run(CHANGED)
    assert bench.erp.sums() == expected(CHANGED[:-1])
    assert bench.action().counts["documents"]["found difference"] == 1


def test_a_database_that_pg_dump_saved_and_pg_restore_put_back_is_the_trail(bench, postgres_server, tmp_path):
    programs = pytest.importorskip("pgserver._commands").POSTGRES_BIN_PATH
    first, second = (postgres_server.replace("/postgres?", f"/{name}?") for name in ("saved_trail", "restored_trail"))
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        for name in ("saved_trail", "restored_trail"):
            connection.execute(f"CREATE DATABASE {name}")
    bench.audit_url = bench.config["audit_url"] = first
    bench.run(PLAN)
    saved = tmp_path / "trail.dump"
    subprocess.run([programs / "pg_dump", "-Fc", "-f", saved, first], check=True)
    bench.run(CHANGED)
    subprocess.run([programs / "pg_restore", "-d", second, saved], check=True)
    bench.audit_url = bench.config["audit_url"] = second
    bench.run(CHANGED)
    assert bench.erp.sums() == expected(CHANGED[:-1])
    assert bench.action().counts["documents"]["found difference"] == 1
