"""The rows of a run on disk, by document, until the input has ended: a temporary SQLite file, so memory stays flat.

Of rows with equal keys the last counts, as for every Singer target; a stream without key has no equal rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from typing_extensions import override

from connector_kit.documents.model import Line
from connector_kit.documents.rows import Home, decode_line
from connector_kit.errors import UnavailableError
from connector_kit.sqlite import changed

GONE = -1
"""Instead of a row's number: the record is no part of the plan any more."""

_TABLES = """
CREATE TABLE rows (seq INTEGER PRIMARY KEY, pile BLOB, line TEXT, key TEXT NOT NULL, raw BLOB NOT NULL);
CREATE TABLE abouts (pile BLOB, unit BLOB, about BLOB, first INTEGER, PRIMARY KEY (pile, about)) WITHOUT ROWID;
CREATE TABLE latest (key TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE spoiled (pile BLOB, seq INTEGER, why TEXT NOT NULL, PRIMARY KEY (pile, seq)) WITHOUT ROWID;
CREATE TABLE rejects (seq INTEGER PRIMARY KEY, reason TEXT NOT NULL, message TEXT NOT NULL);
CREATE TABLE invalid (key TEXT NOT NULL, reason TEXT NOT NULL, message TEXT NOT NULL, raw BLOB NOT NULL);
"""


class Row(NamedTuple):
    """A record as it is kept. home is None and line "" for a record that is refused; why it is stands in `rejects`."""

    seq: int
    home: Home | None
    line: str
    key: str
    raw: bytes


class Pile(NamedTuple):
    """The rows of one document. abouts: more than one when they disagree. spoiled: why it can't be posted, or ""."""

    unit: bytes
    pile: bytes
    abouts: tuple[bytes, ...]
    spoiled: str


class _OnDisk(sqlite3.Connection):
    """What goes wrong with the file is said in a line for people, wherever it happens."""

    place = Path()

    @override
    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        with self._told():
            return super().execute(*arguments)

    @override
    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        with self._told():
            return super().executemany(*arguments)

    @override
    def executescript(self, *arguments: Any) -> sqlite3.Cursor:
        with self._told():
            return super().executescript(*arguments)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError):  # a defect of ours
            raise
        except sqlite3.DatabaseError as error:  # full; and, as there is no journal, "malformed" ever after
            raise UnavailableError(
                system="spool",
                subject=f"rows that wait in {self.place}",
                got=str(error),
                hint="Check the free space of spool_dir.",
            ) from error


class RowSpool:
    """Rows of one recipe. Add blocks, `seal`, then read pile after pile."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, factory=_OnDisk)
        self._db.place = path.parent
        self._db.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-16384;" + _TABLES)
        self.rows = 0
        self.invalid = 0
        self.refused = 0
        self.blind = False
        """Whether a record was refused whose document is not known: then what seems to have left may not have."""

    def add(self, rows: Sequence[Row], latest: Iterable[tuple[str, int]]) -> None:
        """A block of rows that follow each other. latest: key and row number (or GONE) in the order they came."""
        db = self._db
        db.execute("BEGIN")
        db.executemany(
            "INSERT INTO rows VALUES (?, ?, ?, ?, ?)",
            [(row.seq, row.home.pile if row.home and row.line else None, row.line, row.key, row.raw) for row in rows],
        )
        homes = {row.home: row.seq for row in reversed(rows) if row.home is not None}
        db.executemany(
            "INSERT OR IGNORE INTO abouts VALUES (?, ?, ?, ?)",
            [(home.pile, home.unit, home.about, first) for home, first in homes.items()],
        )
        db.executemany(
            "INSERT INTO latest VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET seq = excluded.seq", list(latest)
        )
        db.execute("COMMIT")
        self.rows += len(rows)

    def refuse(self, row: Row, reason: str, message: str) -> None:
        """A row, added already, that can't be used; it spoils its document."""
        self._db.execute("INSERT OR IGNORE INTO rejects VALUES (?, ?, ?)", (row.seq, reason, message))
        self.refused += 1
        if row.home is None:
            self.blind = True
        else:
            self._db.execute("INSERT OR IGNORE INTO spoiled VALUES (?, ?, ?)", (row.home.pile, row.seq, message))

    def refuse_invalid(self, key: str, reason: str, message: str, raw: bytes) -> None:
        """A record that is not even a row."""
        self._db.execute("INSERT INTO invalid VALUES (?, ?, ?, ?)", (key, reason, message, raw))
        self.invalid += 1
        self.blind = True

    def seal(self) -> int:
        """End the adding; how many rows a later one of their key replaced."""
        self._db.execute("CREATE INDEX latest_seq ON latest (seq)")
        replaced = 0
        if self._db.execute("SELECT 1 FROM latest LIMIT 1").fetchone():
            replaced = changed(
                self._db,
                "UPDATE rows SET pile = NULL WHERE NOT EXISTS (SELECT 1 FROM latest WHERE latest.seq = rows.seq)",
            )
            # A refused record that was replaced spoils nothing.
            for table in ("rejects", "spoiled"):
                self._db.execute(f"DELETE FROM {table} WHERE seq NOT IN (SELECT seq FROM latest)")  # noqa: S608 - fixed
        self._db.execute("CREATE INDEX rows_pile ON rows (pile, seq)")
        self._db.execute("CREATE INDEX abouts_unit ON abouts (unit)")
        return replaced

    def piles(self) -> Iterator[Pile]:
        """Every document of the plan, spoiled ones too, in the order in which their first rows came."""
        found = self._db.execute(
            "SELECT unit, pile, about, COALESCE((SELECT why FROM spoiled AS s WHERE s.pile = a.pile LIMIT 1), '') "
            "FROM abouts AS a WHERE EXISTS (SELECT 1 FROM rows WHERE rows.pile = a.pile) "
            "OR EXISTS (SELECT 1 FROM spoiled AS s WHERE s.pile = a.pile) "
            "ORDER BY MIN(first) OVER (PARTITION BY pile), pile, about"
        )
        known: Pile | None = None
        for unit, pile, about, why in found:
            if known is not None and known.pile == pile:
                known = known._replace(abouts=(*known.abouts, about))
                continue
            if known is not None:
                yield known
            known = Pile(unit, pile, (about,), why)
        if known is not None:
            yield known

    def units(self) -> Iterator[bytes]:
        """Everything that this delivery brings as a whole, in the order in which it came."""
        for (unit,) in self._db.execute("SELECT unit FROM abouts GROUP BY unit ORDER BY MIN(first)").fetchall():
            yield unit

    def abouts(self, unit: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The documents of a unit, with what their rows say of them."""
        yield from self._db.execute("SELECT pile, about FROM abouts WHERE unit = ? ORDER BY first", (unit,)).fetchall()

    def has(self, pile: bytes) -> bool:
        """Whether the plan has a document."""
        one = self._db.execute(
            "SELECT 1 FROM rows WHERE pile = ? UNION ALL SELECT 1 FROM spoiled WHERE pile = ? LIMIT 1", (pile, pile)
        )
        return one.fetchone() is not None

    def spoiled(self, pile: bytes) -> bool:
        """Whether a document can't be posted because of one of its rows."""
        return self._db.execute("SELECT 1 FROM spoiled WHERE pile = ? LIMIT 1", (pile,)).fetchone() is not None

    def lines(self, pile: bytes) -> Iterator[Line]:
        """The lines of a document in the order of its rows."""
        for seq, text in self._db.execute("SELECT seq, line FROM rows WHERE pile = ? ORDER BY seq", (pile,)):
            yield decode_line(text, seq)

    def seqs(self, pile: bytes) -> list[int]:
        """The numbers of a document's rows."""
        return [seq for (seq,) in self._db.execute("SELECT seq FROM rows WHERE pile = ? ORDER BY seq", (pile,))]

    def culprits(self, pile: bytes) -> list[int]:
        """The numbers of the rows that spoil a document."""
        return [seq for (seq,) in self._db.execute("SELECT seq FROM spoiled WHERE pile = ? ORDER BY seq", (pile,))]

    def reject(self, seqs: Iterable[int], reason: str, message: str) -> int:
        """Rows whose document was refused; how many were not refused before."""
        before = self._db.total_changes
        self._db.execute("BEGIN")
        self._db.executemany("INSERT OR IGNORE INTO rejects VALUES (?, ?, ?)", [(seq, reason, message) for seq in seqs])
        self._db.execute("COMMIT")
        return self._db.total_changes - before

    def drop(self, unit: bytes) -> int:
        """Forget the rows of a unit; how many there were."""
        piles = "SELECT pile FROM abouts WHERE unit = ?"
        gone = changed(self._db, f"DELETE FROM rows WHERE pile IN ({piles})", (unit,))  # noqa: S608 - a constant
        self._db.execute("DELETE FROM abouts WHERE unit = ?", (unit,))
        return gone

    def blocks(self, size: int) -> Iterator[list[tuple[int, str, bytes]]]:
        """All rows, in their order: number, key, raw record."""
        last = -1
        while found := self._db.execute(
            "SELECT seq, key, raw FROM rows WHERE seq > ? ORDER BY seq LIMIT ?", (last, size)
        ).fetchall():
            last = found[-1][0]
            yield found

    def rejects(self) -> Iterator[tuple[int, str, str, str]]:
        """Refused rows: number, key, reason, message."""
        yield from self._db.execute(
            "SELECT r.seq, rows.key, r.reason, r.message FROM rejects AS r JOIN rows ON rows.seq = r.seq ORDER BY r.seq"
        )

    def invalids(self) -> Iterator[tuple[str, str, str, bytes]]:
        """Refused records that are no rows: key, reason, message, raw record."""
        yield from self._db.execute("SELECT key, reason, message, raw FROM invalid ORDER BY rowid")

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
