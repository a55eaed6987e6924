"""The book of a rate (see `pacing`) in PostgreSQL: one row per rate, one statement per turn, the server's clock."""

from __future__ import annotations

from typing import Any

from connector_kit.coordination.base import SYSTEM
from connector_kit.coordination.pacing import MARGIN, Turn
from connector_kit.coordination.postgres_session import SharedSession
from connector_kit.errors import ConfigurationError

_AGREE = """
INSERT INTO coordination_rate (name, turns, span, used_at)
VALUES (%(name)s, %(turns)s, %(span)s, array_fill(0::double precision, ARRAY[%(turns)s::integer]))
ON CONFLICT (name) DO UPDATE SET turns = excluded.turns, span = excluded.span, seq = 0,
  used_at = ARRAY(SELECT at FROM (
    SELECT at FROM unnest(coordination_rate.used_at || excluded.used_at) AS at ORDER BY at DESC LIMIT excluded.turns
  ) AS latest ORDER BY at)
WHERE coordination_rate.turns <> excluded.turns OR coordination_rate.span <> excluded.span
"""

# An UPDATE waits for the row and then works on its newest version: two processes never get the same slot.
_RESERVE = """
UPDATE coordination_rate
SET seq = seq + 1,
  used_at[(seq %% turns + 1)::integer] = CASE
    WHEN greatest(held_until, used_at[(seq %% turns + 1)::integer] + span,
      used_at[((seq - 1 + turns) %% turns + 1)::integer]) <= extract(epoch FROM clock_timestamp())
    THEN extract(epoch FROM clock_timestamp())
    ELSE greatest(used_at[(seq %% turns + 1)::integer] + span, held_until,
      used_at[((seq - 1 + turns) %% turns + 1)::integer] + span / turns)
    END
WHERE name = %(name)s
RETURNING ((seq - 1) %% turns)::integer, used_at[((seq - 1) %% turns + 1)::integer],
  extract(epoch FROM clock_timestamp())::float8
"""

_STATE = """
SELECT held_until, extract(epoch FROM clock_timestamp())::float8 FROM coordination_rate WHERE name = %(name)s
"""

_LATE = """
UPDATE coordination_rate SET used_at[%(slot)s + 1] = extract(epoch FROM clock_timestamp())
WHERE name = %(name)s AND used_at[%(slot)s + 1] = %(due)s
RETURNING 1
"""

_HOLD_OFF = """
UPDATE coordination_rate SET held_until = greatest(held_until, extract(epoch FROM clock_timestamp()) + %(seconds)s),
  used_at = ARRAY(
    SELECT greatest(at, extract(epoch FROM clock_timestamp()) + %(seconds)s - span
      + ((place - 1 - seq %% turns + turns) %% turns) * span / turns)
    FROM unnest(used_at) WITH ORDINALITY AS slot (at, place) ORDER BY place)
WHERE name = %(name)s
"""


class PostgresBook:
    """See `pacing.Book`."""

    def __init__(self, session: SharedSession, name: str, turns: int, window: float) -> None:
        self._session = session
        self._name = name
        self._figures = {"name": name, "turns": turns, "span": window * (1 + MARGIN)}
        session.row(_AGREE, self._figures)

    def reserve(self) -> Turn:
        """Take the next slot."""
        slot, due, now = self._row(_RESERVE)
        return Turn(slot, due, due - now)

    def confirm(self, turn: Turn, tolerance: float) -> bool:
        """Whether the turn still holds; a late one moves its slot's time to now."""
        held_until, now = self._row(_STATE)
        if held_until > now:
            return False
        if now - turn.due <= tolerance:
            return True
        values = {"name": self._name, "slot": turn.slot, "due": turn.due}
        return self._session.row(_LATE, values) is not None

    def hold_off(self, seconds: float) -> None:
        """Move the slots so that the turns after the pause come evenly."""
        self._session.row(_HOLD_OFF, {"name": self._name, "seconds": float(seconds)})

    def _row(self, statement: str) -> tuple[Any, ...]:
        row = self._session.row(statement, {"name": self._name})
        if row is None:
            # A server that crashed may have lost a book that was made just before: nothing is flushed for turns.
            self._session.row(_AGREE, self._figures)
            row = self._session.row(statement, {"name": self._name})
        if row is None:
            raise ConfigurationError(
                system=SYSTEM,
                subject=f"rate {self._name}",
                expected="its row in the table coordination_rate",
                got="none: somebody removed it",
                hint="Run the job again.",
            )
        return row
