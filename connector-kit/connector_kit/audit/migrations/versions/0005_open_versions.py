"""What came under a version of the source outlives the run: a full read may take several."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What running runs have marked is forgotten: they find nothing gone, and the next full read does.
    op.drop_table("audit_seen")
    op.create_table(
        "audit_seen",
        sa.Column("scope_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "audit_versions",
        sa.Column("scope_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("version", sa.BigInteger()),
        sa.Column("spoiled", sa.SmallInteger(), nullable=False),
        sa.Column("marked", sa.BigInteger(), nullable=False),
        sa.Column("kept", sa.BigInteger(), nullable=False),
    )
