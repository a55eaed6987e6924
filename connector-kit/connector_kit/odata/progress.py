"""Where a read stands, as it is kept in a partition's state so that a stopped run continues behind its last page."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from connector_kit.odata.literals import Value
from connector_kit.odata.moments import value_of_text
from connector_kit.odata.schema import Field
from connector_kit.odata.tally import Tally

RESUME = "resume"
"""The member of the state. Not the SDK's `progress_markers`: those are wiped when the next run starts."""
OLDEST = timedelta(hours=24)
"""An older read is begun anew: the rows behind it may have changed meanwhile."""


@dataclass(slots=True)
class Progress:
    """One read: when it began (UTC), what it reads (a digest), the last key written, the highest bookmark value seen.

    `after` is empty at the beginning, `read` is what was read up to there; `resumed` is true for a read that another
    run began, `confirmed` for one of which something independent says that it was complete.
    """

    began: str
    scope: str
    after: tuple[Value, ...] = ()
    highest: str | int | None = None
    resumed: bool = False
    read: Tally = field(default_factory=Tally)
    confirmed: bool = False

    def save(self, state: dict[str, Any]) -> None:
        """Write it into a partition's state."""
        state[RESUME] = {
            "began": self.began,
            "scope": self.scope,
            "after": [value if value is None or type(value) in {str, int} else str(value) for value in self.after],
            "highest": self.highest,
            "read": self.read.saved(),
        }

    def see(self, value: str | int | None) -> None:
        """Take a page's highest bookmark value into account."""
        if value is not None and (self.highest is None or value > self.highest):  # type: ignore[operator] # same type within a read
            self.highest = value


def start(state: Mapping[str, Any], scope: str, key: Sequence[Field], now: datetime | None = None) -> Progress:
    """The read that an earlier run left unfinished, when it is this very one and not too old; otherwise a new one."""
    moment = now or datetime.now(timezone.utc)
    new = Progress(moment.isoformat(timespec="seconds").replace("+00:00", "Z"), scope)
    saved = state.get(RESUME)
    if not isinstance(saved, Mapping) or saved.get("scope") != scope or len(saved.get("after", ())) != len(key):
        return new
    read = Tally.of_state(saved.get("read"))
    if read is None:
        return new
    began = datetime.fromisoformat(str(saved["began"]).replace("Z", "+00:00"))
    if moment - began > OLDEST:
        return new
    after = tuple(_from_state(value, field) for field, value in zip(key, saved["after"], strict=True))
    return Progress(str(saved["began"]), scope, after, saved.get("highest"), resumed=True, read=read)


def scope_of(*parts: object) -> str:
    """A digest of what is read: a different filter, key or choice of columns is a different read."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()


def _from_state(value: str | int, field: Field) -> Value:
    if field.kind == "decimal":
        return Decimal(value)
    return value_of_text(str(value), field.kind) if field.kind in {"date", "timestamp", "time"} else value
