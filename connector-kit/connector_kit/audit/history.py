"""Everything that ever happened to one record."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

import msgspec

from connector_kit.audit import payloads
from connector_kit.audit.codec import stored_json
from connector_kit.audit.document_lines import DocumentLine, of_record
from connector_kit.audit.keys import HASH_SIZE, key_hash, key_text
from connector_kit.audit.types import DELETED, DELIVERED, REJECTED, VALIDATED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector_kit.audit.database import Connection, Row


_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")


class Occurrence(msgspec.Struct, frozen=True):
    """One time that a record was on its way. when: seconds since 1970, of the outcome where there is one.

    outcome: that of the batch, or "rejected". closed_by: the batch that later repaired or overtook the refusal.
    record: as it came, where the payload is kept. encrypted: it is kept, but its key is not here. documents: that it
    went into, posted or not.
    """

    when: float
    run: str
    batch: str
    system: str
    stream: str
    action: str
    key: str
    outcome: str
    reason: str
    message: str
    tasks: list[str]
    closed_how: str
    closed_by: str
    record: msgspec.Raw | None
    encrypted: bool = False
    documents: list[DocumentLine] = []


# Places in batches that are indexed, and refusals of rows that were never sent.
_PLACES = (
    "SELECT batch_no, seq FROM audit_records WHERE scope_id = :scope_id AND key_hash = :key_hash "
    "UNION SELECT batch_no, seq FROM audit_delivered WHERE scope_id = :scope_id AND key_hash = :key_hash "
    "AND seq IS NOT NULL "
    "UNION SELECT batch_no, seq FROM audit_failures WHERE scope_id = :scope_id AND key_hash = :key_hash "
    "ORDER BY batch_no, seq"
)


def history(connection: Connection, stream: str, key: Sequence[str], *, system: str | None = None) -> list[Occurrence]:
    """A record's whole history, oldest first.

    Args:
        connection: to the trail.
        stream: the Singer stream.
        key: values of the key properties as a person writes them; a number's digits find both the text and the number.
        system: only of this source.
    """
    scopes = connection.rows("SELECT DISTINCT scope_id FROM audit_batches WHERE stream = :stream", {"stream": stream})
    found = []
    for scope in scopes:
        for text in spellings(key):
            values = {"scope_id": scope["scope_id"], "key_hash": key_hash(text)}
            for place in [*connection.rows(_PLACES, values), *_unindexed(connection, values)]:
                batch = _batch(connection, place["batch_no"])
                if batch and batch["stream"] == stream and system in {None, batch["system"]}:
                    found.append((place["batch_no"], place["seq"] or 0, _occurrence(connection, batch, place, text)))
    return [occurrence for *_, occurrence in sorted(found, key=lambda item: item[:2])]


def _unindexed(connection: Connection, values: dict[str, Any]) -> Iterator[Row]:
    """Places in batches that are on their way: a look through the hashes of their blocks."""
    wanted = values["key_hash"]
    inside = "position(:key_hash IN s.hashes)" if connection.postgres else "instr(s.hashes, :key_hash)"
    for block in connection.rows(
        "SELECT s.batch_no, s.first_seq, s.hashes "  # noqa: S608 - one of two fixed texts
        "FROM audit_batches AS b JOIN audit_staged AS s ON s.batch_no = b.no "
        f"WHERE b.scope_id = :scope_id AND b.indexed = 0 AND {inside} > 0",
        values,
    ):
        at = block["hashes"].find(wanted)
        while at >= 0:
            place, odd = divmod(at, HASH_SIZE)
            if not odd:
                yield {"batch_no": block["batch_no"], "seq": block["first_seq"] + place}
            at = block["hashes"].find(wanted, at + 1)


def spellings(key: Sequence[str]) -> Iterator[str]:
    """Key texts that a person may mean: `7` is the text "7" or the number 7."""
    choices: list[list[Any]] = [
        [value, msgspec.Raw(value.encode())] if _NUMBER.fullmatch(value) else [value] for value in key
    ]
    for values in itertools.product(*choices):
        yield key_text(values)


def _batch(connection: Connection, batch_no: int) -> Row | None:
    found = connection.rows(
        "SELECT b.*, r.id AS run FROM audit_batches AS b JOIN audit_runs AS r ON r.no = b.run_no WHERE b.no = :no",
        {"no": batch_no},
    )
    return found[0] if found else None


def _occurrence(connection: Connection, batch: Row, place: Row, key: str) -> Occurrence:
    failed = connection.rows(
        "SELECT f.*, b.id AS closing_batch FROM audit_failures AS f LEFT JOIN audit_batches AS b ON b.no = f.closed_by "
        "WHERE f.batch_no = :batch_no AND f.seq = :seq",
        place,
    )
    seq = place["seq"]
    readable = seq is None or payloads.readable(connection, batch["no"], seq)
    record = next(payloads.read(connection, batch["no"], [seq]), None) if seq is not None and readable else None
    arrived = batch["outcome"] in {DELIVERED, DELETED, VALIDATED}
    return Occurrence(
        when=batch["settled"] or batch["sent"] or batch["started"],
        run=batch["run"],
        batch=batch["id"],
        system=batch["system"],
        stream=batch["stream"],
        action=batch["action"],
        key=key,
        outcome=REJECTED if failed and (arrived or place["seq"] < 0) else batch["outcome"],
        reason="; ".join(dict.fromkeys(failure["reason"] for failure in failed)),
        message="; ".join(dict.fromkeys(failure["message"] for failure in failed)) or batch["message"],
        tasks=stored_json(batch["tasks"], list[str]),
        closed_how=failed[0]["closed_how"] or "" if failed else "",
        closed_by=failed[0]["closing_batch"] or "" if failed else "",
        record=msgspec.Raw(record[1]) if record else None,
        encrypted=not readable,
        documents=of_record(connection, batch["no"], place["seq"]) if batch["whole"] else [],
    )
