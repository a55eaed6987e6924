"""From Anaplan's failure dumps to rejected rows: by line number and values, else counted as unmatched.

Anaplan numbers the lines of the uploaded file from 1 with its header (`_Line_` in the dump files that come with
Anaplan Connect). A number alone is not believed: the dump repeats the row, and it has to be the file's. The dump of a
task can be gone, and the counts can tell of more rows than the dump holds: such rejects are never ignored, they become
failures without a row, and the trail then trusts no row of that file.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import repeat
from typing import TYPE_CHECKING

from connector_kit.anaplan.errors import NoDumpError
from connector_kit.audit.types import Rejected
from connector_kit.redaction import without_values
from target_anaplan.placing import Marks, Placing

if TYPE_CHECKING:
    from connector_kit.anaplan.accounting import Account
    from connector_kit.anaplan.dumps import DumpRow
    from connector_kit.anaplan.model import ModelClient
    from connector_kit.anaplan.results import ActionResult, TaskResult
    from target_anaplan.accounts import Accounts
    from target_anaplan.spool import Spool
    from target_anaplan.tally import Tally

log = logging.getLogger("target-anaplan")

_REASON = 120
_IGNORED = "ignored by Anaplan: aggregated items and formula line items take no values"
_FEWER = "Anaplan counted more rejected rows than its failure dump names"
_STRANGERS = "Anaplan's failure dump names rows that are not in the file"


class DumpRejects:
    """Iterate once: the rejected rows of a task, each row once however many steps of a process refused it.

    accept_ignored: rows that a module import ignores count as delivered.
    """

    def __init__(
        self, model: ModelClient, accounts: Accounts, spool: Spool, tally: Tally, *, accept_ignored: bool = False
    ) -> None:
        self._model = model
        self._accounts = accounts
        self._spool = spool
        self._tally = tally
        self._accept_ignored = accept_ignored
        self._seen = Marks(spool.rows)

    def __iter__(self) -> Iterator[Rejected]:
        for action in self._accounts.result.actions:
            own = self._accounts.of(action)
            if own is None:
                if action.dump_available or action.rejected:
                    log.warning("%s rejected rows of a source that is not our file.", action.object_name or "A step")
                continue
            if action.dump_available or own.refused:
                yield from self._refused(action, own)
            if own.ignored and not self._accept_ignored:
                name = action.object_name or self._accounts.result.what
                hint = "Leave them out with `where`, or set ignored_rows: accept."
                yield from self._unknown(own.ignored, _IGNORED, f"{name}: {own.ignored} rows {_IGNORED}. {hint}")

    def _refused(self, action: ActionResult, own: Account) -> Iterator[Rejected]:
        result = self._accounts.result
        placing = Placing(self._spool)
        named = Marks(self._spool.rows)
        why = _FEWER
        try:
            dump = self._model.dump(result.kind, result.object_id, result.task_id, action.object_id)
            for seq, row in placing.by_line(dump):
                named.add(seq)
                yield from self._row(seq, row)
        except NoDumpError as error:
            why = f"Anaplan rejected rows, but its failure dump can't be read ({error.got or 'none'})"
        for seq, row in placing.by_values():
            named.add(seq)
            yield from self._row(seq, row)
        strangers = placing.unplaced
        name = action.object_name or result.what
        if strangers:
            yield from self._unknown(strangers, _STRANGERS, f"{name}: {strangers} rows. {_STRANGERS}")
        missing = max(own.refused - named.count - strangers, 0)
        if not missing and not placing.read and action.dump_available:
            missing = 1  # something was rejected, nobody says how much
        if missing:
            yield from self._unknown(missing, why, f"{name}: {missing} rows. {why}")

    def _row(self, seq: int, row: DumpRow) -> Iterator[Rejected]:
        if not self._seen.add(seq):
            return
        message = "; ".join(row.errors) or "Anaplan gives no reason"
        reason = reason_of(message, row.values.values())
        self._tally.reject(reason, self._spool.key(seq))
        yield Rejected(seq, self._spool.key(seq), reason, message)

    def _unknown(self, count: int, reason: str, message: str) -> Iterator[Rejected]:
        self._tally.reject(reason, "", count)
        yield from repeat(Rejected(None, "", reason, message), count)


def reason_of(message: str, values: Iterable[str] = ()) -> str:
    """Anaplan's text without the row's own values: "Invalid number: a" is "Invalid number". It groups failures, and
    stays readable where messages are encrypted.

    values: the row's. A word of Anaplan's own that is also one of them is left out too.
    """
    text = message.split(";", 1)[0].split(":", 1)[0]
    told = sorted({value.strip() for value in values} - {""}, key=len, reverse=True)
    if told:
        text = re.sub("|".join(rf"(?<!\w){re.escape(value)}(?!\w)" for value in told), "…", text, flags=re.IGNORECASE)
    return without_values(text).strip()[:_REASON]


def counted(result: TaskResult) -> Mapping[str, int]:
    """What Anaplan counted over all objects of a task."""
    keys = ("processed", "created", "updated", "ignored", "failed", "warnings")
    return {key: sum(getattr(counts, key) for counts in result.counts) for key in keys}
