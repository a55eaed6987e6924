"""How the trail's tables come to their newest shape: Alembic revisions, and a way past Alembic for the usual cases."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from connector_kit.errors import ConfigurationError

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection as AlchemyConnection

    from connector_kit.audit.database import Connection, Database

# The last of `versions/`. A test holds the two together.
NEWEST = "0008"
VERSION_TABLE = "audit_version"

# Any number will do, as long as nobody else who uses the same database takes it.
_ADVISORY_LOCK = 0x41554449


def prepare(database: Database) -> None:
    """Make the tables, or bring them up to date; nothing is loaded or written when they are.

    Raises:
        ConfigurationError: the trail is newer than this version of the package.
        UnavailableError: the database goes meanwhile, or is full. Whoever comes next makes them.
    """
    with database.reading() as connection:
        if _version(connection) == NEWEST:
            return
    from sqlalchemy import create_engine  # noqa: PLC0415 - only when tables are made or changed
    from sqlalchemy.pool import StaticPool  # noqa: PLC0415

    from connector_kit.audit.database import Connection  # noqa: PLC0415 - imports this module's package

    with database.told(), closing(database.connect()) as driver:
        engine = create_engine(
            "postgresql+psycopg://" if database.postgres else "sqlite+pysqlite://",
            creator=lambda: driver,
            poolclass=StaticPool,
        )
        with engine.connect() as alchemy:
            alchemy.rollback()
            own = Connection(driver, postgres=database.postgres)
            # One process does it, the others wait here and then find it done.
            if database.postgres:
                own.execute("BEGIN")
                own.execute(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
            else:
                database.begin_writing(driver)
            version = _version(own)
            if version is None:
                _create(alchemy)
            elif version != NEWEST:
                _upgrade(alchemy, version, database.name)
            alchemy.commit()
        engine.dispose()


def _version(connection: Connection) -> str | None:
    if connection.postgres:
        exists = "SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = :name"
    else:
        exists = "SELECT 1 FROM sqlite_master WHERE name = :name"
    if not connection.value(exists, {"name": VERSION_TABLE}):
        return None
    found = connection.value(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 - a constant
    return str(found) if found else None


def _create(alchemy: AlchemyConnection) -> None:
    """All tables at once, as the migrations would leave them: a new trail needs no history."""
    from sqlalchemy import text  # noqa: PLC0415 - only when tables are made

    from connector_kit.audit.schema import metadata  # noqa: PLC0415

    metadata.create_all(alchemy, checkfirst=False)
    alchemy.execute(text(f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    alchemy.execute(text(f"INSERT INTO {VERSION_TABLE} VALUES ('{NEWEST}')"))  # noqa: S608 - two constants


def _upgrade(alchemy: AlchemyConnection, version: str, name: str) -> None:
    from alembic import command  # noqa: PLC0415 - only when tables are changed
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = alembic_config(alchemy)
    if version not in {revision.revision for revision in ScriptDirectory.from_config(config).walk_revisions()}:
        raise ConfigurationError(
            system="audit trail",
            subject=name,
            expected=f"tables of revision {NEWEST} or older",
            got=f"revision {version}",
            hint="A newer connector-kit has written this trail: upgrade this one.",
        )
    command.upgrade(config, "head")


def alembic_config(alchemy: AlchemyConnection) -> Config:
    """Alembic's configuration for the trail that a connection leads to; its transaction stays the caller's."""
    from alembic.config import Config  # noqa: PLC0415 - only when tables are changed

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = alchemy
    return config
