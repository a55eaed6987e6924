"""Rows that wait to be indexed: one row per block instead of one per record, which is a tenth of the writing."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _key(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), primary_key=True, autoincrement=False)


def upgrade() -> None:
    op.rename_table("audit_staged", "audit_staged_rows")
    op.create_table(
        "audit_staged",
        _key("batch_no"),
        _key("first_seq"),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.Column("digests", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )
    # What a process that died left unindexed; as a rule there is nothing.
    connection = op.get_bind()
    blocks = connection.execute(
        sa.text(
            "SELECT batch_no, first_seq, row_count FROM audit_blocks WHERE first_seq >= 0 "
            "AND batch_no IN (SELECT batch_no FROM audit_staged_rows) ORDER BY batch_no, first_seq"
        )
    ).all()
    for batch_no, first, count in blocks:
        rows = connection.execute(
            sa.text(
                "SELECT key_hash, digest FROM audit_staged_rows "
                "WHERE batch_no = :batch_no AND seq >= :first AND seq < :end ORDER BY seq"
            ),
            {"batch_no": batch_no, "first": first, "end": first + count},
        ).all()
        connection.execute(
            sa.text(
                "INSERT INTO audit_staged (batch_no, first_seq, hashes, digests) "
                "VALUES (:batch_no, :first, :hashes, :digests)"
            ),
            {
                "batch_no": batch_no,
                "first": first,
                "hashes": b"".join(bytes(row[0]) for row in rows),
                "digests": b"".join(bytes(row[1]) for row in rows),
            },
        )
    op.drop_table("audit_staged_rows")
