"""The README's table of settings is what `--about` says (run this file as a script to write it anew), and its examples
do in the sandbox what they say.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from target_sap_s4hana.target import TargetSapS4hana
from testkit.readme import outdated, settings, write_anew

README = Path(__file__).parent.parent / "README.md"
TABLES = {"settings": settings(TargetSapS4hana)}


def test_the_table_of_settings_is_up_to_date():
    assert outdated(README, TABLES) == []


BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
PLAN, MORE, CELLS, INVOICES = map(yaml.safe_load, BLOCKS)
KEY = ["Account"]
CONNECTION = {"api_url", "username", "password"}
LINES = {
    "approved_plan": {
        "Version": "Budget",
        "Company Code": "1010",
        "Period": "Nov 26",
        "Account": "63005000",
        "Amount": Decimal("12.34"),
        "Currency": "EUR",
        "Cost Center": "10100101",
        "Comment": "Rent",
    },
    "invoices": {
        "Supplier": "10300001",
        "Invoice": "4711",
        "Company Code": "1010",
        "Gross": Decimal("119.00"),
        "Account": "65005000",
        "Net": Decimal("119.00"),
        "Currency": "EUR",
        "Cost Center": "10100101",
        "Tax Code": "V0",
        "Posting Date": "2026-11-20",
        "Invoice Date": "2026-11-18",
    },
}


def delivered(bench: Any, stream: str, changes: dict[str, Any], **settings: Any) -> list[dict[str, Any]]:
    """The documents of a run over one row that fits a stream of the README."""
    record = {**LINES[stream], **changes}
    kinds = {name: {"type": "number" if isinstance(value, Decimal) else "string"} for name, value in record.items()}
    schema = {"type": "SCHEMA", "stream": stream, "schema": {"properties": kinds}, "key_properties": KEY}
    row = {"type": "RECORD", "stream": stream, "record": record}
    bench.deliver([schema, row, {"type": "STATE", "value": {}}], **settings)
    return list(bench.documents())


def test_the_first_example_posts_a_plan_and_then_the_difference(bench):
    settings = {name: value for name, value in PLAN.items() if name not in CONNECTION}
    assert set(PLAN) > CONNECTION
    for amount, kind in (("12.34", "plan"), ("20.00", "difference")):
        (document,) = delivered(bench, "approved_plan", {"Amount": Decimal(amount)}, **settings)
        assert (document["state"], document["kind"], document["company"]) == ("posted", kind, "1010")
        assert set(bench.books().values()) == {Decimal(amount), -Decimal(amount)}


def test_the_examples_further_elements_mark_what_is_taken_back(bench):
    bench.sandbox.control.switch("sap", "soap_later_elements", True)
    (recipe,) = PLAN["documents"]
    header = {**recipe["header"], "ledger_group": {"constant": "0L"}}
    for amount, states in (("12.34", {"plan"}), ("20.00", {"plan", "reversal"})):
        settings = {**MORE, "documents": [{**recipe, "header": header, "on_change": "reverse"}]}
        documents = delivered(bench, "approved_plan", {"Amount": Decimal(amount)}, **settings)
        assert {one["kind"] for one in documents if one["state"] == "posted"} == states
    types = sorted(head["AccountingDocumentType"] for head in bench.headers())
    assert types == ["SA", "SA", "SB"]


@pytest.mark.parametrize(("example", "stream"), [(CELLS, "approved_plan"), (INVOICES, "invoices")])
def test_the_examples_of_other_objects_land(bench, example, stream):
    (document,) = delivered(bench, stream, {}, documents=example)
    assert (document["state"], document["company"]) == ("posted", "1010")


if __name__ == "__main__":
    write_anew(README, TABLES)
