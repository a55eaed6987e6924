"""The tables of the trail. The migrations build the same; a test compares the two."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

metadata = MetaData()

# SQLite numbers rows itself only in a column declared INTEGER; numbers are never used twice (AUTOINCREMENT), because
# `delivered` keeps naming a batch after the batch was pruned.
_Number = BigInteger().with_variant(Integer(), "sqlite")

# key_properties: what the records of a scope are known by, JSON array; null until a run says it.
scopes = Table(
    "audit_scopes",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("key_properties", Text),
)

# The Singer SCHEMA messages, each stored once.
schemas = Table(
    "audit_schemas",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("message", LargeBinary, nullable=False),
)

# Times are seconds since 1970 (UTC).
runs = Table(
    "audit_runs",
    metadata,
    Column("no", _Number, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("plugin", String, nullable=False),
    Column("version", String, nullable=False),
    Column("destination", String, nullable=False),
    Column("details", Text, nullable=False),
    Column("host", String, nullable=False),
    Column("process", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("message", Text, nullable=False),
    Column("started", Double, nullable=False),
    Column("heartbeat", Double, nullable=False),
    Column("finished", Double),
    Index(
        "audit_runs_running",
        "no",
        sqlite_where=text("outcome = 'running'"),
        postgresql_where=text("outcome = 'running'"),
    ),
    sqlite_autoincrement=True,
)

# indexed: its rows moved from `staged` to `records` (and `delivered`). trusted: `delivered` digests that name this
# batch may be believed: it was settled, every row's fate is known. whole: its rows mean something together only (a plan
# whose rows become documents), so a replay sends all of them.
batches = Table(
    "audit_batches",
    metadata,
    Column("no", _Number, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("run_no", ForeignKey("audit_runs.no"), nullable=False),
    Column("scope_id", ForeignKey("audit_scopes.id"), nullable=False),
    Column("schema_id", ForeignKey("audit_schemas.id"), nullable=False),
    Column("system", String, nullable=False),
    Column("stream", String, nullable=False),
    Column("action", String, nullable=False),
    Column("key_properties", Text, nullable=False),
    Column("deletes", SmallInteger, nullable=False),
    Column("outcome", String, nullable=False),
    Column("indexed", SmallInteger, nullable=False),
    Column("trusted", SmallInteger, nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("delivered_count", BigInteger, nullable=False),
    Column("rejected_count", BigInteger, nullable=False),
    Column("tasks", Text, nullable=False),
    Column("counts", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("started", Double, nullable=False),
    Column("sent", Double),
    Column("settled", Double),
    Column("whole", SmallInteger, nullable=False, server_default=text("0")),
    Index("audit_batches_run", "run_no"),
    Index("audit_batches_stream", "stream", "scope_id"),
    Index(
        "audit_batches_untrusted", "scope_id", sqlite_where=text("trusted = 0"), postgresql_where=text("trusted = 0")
    ),
    sqlite_autoincrement=True,
)

# The key texts and raw records of some thousand rows. Rows that were never in the file have negative numbers, and
# their keys in `failures`. seqs: JSON array of the numbers of the rows whose records are kept, null for all.
blocks = Table(
    "audit_blocks",
    metadata,
    Column("batch_no", BigInteger, primary_key=True, autoincrement=False),
    Column("first_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("row_count", Integer, nullable=False),
    Column("encoding", SmallInteger, nullable=False),
    Column("keys", LargeBinary),
    Column("seqs", Text),
    Column("payload", LargeBinary),
)

# Rows of batches that are not indexed yet, block by block as they came: appending is cheap, and one pass in the order
# of the hashes then fills the big trees, instead of a visit to a random page for every row.
staged = Table(
    "audit_staged",
    metadata,
    Column("batch_no", BigInteger, primary_key=True, autoincrement=False),
    Column("first_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
    Column("digests", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# Where each record occurs, but for the last place of what `delivered` holds, which stands there. Its outcome is its
# batch's, unless a failure says otherwise.
records = Table(
    "audit_records",
    metadata,
    Column("scope_id", BigInteger, primary_key=True, autoincrement=False),
    Column("key_hash", LargeBinary, primary_key=True),
    Column("batch_no", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

# What the system holds, per key, as far as we know. digest: of the row as it was last sent, null when unknown;
# batch_no: who sent it. before: an earlier batch may have delivered the key, so it may be there even when the last
# attempt was refused. seq: the row in that batch, so that a first load fills one tree and not two; null when `records`
# has the place, or the batch was pruned. key_text: empty as long as the batch's block tells it.
delivered = Table(
    "audit_delivered",
    metadata,
    Column("scope_id", BigInteger, primary_key=True, autoincrement=False),
    Column("key_hash", LargeBinary, primary_key=True),
    Column("digest", LargeBinary),
    Column("batch_no", BigInteger, nullable=False),
    Column("before", SmallInteger, nullable=False),
    Column("key_text", Text, nullable=False),
    Column("seq", BigInteger),
    sqlite_with_rowid=False,
)

# Keys that came under a scope's open version. No index: it is written row after row and read once, whole.
seen = Table(
    "audit_seen",
    metadata,
    Column("scope_id", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("key_hash", LargeBinary, nullable=False),
)

# The version that a scope's last records carried. version: null when only a record of unknown key came. spoiled: it
# proves nothing. marked: rows in `seen`; kept: distinct ones, when they were last thinned. See `versions.py`.
versions = Table(
    "audit_versions",
    metadata,
    Column("scope_id", BigInteger, primary_key=True, autoincrement=False),
    Column("version", BigInteger),
    Column("spoiled", SmallInteger, nullable=False),
    Column("marked", BigInteger, nullable=False),
    Column("kept", BigInteger, nullable=False),
)

# Amounts that are added up before they are sent, see `cells.py`. due: the cell was touched since its total was last
# delivered. content: JSON array of the row's texts and the raw text of a record, sealed where records are.
cells = Table(
    "audit_cells",
    metadata,
    Column("scope_id", BigInteger, primary_key=True, autoincrement=False),
    Column("cell_hash", LargeBinary, primary_key=True),
    Column("due", SmallInteger, nullable=False),
    Column("content", Text, nullable=False),
    Index(
        "audit_cells_due",
        "scope_id",
        "cell_hash",
        sqlite_where=text("due = 1"),
        postgresql_where=text("due = 1"),
    ),
    sqlite_with_rowid=False,
)

# What each record adds to which cell; cell_hash is null when it is gone, or was never counted. refused: it came later
# in a form that can't be counted. amounts: JSON array of texts, sealed where records are.
cell_parts = Table(
    "audit_cell_parts",
    metadata,
    Column("scope_id", BigInteger, primary_key=True, autoincrement=False),
    Column("record_hash", LargeBinary, primary_key=True),
    Column("cell_hash", LargeBinary),
    Column("amounts", Text, nullable=False),
    Column("refused", SmallInteger, nullable=False),
    Index("audit_cell_parts_cell", "scope_id", "cell_hash", "record_hash"),
    sqlite_with_rowid=False,
)

# seq is null when it is not known which row was refused. key_hash names the payload when the key is unknown.
failures = Table(
    "audit_failures",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("batch_no", BigInteger, nullable=False),
    Column("scope_id", BigInteger, nullable=False),
    Column("seq", BigInteger),
    Column("key_hash", LargeBinary),
    Column("key_text", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("closed", Double),
    Column("closed_by", BigInteger),
    Column("closed_how", String),
    Index("audit_failures_batch", "batch_no", "seq"),
    Index("audit_failures_key", "scope_id", "key_hash"),
    Index(
        "audit_failures_open", "scope_id", sqlite_where=text("closed IS NULL"), postgresql_where=text("closed IS NULL")
    ),
    sqlite_autoincrement=True,
)

# Documents that go into an ERP, once each. unit: what one delivery replaces as a whole; pile: what is compared with
# what stands. digest: of all that the reference is made of. title: the JSON array of the values that people know the
# document by. plan: digest of the whole plan that it belongs to. content: the document, sealed. sent: when it was last
# sent, null when it is certain that it never was. states and what leads from one to the other: `documents.py`.
documents = Table(
    "audit_documents",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("scope_id", BigInteger, nullable=False),
    Column("batch_no", BigInteger, nullable=False),
    Column("unit", LargeBinary, nullable=False),
    Column("pile", LargeBinary, nullable=False),
    Column("title", Text, nullable=False),
    Column("reference", String, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("plan", LargeBinary, nullable=False),
    Column("kind", String, nullable=False),
    Column("reverses", String, nullable=False),
    Column("state", String, nullable=False),
    Column("encoding", SmallInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("number", String, nullable=False),
    Column("company", String, nullable=False),
    Column("year", String, nullable=False),
    Column("messages", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("sent", Double),
    Column("settled", Double),
    Index("audit_documents_reference", "scope_id", "reference", unique=True),
    Index("audit_documents_pile", "scope_id", "pile"),
    Index("audit_documents_unit", "scope_id", "unit"),
    Index("audit_documents_batch", "batch_no"),
    Index(
        "audit_documents_open",
        "scope_id",
        sqlite_where=text("state IN ('intended', 'sent', 'absent')"),
        postgresql_where=text("state IN ('intended', 'sent', 'absent')"),
    ),
    sqlite_autoincrement=True,
)

# Which document each record went into.
document_rows = Table(
    "audit_document_rows",
    metadata,
    Column("batch_no", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("document_id", BigInteger, primary_key=True, autoincrement=False),
    Index("audit_document_rows_document", "document_id"),
    sqlite_with_rowid=False,
)

# The rows that a document's plan consists of, as far as they were delivered; `plans.py`. batch_no: who changed them
# last; covered_by: the last batch that brought any of them.
plans = Table(
    "audit_plans",
    metadata,
    Column("scope_id", BigInteger, primary_key=True, autoincrement=False),
    Column("pile", LargeBinary, primary_key=True),
    Column("unit", LargeBinary, nullable=False),
    Column("batch_no", BigInteger, nullable=False),
    Column("covered_by", BigInteger, nullable=False),
    Column("encoding", SmallInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Index("audit_plans_unit", "scope_id", "unit"),
)

# Where the keys of plans stand, and which batch said so last. pile: null when the key is gone.
plan_keys = Table(
    "audit_plan_keys",
    metadata,
    Column("scope_id", BigInteger, primary_key=True, autoincrement=False),
    Column("key_hash", LargeBinary, primary_key=True),
    Column("pile", LargeBinary),
    Column("batch_no", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
