"""The book of a rate (see `pacing`) in the SQLite file."""

from __future__ import annotations

import sqlite3
import time

from connector_kit.coordination.pacing import MARGIN, Turn
from connector_kit.coordination.sqlite_file import SqliteFile
from connector_kit.sqlite import changed

_CLOCK_WENT_BACK = 1.0  # seconds; less is only two processors that disagree, or a clock being slewed


class SqliteBook:
    """Slots as rows. Times are the host's wall clock, which all its processes share and which survives a restart."""

    def __init__(self, file: SqliteFile, name: str, turns: int, window: float) -> None:
        self._file = file
        self._name = name
        self._agree(turns, window * (1 + MARGIN))

    def reserve(self) -> Turn:
        """Take the next slot: some statements by primary key."""
        with self._file.transaction() as db:
            now = time.time()
            turns, span, seq, asked_at, held_until = db.execute(
                "SELECT turns, span, seq, asked_at, held_until FROM rate WHERE name = ?", (self._name,)
            ).fetchone()
            if asked_at - now > _CLOCK_WENT_BACK:
                held_until = self._clock_went_back(db, asked_at - now, held_until)
            slot = seq % turns
            latest = self._used_at(db, (seq - 1) % turns)
            due = max(now, held_until, self._used_at(db, slot) + span)
            if max(due, latest) > now:  # somebody waits: this one, or those before
                due = max(due, latest + span / turns)
            db.execute("UPDATE slot SET used_at = ? WHERE name = ? AND slot = ?", (due, self._name, slot))
            db.execute("UPDATE rate SET seq = seq + 1, asked_at = ? WHERE name = ?", (now, self._name))
        return Turn(slot, due, due - now)

    def confirm(self, turn: Turn, tolerance: float) -> bool:
        """Whether the turn still holds; a late one moves its slot's time to now."""
        with self._file.transaction() as db:
            now = time.time()
            (held_until,) = db.execute("SELECT held_until FROM rate WHERE name = ?", (self._name,)).fetchone()
            if held_until > now:
                return False
            if now - turn.due <= tolerance:
                return True
            statement = "UPDATE slot SET used_at = ? WHERE name = ? AND slot = ? AND used_at = ?"
            return changed(db, statement, (now, self._name, turn.slot, turn.due)) == 1

    def hold_off(self, seconds: float) -> None:
        """Move the slots so that the turns after the pause come evenly."""
        with self._file.transaction() as db:
            until = time.time() + seconds
            turns, span, seq = db.execute("SELECT turns, span, seq FROM rate WHERE name = ?", (self._name,)).fetchone()
            db.execute("UPDATE rate SET held_until = max(held_until, ?) WHERE name = ?", (until, self._name))
            db.execute(
                "UPDATE slot SET used_at = max(used_at, ? + ((slot - ? + ?) % ?) * ?) WHERE name = ?",
                (until - span, seq % turns, turns, turns, span / turns, self._name),
            )

    def _used_at(self, db: sqlite3.Connection, slot: int) -> float:
        row = db.execute("SELECT used_at FROM slot WHERE name = ? AND slot = ?", (self._name, slot)).fetchone()
        return float(row[0])

    def _agree(self, turns: int, span: float) -> None:
        """Make the book, or change it to these figures; what was used lately stays used."""
        with self._file.transaction() as db:
            found = db.execute("SELECT turns, span FROM rate WHERE name = ?", (self._name,)).fetchone()
            if found == (turns, span):
                return
            used = [at for (at,) in db.execute("SELECT used_at FROM slot WHERE name = ?", (self._name,))]
            kept = sorted([0.0] * turns + used)[-turns:]
            db.execute("DELETE FROM slot WHERE name = ?", (self._name,))
            db.executemany(
                "INSERT INTO slot VALUES (?, ?, ?)", ((self._name, slot, at) for slot, at in enumerate(kept))
            )
            db.execute(
                "INSERT INTO rate (name, turns, span) VALUES (?, ?, ?) "
                "ON CONFLICT (name) DO UPDATE SET turns = excluded.turns, span = excluded.span, seq = 0",
                (self._name, turns, span),
            )

    def _clock_went_back(self, db: sqlite3.Connection, by: float, held_until: float) -> float:
        """Without this, a clock that is set back by an hour would stop everybody for an hour."""
        db.execute("UPDATE slot SET used_at = used_at - ? WHERE name = ?", (by, self._name))
        db.execute("UPDATE rate SET held_until = held_until - ? WHERE name = ?", (by, self._name))
        return held_until - by
