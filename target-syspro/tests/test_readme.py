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

from target_syspro.target import TargetSyspro
from testkit.readme import outdated, settings, write_anew

README = Path(__file__).parent.parent / "README.md"
TABLES = {"settings": settings(TargetSyspro)}


def test_the_table_of_settings_is_up_to_date():
    assert outdated(README, TABLES) == []


BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
CONNECTION = {"enet_url": "http://localhost:1", "operator": "X", "operator_password": "", "company": "EDU1"}


@pytest.mark.parametrize("block", BLOCKS)
def test_every_example_is_one_that_the_target_takes(block):
    told = yaml.safe_load(block)
    settings = {"documents": told} if isinstance(told, list) else dict(told)
    target = TargetSyspro(config={**CONNECTION, **settings, "operator_password": ""})
    named = {one.rules.name for one in target.recipes} | {one.master.name for one in target._kept}
    assert named or {one["name"] for one in settings["transactions"]} <= set(target.objects)


PLAN, INVOICES = (yaml.safe_load(block) for block in BLOCKS[:2])


def messages(bench: Any, stream: str, key: str, record: dict[str, Any]) -> list[dict[str, Any]]:
    """A stream with one row."""
    kinds = {name: {"type": "number" if isinstance(value, Decimal) else "string"} for name, value in record.items()}
    return list(bench.messages(stream, kinds, [key], [record], "done"))


def test_the_first_example_keeps_suppliers_and_posts_a_plan(bench):
    settings = {name: value for name, value in PLAN.items() if name not in CONNECTION}
    assert set(PLAN) > set(CONNECTION)
    supplier = {"Code": "README1", "Name": "Ann Example", "Mail": "ann@example.com", "Terms": ""}
    line = {"Version": "V1", "Period": "Nov 26", "Account": "00-4010", "Amount": Decimal("12.34"), "Comment": "Rent"}
    sent = [*messages(bench, "suppliers", "Code", supplier), *messages(bench, "approved_plan", "Account", line)]
    bench.deliver(sent, **settings)
    assert bench.rejected() == {}
    assert (bench.suppliers()["README1"]["SupplierName"], bench.suppliers()["README1"]["Bank"]) == (
        "Ann Example",
        "MAIN",
    )
    assert set(bench.books().items()) == {
        (("00-4010", 2026, 11), Decimal("12.34")),
        (("00-2110", 2026, 11), Decimal("-12.34")),
    }


def test_the_example_of_invoices_enters_one(bench):
    supplier = next(row for row in bench.rows("ApSupplier") if row["OnHold"] != "Y")["Supplier"]
    bill = {"Supplier": supplier, "Invoice": "README", "Account": "00-4010", "Net": Decimal("9.50")}
    more = {"Tax Code": "A", "Comment": "Rent", "Invoice Date": "2026-11-18"}
    bench.deliver(messages(bench, "invoices", "Invoice", {**bill, **more}), documents=INVOICES)
    assert bench.rejected() == {}
    (invoice,) = [row for row in bench.rows("ApInvoice") if row["Invoice"] == "README"]
    assert (invoice["Supplier"], invoice["OrigInvValue"]) == (supplier, "9.50")


if __name__ == "__main__":
    write_anew(README, TABLES)
