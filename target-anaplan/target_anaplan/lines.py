"""From a block of records to the lines of a file, with the records that have no place in it set apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector_kit.mapping.values import Unmappable
from target_anaplan.rows import FileFormat, LineBreaks, block_writer, unencodable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector_kit.mapping.block import Block
    from connector_kit.mapping.compile import RowMaker


@dataclass(frozen=True, slots=True)
class Made:
    """Lines, their cells by column, the positions of their records; and the positions of the others, with reasons."""

    lines: list[str]
    columns: Sequence[list[str]]
    kept: Sequence[int]
    refused: Sequence[tuple[int, Unmappable]]


class LineMaker:
    """Makes lines for one file format by one mapping."""

    def __init__(self, rows: RowMaker, form: FileFormat, line_breaks: LineBreaks) -> None:
        self._rows = rows
        self._form = form
        self._write = block_writer(form, line_breaks)
        self._codec = form.codec

    def make(self, block: Block) -> Made:
        """The lines of a block."""
        if not len(block):
            return Made([], [[] for _ in self._form.headers], [], [])
        try:
            columns = self._rows.columns(block)
            lines = self._write(columns)
        except Unmappable:
            return self._sort_out(block)
        wrong = unencodable(lines, self._codec)
        if not wrong:
            return Made(lines, columns, range(len(block)), [])
        refused = [(at, self._unencodable([column[at] for column in columns])) for at in wrong]
        return self._without(block, refused)

    def _sort_out(self, block: Block) -> Made:
        """Something in the block can't be made: each record for itself tells which."""
        refused = [(at, problem) for at in range(len(block)) if (problem := self._try(block.pick([at])))]
        return self._without(block, refused)

    def _without(self, block: Block, refused: Sequence[tuple[int, Unmappable]]) -> Made:
        bad = {at for at, _ in refused}
        good = [at for at in range(len(block)) if at not in bad]
        made = self.make(block.pick(good))
        kept = [good[at] for at in made.kept]
        more = [(good[at], problem) for at, problem in made.refused]
        return Made(made.lines, made.columns, kept, [*refused, *more])

    def _try(self, one: Block) -> Unmappable | None:
        try:
            columns = self._rows.columns(one)
        except Unmappable:
            return self._rows.blame(one)
        try:
            self._write(columns)
        except Unmappable as problem:
            return problem
        return None

    def _unencodable(self, cells: Sequence[str]) -> Unmappable:
        at = next(iter(unencodable(cells, self._codec)), 0)
        why = f"a character that the file's encoding {self._form.encoding} doesn't have"
        return Unmappable(why, cells[at], self._form.headers[at])
