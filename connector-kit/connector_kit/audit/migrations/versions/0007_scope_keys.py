"""What the records of a scope are known by stands beside its name, so that another key is noticed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit_scopes", sa.Column("key_properties", sa.Text()))
    op.execute(
        "UPDATE audit_scopes SET key_properties = (SELECT b.key_properties FROM audit_batches AS b "
        "WHERE b.scope_id = audit_scopes.id AND b.whole = 0 ORDER BY b.no DESC LIMIT 1)"
    )
