"""What is left of a secret in bytes that people or programs may read: clear, encoded, cut, or packed."""

from __future__ import annotations

import re
import sqlite3
import zlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote_to_bytes

# A secret that is cut in two is still half a secret: eight characters of it count as found.
_PIECE = 8
_MOST_RUNS = 6
_NOT_SECRET = {"BEGIN", "PRIVATE", "ENCRYPTED"}


def pieces(secret: str) -> set[str]:
    """The first and the last eight characters of runs of letters and digits; of a private key's many, of a few."""
    runs = [run for run in re.findall(rf"[A-Za-z0-9]{{{_PIECE},}}", secret) if run not in _NOT_SECRET]
    assert runs, "a canary needs eight letters or digits in a row"
    some = runs[:: -(-len(runs) // _MOST_RUNS)]
    return {piece for run in some for piece in (run[:_PIECE], run[-_PIECE:])}


def forms(piece: str) -> set[bytes]:
    """A piece as it stands, in hexadecimal, and in base64 wherever in a longer text it began."""
    plain = piece.encode()
    found = {plain, plain.hex().encode()}
    for before in range(3):
        # Characters that also carry a neighbour's bits are left out: ten or more are the piece's own.
        own = slice(-(-8 * before // 6), 8 * (before + len(plain)) // 6)
        found |= {encode(b"\0" * before + plain)[own] for encode in (b64encode, urlsafe_b64encode)}
    return found


class Search:
    """Looks for `secrets`, given as name and value."""

    def __init__(self, secrets: dict[str, str]) -> None:
        self._names = {
            form: name for name, secret in secrets.items() for piece in pieces(secret) for form in forms(piece)
        }

    def in_bytes(self, data: bytes) -> set[str]:
        """The names of the secrets in `data`, and what stands around the first of each."""
        found = {}
        for view in {data, unquote_to_bytes(data) if b"%" in data else data}:
            for form, name in self._names.items():
                place = view.find(form)
                if place >= 0:
                    around = view[max(0, place - 120) : place + 60]
                    found.setdefault(name, f"{name}: …{around.decode('utf-8', 'replace')}…")
        return set(found.values())

    def in_folder(self, folder: Path) -> list[str]:
        """The same for all files under `folder`; SQLite files also by column, because columns may be packed."""
        read = [(path, path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()]
        found = []
        for path, data in read:
            parts = {data, b"\n".join(_columns(path)) if data.startswith(b"SQLite format 3") else b""}
            found += [f"{path.relative_to(folder)}: {leak}" for part in parts for leak in self.in_bytes(part)]
        return found


def _columns(path: Path) -> Iterator[bytes]:
    connection = sqlite3.connect(path)
    try:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            yield from unpacked(connection.execute(f'SELECT * FROM "{table}"').fetchall())
    finally:
        connection.close()


def unpacked(rows: Sequence[Sequence[object]]) -> Iterator[bytes]:
    """All values of a table's rows as bytes, packed ones also unpacked."""
    for value in (value for row in rows for value in row):
        yield value if isinstance(value, bytes) else str(value).encode()
        if isinstance(value, bytes):
            try:
                yield zlib.decompress(value)
            except zlib.error:
                continue
