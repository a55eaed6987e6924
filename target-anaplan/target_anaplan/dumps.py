"""From Anaplan's failure dumps to rejected rows: by line number, else by their values, else counted as unmatched.

Anaplan numbers the lines of the uploaded file from 1 with its header (`_Line_` in the dump files that come with
Anaplan Connect). The dump of a task can be gone, and the counts can tell of more rows than the dump holds: such
rejects are never ignored, they become failures without a row, and the trail then trusts no row of that file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import repeat
from typing import TYPE_CHECKING

from connector_kit.anaplan.errors import NoDumpError
from connector_kit.audit.types import Rejected

if TYPE_CHECKING:
    from connector_kit.anaplan.dumps import DumpRow
    from connector_kit.anaplan.model import ModelClient
    from connector_kit.anaplan.results import ActionResult, TaskResult
    from target_anaplan.spool import Spool
    from target_anaplan.tally import Tally

_MOST_UNPLACED = 20_000
_REASON = 120


class DumpRejects:
    """Iterate once: the rejected rows of a task, each row once however many steps of a process refused it."""

    def __init__(self, model: ModelClient, result: TaskResult, spool: Spool, tally: Tally) -> None:
        self._model = model
        self._result = result
        self._spool = spool
        self._tally = tally
        self._seen = bytearray(spool.rows // 8 + 1)
        self.unmatched = 0

    def __iter__(self) -> Iterator[Rejected]:
        for action in self._result.actions:
            if action.dump_available or action.rejected:
                yield from self._of_action(action)

    def _of_action(self, action: ActionResult) -> Iterator[Rejected]:
        result, count = self._result, 0
        unplaced: list[DumpRow] = []
        lost = 0
        try:
            for row in self._model.dump(result.kind, result.object_id, result.task_id, action.object_id):
                count += 1
                seq = self._place(row)
                if seq is not None:
                    yield from self._row(seq, row)
                elif len(unplaced) < _MOST_UNPLACED:
                    unplaced.append(row)
                else:
                    lost += 1
            why = "Anaplan counted more rejected rows than its failure dump names"
        except NoDumpError as error:
            why = f"Anaplan rejected rows, but its failure dump can't be read ({error.got or 'none'})"
        if unplaced:
            yield from self._by_values(unplaced)
        missing = max(action.rejected - count, 0) + lost
        if not missing and not count and action.dump_available:
            missing = 1  # something was rejected, nobody says how much
        if missing:
            name = action.object_name or result.what
            yield from self._unknown(missing, why, f"{name}: {missing} rows. {why}")

    def _place(self, row: DumpRow) -> int | None:
        """The row's number in the file, from its line."""
        if row.line is None:
            return None
        seq = row.line - self._spool.form.first_data_row
        return seq if 0 <= seq < self._spool.rows else None

    def _row(self, seq: int, row: DumpRow) -> Iterator[Rejected]:
        byte, bit = divmod(seq, 8)
        if self._seen[byte] & 1 << bit:
            return
        self._seen[byte] |= 1 << bit
        message = "; ".join(row.errors) or "Anaplan gives no reason"
        reason = reason_of(message)
        self._tally.reject(reason, self._spool.key(seq))
        yield Rejected(seq, self._spool.key(seq), reason, message)

    def _by_values(self, rows: list[DumpRow]) -> Iterator[Rejected]:
        """Find rows whose dump line says nothing by comparing their values with the file's."""
        headers = self._spool.form.headers
        wanted: dict[tuple[str, ...], list[DumpRow]] = {}
        named = [at for at, name in enumerate(headers) if name in rows[0].values]
        if named:
            for row in rows:
                wanted.setdefault(tuple(row.values.get(headers[at], "") for at in named), []).append(row)
            for seq, cells in enumerate(self._spool.read_rows()):
                found = wanted.pop(tuple(cells[at] for at in named), None)
                if found:
                    yield from self._row(seq, found[0])
        left = sum(map(len, wanted.values())) if named else len(rows)
        if left:
            why = "Anaplan's failure dump names rows that are not in the file"
            yield from self._unknown(left, why, f"{self._result.what}: {left} rows. {why}")

    def _unknown(self, count: int, reason: str, message: str) -> Iterator[Rejected]:
        self.unmatched += count
        self._tally.reject(reason, "", count)
        yield from repeat(Rejected(None, "", reason, message), count)


def reason_of(message: str) -> str:
    """Anaplan's text without the row's own value: "Invalid number: a" is "Invalid number"."""
    return message.split(";", 1)[0].split(":", 1)[0].strip()[:_REASON]


def counted(result: TaskResult) -> Mapping[str, int]:
    """What Anaplan counted over all objects of a task."""
    keys = ("processed", "created", "updated", "ignored", "failed", "warnings")
    return {key: sum(getattr(counts, key) for counts in result.counts) for key in keys}
