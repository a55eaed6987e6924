"""Documents in the trail: which are on their way into an ERP, which stand there, which records each was made of.

    intended --(about to be sent)--> sent --(answer, or found)--> posted        for good
                                      |---(answer)--------------> refused  --(intended anew)--> intended
                                      '---(looked up: not there, and no longer expected)--> absent --> intended
    intended --(its run ended before it was sent)--> absent

Every change is one durable transaction that names the state it comes from, so of two processes that want to send the
same document one finds it changed and stops. `posted` is never left. What stands is what is `posted`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import msgspec

from connector_kit.audit import delivered
from connector_kit.audit.document_types import INTENDED, POSTED, REFUSED, Ending, Entry, Mark, Stored
from connector_kit.errors import BusyError, RefusedError
from connector_kit.redaction import redact

if TYPE_CHECKING:
    from connector_kit.audit.codec import Codec
    from connector_kit.audit.database import Connection, Row
    from connector_kit.audit.trail import Trail

T = TypeVar("T")

_MANY = 5_000


class DocumentBook:
    """The documents of one scope: one kind of object of one destination, from one stream."""

    def __init__(self, trail: Trail, scope: str) -> None:
        self._trail = trail
        self.scope = scope

        def job() -> int:
            with trail.database.writing() as connection:
                return int(delivered.scope_id(connection, scope, create=True) or 0)

        self._scope_id: int = trail.writer.run(job)

    def open(self) -> list[Stored]:
        """Documents whose fate an earlier run left open, those included that were not there when last looked for."""
        return self._stored(
            "d.state IN ('intended', 'sent', 'absent') AND (d.state <> 'absent' OR d.sent IS NOT NULL)", {}
        )

    def standing(self, pile: bytes) -> list[Stored]:
        """What was posted of a pile, in the order of posting."""
        return self._stored("d.pile = :pile AND d.state = 'posted'", {"pile": pile})

    def standing_in(self, unit: bytes) -> list[bytes]:
        """The piles of a unit of which something was posted, in the order of posting."""
        with self._trail.database.reading() as connection:
            found = connection.rows(
                "SELECT pile FROM audit_documents WHERE scope_id = :scope_id AND unit = :unit "
                "AND state = 'posted' GROUP BY pile ORDER BY MIN(id)",
                {"scope_id": self._scope_id, "unit": unit},
            )
        return [bytes(row["pile"]) for row in found]

    def marks(self, unit: bytes) -> list[Mark]:
        """All documents of a unit, whatever became of them."""
        with self._trail.database.reading() as connection:
            found = connection.rows(
                "SELECT reference, unit, pile, title, state, number, company, year FROM audit_documents "
                "WHERE scope_id = :scope_id AND unit = :unit ORDER BY id",
                {"scope_id": self._scope_id, "unit": unit},
            )
        return [Mark(**{**row, "unit": bytes(row["unit"]), "pile": bytes(row["pile"])}) for row in found]

    def one(self, reference: str) -> Stored | None:
        """The document with a reference."""
        return next(iter(self._stored("reference = :reference", {"reference": reference})), None)

    def taken_up(self, batch_no: int, pile: bytes) -> int:
        """How many documents of a pile other batches have posted or are about to: `Entry.stands` of what comes next."""
        with self._trail.database.reading() as connection:
            return _others(connection, self._scope_id, batch_no, pile)

    def is_free(self, reference: str, digest: bytes) -> bool:
        """Whether a document with this digest may bear a reference: no other one has it, nor was it posted already."""
        with self._trail.database.reading() as connection:
            found = connection.rows(
                "SELECT digest, state FROM audit_documents WHERE scope_id = :scope_id AND reference = :reference",
                {"scope_id": self._scope_id, "reference": reference},
            )
        return all(bytes(row["digest"]) == digest and row["state"] != POSTED for row in found)

    def intend(self, batch_no: int, entries: Sequence[Entry], now: float) -> None:
        """Say what will be sent. Durable with the next durable change.

        Raises:
            BusyError: another run is about to send one of them or something else of its pile, or has since they were
                compared.
        """

        def job(connection: Connection) -> None:
            if connection.postgres:  # SQLite has one writer at a time anyway
                connection.execute("SELECT id FROM audit_scopes WHERE id = :id FOR UPDATE", {"id": self._scope_id})
            for entry in entries:
                self._must_be_alone(connection, batch_no, entry)
            self._put(connection, batch_no, entries, now, INTENDED, ())

        self._write(job, durable=False)

    def refuse(self, batch_no: int, entry: Entry, messages: Sequence[str], now: float) -> None:
        """A document that is refused before it is sent."""
        self._write(lambda connection: self._put(connection, batch_no, [entry], now, REFUSED, messages), durable=False)

    def sending(self, batch_no: int, references: Sequence[str], now: float) -> None:
        """Say that they may arrive from now on; on disk when this returns.

        Raises:
            BusyError: one of them is not this batch's any more.
        """

        def job(connection: Connection) -> None:
            for reference in references:
                changed = connection.execute(
                    "UPDATE audit_documents SET state = 'sent', sent = :now WHERE scope_id = :scope_id "
                    "AND reference = :reference AND batch_no = :batch_no AND state = 'intended'",
                    {"now": now, "scope_id": self._scope_id, "reference": reference, "batch_no": batch_no},
                )
                if changed != 1:
                    raise self._taken(reference)

        self._write(job)

    def end(self, endings: Sequence[Ending], now: float, *, batch_no: int | None = None) -> None:
        """What became of documents; on disk when this returns.

        batch_no: whose request it is about. Of a document that another batch has taken up meanwhile, it says nothing,
        unless that it was posted.

        Raises:
            RefusedError: some are known already as posted under another number: they are there twice. It names them
                all; what became of the others is on disk.
        """
        twice: list[str] = []

        def job(connection: Connection) -> None:
            for ending in endings:
                values = {
                    "now": now,
                    "scope_id": self._scope_id,
                    "reference": ending.reference,
                    "state": ending.state,
                    "number": ending.number,
                    "company": ending.company,
                    "year": ending.year,
                    "messages": _messages(connection.codec, ending.messages),
                    "forget": int(ending.forget),
                }
                # An answer that comes late counts all the same; that something is absent only if nobody took it up.
                before = "state <> 'posted'" if ending.state == POSTED else "state IN ('intended', 'sent')"
                if ending.state != POSTED and batch_no is not None:
                    before += " AND batch_no = :batch_no"
                    values["batch_no"] = batch_no
                changed = connection.execute(
                    "UPDATE audit_documents SET state = :state, number = :number, company = :company, year = :year, "  # noqa: S608 - two fixed texts
                    "messages = :messages, settled = :now, sent = CASE WHEN :forget = 1 THEN NULL ELSE sent END "
                    f"WHERE scope_id = :scope_id AND reference = :reference AND {before}",
                    values,
                )
                if changed != 1 and ending.state == POSTED and (known := self._other_number(connection, values)):
                    twice.append(f"{ending.reference} ({known} and {ending.number})")

        self._write(job)
        if twice:
            raise RefusedError(
                system="audit trail",
                subject="documents" if len(twice) > 1 else "document",
                expected="each to stand in the ERP once",
                got=f"twice: {', '.join(twice)}",
                hint="Reverse one of each there.",
            )

    def supersede(self, batch_no: int, now: float) -> int:
        """Close what earlier deliveries of the same documents (`PlanBook.save`), and test runs, left to be
        repaired; how many failures.

        Of a document that was refused once more, rows that did not come again wait still.
        """
        documents = (
            "SELECT d.id, d.title, p.pile FROM audit_documents AS d JOIN audit_plans AS p "
            "ON p.scope_id = d.scope_id AND p.pile = d.pile WHERE p.scope_id = :scope_id AND p.covered_by = :batch_no"
        )
        refused = (
            "SELECT pile FROM audit_documents WHERE scope_id = :scope_id AND batch_no = :batch_no AND state = :refused"
        )
        again = (
            "SELECT 1 FROM audit_failures AS again WHERE again.scope_id = :scope_id AND again.batch_no = :batch_no "
            "AND again.key_hash = audit_failures.key_hash"
        )
        mine = f"FROM ({documents}) AS mine WHERE mine.pile NOT IN ({refused}) OR EXISTS ({again})"

        def job(connection: Connection) -> int:
            return connection.execute(
                "UPDATE audit_failures SET closed = :now, closed_by = :batch_no, closed_how = 'superseded' "  # noqa: S608 - a constant
                "WHERE scope_id = :scope_id AND closed IS NULL AND batch_no < :batch_no AND ("
                "EXISTS (SELECT 1 FROM audit_document_rows AS r WHERE r.batch_no = audit_failures.batch_no "
                f"AND r.seq = audit_failures.seq AND r.document_id IN (SELECT id {mine})) "
                f"OR (seq < 0 AND key_text IN (SELECT title {mine})) "
                "OR batch_no IN (SELECT no FROM audit_batches WHERE scope_id = :scope_id AND outcome = 'validated'))",
                {"now": now, "batch_no": batch_no, "scope_id": self._scope_id, "refused": REFUSED},
            )

        return self._trail.writer.run(lambda: self._in_transaction(job))

    def _put(
        self,
        connection: Connection,
        batch_no: int,
        entries: Sequence[Entry],
        now: float,
        state: str,
        messages: Sequence[str],
    ) -> None:
        for entry in entries:
            changed = connection.execute(
                _PUT,
                {
                    "scope_id": self._scope_id,
                    "batch_no": batch_no,
                    "unit": entry.unit,
                    "pile": entry.pile,
                    "title": redact(entry.title),
                    "reference": entry.reference,
                    "digest": entry.digest,
                    "plan": entry.plan,
                    "kind": entry.kind,
                    "reverses": entry.reverses,
                    "state": state,
                    "encoding": connection.codec.encoding,
                    "content": connection.codec.seal(entry.content),
                    "messages": _messages(connection.codec, messages),
                    "now": now,
                },
            )
            if changed != 1:
                raise self._taken(entry.reference)
            number = connection.value(
                "SELECT id FROM audit_documents WHERE scope_id = :scope_id AND reference = :reference",
                {"scope_id": self._scope_id, "reference": entry.reference},
            )
            for start in range(0, len(entry.rows), _MANY):
                connection.execute(
                    _ROWS_POSTGRES if connection.postgres else _ROWS_SQLITE,
                    {
                        "batch_no": batch_no,
                        "document_id": number,
                        "rows": msgspec.json.encode(entry.rows[start : start + _MANY]).decode(),
                    },
                )

    def _must_be_alone(self, connection: Connection, batch_no: int, entry: Entry) -> None:
        others = _others(connection, self._scope_id, batch_no, entry.pile)
        if others != entry.stands:
            raise self._taken(entry.reference)

    def _other_number(self, connection: Connection, values: dict[str, object]) -> str:
        """The number under which a document is known to stand, "" when it is the same one or it is not known."""
        number = connection.value(
            "SELECT number FROM audit_documents WHERE scope_id = :scope_id AND reference = :reference", values
        )
        return "" if number is None or number == values["number"] else str(number)

    def _taken(self, reference: str) -> BusyError:
        return BusyError(
            system="audit trail",
            subject=f"document {reference}",
            expected="that this run alone sends it",
            got="that another run has taken it up or posted it",
            hint="Let that run end, then run again: what stands by then is not posted again.",
        )

    def _stored(self, where: str, values: dict[str, object]) -> list[Stored]:
        with self._trail.database.reading() as connection:
            found = connection.rows(
                "SELECT d.batch_no, unit, pile, title, reference, digest, plan, kind, reverses, state, encoding, "  # noqa: S608 - fixed texts
                "content, number, company, year, d.sent, "
                "CASE WHEN r.outcome IN ('running', 'abandoned') THEN r.heartbeat ELSE r.finished END AS heard "
                "FROM audit_documents AS d LEFT JOIN audit_batches AS b ON b.no = d.batch_no "
                "LEFT JOIN audit_runs AS r ON r.no = b.run_no "
                f"WHERE d.scope_id = :scope_id AND {where} ORDER BY d.settled, d.id",
                {**values, "scope_id": self._scope_id},
            )
        return [_stored(self._trail.database.codec, row) for row in found]

    def _write(self, job: Callable[[Connection], None], *, durable: bool = True) -> None:
        self._trail.writer.run(lambda: self._in_transaction(job, durable=durable))

    def _in_transaction(self, job: Callable[[Connection], T], *, durable: bool = True) -> T:
        with self._trail.database.writing(durable=durable) as connection:
            return job(connection)


_PUT = (
    "INSERT INTO audit_documents (scope_id, batch_no, unit, pile, title, reference, digest, plan, kind, reverses, "
    "state, encoding, content, number, company, year, messages, created) "
    "VALUES (:scope_id, :batch_no, :unit, :pile, :title, :reference, :digest, :plan, :kind, :reverses, "
    ":state, :encoding, :content, '', '', '', :messages, :now) "
    "ON CONFLICT (scope_id, reference) DO UPDATE SET batch_no = excluded.batch_no, plan = excluded.plan, "
    "state = excluded.state, encoding = excluded.encoding, content = excluded.content, messages = excluded.messages, "
    "settled = NULL WHERE audit_documents.digest = excluded.digest AND (audit_documents.state IN ('refused', 'absent') "
    "OR (audit_documents.state = 'intended' AND audit_documents.batch_no = excluded.batch_no))"
)
_ROWS_SQLITE = (
    "INSERT INTO audit_document_rows (batch_no, seq, document_id) "
    "SELECT :batch_no, value, :document_id FROM json_each(:rows) WHERE true ON CONFLICT DO NOTHING"
)
_ROWS_POSTGRES = (
    "INSERT INTO audit_document_rows (batch_no, seq, document_id) "
    "SELECT :batch_no, CAST(value AS BIGINT), :document_id FROM json_array_elements_text(CAST(:rows AS json)) "
    "ON CONFLICT DO NOTHING"
)


def _others(connection: Connection, scope_id: int, batch_no: int, pile: bytes) -> int:
    found = connection.value(
        "SELECT COUNT(*) FROM audit_documents WHERE scope_id = :scope_id AND pile = :pile "
        "AND batch_no <> :batch_no AND state IN ('posted', 'sent', 'intended')",
        {"scope_id": scope_id, "pile": pile, "batch_no": batch_no},
    )
    return int(found or 0)


def _messages(codec: Codec, messages: Sequence[str]) -> str:
    return msgspec.json.encode([codec.seal_text(redact(one).replace("\0", "")) for one in messages]).decode()


def _stored(codec: Codec, row: Row) -> Stored:
    content = codec.unseal(row.pop("encoding"), bytes(row.pop("content")))
    for name in ("unit", "pile", "digest", "plan"):
        row[name] = bytes(row[name])
    return Stored(**row, content=content)
