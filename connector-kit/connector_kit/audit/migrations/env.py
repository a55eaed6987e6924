"""What Alembic runs: the revisions, in the transaction of the connection that `alembic_config` was given."""

from __future__ import annotations

from alembic import context

from connector_kit.audit.migrations import VERSION_TABLE
from connector_kit.audit.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
