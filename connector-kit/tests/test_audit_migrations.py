from __future__ import annotations

import subprocess
import sys
import threading

import msgspec
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from audit_rows import begin_run, block
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.pool import StaticPool

from connector_kit.audit import Trail
from connector_kit.audit.codec import compress
from connector_kit.audit.database import Database
from connector_kit.audit.history import history
from connector_kit.audit.migrations import NEWEST, VERSION_TABLE, alembic_config, prepare
from connector_kit.audit.schema import metadata
from connector_kit.errors import ConfigurationError, UnavailableError


@pytest.fixture
def database(audit_url):
    database = Database(audit_url)
    yield database
    database.close()


@pytest.fixture
def engine(database):
    driver = database.connect()
    engine = create_engine(
        "postgresql+psycopg://" if database.postgres else "sqlite://", creator=lambda: driver, poolclass=StaticPool
    )
    yield engine
    engine.dispose()
    driver.close()


def shape(connection):
    inspector = inspect(connection)
    return {
        table: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in inspector.get_columns(table)],
            sorted(index["name"] for index in inspector.get_indexes(table)),
            inspector.get_pk_constraint(table)["constrained_columns"],
        )
        for table in inspector.get_table_names()
    }


def test_the_migrations_lead_to_the_same_tables_as_a_new_trail(database, engine, tmp_path):
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "head")
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
        migrated = shape(connection)
        metadata.drop_all(connection)
        connection.exec_driver_sql(f"DROP TABLE {VERSION_TABLE}")
    prepare(database)
    with engine.connect() as connection:
        fresh = shape(connection)
    assert {table: fresh[table] for table in metadata.tables} == {table: migrated[table] for table in metadata.tables}


def test_a_sqlite_trail_made_by_migrations_stores_rows_as_compactly_as_a_new_one(tmp_path):
    statements = []
    for name, make in (("new", prepare), ("old", None)):
        database = Database(f"sqlite:///{tmp_path / name}.db")
        if make:
            make(database)
        else:
            engine = create_engine("sqlite://", creator=database.connect, poolclass=StaticPool)
            with engine.begin() as connection:
                command.upgrade(alembic_config(connection), "head")
            engine.dispose()
        with database.reading() as connection:
            statements.append(
                {
                    row["name"]: ("WITHOUT ROWID" in row["sql"], "AUTOINCREMENT" in row["sql"])
                    for row in connection.rows(
                        "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql LIKE '%audit_%'"
                    )
                    if row["name"] != VERSION_TABLE
                }
            )
        database.close()
    assert statements[0] == statements[1]
    assert statements[0]["audit_records"] == (True, False)


def test_the_newest_revision_is_the_one_that_the_quick_way_knows(engine):
    with engine.connect() as connection:
        assert ScriptDirectory.from_config(alembic_config(connection)).get_current_head() == NEWEST


def test_a_trail_of_a_newer_version_is_left_alone(database, audit_url):
    prepare(database)
    with database.writing() as connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match="9999"):
        Trail.open(audit_url)


def test_opening_a_current_trail_loads_neither_alembic_nor_sqlalchemy(tmp_path):
    url = f"sqlite:///{tmp_path / 'audit.db'}"
    Trail.open(url).close()
    code = (
        "import sys; from connector_kit.audit import Trail\n"
        "trail = Trail.open(sys.argv[1])\n"
        "trail.begin_run(plugin='p', version='1', destination='d').finish('succeeded')\n"
        "trail.close(); print([name for name in ('sqlalchemy', 'alembic', 'rich', 'psycopg') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_two_that_open_a_new_trail_at_once_both_get_it(audit_url):
    errors = []

    def open_it():
        try:
            Trail.open(audit_url).close()
        except Exception as error:  # whatever it is, the test shows it
            errors.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_rows_that_a_dead_process_of_an_older_version_staged_are_indexed_by_the_newer_one(database, engine, audit_url):
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0002")
        rows = block(range(3))
        add = connection.exec_driver_sql
        add("INSERT INTO audit_scopes (id, name) VALUES (1, 's')")
        add("INSERT INTO audit_schemas (id, digest, message) VALUES (1, 'd', 'm')")
        add(
            "INSERT INTO audit_runs (no, id, plugin, version, destination, details, host, process, outcome, message, "
            "started, heartbeat) VALUES (100, 'r', 'p', '1', 'd', '{}', 'elsewhere', '1:1', 'running', '', 0, 0)"
        )
        add(
            "INSERT INTO audit_batches (no, id, run_no, scope_id, schema_id, system, stream, action, key_properties, "
            "deletes, outcome, indexed, trusted, row_count, delivered_count, rejected_count, tasks, counts, details, "
            "message, started, sent) "
            "VALUES (100, 'b', 100, 1, 1, 'S', 'suppliers', 'a', '[]', 0, 'sending', 0, 0, 3, 0, "
            "0, '[]', '{}', '{}', '', 0, 1)"
        )
        keys = text("INSERT INTO audit_blocks VALUES (100, 0, 3, 1, :keys, NULL, NULL)")
        connection.execute(keys, {"keys": compress(msgspec.json.encode(rows.keys))})
        staged = text("INSERT INTO audit_staged VALUES (100, :seq, :hash, :digest, :key)")
        for seq, of_row in enumerate(zip(rows.hashes, rows.digests, rows.keys, strict=True)):
            connection.execute(staged, dict(zip(("hash", "digest", "key"), of_row, strict=True), seq=seq))
    with Trail.open(audit_url) as trail:
        begin_run(trail)
        trail.writer.flush()
        with trail.database.reading() as connection:
            (found,) = history(connection, "suppliers", ["EDU1", f"{1:015d}"])
            assert (found.outcome, connection.value("SELECT COUNT(*) FROM audit_delivered")) == ("abandoned", 3)


def test_a_disk_that_is_full_when_the_tables_are_made_is_one_line_and_they_are_made_later(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/audit.db"
    connect = Database.connect

    def with_little_room(self):
        driver = connect(self)
        driver.execute("PRAGMA max_page_count = 3")
        return driver

    with monkeypatch.context() as patched:
        patched.setattr(Database, "connect", with_little_room)
        with pytest.raises(UnavailableError, match=r"audit\.db: got database or disk is full"):
            Trail.open(url)
    Trail.open(url).close()
