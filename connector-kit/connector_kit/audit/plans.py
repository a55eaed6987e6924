"""The rows that plans consist of, as far as they were delivered: a delivery brings changes, and these are the rest.

Of each document (pile) the trail keeps its rows: the key of each, what was made of it, and why it could not be made
where that holds the document back. Where a key stands now is indexed, also of keys that are gone, so that a record that
moves to another document leaves the first one, and a replay knows what something newer overtakes.
"""

# ruff: noqa: S608 - only constants of this module are put together

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from connector_kit.audit import delivered
from connector_kit.audit.codec import stored_json
from connector_kit.audit.statements import hash_at, numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_kit.audit.database import Connection, Row
    from connector_kit.audit.trail import Trail

_AT_ONCE = 5_000


class PlanRow(msgspec.Struct, frozen=True, array_like=True):
    """A record of a plan. hash: of its key. about: what it says of its document. line: what was made of it, "" when
    nothing could be; why: then the reason.
    """

    hash: bytes
    about: bytes
    line: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class PlanChange:
    """A document's rows after a delivery. rows is None when they are as they were. changed, gone: hashes of keys."""

    pile: bytes
    unit: bytes
    rows: Sequence[PlanRow] | None
    changed: Sequence[bytes] = ()
    gone: Sequence[bytes] = ()


class _Content(msgspec.Struct, frozen=True, array_like=True):
    """key: the properties that the hashes are made of; of other ones nothing can be compared."""

    key: tuple[str, ...]
    rows: list[PlanRow]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Content).decode


class PlanBook:
    """The plans of one scope: one kind of object of one destination, from one stream with its key properties."""

    def __init__(self, trail: Trail, scope: str, key: Sequence[str] = ()) -> None:
        self._trail = trail
        self._key = tuple(key)

        def job() -> int:
            with trail.database.writing() as connection:
                return int(delivered.scope_id(connection, scope, create=True) or 0)

        self._scope_id: int = trail.writer.run(job)

    def other_key(self) -> list[str] | None:
        """By what the scope's rows were known so far, where that is another key than now."""
        with self._trail.database.reading() as connection:
            told = connection.value(
                "SELECT key_properties FROM audit_scopes WHERE id = :id AND EXISTS "
                "(SELECT 1 FROM audit_plans WHERE scope_id = :id)",
                {"id": self._scope_id},
            )
        before: list[str] = stored_json(told or "null")
        return before if told and tuple(before) != self._key else None

    def keep_key(self) -> None:
        """Say that the scope's rows are known by this key from now on."""
        values = {"id": self._scope_id, "key": msgspec.json.encode(self._key).decode()}

        def job() -> None:
            with self._trail.database.writing() as connection:
                connection.execute("UPDATE audit_scopes SET key_properties = :key WHERE id = :id", values)

        self._trail.writer.run(job)

    def rows(self, pile: bytes) -> list[PlanRow] | None:
        """The rows of a document, None when they are not known, or by another key."""
        with self._trail.database.reading() as connection:
            found = connection.rows(
                "SELECT encoding, content FROM audit_plans WHERE scope_id = :scope_id AND pile = :pile",
                {"scope_id": self._scope_id, "pile": pile},
            )
        if not found:
            return None
        content = _decode(self._trail.database.codec.unseal(found[0]["encoding"], bytes(found[0]["content"])))
        return content.rows if content.key == self._key else None

    def piles_in(self, unit: bytes) -> list[bytes]:
        """The documents of a replacement scope that have rows, or had."""
        with self._trail.database.reading() as connection:
            found = connection.rows(
                "SELECT pile FROM audit_plans WHERE scope_id = :scope_id AND unit = :unit ORDER BY pile",
                {"scope_id": self._scope_id, "unit": unit},
            )
        return [bytes(row["pile"]) for row in found]

    def places(self, hashes: Iterable[bytes]) -> set[tuple[bytes, bytes]]:
        """Pairs of document and replacement scope where keys stand."""
        select = (
            f"SELECT DISTINCT p.pile, p.unit FROM n JOIN audit_plan_keys AS k ON k.scope_id = :scope_id "
            f"AND k.key_hash = {hash_at('n.i')} JOIN audit_plans AS p ON p.scope_id = k.scope_id AND p.pile = k.pile"
        )
        return {(bytes(row["pile"]), bytes(row["unit"])) for row in self._of(hashes, select)}

    def newer(self, hashes: Sequence[bytes], batch_id: str) -> set[bytes]:
        """Of some keys those of which a later batch said something else."""
        select = (
            f"SELECT k.key_hash FROM n JOIN audit_plan_keys AS k ON k.scope_id = :scope_id "
            f"AND k.key_hash = {hash_at('n.i')} JOIN audit_batches AS b ON b.id = :batch_id WHERE k.batch_no > b.no"
        )
        return {bytes(row["key_hash"]) for row in self._of(hashes, select, batch_id=batch_id)}

    def newer_piles(self, batch_id: str) -> set[bytes]:
        """Documents that a later batch than this one has changed."""
        with self._trail.database.reading() as connection:
            found = connection.rows(
                "SELECT p.pile FROM audit_plans AS p JOIN audit_batches AS b ON b.id = :batch_id "
                "WHERE p.scope_id = :scope_id AND p.batch_no > b.no",
                {"scope_id": self._scope_id, "batch_id": batch_id},
            )
        return {bytes(row["pile"]) for row in found}

    def seen(self, hashes: Iterable[bytes]) -> set[bytes]:
        """Of some keys those that came under the open version."""
        select = (
            f"SELECT DISTINCT s.key_hash FROM n JOIN audit_seen AS s ON s.scope_id = :scope_id "
            f"AND s.key_hash = {hash_at('n.i')}"
        )
        self._trail.writer.flush()
        return {bytes(row["key_hash"]) for row in self._of(hashes, select)}

    def units_seen(self) -> list[bytes]:
        """The replacement scopes of which something came under the open version."""
        self._trail.writer.flush()
        with self._trail.database.reading() as connection:
            found = connection.rows(
                "SELECT DISTINCT p.unit FROM audit_seen AS s "
                "JOIN audit_plan_keys AS k ON k.scope_id = s.scope_id AND k.key_hash = s.key_hash "
                "JOIN audit_plans AS p ON p.scope_id = k.scope_id AND p.pile = k.pile WHERE s.scope_id = :scope_id",
                {"scope_id": self._scope_id},
            )
        return [bytes(row["unit"]) for row in found]

    def save(self, batch_no: int, changes: Iterable[PlanChange]) -> None:
        """Note what a batch made of some documents' rows, and that it is the last word on them. On disk on return."""

        def job(some: Sequence[PlanChange]) -> None:
            with self._trail.database.writing(durable=True) as connection:
                for one in some:
                    self._save(connection, batch_no, one)

        left = iter(changes)
        while some := list(islice(left, _AT_ONCE)):
            self._trail.writer.run(lambda some=some: job(some))  # type: ignore[misc] # a default argument in a lambda

    def forget(self, pile: bytes) -> None:
        """Say that the rows of a document are not known: what stands of it came from elsewhere."""

        def job() -> None:
            with self._trail.database.writing(durable=True) as connection:
                connection.execute(
                    "DELETE FROM audit_plans WHERE scope_id = :scope_id AND pile = :pile",
                    {"scope_id": self._scope_id, "pile": pile},
                )

        self._trail.writer.run(job)

    def _save(self, connection: Connection, batch_no: int, one: PlanChange) -> None:
        values: dict[str, object] = {
            "scope_id": self._scope_id,
            "pile": one.pile,
            "unit": one.unit,
            "batch_no": batch_no,
        }
        if one.rows is None:
            connection.execute(
                "UPDATE audit_plans SET covered_by = :batch_no WHERE scope_id = :scope_id AND pile = :pile", values
            )
            return
        codec = connection.codec
        values |= {"encoding": codec.encoding, "content": codec.seal(_encode(_Content(self._key, list(one.rows))))}
        connection.execute(_PUT, values)
        for hashes, pile in ((one.gone, None), (one.changed, one.pile)):
            for start in range(0, len(hashes), _AT_ONCE):
                piece = hashes[start : start + _AT_ONCE]
                # A key that has moved is its new document's, whichever of the two is saved first.
                connection.execute(
                    _put_keys(postgres=connection.postgres, gone=pile is None),
                    {**values, "last": len(piece) - 1, "hashes": b"".join(piece)},
                )

    def _of(self, hashes: Iterable[bytes], select: str, **more: object) -> Iterator[Row]:
        left = iter(hashes)
        while some := list(islice(left, _AT_ONCE)):
            with self._trail.database.reading() as connection:
                values = {"scope_id": self._scope_id, "last": len(some) - 1, "hashes": b"".join(some), **more}
                yield from connection.rows(f"{numbers(postgres=connection.postgres)} {select}", values)


def _put_keys(*, postgres: bool, gone: bool) -> str:
    bytes_of = "CAST({} AS BYTEA)" if postgres else "{}"
    pile = "NULL" if gone else bytes_of.format(":pile")
    return (
        f"INSERT INTO audit_plan_keys (scope_id, key_hash, pile, batch_no) {numbers(postgres=postgres)} "
        f"SELECT CAST(:scope_id AS BIGINT), {hash_at('n.i')}, {pile}, CAST(:batch_no AS BIGINT) FROM n WHERE true "
        "ON CONFLICT (scope_id, key_hash) DO UPDATE SET pile = excluded.pile, batch_no = excluded.batch_no"
        # A key that has moved is its new document's, whichever of the two is saved first.
        + (f" WHERE audit_plan_keys.pile = {bytes_of.format(':pile')}" if gone else "")
    )


_PUT = (
    "INSERT INTO audit_plans (scope_id, pile, unit, batch_no, covered_by, encoding, content) "
    "VALUES (:scope_id, :pile, :unit, :batch_no, :batch_no, :encoding, :content) "
    "ON CONFLICT (scope_id, pile) DO UPDATE SET batch_no = excluded.batch_no, covered_by = excluded.covered_by, "
    "encoding = excluded.encoding, content = excluded.content"
)
