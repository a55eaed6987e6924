"""The README's tables are what `--about` says. Run this file as a script to write them anew."""

from __future__ import annotations

from pathlib import Path

from tap_anaplan.settings import of_each
from tap_anaplan.tap import TapAnaplan
from testkit.readme import outdated, settings, table, write_anew

README = Path(__file__).parent.parent / "README.md"


def entries_table() -> str:
    described = of_each()
    rows = []
    for name in dict.fromkeys(name for members in described.values() for name in members):
        of = [kind for kind, members in described.items() if name in members]
        texts = list(dict.fromkeys(described[kind][name].get("description", "") for kind in of))
        text = " ".join(f"{kind.capitalize()}: {described[kind][name]['description']}" for kind in of)
        where = "all" if len(of) == 3 else ", ".join(of)
        rows.append((f"`{name}`", where, texts[0] if len(texts) == 1 else text))
        if name == "approval":
            for inner, part in described[of[0]][name]["properties"].items():
                rows.append((f"`approval.{inner}`", "all", part["description"]))
    return table(("member", "of", "meaning"), rows)


TABLES = {"settings": settings(TapAnaplan), "of each": entries_table()}


def test_the_tables_are_up_to_date():
    assert outdated(README, TABLES) == []


if __name__ == "__main__":
    write_anew(README, TABLES)
