"""The README's table of settings is what `--about` says. Run this file as a script to write it anew."""

from __future__ import annotations

from pathlib import Path

from target_anaplan.target import TargetAnaplan
from testkit.readme import outdated, settings, write_anew

README = Path(__file__).parent.parent / "README.md"
TABLES = {"settings": settings(TargetAnaplan)}


def test_the_table_of_settings_is_up_to_date():
    assert outdated(README, TABLES) == []


if __name__ == "__main__":
    write_anew(README, TABLES)
