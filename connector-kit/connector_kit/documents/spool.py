"""The rows of a run on disk, by document, until the input has ended: a temporary SQLite file, so memory stays flat.

Of rows with equal keys the last counts, as for every Singer target; a stream without key has no equal rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from typing_extensions import override

from connector_kit.audit.plans import PlanRow
from connector_kit.documents.model import Line
from connector_kit.documents.rows import Home, decode_line
from connector_kit.errors import UnavailableError
from connector_kit.sqlite import changed

_AT_ONCE = 900
GONE = -1
"""Instead of a row's number: the record is no part of the plan any more."""

_TABLES = """
CREATE TABLE rows (seq INTEGER PRIMARY KEY, pile BLOB, mark BLOB, line TEXT, key TEXT NOT NULL, hash BLOB NOT NULL,
                   raw BLOB NOT NULL);
CREATE TABLE abouts (mark BLOB PRIMARY KEY, pile BLOB, unit BLOB, about BLOB, first INTEGER) WITHOUT ROWID;
CREATE TABLE latest (hash BLOB PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE spoiled (pile BLOB, seq INTEGER, why TEXT NOT NULL, PRIMARY KEY (pile, seq)) WITHOUT ROWID;
CREATE TABLE rejects (seq INTEGER PRIMARY KEY, reason TEXT NOT NULL, message TEXT NOT NULL);
CREATE TABLE invalid (key TEXT NOT NULL, hash BLOB NOT NULL, reason TEXT NOT NULL, message TEXT NOT NULL,
                      raw BLOB NOT NULL);
CREATE TABLE left_over (place INTEGER PRIMARY KEY, pile BLOB UNIQUE, unit BLOB NOT NULL);
CREATE TABLE unsure (pile BLOB PRIMARY KEY, why TEXT NOT NULL) WITHOUT ROWID;
"""

_HERE = "seq >= 0"
"""Rows of this delivery; those that stood in the trail before have negative numbers."""


class Row(NamedTuple):
    """A record as it is kept. home is None and line "" for a record that is refused; why it is stands in `rejects`.

    hash: of its key; b"" when its key is not known.
    """

    seq: int
    home: Home | None
    line: str
    key: str
    hash: bytes
    raw: bytes


class Pile(NamedTuple):
    """The rows of one document. abouts: more than one when they disagree. spoiled: why it can't be posted, or "".

    unsure: why it may only be confirmed, not changed, or "".
    """

    unit: bytes
    pile: bytes
    abouts: tuple[bytes, ...]
    spoiled: str
    unsure: str = ""


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


# Something of them is left: rows, or a refused one that spoils the document.
_IN_USE = (
    "(EXISTS (SELECT 1 FROM rows WHERE rows.pile = a.pile AND rows.mark = a.mark) OR EXISTS "
    "(SELECT 1 FROM spoiled AS s JOIN rows AS r ON r.seq = s.seq WHERE s.pile = a.pile AND r.mark = a.mark))"
)


def _mark(home: Home) -> bytes:
    return blake2b(home.pile + home.about, digest_size=8).digest()


class RowSpool:
    """Rows of one recipe. Add blocks, `seal`, then read pile after pile."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, factory=_OnDisk)
        self._db.place = path.parent
        self._db.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-16384;" + _TABLES)
        self.rows = 0
        self._carried = -1
        self.invalid = 0
        self.refused = 0
        self._sealed = False

    def add(self, rows: Sequence[Row], latest: Iterable[tuple[bytes, int]]) -> None:
        """A block of rows that follow each other. latest: key hash and row number (or GONE) in the order they came."""
        db = self._db
        db.execute("BEGIN")
        homes = {row.home: row.seq for row in reversed(rows) if row.home is not None}
        marks = {home: _mark(home) for home in homes}
        db.executemany(
            "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    row.seq,
                    row.home.pile if row.home and row.line else None,
                    marks[row.home] if row.home else None,
                    row.line,
                    row.key,
                    row.hash,
                    row.raw,
                )
                for row in rows
            ],
        )
        db.executemany(
            "INSERT OR IGNORE INTO abouts VALUES (?, ?, ?, ?, ?)",
            [(marks[home], home.pile, home.unit, home.about, first) for home, first in homes.items()],
        )
        db.executemany(
            "INSERT INTO latest VALUES (?, ?) ON CONFLICT (hash) DO UPDATE SET seq = excluded.seq", list(latest)
        )
        db.execute("COMMIT")
        self.rows += len(rows)

    def carry(self, unit: bytes, pile: bytes, rows: Iterable[PlanRow]) -> None:
        """Rows of a document that stood in the trail before and that this delivery does not repeat."""
        homes = [(row, Home(unit, pile, row.about)) for row in rows]
        db = self._db
        for row, home in homes:
            self._carried -= 1
            mark, seq = _mark(home), self._carried
            db.execute("INSERT OR IGNORE INTO abouts VALUES (?, ?, ?, ?, ?)", (mark, pile, unit, row.about, seq))
            values = (seq, pile if row.line else None, mark, row.line, "", row.hash, b"")
            db.execute("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?)", values)
            if not row.line:
                db.execute("INSERT INTO spoiled VALUES (?, ?, ?)", (pile, seq, row.why))

    def leave(self, unit: bytes, pile: bytes) -> None:
        """A document of which no row is left."""
        self._db.execute("INSERT OR IGNORE INTO left_over (pile, unit) VALUES (?, ?)", (pile, unit))

    def doubt(self, pile: bytes, why: str) -> None:
        """A document whose plan may only be confirmed: it is not known whether it came whole."""
        self._db.execute("INSERT OR IGNORE INTO unsure VALUES (?, ?)", (pile, why))

    def spoil(self, pile: bytes, why: str) -> None:
        """A document that a record spoils which is no row of it."""
        self._db.execute("INSERT OR IGNORE INTO spoiled VALUES (?, ?, ?)", (pile, GONE, why))

    def refuse(self, row: Row, reason: str, message: str) -> None:
        """A row, added already, that can't be used; it spoils its document."""
        self._db.execute("INSERT OR IGNORE INTO rejects VALUES (?, ?, ?)", (row.seq, reason, message))
        self.refused += 1
        if row.home is not None:
            self._db.execute("INSERT OR IGNORE INTO spoiled VALUES (?, ?, ?)", (row.home.pile, row.seq, message))

    def refuse_invalid(self, key: str, hashed: bytes, reason: str, message: str, raw: bytes) -> None:
        """A record whose document is not known. hashed: its key's hash, b"" when that is not known either."""
        self._db.execute("INSERT INTO invalid VALUES (?, ?, ?, ?, ?)", (key, hashed, reason, message, raw))
        self.invalid += 1

    def seal(self) -> int:
        """End the adding; how many rows a later one of their key replaced, 0 where it had ended before."""
        if self._sealed:
            return 0
        self._sealed = True
        self._db.execute("CREATE INDEX latest_seq ON latest (seq)")
        replaced = 0
        if self._db.execute("SELECT 1 FROM latest LIMIT 1").fetchone():
            replaced = changed(
                self._db,
                "UPDATE rows SET pile = NULL, mark = NULL WHERE hash <> x'' "
                "AND NOT EXISTS (SELECT 1 FROM latest WHERE latest.seq = rows.seq)",
            )
            # A refused record that was replaced spoils nothing; of one without key it is not known.
            for table in ("rejects", "spoiled"):
                self._db.execute(
                    f"DELETE FROM {table} WHERE seq NOT IN (SELECT seq FROM latest) "  # noqa: S608 - fixed
                    "AND seq NOT IN (SELECT seq FROM rows WHERE hash = x'')"
                )
        self._db.execute("CREATE INDEX rows_pile ON rows (pile, seq)")
        self._db.execute("CREATE INDEX abouts_unit ON abouts (unit)")
        return replaced

    def piles(self) -> Iterator[Pile]:
        """Every document of the plan, spoiled ones too, in the order in which their first rows came."""
        found = self._db.execute(
            "SELECT unit, pile, about, "  # noqa: S608 - a constant
            "COALESCE((SELECT why FROM spoiled AS s WHERE s.pile = a.pile LIMIT 1), ''), "
            "COALESCE((SELECT why FROM unsure AS s WHERE s.pile = a.pile), '') "
            f"FROM abouts AS a WHERE {_IN_USE} "
            "ORDER BY MIN(first) OVER (PARTITION BY pile), pile, about"
        )
        known: Pile | None = None
        for unit, pile, about, why, unsure in found:
            if known is not None and known.pile == pile:
                known = known._replace(abouts=(*known.abouts, about))
                continue
            if known is not None:
                yield known
            known = Pile(unit, pile, (about,), why, unsure)
        if known is not None:
            yield known

    def places(self) -> list[tuple[bytes, bytes]]:
        """Pairs of unit and document that have rows, in the order in which they came."""
        return self._db.execute(
            f"SELECT unit, pile FROM abouts AS a WHERE {_IN_USE} GROUP BY unit, pile ORDER BY MIN(first)"  # noqa: S608 - a constant
        ).fetchall()

    def left_over(self) -> list[tuple[bytes, bytes]]:
        """Pairs of unit and document of which no row is left."""
        return self._db.execute("SELECT unit, pile FROM left_over ORDER BY place").fetchall()

    def plan_rows(self, pile: bytes) -> list[PlanRow]:
        """The rows of a document as the trail keeps them, refused ones included, those without a key left out."""
        found = self._db.execute(
            "SELECT r.hash, a.about, r.line, '' FROM rows AS r JOIN abouts AS a ON a.mark = r.mark WHERE r.pile = ? "
            "UNION ALL SELECT r.hash, a.about, '', s.why FROM spoiled AS s JOIN rows AS r ON r.seq = s.seq "
            "JOIN abouts AS a ON a.mark = r.mark WHERE s.pile = ?",
            (pile, pile),
        )
        return [PlanRow(*row) for row in found if row[0]]

    def spoken_of(self, hashes: Sequence[bytes]) -> set[bytes]:
        """Of some keys those that this delivery says something about."""
        found: set[bytes] = set()
        for start in range(0, len(hashes), _AT_ONCE):
            some = hashes[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            found |= {one for (one,) in self._db.execute(f"SELECT hash FROM latest WHERE hash IN ({marks})", some)}  # noqa: S608 - question marks
        return found

    def note(self, hashes: Iterable[bytes]) -> None:
        """Keys that this delivery says something about, of a stream without keys."""
        self._db.executemany("INSERT OR IGNORE INTO latest VALUES (?, 0)", [(one,) for one in hashes])

    def gone(self) -> list[bytes]:
        """The keys that the source deleted or that the recipe's `where` leaves out."""
        return [one for (one,) in self._db.execute("SELECT hash FROM latest WHERE seq = ?", (GONE,))]

    def invalid_hashes(self) -> list[bytes]:
        """The keys of refused records whose document is not known."""
        return [one for (one,) in self._db.execute("SELECT DISTINCT hash FROM invalid WHERE hash <> x''")]

    def homeless_hashes(self) -> list[bytes]:
        """The keys of rows whose document could not be told."""
        return [
            one
            for (one,) in self._db.execute(
                "SELECT hash FROM rows WHERE mark IS NULL AND hash <> x'' AND seq IN (SELECT seq FROM rejects)"
            )
        ]

    def units(self) -> Iterator[bytes]:
        """Everything that this delivery brings as a whole, in the order in which it came."""
        for (unit,) in self._db.execute("SELECT unit FROM abouts GROUP BY unit ORDER BY MIN(first)").fetchall():
            yield unit

    def abouts(self, unit: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The documents of a unit, with what their rows say of them."""
        yield from self._db.execute(
            f"SELECT pile, about FROM abouts AS a WHERE unit = ? AND {_IN_USE} ORDER BY first",  # noqa: S608 - a constant
            (unit,),
        ).fetchall()

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
            line = decode_line(text, seq)
            yield line if seq >= 0 else replace(line, rows=())

    def seqs(self, pile: bytes) -> list[int]:
        """The numbers of a document's rows in this delivery."""
        found = self._db.execute(f"SELECT seq FROM rows WHERE pile = ? AND {_HERE} ORDER BY seq", (pile,))  # noqa: S608 - a constant
        return [seq for (seq,) in found]

    def culprits(self, pile: bytes) -> list[int]:
        """The numbers of the rows of this delivery that spoil a document."""
        found = self._db.execute(f"SELECT seq FROM spoiled WHERE pile = ? AND {_HERE} ORDER BY seq", (pile,))  # noqa: S608 - a constant
        return [seq for (seq,) in found]

    def reject(self, seqs: Iterable[int], reason: str, message: str) -> int:
        """Rows whose document was refused; how many were not refused before."""
        before = self._db.total_changes
        self._db.execute("BEGIN")
        self._db.executemany("INSERT OR IGNORE INTO rejects VALUES (?, ?, ?)", [(seq, reason, message) for seq in seqs])
        self._db.execute("COMMIT")
        return self._db.total_changes - before

    def drop(self, hashes: Iterable[bytes], piles: Iterable[bytes]) -> int:
        """Forget rows by their keys or documents; how many there were."""
        before = self._db.total_changes
        self._db.executemany("DELETE FROM rows WHERE hash = ?", [(one,) for one in hashes])
        self._db.executemany("DELETE FROM rows WHERE pile = ?", [(one,) for one in piles])
        dropped = self._db.total_changes - before
        for table in ("rejects", "spoiled", "latest"):
            self._db.execute(f"DELETE FROM {table} WHERE seq >= 0 AND seq NOT IN (SELECT seq FROM rows)")  # noqa: S608 - fixed
        return dropped

    def hashes(self) -> Iterator[bytes]:
        """The keys of all rows."""
        for (one,) in self._db.execute("SELECT hash FROM rows WHERE hash <> x'' ORDER BY seq").fetchall():
            yield one

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
