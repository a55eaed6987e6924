"""What must not grow: files, rows of the stores, STATE, sessions; how much there is, and whether it grew."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from chaos.world import World

Measures = dict[str, float]
"""By name: how many of something, or how large."""

_LEAVE = 1.35  # what counts as no growth, from one half of the time to the other
_SMALL = 25.0  # so many more of anything are no growth
_BYTES = 300_000.0  # nor so many bytes more


def measured(world: World) -> Measures:
    """Everything as it is between two polls."""
    folder = world.folder
    found: Measures = {
        "sessions at SYSPRO": len(world.sandbox.control.sessions()),
        "files of temporary folders": _files(folder / "tmp"),
        "files of home folders": _files(folder / "home"),
        "files beside the stores": _files(folder / "stores"),
        "bytes of STATE": sum(file.stat().st_size for file in (folder / "state").glob("*.json")),
    }
    for part in ("audit", "coordination"):
        for file in (folder / "stores").glob(f"{part}*.db"):
            found |= {f"rows of {part}: {table}": rows for table, rows in _rows(file).items()}
            found[f"bytes of {part}"] = file.stat().st_size
    return found


def rows_at_the_sources(world: World) -> int:
    """How much there is to know about: what the trail remembers per key may grow as this does."""
    control, companies = world.sandbox.control, world.sandbox.info["syspro"]["companies"]
    sap = sum(len(control.sap_rows(table)) for table in ("JournalLine", "SupplierInvoice", "PurchaseOrderItem"))
    tables = ("ApInvoice", "GenJournalDetail", "GenMaster", "ApSupplier", "InvMaster")
    return sap + sum(len(control.rows(company, table)) for company in companies for table in tables)


def grown(
    series: Sequence[tuple[int, Mapping[str, float]]], with_data: Sequence[str], data: Mapping[int, float]
) -> list[str]:
    """What is more in the last quarter of a series of (poll, measures) than in the second, a line each.

    Peaks are compared, so that what comes and goes is none. What begins with one of ``with_data`` may grow as the
    ``data`` (by poll) do.
    """
    if len(series) < 8:
        return []
    quarter = len(series) // 4
    before, after = series[quarter : 2 * quarter], series[-quarter:]
    more = max(1.0, data[after[-1][0]] / data[before[0][0]])
    found = []
    for name in sorted({name for _, measures in after for name in measures}):
        was, is_now = (max(measures.get(name, 0.0) for _, measures in part) for part in (before, after))
        allowed = was * _LEAVE * (more if name.startswith(tuple(with_data)) else 1.0)
        if is_now > allowed + (_BYTES if name.startswith("bytes of a") else _SMALL):
            found.append(f"{name}: {was:,.0f} at most in the second quarter, {is_now:,.0f} in the last")
    return found


def _files(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


def _rows(file: Path) -> dict[str, int]:
    with closing(sqlite3.connect(file)) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        return {
            name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608  the database's own names
            for (name,) in tables.fetchall()
        }
