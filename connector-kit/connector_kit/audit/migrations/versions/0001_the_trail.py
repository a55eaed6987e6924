"""The trail: runs, batches, records, failures, what the systems hold."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _required(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _key(name: str, kind: sa.types.TypeEngine[Any] | None = None) -> sa.Column[Any]:
    return sa.Column(name, kind or sa.BigInteger(), primary_key=True, autoincrement=False)


def upgrade() -> None:
    op.create_table(
        "audit_scopes",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("name", sa.String(), nullable=False, unique=True),
    )
    op.create_table(
        "audit_schemas",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False, unique=True),
        _required("message", sa.LargeBinary()),
    )
    op.create_table(
        "audit_runs",
        sa.Column("no", _NUMBER, primary_key=True),
        sa.Column("id", sa.String(), nullable=False, unique=True),
        _required("plugin", sa.String()),
        _required("version", sa.String()),
        _required("destination", sa.String()),
        _required("details", sa.Text()),
        _required("host", sa.String()),
        _required("process", sa.String()),
        _required("outcome", sa.String()),
        _required("message", sa.Text()),
        _required("started", sa.Double()),
        _required("heartbeat", sa.Double()),
        sa.Column("finished", sa.Double()),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_runs_running", "audit_runs", ["no"], **_where("outcome = 'running'"))
    _batches()
    _rows()
    _failures()


def _batches() -> None:
    op.create_table(
        "audit_batches",
        sa.Column("no", _NUMBER, primary_key=True),
        sa.Column("id", sa.String(), nullable=False, unique=True),
        sa.Column("run_no", _NUMBER, sa.ForeignKey("audit_runs.no"), nullable=False),
        sa.Column("scope_id", _NUMBER, sa.ForeignKey("audit_scopes.id"), nullable=False),
        sa.Column("schema_id", _NUMBER, sa.ForeignKey("audit_schemas.id"), nullable=False),
        _required("system", sa.String()),
        _required("stream", sa.String()),
        _required("action", sa.String()),
        _required("key_properties", sa.Text()),
        _required("deletes", sa.SmallInteger()),
        _required("outcome", sa.String()),
        _required("indexed", sa.SmallInteger()),
        _required("trusted", sa.SmallInteger()),
        _required("row_count", sa.BigInteger()),
        _required("delivered_count", sa.BigInteger()),
        _required("rejected_count", sa.BigInteger()),
        _required("tasks", sa.Text()),
        _required("counts", sa.Text()),
        _required("details", sa.Text()),
        _required("message", sa.Text()),
        _required("started", sa.Double()),
        sa.Column("sent", sa.Double()),
        sa.Column("settled", sa.Double()),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_batches_run", "audit_batches", ["run_no"])
    op.create_index("audit_batches_stream", "audit_batches", ["stream", "scope_id"])
    op.create_index("audit_batches_untrusted", "audit_batches", ["scope_id"], **_where("trusted = 0"))


def _rows() -> None:
    op.create_table(
        "audit_blocks",
        _key("batch_no"),
        _key("first_seq"),
        _required("row_count", sa.Integer()),
        _required("encoding", sa.SmallInteger()),
        sa.Column("keys", sa.LargeBinary()),
        sa.Column("seqs", sa.Text()),
        sa.Column("payload", sa.LargeBinary()),
    )
    op.create_table(
        "audit_staged",
        _key("batch_no"),
        _key("seq"),
        _required("key_hash", sa.LargeBinary()),
        _required("digest", sa.LargeBinary()),
        _required("key_text", sa.Text()),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit_records",
        _key("scope_id"),
        _key("key_hash", sa.LargeBinary()),
        _key("batch_no"),
        _key("seq"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit_delivered",
        _key("scope_id"),
        _key("key_hash", sa.LargeBinary()),
        sa.Column("digest", sa.LargeBinary()),
        _required("batch_no", sa.BigInteger()),
        _required("before", sa.SmallInteger()),
        _required("key_text", sa.Text()),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit_seen",
        _required("run_no", sa.BigInteger()),
        _required("scope_id", sa.BigInteger()),
        _required("version", sa.BigInteger()),
        _required("key_hash", sa.LargeBinary()),
    )


def _failures() -> None:
    op.create_table(
        "audit_failures",
        sa.Column("id", _NUMBER, primary_key=True),
        _required("batch_no", sa.BigInteger()),
        _required("scope_id", sa.BigInteger()),
        sa.Column("seq", sa.BigInteger()),
        sa.Column("key_hash", sa.LargeBinary()),
        _required("key_text", sa.Text()),
        _required("reason", sa.Text()),
        _required("message", sa.Text()),
        _required("created", sa.Double()),
        sa.Column("closed", sa.Double()),
        sa.Column("closed_by", sa.BigInteger()),
        sa.Column("closed_how", sa.String()),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_failures_batch", "audit_failures", ["batch_no", "seq"])
    op.create_index("audit_failures_key", "audit_failures", ["scope_id", "key_hash"])
    op.create_index("audit_failures_open", "audit_failures", ["scope_id"], **_where("closed IS NULL"))
