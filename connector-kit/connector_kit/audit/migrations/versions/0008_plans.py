"""The rows that plans consist of: a delivery brings changes, and what it does not repeat stands."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _key(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), primary_key=True, autoincrement=False)


def upgrade() -> None:
    # What plans consisted of until now is not known: the next delivery that comes whole says it.
    op.create_table(
        "audit_plans",
        _key("scope_id"),
        sa.Column("pile", sa.LargeBinary(), primary_key=True),
        sa.Column("unit", sa.LargeBinary(), nullable=False),
        sa.Column("batch_no", sa.BigInteger(), nullable=False),
        sa.Column("covered_by", sa.BigInteger(), nullable=False),
        sa.Column("encoding", sa.SmallInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    op.create_index("audit_plans_unit", "audit_plans", ["scope_id", "unit"])
    op.create_table(
        "audit_plan_keys",
        _key("scope_id"),
        sa.Column("key_hash", sa.LargeBinary(), primary_key=True),
        sa.Column("pile", sa.LargeBinary()),
        sa.Column("batch_no", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.drop_table("audit_document_units")
