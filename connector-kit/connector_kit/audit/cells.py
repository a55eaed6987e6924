"""Amounts by record, for systems that hold one number where a source has many records: what each record adds to which
cell, and which cells have to be sent.

A cell's total needs all of its records, not only those of one run. So the trail keeps the last known amounts of every
record: a record that changes replaces its own, one that moves or goes leaves its old cell, and every cell that is
touched stays due until its total was delivered, whatever dies in between. Totals are not kept: they are added up anew
from the records, in decimals, whenever a cell is due.
"""

# ruff: noqa: S608 - only constants of this module are put together

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import msgspec

from connector_kit.audit import delivered
from connector_kit.audit.codec import stored_json
from connector_kit.audit.keys import HASH_SIZE
from connector_kit.audit.statements import hash_at, numbers, version_is_open

if TYPE_CHECKING:
    from connector_kit.audit.database import Connection
    from connector_kit.audit.trail import Trail

T = TypeVar("T")

_PAGE = 10_000
_ZERO = Decimal(0)
# Amounts have at most some hundred digits in front of and behind the point: a sum that had to be rounded is a defect.
_EXACT = Context(prec=5_000, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[Inexact, InvalidOperation])


class Part(NamedTuple):
    """What a record adds to a cell. hash: the record's. cell: the cell's hash. amounts: a text each, exact."""

    hash: bytes
    cell: bytes
    amounts: Sequence[str]


@dataclass(frozen=True, slots=True)
class DueCell:
    """A cell that has to be sent.

    texts: of its row, as they came with `record`, the raw text of the last record that was counted there. totals: of
    each amount over all of its records, exact; 0 for a cell without records.
    """

    hash: bytes
    texts: list[str]
    record: str
    totals: list[Decimal]

    def add(self, amounts: Sequence[str]) -> None:
        """Count a record."""
        for at, amount in enumerate(amounts):
            if amount:
                self.totals[at] = _EXACT.add(self.totals[at], Decimal(amount))


_TEXTS = {
    False: "(SELECT j.key AS i, j.value AS text FROM json_each({}) AS j)",
    True: "(SELECT j.i - 1 AS i, j.text FROM json_array_elements_text(CAST({} AS json)) WITH ORDINALITY AS j(text, i))",
}
_SOME = "{numbers} SELECT {hash} FROM n"
_OLD_CELLS_DUE = (
    "UPDATE audit_cells SET due = 1 WHERE scope_id = :scope_id AND cell_hash IN "
    "(SELECT p.cell_hash FROM audit_cell_parts AS p WHERE p.scope_id = :scope_id AND p.cell_hash IS NOT NULL "
    "AND p.record_hash IN ({some}))"
)
_CELLS_DUE = "UPDATE audit_cells SET due = 1 WHERE scope_id = :scope_id AND cell_hash IN ({some})"
_PUT_PARTS = (
    "INSERT INTO audit_cell_parts (scope_id, record_hash, cell_hash, amounts, refused) "
    "SELECT :scope_id, {hash}, substr(:cells, CAST({size} * r.i + 1 AS INTEGER), {size}), r.text, 0 FROM {texts} AS r "
    "WHERE true ON CONFLICT (scope_id, record_hash) DO UPDATE "
    "SET cell_hash = excluded.cell_hash, amounts = excluded.amounts, refused = 0"
)
_PUT_CELLS = (
    "INSERT INTO audit_cells (scope_id, cell_hash, due, content) "
    "SELECT :scope_id, {hash}, 1, r.text FROM {texts} AS r "
    "WHERE true ON CONFLICT (scope_id, cell_hash) DO UPDATE SET due = 1, content = excluded.content"
)
_GONE = "cell_hash = NULL, amounts = '', refused = 0"
_REFUSE = (
    "INSERT INTO audit_cell_parts (scope_id, record_hash, amounts, refused) {numbers} "
    "SELECT :scope_id, {hash}, '', 1 FROM n WHERE true "
    "ON CONFLICT (scope_id, record_hash) DO UPDATE SET refused = 1"
)
_DUE = (
    "SELECT c.cell_hash, c.content, p.record_hash, p.amounts FROM audit_cells AS c LEFT JOIN audit_cell_parts AS p "
    "ON p.scope_id = c.scope_id AND p.cell_hash = c.cell_hash WHERE c.scope_id = :scope_id AND c.due = 1 "
    "AND (c.cell_hash > :cell OR (c.cell_hash = :cell AND p.record_hash > :record)) "
    "ORDER BY c.cell_hash, p.record_hash LIMIT :page"
)
# Never sent, and nothing is left that would have to be.
_DROP_UNSENT = (
    "DELETE FROM audit_cells WHERE scope_id = :scope_id AND due = 1 AND NOT EXISTS "
    "(SELECT 1 FROM audit_cell_parts AS p WHERE p.scope_id = audit_cells.scope_id "
    "AND p.cell_hash = audit_cells.cell_hash) AND NOT EXISTS "
    "(SELECT 1 FROM audit_delivered AS d WHERE d.scope_id = audit_cells.scope_id "
    "AND d.key_hash = audit_cells.cell_hash)"
)
# Records that were refused in an earlier run, and were counted since. Cells of the same texts have numbers from 0.
_CLOSE_REPAIRED = (
    "UPDATE audit_failures SET closed = :now, closed_how = 'delivered' WHERE scope_id = :scope_id AND closed IS NULL "
    "AND seq < 0 AND batch_no <= :newest AND EXISTS "
    "(SELECT 1 FROM audit_cell_parts AS p WHERE p.scope_id = audit_failures.scope_id "
    "AND p.record_hash = audit_failures.key_hash AND p.refused = 0)"
)
_VANISHED = (
    "FROM audit_cell_parts AS p LEFT JOIN "
    "(SELECT DISTINCT key_hash FROM audit_seen WHERE scope_id = :seen_id AND version = :version) AS s "
    "ON s.key_hash = p.record_hash WHERE p.scope_id = :scope_id AND p.cell_hash IS NOT NULL AND s.key_hash IS NULL "
    f"AND EXISTS ({version_is_open('seen_id')})"
)


_SHARED = (
    "SELECT c.cell_hash, c.content FROM audit_cells AS c WHERE c.scope_id = :scope_id AND c.due = 1 AND "
    "(SELECT COUNT(*) FROM audit_cell_parts AS p WHERE p.scope_id = c.scope_id AND p.cell_hash = c.cell_hash) > 1 "
    "ORDER BY c.cell_hash LIMIT 1"
)
_TWO_PARTS = (
    "SELECT amounts FROM audit_cell_parts WHERE scope_id = :scope_id AND cell_hash = :cell ORDER BY record_hash LIMIT 2"
)


class CellBook:
    """The cells of one mapping. One process at a time: whoever writes holds a lease.

    Args:
        trail: where they are kept.
        scope: as in `Run.begin_batch`, for the mapping as it is: another mapping is another scope.
        seen_in: the scope of what full reads show, where that is another one.
    """

    def __init__(self, trail: Trail, scope: str, *, seen_in: str | None = None) -> None:
        self._trail = trail
        self._scope_id = self._do(lambda connection: int(delivered.scope_id(connection, scope, create=True) or 0))
        seen = seen_in or scope
        self._seen_id = self._do(lambda connection: int(delivered.scope_id(connection, seen, create=True) or 0))
        self._newest: int = self._do(lambda connection: int(connection.value("SELECT MAX(no) FROM audit_batches") or 0))

    def _do(self, work: Callable[[Connection], T], *, durable: bool = False) -> T:
        def job() -> T:
            with self._trail.database.writing(durable=durable) as connection:
                return work(connection)

        return self._trail.writer.run(job)

    def is_new(self) -> bool:
        """Whether nothing was ever counted here."""
        return not self._do(
            lambda connection: connection.value(
                "SELECT 1 FROM audit_cell_parts WHERE scope_id = :scope_id LIMIT 1", {"scope_id": self._scope_id}
            )
        )

    def put(self, parts: Sequence[Part], cells: Sequence[tuple[bytes, Sequence[str], str]]) -> None:
        """What records add from now on, instead of what they added before.

        Args:
            parts: one per record, each record once.
            cells: of every cell among the parts its hash, the texts of its row, and a record of it.
        """
        if not parts:
            return
        codec = self._trail.database.codec
        amounts = [codec.seal_json(msgspec.json.encode(list(part.amounts))) for part in parts]
        contents = [codec.seal_json(msgspec.json.encode([list(texts), record])) for _, texts, record in cells]
        values = {
            **self._some([part.hash for part in parts]),
            "cells": b"".join(part.cell for part in parts),
            "texts": msgspec.json.encode(amounts).decode(),
        }
        touched = {**self._some([cell for cell, *_ in cells]), "texts": msgspec.json.encode(contents).decode()}

        def job() -> None:
            with self._trail.database.writing() as connection:
                texts = _TEXTS[connection.postgres].format(":texts")
                connection.execute(_OLD_CELLS_DUE.format(some=_some(connection)), values)
                connection.execute(_PUT_PARTS.format(hash=hash_at("r.i"), size=HASH_SIZE, texts=texts), values)
                connection.execute(_PUT_CELLS.format(hash=hash_at("r.i"), texts=texts), touched)

        self._trail.writer.submit(job)

    def remove(self, records: Sequence[bytes]) -> None:
        """Records that add nothing any more: deleted, or no longer meant by the mapping."""
        if not records:
            return
        values = self._some(records)

        def job() -> None:
            with self._trail.database.writing() as connection:
                some = _some(connection)
                connection.execute(_OLD_CELLS_DUE.format(some=some), values)
                connection.execute(
                    f"UPDATE audit_cell_parts SET {_GONE} WHERE scope_id = :scope_id AND record_hash IN ({some})",
                    values,
                )

        self._trail.writer.submit(job)

    def refuse(self, records: Sequence[bytes]) -> None:
        """Records that came in a form that can't be counted: what they added before stands."""
        if records:
            values = self._some(records)

            def job() -> None:
                with self._trail.database.writing() as connection:
                    each = numbers(postgres=connection.postgres)
                    connection.execute(_REFUSE.format(numbers=each, hash=hash_at("n.i")), values)

            self._trail.writer.submit(job)

    def replayed(self, records: Sequence[bytes], cells: Sequence[bytes]) -> set[int]:
        """Indices of the records of a replay that bring something: those that were refused, or are not known.

        Of the others something as new or newer is counted, or they are gone. cells: that the records say they are in;
        those are due again, with what is counted there now.
        """

        def work(connection: Connection) -> set[int]:
            some, values = _some(connection), self._some(records)
            connection.execute(_CELLS_DUE.format(some=some), self._some(cells))
            found = connection.rows(
                "SELECT record_hash FROM audit_cell_parts "
                f"WHERE scope_id = :scope_id AND refused = 0 AND record_hash IN ({some})",
                values,
            )
            known = {bytes(row["record_hash"]) for row in found}
            return {at for at, record in enumerate(records) if record not in known}

        return self._do(work) if records else set()

    def due(self, amounts: int) -> Iterator[DueCell]:
        """The cells that have to be sent; those that were never sent and have no record left are forgotten.

        amounts: how many each record has.
        """
        self._do(lambda connection: connection.execute(_DROP_UNSENT, {"scope_id": self._scope_id}))
        waiting: DueCell | None = None
        values: dict[str, object] = {"scope_id": self._scope_id, "cell": b"", "record": b"", "page": _PAGE}
        codec = self._trail.database.codec
        while True:
            with self._trail.database.reading() as connection:
                rows = connection.rows(_DUE, values)
            for row in rows:
                cell = bytes(row["cell_hash"])
                if waiting is None or waiting.hash != cell:
                    if waiting is not None:
                        yield waiting
                    texts, record = stored_json(codec.unseal_json(row["content"]))
                    waiting = DueCell(cell, texts, record, [_ZERO] * amounts)
                if row["record_hash"] is not None:
                    waiting.add(stored_json(codec.unseal_json(row["amounts"])))
            if len(rows) < _PAGE:
                break
            values |= {"cell": rows[-1]["cell_hash"], "record": rows[-1]["record_hash"] or b""}
        if waiting is not None:
            yield waiting

    def shared(self) -> tuple[list[str], list[list[str]]] | None:
        """A due cell to which several records add, as the texts of its row and what two of them add; None without."""
        codec = self._trail.database.codec

        def work(connection: Connection) -> tuple[list[str], list[list[str]]] | None:
            values: dict[str, object] = {"scope_id": self._scope_id}
            for cell in connection.rows(_SHARED, values):
                rows = connection.rows(_TWO_PARTS, {**values, "cell": cell["cell_hash"]})
                texts: list[str] = stored_json(codec.unseal_json(cell["content"]))[0]
                return texts, [stored_json(codec.unseal_json(row["amounts"])) for row in rows]
            return None

        return self._do(work)

    def settled(self) -> None:
        """All due cells were delivered, or their fate is in the trail; durable."""

        def work(connection: Connection) -> None:
            values = {"scope_id": self._scope_id, "now": time.time(), "newest": self._newest}
            connection.execute(_CLOSE_REPAIRED, values)
            connection.execute("UPDATE audit_cells SET due = 0 WHERE scope_id = :scope_id AND due = 1", values)

        self._do(work, durable=True)

    def count(self) -> int:
        """How many records are counted."""
        return self._do(
            lambda connection: int(
                connection.value(
                    "SELECT COUNT(*) FROM audit_cell_parts WHERE scope_id = :scope_id AND cell_hash IS NOT NULL",
                    {"scope_id": self._scope_id},
                )
            )
        )

    def count_vanished(self, version: int) -> int:
        """How many of them a full read did not show."""
        values = {"scope_id": self._scope_id, "seen_id": self._seen_id, "version": version}
        return self._do(lambda connection: int(connection.value(f"SELECT COUNT(*) {_VANISHED}", values)))

    def remove_vanished(self, version: int) -> int:
        """Let go of them; how many there were."""
        values = {"scope_id": self._scope_id, "seen_id": self._seen_id, "version": version}

        def work(connection: Connection) -> int:
            connection.execute(
                "UPDATE audit_cells SET due = 1 WHERE scope_id = :scope_id AND cell_hash IN "
                f"(SELECT p.cell_hash {_VANISHED})",
                values,
            )
            gone = f"record_hash IN (SELECT p.record_hash {_VANISHED})"
            return connection.execute(
                f"UPDATE audit_cell_parts SET {_GONE} WHERE scope_id = :scope_id AND {gone}", values
            )

        return self._do(work)

    def _some(self, hashes: Sequence[bytes]) -> dict[str, object]:
        return {"scope_id": self._scope_id, "last": len(hashes) - 1, "hashes": b"".join(hashes)}


def _some(connection: Connection) -> str:
    return _SOME.format(numbers=numbers(postgres=connection.postgres), hash=hash_at("n.i"))
