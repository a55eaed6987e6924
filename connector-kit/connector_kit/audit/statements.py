"""The statements that move rows by the thousand: one per block and table, so that the GIL is let go of once.

A block's lists arrive as three values: a JSON array of the key texts, and the hashes and digests as two byte strings
of fixed-size pieces. The database takes them apart in C. (`executemany` beside a busy thread hands the GIL over at
every row and is slower by orders of magnitude.)
"""

# ruff: noqa: S608 - only constants of this module are put together

from __future__ import annotations

from connector_kit.audit.keys import DIGEST_SIZE, HASH_SIZE


def hash_at(i: str) -> str:
    """The piece of :hashes with that number."""
    return f"substr(:hashes, CAST({HASH_SIZE} * {i} + 1 AS INTEGER), {HASH_SIZE})"


def digest_at(i: str) -> str:
    """The piece of :digests with that number."""
    return f"substr(:digests, CAST({DIGEST_SIZE} * {i} + 1 AS INTEGER), {DIGEST_SIZE})"


_TEXTS_SQLITE = "(SELECT j.key AS i, j.value AS text FROM json_each(:keys) AS j)"
_TEXTS_POSTGRES = (
    "(SELECT j.i - 1 AS i, j.text FROM json_array_elements_text(CAST(:keys AS json)) WITH ORDINALITY AS j(text, i))"
)


def numbers(*, postgres: bool) -> str:
    """A WITH: the numbers from 0 to :last, as n(i)."""
    if postgres:
        return "WITH n(i) AS (SELECT generate_series(0, CAST(:last AS INTEGER))) "
    return "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :last) "


STAGE = (
    "INSERT INTO audit_staged (batch_no, first_seq, hashes, digests) VALUES (:batch_no, :first_seq, :hashes, :digests)"
)


# Of what `delivered` is about to name no more.
_KEEP_PLACE = (
    "INSERT INTO audit_records (scope_id, key_hash, batch_no, seq) "
    "SELECT scope_id, key_hash, batch_no, seq FROM audit_delivered WHERE scope_id = :scope_id AND seq IS NOT NULL AND "
)
HAS_PLACE = (
    "(EXISTS (SELECT 1 FROM audit_records AS r WHERE r.scope_id = {of}.scope_id AND r.key_hash = {of}.key_hash "
    "AND r.batch_no = {batch_no} AND r.seq > {after}) OR "
    "EXISTS (SELECT 1 FROM audit_delivered AS r WHERE r.scope_id = {of}.scope_id AND r.key_hash = {of}.key_hash "
    "AND r.batch_no = {batch_no} AND r.seq > {after}))"
)


def unchanged(*, postgres: bool) -> str:
    """JSON array of the indices whose digest is what was delivered last. Values: scope_id, last, hashes, digests.

    Nothing counts as unchanged while a batch of the scope is sent but not yet indexed: its keys are unknown then. Nor
    does a record with an open failure: to arrive once more closes it.
    """
    still_open = (
        "SELECT 1 FROM audit_failures AS f WHERE f.scope_id = :scope_id AND f.key_hash = d.key_hash "
        "AND f.closed IS NULL"
    )
    return _delivered(f"d.digest = {digest_at('n.i')} AND NOT EXISTS ({still_open})", postgres=postgres)


def known(*, postgres: bool) -> str:
    """JSON array of the indices whose key was delivered, for certain with what. Values: scope_id, last, hashes."""
    return _delivered("d.digest IS NOT NULL", postgres=postgres)


def _delivered(condition: str, *, postgres: bool) -> str:
    gather = "json_agg(n.i)" if postgres else "json_group_array(n.i)"
    return (
        f"{numbers(postgres=postgres)}"
        f"SELECT CAST({gather} AS TEXT) FROM n JOIN audit_delivered AS d "
        f"ON d.scope_id = :scope_id AND d.key_hash = {hash_at('n.i')} "
        f"WHERE {condition} AND d.batch_no NOT IN "
        "(SELECT no FROM audit_batches WHERE scope_id = :scope_id AND trusted = 0) AND NOT EXISTS "
        "(SELECT 1 FROM audit_batches WHERE scope_id = :scope_id AND trusted = 0 AND sent IS NOT NULL AND indexed = 0)"
    )


def version_is_open(scope_id: str) -> str:
    """Whether what came under a version is still known: part of every statement that takes the rest for gone.

    scope_id: the name of its value.
    """
    return f"SELECT 1 FROM audit_versions WHERE scope_id = :{scope_id} AND version = :version"


def mark_seen(*, postgres: bool) -> str:
    """Keys that came under a version. Values: scope_id, version, last, hashes."""
    # SQLite wants the WITH before the INSERT's SELECT, PostgreSQL takes it there too.
    return (
        "INSERT INTO audit_seen (scope_id, version, key_hash) "
        f"{numbers(postgres=postgres)}"
        f"SELECT :scope_id, :version, {hash_at('n.i')} FROM n"
    )


def forget_records(*, postgres: bool) -> str:
    """Remove a batch's places of some keys from `records`. Values: scope_id, batch_no, last, hashes."""
    return (
        "DELETE FROM audit_records WHERE scope_id = :scope_id AND batch_no = :batch_no AND key_hash IN "
        f"({numbers(postgres=postgres)} SELECT {hash_at('n.i')} FROM n)"
    )


def doubt(*, postgres: bool) -> str:
    """Let what a batch delivered of some keys count as unknown. Values: scope_id, batch_no, last, hashes."""
    return (
        "UPDATE audit_delivered SET digest = NULL WHERE scope_id = :scope_id AND batch_no = :batch_no AND key_hash IN "
        f"({numbers(postgres=postgres)} SELECT {hash_at('n.i')} FROM n)"
    )


def forget(*, postgres: bool) -> tuple[str, str]:
    """Remove keys from `delivered`, and before that keep their places. Values: scope_id, last, hashes."""
    named = f"key_hash IN ({numbers(postgres=postgres)} SELECT {hash_at('n.i')} FROM n)"
    return _KEEP_PLACE + named, f"DELETE FROM audit_delivered WHERE scope_id = :scope_id AND {named}"


def name_delivered(*, postgres: bool) -> str:
    """Write the key texts of a block beside what it delivered last, as the block goes. Values: scope_id, batch_no,
    hashes, keys.
    """
    return (
        "INSERT INTO audit_delivered (scope_id, key_hash, batch_no, before, key_text) "
        f"SELECT DISTINCT :scope_id, {hash_at('r.i')}, :batch_no, 0, r.text "
        f"FROM {_TEXTS_POSTGRES if postgres else _TEXTS_SQLITE} AS r WHERE EXISTS (SELECT 1 FROM audit_delivered AS d "
        f"WHERE d.scope_id = :scope_id AND d.key_hash = {hash_at('r.i')} AND d.batch_no = :batch_no "
        "AND d.seq IS NOT NULL) "
        "ON CONFLICT (scope_id, key_hash) DO UPDATE SET key_text = excluded.key_text, seq = NULL"
    )


def fail(*, postgres: bool) -> str:
    """Failures in bulk. Values: batch_no, scope_id, created, hashes, rows: JSON of [seq, key, reason, message, known].

    known: whether the row has a hash; its place in `hashes` is filled in any case.
    """
    if postgres:
        source = (
            "(SELECT j.i - 1 AS i, j.row FROM json_array_elements(CAST(:rows AS json)) WITH ORDINALITY AS j(row, i))"
        )
        seq, key, reason, message, known = (f"(r.row ->> {place})" for place in range(5))
        seq, known = f"CAST({seq} AS BIGINT)", f"{known} = '1'"
    else:
        source = "(SELECT j.key AS i, j.value AS row FROM json_each(:rows) AS j)"
        seq, key, reason, message, known = (f"json_extract(r.row, '$[{place}]')" for place in range(5))
    return (
        "INSERT INTO audit_failures (batch_no, scope_id, created, seq, key_text, reason, message, key_hash) "
        f"SELECT :batch_no, :scope_id, :created, {seq}, {key}, {reason}, {message}, "
        f"CASE WHEN {known} THEN {hash_at('r.i')} END FROM {source} AS r"
    )


def now(*, postgres: bool) -> str:
    """The database's clock in seconds since 1970: hosts that share a trail need not agree on the time."""
    if postgres:
        return "CAST(extract(epoch FROM clock_timestamp()) AS DOUBLE PRECISION)"
    return "((julianday('now') - 2440587.5) * 86400.0)"


def insert_run(*, postgres: bool) -> str:
    """A run that begins."""
    return (
        "INSERT INTO audit_runs (id, plugin, version, destination, details, host, process, outcome, message, started, "
        "heartbeat) VALUES (:id, :plugin, :version, :destination, :details, :host, :process, :outcome, '', :started, "
        f"{now(postgres=postgres)})"
    )


INSERT_BATCH = (
    "INSERT INTO audit_batches (id, run_no, scope_id, schema_id, system, stream, action, key_properties, deletes, "
    "outcome, indexed, trusted, row_count, delivered_count, rejected_count, tasks, counts, details, message, started, "
    "whole) VALUES (:id, :run_no, :scope_id, :schema_id, :system, :stream, :action, :key_properties, :deletes, "
    ":outcome, 0, 0, 0, 0, 0, '[]', '{}', '{}', '', :started, :whole)"
)

# --- settling a batch. Values: batch_no, scope_id, now ---

# A later row of the same key in the same batch is what the record looks like now: the earlier failure is history.
CLOSE_OVERTAKEN = (
    "UPDATE audit_failures SET closed = :now, closed_by = :batch_no, closed_how = 'superseded' "
    "WHERE batch_no = :batch_no AND closed IS NULL AND seq >= 0 AND "
    + HAS_PLACE.format(of="audit_failures", batch_no="audit_failures.batch_no", after="audit_failures.seq")
)
CLOSE_SUPERSEDED = (
    "UPDATE audit_failures SET closed = :now, closed_by = :batch_no, closed_how = 'superseded' "
    "WHERE scope_id = :scope_id AND closed IS NULL AND batch_no < :batch_no AND EXISTS "
    "(SELECT 1 FROM audit_failures AS f "
    "WHERE f.scope_id = audit_failures.scope_id AND f.key_hash = audit_failures.key_hash "
    "AND f.batch_no = :batch_no AND f.closed IS NULL)"
)
CLOSE_REPAIRED = (
    "UPDATE audit_failures SET closed = :now, closed_by = :batch_no, closed_how = :how "
    "WHERE scope_id = :scope_id AND closed IS NULL AND batch_no < :batch_no AND "
    + HAS_PLACE.format(of="audit_failures", batch_no=":batch_no", after="-1")
)

# Refusals of rows that can't be told make the whole file unknown. They are history once none of its rows is the last
# that was sent of its key; rows that were refused by themselves have failures of their own.
UNKNOWN_FILES = (
    "SELECT DISTINCT batch_no AS no FROM audit_failures WHERE scope_id = :scope_id AND closed IS NULL AND seq IS NULL "
    "AND batch_no < :batch_no"
)
LAST_SENT = (
    "FROM audit_delivered AS d WHERE d.scope_id = :scope_id AND d.batch_no = :no AND NOT EXISTS "
    "(SELECT 1 FROM audit_failures AS f WHERE f.batch_no = :no AND f.key_hash = d.key_hash AND f.seq >= 0 "
    "AND f.closed IS NULL)"
)
CLOSE_FILE = (
    "UPDATE audit_failures SET closed = :now, closed_by = :batch_no, closed_how = :how "
    f"WHERE batch_no = :no AND closed IS NULL AND seq IS NULL AND NOT EXISTS (SELECT 1 {LAST_SENT})"
)

_REFUSED = (
    "key_hash IN (SELECT key_hash FROM audit_failures WHERE batch_no = :batch_no AND seq >= 0 AND closed IS NULL "
    "AND key_hash IS NOT NULL)"
)
# What was refused is not there, unless an earlier batch brought it; then we do not know how it looks.
_REFUSED_FIRST = f"batch_no = :batch_no AND before = 0 AND {_REFUSED}"
DROP_REFUSED = (
    _KEEP_PLACE + _REFUSED_FIRST,
    f"DELETE FROM audit_delivered WHERE scope_id = :scope_id AND {_REFUSED_FIRST}",
)
DOUBT_REFUSED = (
    "UPDATE audit_delivered SET digest = NULL WHERE scope_id = :scope_id AND batch_no = :batch_no AND " + _REFUSED
)
_DELETED = f"batch_no = :batch_no AND NOT ({_REFUSED})"
FORGET_DELETED = (_KEEP_PLACE + _DELETED, f"DELETE FROM audit_delivered WHERE scope_id = :scope_id AND {_DELETED}")
