"""The README's tables say what the code says. Run this file as a script to write them anew."""

from __future__ import annotations

from pathlib import Path

from tap_sap_s4hana.shipped import SHIPPED
from tap_sap_s4hana.tap import TapSapS4Hana
from testkit.readme import outdated, settings, table, write_anew

README = Path(__file__).parent.parent / "README.md"


def streams() -> str:
    rows = []
    for each in SHIPPED:
        service = each.service.split("/")[5] if each.version == "4.0" else each.service.rpartition("/")[2]
        rows.append((f"`{each.name}`", service, each.entity_set, ", ".join(each.key), each.by, each.why))
    return table(("stream", "service", "entity set", "key", "changes by", "why"), rows)


TABLES = {"settings": settings(TapSapS4Hana), "streams": streams()}


def test_the_tables_are_up_to_date():
    assert outdated(README, TABLES) == []


if __name__ == "__main__":
    write_anew(README, TABLES)
