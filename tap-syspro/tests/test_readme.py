"""The README's tables say what the code says. Run this file as a script to write them anew."""

from __future__ import annotations

from pathlib import Path

from tap_syspro.declarations import SHIPPED
from tap_syspro.tap import TapSyspro
from testkit.readme import outdated, settings, table, write_anew

README = Path(__file__).parent.parent / "README.md"


def streams() -> str:
    rows = []
    for each in SHIPPED:
        by = each.method + (f": `{each.column}`" if each.column else "")
        key = ", ".join((*each.keys, *(["GlPeriod"] if each.shape == "balances" else [])))
        rows.append((f"`{each.name}`", each.table, key, by, each.why))
    return table(("stream", "table", "key after the company", "changes by", "why"), rows)


TABLES = {"settings": settings(TapSyspro), "streams": streams()}


def test_the_tables_are_up_to_date():
    assert outdated(README, TABLES) == []


if __name__ == "__main__":
    write_anew(README, TABLES)
