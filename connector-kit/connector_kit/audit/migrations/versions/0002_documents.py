"""Documents that are posted into an ERP, which records went into each, and which delivery was the last."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN = sa.text("state IN ('intended', 'sent', 'absent')")


def _required(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _key(name: str, kind: sa.types.TypeEngine[Any] | None = None) -> sa.Column[Any]:
    return sa.Column(name, kind or sa.BigInteger(), primary_key=True, autoincrement=False)


def upgrade() -> None:
    op.add_column("audit_batches", sa.Column("whole", sa.SmallInteger(), nullable=False, server_default=sa.text("0")))
    op.create_table(
        "audit_documents",
        sa.Column("id", _NUMBER, primary_key=True),
        _required("scope_id", sa.BigInteger()),
        _required("batch_no", sa.BigInteger()),
        _required("unit", sa.LargeBinary()),
        _required("pile", sa.LargeBinary()),
        _required("title", sa.Text()),
        _required("reference", sa.String()),
        _required("digest", sa.LargeBinary()),
        _required("plan", sa.LargeBinary()),
        _required("kind", sa.String()),
        _required("reverses", sa.String()),
        _required("state", sa.String()),
        _required("encoding", sa.SmallInteger()),
        _required("content", sa.LargeBinary()),
        _required("number", sa.String()),
        _required("company", sa.String()),
        _required("year", sa.String()),
        _required("messages", sa.Text()),
        _required("created", sa.Double()),
        sa.Column("sent", sa.Double()),
        sa.Column("settled", sa.Double()),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_documents_reference", "audit_documents", ["scope_id", "reference"], unique=True)
    op.create_index("audit_documents_pile", "audit_documents", ["scope_id", "pile"])
    op.create_index("audit_documents_unit", "audit_documents", ["scope_id", "unit"])
    op.create_index("audit_documents_batch", "audit_documents", ["batch_no"])
    op.create_index("audit_documents_open", "audit_documents", ["scope_id"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_table(
        "audit_document_rows",
        _key("batch_no"),
        _key("seq"),
        _key("document_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("audit_document_rows_document", "audit_document_rows", ["document_id"])
    op.create_table(
        "audit_document_units",
        _key("scope_id"),
        _key("unit", sa.LargeBinary()),
        _required("batch_no", sa.BigInteger()),
        sqlite_with_rowid=False,
    )
