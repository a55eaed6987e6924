"""Records that are added up: many make one cell of a module, and the row that is sent has the total of all of them.

Anaplan's module import takes the last of several rows for one cell (community article 108512), so they are added up
here. What each record adds is kept in the trail (`connector_kit.audit.cells`); its rows are made when the file is
sealed, for the cells that records have touched since.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from connector_kit.audit import keys as audit_keys
from connector_kit.audit.cells import CellBook, Part
from connector_kit.mapping.compile import RowMaker, compile_rows
from connector_kit.mapping.values import Unmappable, number
from target_anaplan.rows import block_writer

if TYPE_CHECKING:
    from connector_kit.audit import Trail
    from connector_kit.audit.cells import DueCell
    from connector_kit.mapping.block import Block
    from connector_kit.mapping.columns import Dialect
    from target_anaplan.mapping.sums import Sums
    from target_anaplan.rows import FileFormat, LineBreaks

log = logging.getLogger("target-anaplan")

_BLOCK_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class CellRows:
    """Rows to send: the key text of each cell, its hash, its line, and the raw text of a record of it; parallel."""

    keys: Sequence[str]
    hashes: Sequence[bytes]
    lines: Sequence[str]
    raws: Sequence[bytes]


class Cells:
    """The cells of one mapping with `sum`."""

    def __init__(
        self, title: str, sums: Sums, form: FileFormat, line_breaks: LineBreaks, trail: Trail, scope: str
    ) -> None:
        self.book = CellBook(trail, scope)
        self._sums = sums
        self._cell_at = [form.headers.index(name) for name in sums.cell]
        self._sum_at = [form.headers.index(name) for name in sums.names]
        self._write = block_writer(form, line_breaks)
        self._totals = [number(form.decimal_separator, decimals=column.decimals) for column in sums.columns]
        self._check = [number(".") for _ in sums.columns]
        self._exact: RowMaker | None = None
        if self.book.is_new():
            log.warning(
                "%s: the trail knows no record of it yet, so its totals are those of the records that come. "
                "If the tap does not read everything in this run, run it with --full-refresh.",
                title,
            )

    def bind(self, dialect: Dialect) -> None:
        """Make ready for a stream's schema."""
        exact = [column.exact for column in self._sums.columns]
        self._exact = compile_rows(exact, self._sums.names, replace(dialect, decimal_separator="."))

    def amounts(self, block: Block) -> tuple[list[Sequence[str]], list[tuple[int, Unmappable]]]:
        """What each record of a block adds, exact; and the positions of those that have no number there, with reasons.

        Of the latter the amounts are blank.
        """
        try:
            return self._amounts(block), []
        except Unmappable:
            tried = [self._try(block.pick([at])) for at in range(len(block))]
            blank = [""] * len(self._sum_at)
            refused = [(at, one) for at, one in enumerate(tried) if isinstance(one, Unmappable)]
            return [blank if isinstance(one, Unmappable) else one for one in tried], refused

    def _try(self, one: Block) -> Sequence[str] | Unmappable:
        try:
            return self._amounts(one)[0]
        except Unmappable as problem:
            problem.column = problem.column or self._blamed(one)
            return problem

    def _amounts(self, block: Block) -> list[Sequence[str]]:
        if self._exact is None:
            raise LookupError("bind comes before take")
        columns: list[list[Any]] = [*self._exact.columns(block)]
        return list(zip(*(check(column) for check, column in zip(self._check, columns, strict=True)), strict=True))

    def _blamed(self, one: Block) -> str:
        makers = self._exact.makers if self._exact else ()
        for name, maker, check in zip(self._sums.names, makers, self._check, strict=True):
            try:
                check([*maker(one)])
            except Unmappable:  # noqa: PERF203 - a rejected record only
                return name
        return ""

    def hashes(self, columns: Sequence[Sequence[str]]) -> list[bytes]:
        """Which cells rows are for. columns: the texts of the rows, by column."""
        keys = map(audit_keys.key_text, zip(*(columns[at] for at in self._cell_at), strict=True))
        return list(map(audit_keys.key_hash, keys))

    def take(
        self,
        hashes: Sequence[bytes],
        raws: Sequence[bytes],
        columns: Sequence[Sequence[str]],
        amounts: Sequence[Sequence[str]],
    ) -> None:
        """Count records. columns: the texts of their rows, by column; amounts: of `amounts`."""
        cells = self.hashes(columns)
        last = {record: at for at, record in enumerate(hashes)}
        parts = [Part(record, cells[at], amounts[at]) for record, at in last.items()]
        rows = {cells[at]: at for at in last.values()}
        texts = list(zip(*columns, strict=True))
        self.book.put(parts, [(cell, texts[at], bytes(raws[at]).decode()) for cell, at in rows.items()])

    def due(self) -> Iterator[CellRows]:
        """The rows of all cells that have to be sent."""
        cells = self.book.due(len(self._sum_at))
        while some := list(islice(cells, _BLOCK_ROWS)):
            yield self._rows(some)

    def _rows(self, cells: Sequence[DueCell]) -> CellRows:
        columns: list[Sequence[str]] = [list(column) for column in zip(*(cell.texts for cell in cells), strict=True)]
        for place, (at, write) in enumerate(zip(self._sum_at, self._totals, strict=True)):
            columns[at] = write([cell.totals[place] for cell in cells])
        keys = [audit_keys.key_text(row) for row in zip(*(columns[at] for at in self._cell_at), strict=True)]
        records = [cell.record.encode() for cell in cells]
        return CellRows(keys, [cell.hash for cell in cells], self._write(columns), records)
