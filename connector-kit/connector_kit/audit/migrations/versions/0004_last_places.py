"""The last place of a key stands beside what was delivered: a first load fills one tree instead of two."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Of what was delivered until now, the places stay where they are.
    op.add_column("audit_delivered", sa.Column("seq", sa.BigInteger()))
