"""Which rows of a file the rows of a failure dump are.

A dump has the source's columns, with the header's names or with generic ones in the same order (golden files of
Anaplan Connect), so its rows can be compared with the file's, cell by cell.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector_kit.anaplan.dumps import DumpRow
    from target_anaplan.spool import Spool

_MOST_WAITING = 20_000
_UNREADABLE = "\N{REPLACEMENT CHARACTER}"


class Marks:
    """Numbers of rows, each once, in one bit of memory per row."""

    def __init__(self, rows: int) -> None:
        self._bits = bytearray(rows // 8 + 1)
        self.count = 0

    def add(self, row: int) -> bool:
        """Whether it was not there before."""
        byte, bit = divmod(row, 8)
        if self._bits[byte] & 1 << bit:
            return False
        self._bits[byte] |= 1 << bit
        self.count += 1
        return True


class Placing:
    """Places the rows of one dump: first `by_line`, as they come, then `by_values` those whose line has other values.

    Attributes:
        read: rows of the dump.
        unplaced: rows of the dump that are nowhere in the file, once `by_values` has come to its end.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._waiting: list[DumpRow] = []
        self._columns: Sequence[tuple[int, str]] = ()
        self.read = 0
        self.unplaced = 0

    def by_line(self, dump: Iterable[DumpRow]) -> Iterator[tuple[int, DumpRow]]:
        """Rows of the dump whose line in the file holds their values, with their number from 0.

        Lines ascend in dumps, so one pass through the file does, as far as the last of them.
        """
        rows = enumerate(self._spool.read_rows())
        at, cells = -1, list[str]()
        for row in dump:
            if not self.read:
                self._columns = self._compared(row)
            self.read += 1
            seq = self._place(row)
            if seq is None or seq < at:
                self._wait(row)
                continue
            while at < seq:
                at, cells = next(rows)
            if all(_same(row.values.get(name, ""), cells[column]) for column, name in self._columns):
                yield seq, row
            else:
                self._wait(row)

    def by_values(self) -> Iterator[tuple[int, DumpRow]]:
        """The waiting rows of the dump, each with the number of a row of the file that has the same values."""
        wanted: dict[tuple[str, ...], deque[DumpRow]] = {}
        for row in self._waiting if self._columns else ():
            wanted.setdefault(tuple(row.values.get(name, "").strip() for _, name in self._columns), deque()).append(row)
        left = sum(map(len, wanted.values()))
        self.unplaced += len(self._waiting) - left
        if left:
            for seq, cells in enumerate(self._spool.read_rows()):
                found = wanted.get(tuple(cells[column].strip() for column, _ in self._columns))
                if found:
                    left -= 1
                    yield seq, found.popleft()
        self.unplaced += left

    def _wait(self, row: DumpRow) -> None:
        if len(self._waiting) < _MOST_WAITING:
            self._waiting.append(row)
        else:
            self.unplaced += 1

    def _compared(self, row: DumpRow) -> Sequence[tuple[int, str]]:
        """The file's columns that the dump repeats, each with its name there; none when it repeats none."""
        headers = self._spool.form.headers
        named = [(at, name) for at, name in enumerate(headers) if name in row.values and headers.index(name) == at]
        if named or len(row.values) != len(headers):
            return named
        return list(enumerate(row.values))

    def _place(self, row: DumpRow) -> int | None:
        """The row's number in the file, from its line."""
        if row.line is None:
            return None
        seq = row.line - self._spool.form.first_data_row
        return seq if 0 <= seq < self._spool.rows else None


def _same(told: str, cell: str) -> bool:
    """Whether a dump's cell can be the file's: blanks around it may be gone, and what its encoding lacks."""
    return told.strip() == cell.strip() or _UNREADABLE in told
