"""Documents of the trail for people: by batch, and by the record that went into them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from connector_kit.audit.codec import stored_json

if TYPE_CHECKING:
    from connector_kit.audit.database import Connection


class DocumentLine(msgspec.Struct, frozen=True):
    """A document in one line. records: how many rows of its batch it was made of. when: seconds since 1970.

    key: the JSON array of the values that it is known by. state: intended, sent, posted, refused or absent.
    """

    stream: str
    key: str
    kind: str
    state: str
    number: str
    company: str
    year: str
    reference: str
    reverses: str
    records: int
    messages: list[str]
    when: float
    run: str
    batch: str


_LINES = (
    "SELECT b.stream, d.title AS key, d.kind, d.state, d.number, d.company, d.year, d.reference, d.reverses, "
    "(SELECT COUNT(*) FROM audit_document_rows AS r WHERE r.document_id = d.id AND r.batch_no = d.batch_no) "
    "AS records, d.messages, COALESCE(d.settled, d.sent, d.created) AS when_, n.id AS run, b.id AS batch "
    "FROM audit_documents AS d LEFT JOIN audit_batches AS b ON b.no = d.batch_no "
    "LEFT JOIN audit_runs AS n ON n.no = b.run_no "
)


def of_batch(connection: Connection, batch_no: int) -> list[DocumentLine]:
    """The documents of a batch."""
    return _lines(connection, "WHERE d.batch_no = :batch_no", {"batch_no": batch_no})


def of_record(connection: Connection, batch_no: int, seq: int) -> list[DocumentLine]:
    """The documents that a record went into."""
    where = (
        "JOIN audit_document_rows AS r ON r.document_id = d.id WHERE r.batch_no = :batch_no AND r.seq = :seq "
        "AND d.batch_no = :batch_no"
    )
    return _lines(connection, where, {"batch_no": batch_no, "seq": seq})


def of_rows(connection: Connection, batch_no: int) -> Iterator[tuple[int, str]]:
    """For every record of a batch that went into posted documents: its number there, and the documents' number."""
    yield from (
        (int(row["seq"]), str(row["number"]))
        for row in connection.rows(
            "SELECT r.seq, d.number FROM audit_document_rows AS r JOIN audit_documents AS d ON d.id = r.document_id "
            "WHERE r.batch_no = :batch_no AND d.batch_no = :batch_no AND d.state = 'posted' ORDER BY r.seq, d.id",
            {"batch_no": batch_no},
        )
    )


def _lines(connection: Connection, where: str, values: dict[str, object]) -> list[DocumentLine]:
    found = connection.rows(f"{_LINES} {where} ORDER BY d.id", values)
    return [
        DocumentLine(
            **{name: value or "" for name, value in row.items() if name not in {"messages", "when_", "records"}},
            records=row["records"],
            messages=list(map(connection.codec.open_text, stored_json(row["messages"], list[str]))),
            when=row["when_"],
        )
        for row in found
    ]
