"""Amounts by record: a cell of a module is the sum of what many records add to it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    due = sa.text("due = 1")
    op.create_table(
        "audit_cells",
        sa.Column("scope_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("cell_hash", sa.LargeBinary(), primary_key=True),
        sa.Column("due", sa.SmallInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("audit_cells_due", "audit_cells", ["scope_id", "cell_hash"], sqlite_where=due, postgresql_where=due)
    op.create_table(
        "audit_cell_parts",
        sa.Column("scope_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("record_hash", sa.LargeBinary(), primary_key=True),
        sa.Column("cell_hash", sa.LargeBinary()),
        sa.Column("amounts", sa.Text(), nullable=False),
        sa.Column("refused", sa.SmallInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("audit_cell_parts_cell", "audit_cell_parts", ["scope_id", "cell_hash", "record_hash"])
